#include "bench/support/prepared_requests.h"

#include <array>

#include "framework/base/hash.h"
#include "framework/oscore/protect.h"
#include "framework/oscore/unprotect.h"

namespace osprey::bench {
namespace {

using coap::Code;
using oscore::Verdict;
using Payload = std::array<uint8_t, kPayloadLen>;

constexpr size_t kTokenLen = 4;

// Another one for each request, so that no answer passes for another's.
Payload payload_of(size_t i) {
  Payload payload;
  Writer writer(payload);
  for (size_t word = 0; word < kPayloadLen / 8; ++word) writer.uint(mix64(i * 8 + word), 8);
  return payload;
}

std::array<uint8_t, kTokenLen> token_of(size_t i) {
  std::array<uint8_t, kTokenLen> token;
  Writer(token).uint(i, kTokenLen);
  return token;
}

std::optional<Bytes> oscore_value(const coap::Message& message) {
  coap::OptionReader options = message.option_reader();
  while (const auto option = options.next()) {
    if (option->number == coap::option::kOscore) return option->value;
  }
  return std::nullopt;
}

}  // namespace

std::vector<uint8_t> echo_options() {
  std::vector<uint8_t> bytes(16);
  Writer writer(bytes);
  coap::OptionWriter(writer).text(coap::option::kUriPath, "echo");
  bytes.resize(writer.size());
  return bytes;
}

Result<PreparedRequests> PreparedRequests::seal(const Contexts& contexts,
                                                oscore::SequenceSource& source,
                                                oscore::AeadEngine& engine, size_t count,
                                                size_t num_ports) {
  PreparedRequests requests(contexts);
  requests.bytes_.resize(count * kRoom);
  requests.lens_.resize(count);
  requests.identities_.resize(count);
  const std::vector<uint8_t> options = echo_options();
  for (size_t i = 0; i < count; ++i) {
    const auto token = token_of(i);
    const Payload payload = payload_of(i);
    coap::Message message;
    message.type = coap::Type::kNon;
    message.code = Code::kPost;
    message.message_id = static_cast<uint16_t>(i / num_ports);
    message.token = token;
    message.options = options;
    message.payload = payload;
    size_t len = 0;
    const MutableBytes room = MutableBytes(requests.bytes_).subspan(i * kRoom, kRoom);
    const Verdict verdict = oscore::protect_request(engine, requests.context(i), source, message,
                                                    room, len, requests.identities_[i]);
    if (verdict != Verdict::kOk) {
      return fail("request " + std::to_string(i) +
                  " cannot be sealed: " + std::string(info(verdict).name));
    }
    requests.lens_[i] = static_cast<uint8_t>(len);
  }
  return requests;
}

size_t PreparedRequests::index_of(Bytes datagram) const {
  if (datagram.size() < coap::kHeaderLen + kTokenLen) return size();
  if ((datagram[0] & 0x0f) != kTokenLen) return size();
  return std::min<size_t>(size(), read_uint(datagram.subspan(coap::kHeaderLen, kTokenLen)));
}

bool PreparedRequests::is_answer(size_t i, MutableBytes response, oscore::AeadEngine& engine,
                                 size_t answer_len) const {
  const coap::ParseResult outer = coap::parse(response);
  if (outer.error != coap::ParseError::kNone) return false;
  const auto value = oscore_value(outer.message);
  oscore::OscoreOption option;
  if (!value || oscore::parse_oscore_option(*value, option) != oscore::OptionError::kNone) {
    return false;
  }
  const MutableBytes ciphertext = response.last(outer.message.payload.size());
  oscore::Opening opening;
  if (begin_unprotect_response(context(i), identities_[i], option, ciphertext, opening) !=
      Verdict::kOk) {
    return false;
  }
  engine.open(std::span(&opening.job, 1));
  coap::Message inner;
  if (finish_unprotect_response(opening, inner) != Verdict::kOk) return false;
  return inner.code == Code::kChanged &&
         equal(inner.payload, Bytes(payload_of(i)).first(answer_len));
}

}  // namespace osprey::bench
