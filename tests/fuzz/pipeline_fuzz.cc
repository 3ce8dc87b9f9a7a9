// Goal: the whole line from datagram to reply survives everything (framework/pipeline/line.h), and
// keeps its promises: every packet is counted once (I5), no nonce seals twice (I1), no request is
// handed to the application twice (I2), replies are well-formed and fit their request.
// Method: a server with three contexts, two of which share their kid. The input is a run of records
//
//   kind (1) | length (2) | that many bytes
//
// served in batches of up to four. The low bits of `kind` say what the bytes are, the next two
// which context's client seals them:
//
//   0  a datagram as it is             4  as 1, but twelve bytes ee become a valid Echo value
//   1  plaintext, sealed in a CON      5  the last sealed datagram again, first byte changed by
//   2  plaintext, sealed in a NON         XOR with the first of the bytes
//   3  plaintext, sealed under the     6  nothing: the server loses its windows
//      number of the one before        7  nothing: the batch ends here
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "dataplane/crypto/openssl_engine.h"
#include "framework/base/counters.h"
#include "framework/pipeline/line.h"
#include "tests/fuzz/input.h"
#include "tests/unit/support/contexts.h"
#include "tests/unit/support/exchange.h"

namespace osprey::pipeline {
namespace {

using oscore::SecurityContext;
using test::ByteVector;

constexpr size_t kMaxBatch = 4;
constexpr size_t kMaxRecords = 32;
constexpr test::Shared kShared[] = {
    {.client_id = "", .server_id = "01", .name = "a"},  // RFC 8613 C.1
    {.id_context = "aa", .client_id = "c2", .server_id = "51", .name = "b"},
    {.id_context = "bb", .client_id = "c2", .server_id = "51", .name = "c"},
};
constexpr size_t kContexts = std::size(kShared);

// OpenSSL, dying when a key and nonce seal twice within one run.
class WatchfulEngine final : public oscore::AeadEngine {
 public:
  void open(std::span<oscore::AeadJob> jobs) override { engine_.open(jobs); }
  void seal(std::span<oscore::AeadJob> jobs) override {
    for (const oscore::AeadJob& job : jobs) {
      const Bytes nonce(job.nonce, job.key->algorithm().nonce_len);
      CHECK(used_.emplace(job.key->serial(), ByteVector(nonce.begin(), nonce.end())).second);
    }
    engine_.seal(jobs);
  }
  void begin() { used_.clear(); }

 private:
  OpensslEngine engine_{16};
  std::set<std::pair<uint64_t, ByteVector>> used_;
};

// Ranges of 8 numbers, and now and then none.
class Numbers final : public oscore::SequenceSource {
 public:
  std::optional<oscore::SequenceRange> reserve_sender_sequence(SecurityContext& context) override {
    if (++calls_ % 5 == 0) return std::nullopt;
    uint64_t& next = next_[&context];
    next += 8;
    return oscore::SequenceRange{next - 8, next};
  }
  void begin() {
    next_.clear();
    calls_ = 0;
  }

 private:
  std::map<const SecurityContext*, uint64_t> next_;
  size_t calls_ = 0;
};

class NoHandoff final : public Handoff {
 public:
  bool give(oscore::WorkerIndex /*owner*/, const Packet& /*packet*/) override {
    CHECK(false);  // there is one worker
    return false;
  }
};

// Sets what a request's payload says: records of number (2), length (1), value; 0 is a
// Location-Path.
void set_options(const Request& request, Response& response) {
  fuzz::Input input(request.payload().data(), request.payload().size());
  response.content(ContentFormat::kCbor, request.payload());
  while (!input.empty()) {
    const uint16_t number = input.u16();
    const Bytes value = input.take(input.u8());
    if (number == 0) {
      response.created(as_text(value));
    } else if (number != coap::option::kOscore) {
      response.option(number, value);
    }
  }
}

struct World {
  struct Slot {
    Packet packet;
    Response response;
    std::vector<uint8_t> buffer;  // on the heap, so that a sanitizer watches its ends
  };

  oscore::ContextTable contexts{1};
  std::vector<SecurityContext*> servers;
  std::vector<std::unique_ptr<SecurityContext>> clients;
  WatchfulEngine engine;
  oscore::EchoMaker echo{test::echo_key(1)};
  Numbers numbers;
  NoHandoff handoff;
  Router router;
  std::optional<Line> line;
  std::array<Slot, kMaxBatch> slots;

  World() {
    for (const test::Shared& shared : kShared) {
      servers.push_back(contexts.add(test::server_context(shared)).value());
      clients.push_back(test::client_context(shared));
    }
    add_resources();
    CHECK(router.finish().has_value());
    LineParts parts;
    parts.contexts = &contexts;
    parts.router = &router;
    parts.sequence_source = &numbers;
    parts.engine = &engine;
    parts.echo = &echo;
    parts.handoff = &handoff;
    parts.message_id_offset = 0x100;
    line.emplace(parts);
  }

