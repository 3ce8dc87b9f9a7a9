// Goal: no datagram, and no plaintext of an authentic peer, breaks the line; every packet ends with
// one verdict, and every reply is a CoAP message.
// Method: the first byte decides. Even: the rest is a datagram. Odd: the rest is a plaintext, which
// is sealed properly, so that the inner parser and the handlers are reached; the reply must open.
#include "framework/oscore/protect.h"
#include "framework/oscore/unprotect.h"
#include "framework/pipeline/line.h"
#include "tests/fuzz/fixed_ends.h"

using namespace osprey;
using oscore::Verdict;

namespace {

class NoHandoff final : public pipeline::Handoff {
 public:
  bool give(oscore::WorkerIndex, const pipeline::Packet&) override { return false; }
};

// A server with one context and a few resources, and the client's end of that context.
struct World {
  oscore::ContextTable contexts{1};
  Router router;
  fuzz::EndlessNumbers numbers;
  OpensslEngine engine{16};
  oscore::EchoMaker echo{fuzz::fixed_echo_key()};
  NoHandoff handoff;
  std::unique_ptr<oscore::SecurityContext> client = fuzz::derive_end({1}, {2});
  fuzz::EndlessNumbers client_numbers;
  std::unique_ptr<pipeline::Line> line;
  Response response;
  std::array<uint8_t, kMaxDatagram> buffer;

  World() {
    CHECK(contexts.add(fuzz::derive_end({2}, {1})).has_value());
    contexts.at(0).window().initialise_empty();
    const auto echo_back = [](const Request& request, Response& answer) {
      answer.content(ContentFormat::kOctetStream, request.payload());
      for (int i = 0; i < 4; ++i) answer.option(coap::option::kETag, request.payload());
    };
    router.add("echo").post(echo_back).get(echo_back).fetch(echo_back);
    router.add("plain/{x}").access(Access::kPlainAllowed).get(echo_back).put(echo_back);
    CHECK(router.finish().has_value());
    pipeline::LineParts parts;
    parts.contexts = &contexts;
    parts.router = &router;
    parts.sequence_source = &numbers;
    parts.engine = &engine;
    parts.echo = &echo;
    parts.handoff = &handoff;
    line = std::make_unique<pipeline::Line>(parts);
  }

  // Serves what is in the buffer.
  pipeline::Packet serve(size_t len) {
    pipeline::Packet packet;
    packet.data = buffer.data();
    packet.capacity = buffer.size();
    packet.response = &response;
    begin_packet(packet, len);
    pipeline::Packet* batch[] = {&packet};
    line->serve(batch, 0);
    CHECK(packet.verdict != Verdict::kOk);
    if (packet.has_reply) CHECK(coap::parse(packet.datagram()).error == coap::ParseError::kNone);
    return packet;
  }
};

// The datagram for a sealed `plaintext`; returns its length.
size_t seal_plaintext(World& world, Bytes plaintext, oscore::RequestIdentity& identity) {
  // A placeholder of the same length leaves room for the plaintext; then that takes its place.
  std::vector<uint8_t> filler(plaintext.size() < 2 ? 0 : plaintext.size() - 2);
  coap::Message message;
  message.code = coap::Code::kPost;
  message.payload = filler;
  oscore::Sealing sealing;
  CHECK(begin_protect_request(*world.client, world.client_numbers, message, world.buffer, sealing,
                              identity) == Verdict::kOk);
  std::copy(plaintext.begin(), plaintext.end(), sealing.job.text);
  sealing.job.text_len = static_cast<uint32_t>(plaintext.size());
  world.engine.seal(std::span(&sealing.job, 1));
  const auto text_at = static_cast<size_t>(sealing.job.text - world.buffer.data());
  return text_at + plaintext.size() + world.client->aead().tag_len;
}

void check_reply_opens(World& world, pipeline::Packet& packet,
                       const oscore::RequestIdentity& identity) {
  CHECK(packet.verdict == Verdict::kServed || packet.verdict == Verdict::kInnerFormat);
  CHECK(packet.has_reply);
  packet.outer = coap::parse(packet.datagram()).message;
  oscore::OscoreOption option;  // empty: under the request's nonce
  oscore::Opening opening;
  CHECK(begin_unprotect_response(*world.client, identity, option, packet.ciphertext(), opening) ==
        Verdict::kOk);
  world.engine.open(std::span(&opening.job, 1));
  coap::Message inner;
  CHECK(finish_unprotect_response(opening, inner) == Verdict::kOk);
  CHECK(coap::is_response(inner.code));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMaxPlaintext = 1200;
  if (size == 0 || size > kMaxPlaintext) return 0;
  static World world;
  const Bytes rest(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    std::copy(rest.begin(), rest.end(), world.buffer.begin());
    world.serve(rest.size());
    return 0;
  }
  if (rest.empty()) return 0;
  oscore::RequestIdentity identity;
  const size_t len = seal_plaintext(world, rest, identity);
  pipeline::Packet packet = world.serve(len);
  check_reply_opens(world, packet, identity);
  return 0;
}
