// Goal: a client survives whatever comes back (framework/client). What anybody can forge decides
// nothing at once; only what its server sealed is an answer; it always ends.
// Method: one request at a time, and a run of records
//
//   kind (1) | length (2) | that many bytes
//
//   0  a datagram as it is
//   1  a flag byte, plaintext: sealed by the server as a response to the datagram sent last; flags:
//      type (2 bits), own Partial IV, another token
//   2  a flag byte (type, another token), code, options and payload: the same without OSCORE
//   3  time passes until the client wants to do something
//   4  the network says that nobody listens
//   5  a flag byte: another request (method, type)
#include <vector>

#include "dataplane/crypto/openssl_engine.h"
#include "framework/client/whole_representation.h"
#include "tests/fuzz/input.h"
#include "tests/unit/support/contexts.h"
#include "tests/unit/support/exchange.h"

namespace osprey::client {
namespace {

using oscore::Verdict;
using test::ByteVector;
using State = Exchange::State;

constexpr size_t kMaxRecords = 64;
constexpr size_t kMaxBody = 4'000;
// Each step of waiting ends something: 5 transmissions, 4 challenges, and a few blocks.
constexpr int kMaxSteps = 1'000;

struct World {
  std::unique_ptr<oscore::SecurityContext> client = test::client_context();
  std::unique_ptr<oscore::SecurityContext> server = test::server_context();
  OpensslEngine engine{8};
};

World& world() {
  static World world;
  return world;
}

class Run {
 public:
  Run() {
    // Every run begins alike, so that every crash can be repeated.
    world().client->sequence() = oscore::SenderSequence();
    world().server->sequence() = oscore::SenderSequence();
    world().server->window() = oscore::ReplayWindow(32);
    world().server->window().initialise_empty();
    start(0);
  }

  void record(uint8_t kind, Bytes bytes) {
    fuzz::Input input(bytes.data(), bytes.size());
    const State before = whole_.state();
    switch (kind % 6) {
      case 0:
        sent(whole_.on_datagram(bytes, now_));
        CHECK(whole_.state() == before);
        break;
      case 1: sealed_response(input); break;
      case 2:
        plain_response(input);
        CHECK(whole_.state() == before);
        break;
      case 3: wait(); break;
      case 4:
        whole_.on_unreachable(now_);
        CHECK(whole_.state() == before);
        break;
      default: start(input.u8()); break;
    }
    check();
  }

  // Silence from here on: the request has to end by itself.
  void finish() {
    for (int step = 0; whole_.state() == State::kActive; ++step) {
      CHECK(step < kMaxSteps);
      wait();
      check();
    }
  }

 private:
  void start(uint8_t flags) {
    constexpr coap::Code kMethods[] = {coap::Code::kGet, coap::Code::kPost, coap::Code::kFetch,
                                       coap::Code::kPut};
    Request request;
    request.method = kMethods[flags % 4];
    request.type = (flags & 4) != 0 ? coap::Type::kNon : coap::Type::kCon;
    request.options = Bytes(kPath);
    sent(whole_.start(end_, request, now_));
  }

  void wait() {
    const TimeNs deadline = whole_.deadline();
    if (whole_.state() != State::kActive) {
      CHECK(deadline == kNever);
      return;
    }
    CHECK(deadline != kNever);
    now_ = std::max(now_, deadline);
    sent(whole_.on_time(now_));
  }

  // What the client sends is an Empty message, or a request that its server opens.
  void sent(Bytes datagram) {
    if (datagram.empty()) return;
    const auto message = test::parsed(datagram);
    if (message.code == coap::Code::kEmpty) {
      CHECK(message.type == coap::Type::kAck || message.type == coap::Type::kRst);
      return;
    }
    CHECK(datagram.size() <= kMaxDatagram);
    oscore::RequestIdentity identity;
    const auto opened = test::open_request(*world().server, datagram, identity);
    if (opened.verdict == Verdict::kReplay) {  // a retransmission repeats the bytes (I1)
      CHECK(equal(datagram, last_));
      return;
    }
    CHECK(opened.verdict == Verdict::kOk);
    identity_ = std::move(identity);
    last_.assign(datagram.begin(), datagram.end());
  }