  void add_resources() {
    const Handler large = [text = std::string(3'000, 'x')](const Request&, Response& response) {
      response.content(ContentFormat::kTextPlain, text);
    };
    const Handler parameter = [](const Request& request, Response& response) {
      response.content(ContentFormat::kOctetStream, request.parameter("id"));
    };
    router.add("").get(large).put(set_options).del(parameter);
    router.add("a").get(parameter).post(set_options).fetch(set_options).patch(set_options);
    router.add("a/{id}").get(parameter).ipatch(set_options).access(Access::kPlainAllowed);
    router.add("a/{id}/b").get(large).post(large).produces({ContentFormat::kTextPlain});
    router.add("p").post(set_options).get(large).access(Access::kPlainAllowed);
  }

  // Every run begins alike, so that every crash can be repeated.
  void begin() {
    engine.begin();
    numbers.begin();
    for (SecurityContext* server : servers) {
      server->sequence() = oscore::SenderSequence();
      lose_window(*server);
      server->window().initialise_empty();
    }
  }
  static void lose_window(SecurityContext& server) {
    server.challenges() = oscore::ChallengeBudget();
    server.window() = oscore::ReplayWindow(32);
  }
};

World& world() {
  static World world;
  return world;
}

// A datagram, and how its reply opens if it was sealed here.
struct Sent {
  ByteVector datagram;
  size_t client = 0;
  std::optional<oscore::RequestIdentity> identity;
};

oscore::RequestIdentity copy_of(const oscore::RequestIdentity& identity) {
  return {identity.kid(), identity.partial_iv(), identity.nonce_to_verify(),
          oscore::NonceReuse::kNever};
}

class Run {
 public:
  void record(uint8_t kind, Bytes bytes) {
    const size_t client = (kind >> 3) % kContexts;
    switch (kind % 8) {
      case 0: return send({ByteVector(bytes.begin(), bytes.end()), 0, std::nullopt});
      case 1: return send(sealed(client, coap::Type::kCon, piv_++, bytes));
      case 2: return send(sealed(client, coap::Type::kNon, piv_++, bytes));
      case 3: return send(sealed(client, coap::Type::kCon, piv_ == 0 ? 0 : piv_ - 1, bytes));
      case 4: return send(sealed(client, coap::Type::kCon, piv_++, with_echo(client, bytes)));
      case 5: return again(bytes.empty() ? 0 : bytes[0]);
      case 6: serve(); return restart();
      default: return serve();
    }
  }

  void serve() {
    std::vector<Packet*> batch;
    for (size_t i = 0; i < sent_.size(); ++i) {
      World::Slot& slot = world().slots[i];
      slot.buffer = sent_[i].datagram;
      slot.buffer.resize(kMaxDatagram);
      slot.packet.data = slot.buffer.data();
      slot.packet.capacity = slot.buffer.size();
      slot.packet.response = &slot.response;
      begin_packet(slot.packet, sent_[i].datagram.size());
      batch.push_back(&slot.packet);
    }
    const uint64_t before = count_all();
    world().line->serve(batch, now_);
    CHECK(count_all() - before == sent_.size());
    for (size_t i = 0; i < sent_.size(); ++i) check(world().slots[i].packet, sent_[i]);
    sent_.clear();
  }

 private:
  // A new Echo key would come with it; here the old values expire instead.
  void restart() {
    for (SecurityContext* server : world().servers) World::lose_window(*server);
    now_ += oscore::kEchoLifetime + 2 * kSecond;
  }

  void send(Sent sent) {
    if (sent.datagram.size() > kMaxDatagram) return;
    sent_.push_back(std::move(sent));
    if (sent_.size() == kMaxBatch) serve();
  }

  Sent sealed(size_t client, coap::Type type, uint64_t piv, Bytes plaintext) {
    const SecurityContext& sender = *world().clients[client];
    const oscore::PartialIv partial_iv = oscore::encode_partial_iv(piv);
    const oscore::Nonce nonce = sender.sender_nonce().nonce(partial_iv.view());
    ByteVector text(plaintext.begin(), plaintext.end());
    text.resize(text.size() + sender.aead().tag_len);
    oscore::AadBuffer aad_space;
    const Bytes aad =
        oscore::write_aad(aad_space, sender.aead(), sender.sender_id(), partial_iv.view());
    oscore::AeadJob job;
    job.key = &sender.sender_key();
    job.nonce = nonce.view().data();
    job.aad = aad.data();
    job.aad_len = static_cast<uint32_t>(aad.size());
    job.text = text.data();
    job.text_len = static_cast<uint32_t>(plaintext.size());
    client_engine().seal({&job, 1});  // fuzzed clients may well repeat a nonce

    oscore::OscoreOption option;
    option.partial_iv = partial_iv.view();
    option.kid = sender.sender_id();
    if (piv % 2 == 0) option.kid_context = sender.id_context();
    std::array<uint8_t, oscore::kMaxOptionLen> value_space;
    Writer value(value_space);
    write_oscore_option(value, option);
    last_.datagram.assign(text.size() + 64, 0);
    Writer writer(last_.datagram);
    const uint8_t token[] = {0x7a, static_cast<uint8_t>(piv)};
    coap::write_header(writer, type, coap::Code::kPost, static_cast<uint16_t>(piv), token);
    coap::OptionWriter(writer).opaque(coap::option::kOscore, value.written());
    coap::write_payload(writer, text);
    CHECK(writer.ok());
    last_.datagram.resize(writer.size());
    last_.client = client;
    last_.identity.emplace(sender.sender_id(), partial_iv.view(), nonce,
                           oscore::NonceReuse::kNever);
    return {last_.datagram, client, copy_of(*last_.identity)};
  }

  void again(uint8_t change) {
    if (last_.datagram.empty()) return;
    Sent copy{last_.datagram, last_.client, std::nullopt};
    copy.datagram[0] ^= change;
    if (change == 0) copy.identity = copy_of(*last_.identity);
    send(std::move(copy));
  }

  static OpensslEngine& client_engine() {
    static OpensslEngine engine(16);
    return engine;
  }

  ByteVector with_echo(size_t client, Bytes plaintext) const {
    ByteVector result(plaintext.begin(), plaintext.end());
    const ByteVector mark(oscore::kEchoLen, 0xee);
    const auto found = std::search(result.begin(), result.end(), mark.begin(), mark.end());
    const auto echo = world().echo.issue(world().servers[client]->recipient_key().serial(), now_);
    if (found != result.end()) std::copy(echo.begin(), echo.end(), found);
    return result;
  }

  static uint64_t count_all() {
    uint64_t sum = 0;
    for (const Counter& counter : world().line->counters()) sum += counter.read();
    return sum;
  }

  void check(const Packet& packet, const Sent& sent) {
    CHECK(packet.verdict != Verdict::kOk);
    if (packet.verdict == Verdict::kServed && sent.identity) check_served_once(sent);
    if (!packet.has_reply) return;
    CHECK(packet.len <= packet.capacity);
    check_reply(packet, sent);
  }

  // I2: (client, Partial IV) gets to the application once, until the server loses its windows; and
  // even then only a request with a fresh Echo begins a new one, which a copy has, too.
  void check_served_once(const Sent& sent) {
    const Bytes partial_iv = sent.identity->partial_iv();
    CHECK(served_.emplace(sent.client, ByteVector(partial_iv.begin(), partial_iv.end())).second);
  }

  // RFC 7252 §4.2, §5.2: an ACK or RST takes the Message ID, a response the token.
  static void check_reply(const Packet& packet, const Sent& sent) {
    const auto [request_error, request] = coap::parse(sent.datagram);
    const auto [error, reply] = coap::parse(packet.datagram());
    CHECK(error == coap::ParseError::kNone);
    CHECK(request.type == coap::Type::kCon || request.type == coap::Type::kNon);
    if (request.type == coap::Type::kNon) {
      CHECK(reply.type == coap::Type::kNon);
    } else {
      CHECK(reply.type == coap::Type::kAck || reply.type == coap::Type::kRst);
      CHECK(reply.message_id == request.message_id);
    }
    if (reply.type == coap::Type::kRst) {
      CHECK(reply.code == coap::Code::kEmpty);
      return;
    }
    CHECK(request_error == coap::ParseError::kNone);
    CHECK(coap::is_response(reply.code));
    CHECK(equal(reply.token, request.token));
    const bool is_protected = test::option_value(reply.options, coap::option::kOscore).has_value();
    CHECK(is_protected == (info(packet.verdict).answer == oscore::AnswerKind::kProtected));
    if (is_protected && sent.identity) check_opens(packet, sent);
  }

  static void check_opens(const Packet& packet, const Sent& sent) {
    const test::Opened opened =
        test::open_response(*world().clients[sent.client], *sent.identity, packet.datagram());
    CHECK(opened.verdict == Verdict::kOk);
    CHECK(coap::is_response(opened.inner.code));
    if (packet.verdict == Verdict::kChallenged) {
      CHECK(opened.inner.code == coap::Code::kUnauthorized);
      CHECK(test::option_value(opened.inner.options, coap::option::kEcho).has_value());
    }
  }

  TimeNs now_ = test::kNow;
  std::vector<Sent> sent_;
  Sent last_;
  uint64_t piv_ = 0;
  std::set<std::pair<size_t, ByteVector>> served_;
};

}  // namespace
}  // namespace osprey::pipeline

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  using namespace osprey::pipeline;  // NOLINT(google-build-using-namespace): this file's own
  osprey::fuzz::Input input(data, len);
  world().begin();
  Run run;
  for (size_t i = 0; i < kMaxRecords && !input.empty(); ++i) {
    const uint8_t kind = input.u8();
    run.record(kind, input.take(input.u16()));
  }
  run.serve();
  return 0;
}