  void sealed_response(fuzz::Input& input) {
    const uint8_t flags = input.u8();
    const Bytes plaintext = input.rest();
    if (plaintext.empty()) return;
    const oscore::SecurityContext& server = *world().server;
    const oscore::PartialIv partial_iv = oscore::encode_partial_iv(next_number_++);
    oscore::OscoreOption option;
    oscore::Nonce nonce = identity_.nonce_to_verify();
    if ((flags & 4) != 0) {
      option.partial_iv = partial_iv.view();
      nonce = server.sender_nonce().nonce(partial_iv.view());
    }
    ByteVector text(plaintext.begin(), plaintext.end());
    text.resize(text.size() + server.aead().tag_len);
    oscore::AadBuffer aad_space;
    const Bytes aad =
        oscore::write_aad(aad_space, server.aead(), identity_.kid(), identity_.partial_iv());
    oscore::AeadJob job;
    job.key = &server.sender_key();
    job.nonce = nonce.view().data();
    job.aad = aad.data();
    job.aad_len = static_cast<uint32_t>(aad.size());
    job.text = text.data();
    job.text_len = static_cast<uint32_t>(plaintext.size());
    world().engine.seal({&job, 1});

    std::array<uint8_t, 16> value_space;
    Writer value(value_space);
    write_oscore_option(value, option);
    ByteVector datagram(text.size() + 64);
    Writer writer(datagram);
    write_header(writer, flags, coap::Code::kChanged);
    coap::OptionWriter(writer).opaque(coap::option::kOscore, value.written());
    coap::write_payload(writer, text);
    CHECK(writer.ok());
    sent(whole_.on_datagram(writer.written(), now_));
  }

  void plain_response(fuzz::Input& input) {
    const uint8_t flags = input.u8();
    const auto code = static_cast<coap::Code>(input.u8());
    const Bytes rest = input.rest();
    ByteVector datagram(rest.size() + 64);
    Writer writer(datagram);
    write_header(writer, flags, code);
    writer.bytes(rest);
    sent(whole_.on_datagram(writer.written(), now_));
  }

  // As an answer to what was sent last, unless the flags want another token.
  void write_header(Writer& writer, uint8_t flags, coap::Code code) const {
    const auto request = test::parsed(last_);
    ByteVector token(request.token.begin(), request.token.end());
    if ((flags & 8) != 0) token.back() ^= 1;
    coap::write_header(writer, static_cast<coap::Type>(flags % 4), code, request.message_id, token);
  }

  void check() const {
    if (whole_.state() != State::kAnswered) return;
    const coap::Message& response = whole_.response();
    CHECK(coap::is_response(response.code));
    CHECK(response.payload.size() <= kMaxBody);
    coap::OptionReader options = response.option_reader();
    while (options.next()) {
    }
    CHECK(!options.failed());
  }

  static constexpr std::array<uint8_t, 2> kPath = {0xb1, 'a'};  // Uri-Path "a"

  TimeNs now_ = test::kNow;
  test::OneRange numbers_;
  Random random_{1};
  MessageIds message_ids_{random_};
  ClientEnd end_{*world().client, numbers_, world().engine, message_ids_, random_};
  WholeRepresentation whole_{kMaxBody};
  oscore::RequestIdentity identity_;  // at the server, of the datagram sent last
  ByteVector last_;
  uint64_t next_number_ = 0;
};

}  // namespace
}  // namespace osprey::client

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  osprey::fuzz::Input input(data, len);
  osprey::client::Run run;
  for (size_t i = 0; i < osprey::client::kMaxRecords && !input.empty(); ++i) {
    const uint8_t kind = input.u8();
    run.record(kind, input.take(input.u16()));
  }
  run.finish();
  return 0;
}
