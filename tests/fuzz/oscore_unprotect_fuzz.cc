// Goal: whatever arrives under OSCORE is judged without harm (framework/oscore/unprotect.h). What
// does not verify changes no replay window; what verifies is accepted once; an inner message is
// either refused by name or well-formed.
// Method: two ends of the context of RFC 8613 C.1. The first byte chooses what the rest is:
//
//   0  a datagram to the server
//   1  Partial IV (1 byte), plaintext: sealed as a request
//   2  the same to a server whose window is unset; twelve bytes ee become a valid Echo value
//   3  a datagram to the client, as a response to its request
//   4  a flag byte (own Partial IV or not), plaintext: sealed as a response
#include <algorithm>
#include <bitset>
#include <vector>

#include "dataplane/crypto/openssl_engine.h"
#include "framework/oscore/protect.h"
#include "framework/oscore/unprotect.h"
#include "tests/fuzz/input.h"
#include "tests/unit/support/contexts.h"
#include "tests/unit/support/exchange.h"

namespace osprey::oscore {
namespace {

using test::ByteVector;

constexpr uint64_t kSeen = 10;  // in the server's window at the start of every run
constexpr TimeNs kNow = test::kNow;

struct World {
  std::unique_ptr<SecurityContext> client, server;
  OpensslEngine engine{8};
  EchoMaker echo{test::echo_key(1)};

  World() {
    const test::Shared shared{.client_id = "", .server_id = "01"};
    client = test::client_context(shared);
    server = test::server_context(shared);
  }

  // Every run begins alike, so that every crash can be repeated.
  void begin() {
    server->challenges() = ChallengeBudget();
    server->window() = ReplayWindow(32);
    server->window().initialise_empty();
    CHECK(server->window().try_record(kSeen));
  }
};

World& world() {
  static World world;
  return world;
}

// All that the window says about numbers near those that the runs use.
std::bitset<400> state_of(const ReplayWindow& window) {
  std::bitset<400> state;
  for (size_t piv = 0; piv < state.size(); ++piv) state[piv] = window.may_accept(piv);
  return state;
}

void check_inner(const coap::Message& outer, const coap::Message& inner) {
  coap::OptionReader options = inner.option_reader();
  while (options.next()) {
  }
  CHECK(!options.failed());
  std::vector<uint8_t> space(16'384);
  Writer writer(space);
  write_unprotected(writer, outer, inner);
  if (!writer.ok()) return;
  const auto whole = coap::parse(writer.written());
  if (inner.code == coap::Code::kEmpty) return;  // 0.00 inside is no message outside
  CHECK(whole.error == coap::ParseError::kNone);
  CHECK(whole.message.code == inner.code);
  CHECK(equal(whole.message.payload, inner.payload));
}

// The OSCORE option of a datagram that has one that parses.
bool find_option(const coap::Message& message, OscoreOption& option) {
  const auto value = test::option_value(message.options, coap::option::kOscore);
  return value && parse_oscore_option(*value, option) == OptionError::kNone;
}

// Step by step as a server does; nothing if it does not get as far as the context.
std::optional<Verdict> serve(Bytes datagram, RequestIdentity& identity) {
  World& with = world();
  SecurityContext& server = *with.server;
  const auto [error, outer] = coap::parse(datagram);
  OscoreOption option;
  if (error != coap::ParseError::kNone || !find_option(outer, option)) return std::nullopt;
  if (!fits_request(option) || !equal(*option.kid, server.recipient_id())) return std::nullopt;

  ByteVector text(outer.payload.begin(), outer.payload.end());
  Opening opening;
  Verdict verdict = begin_unprotect_request(server, option, text, opening);
  if (verdict != Verdict::kOk) return verdict;
  with.engine.open({&opening.job, 1});
  coap::Message inner;
  verdict = finish_unprotect_request(server, option, opening, with.echo, kNow, inner, identity);
  if (verdict == Verdict::kOk) check_inner(outer, inner);
  return verdict;
}

bool is_authentic(std::optional<Verdict> verdict) {
  return verdict == Verdict::kOk || verdict == Verdict::kInnerFormat;
}

void run_datagram(Bytes datagram) {
  const auto before = state_of(world().server->window());
  RequestIdentity identity;
  const auto verdict = serve(datagram, identity);
  if (is_authentic(verdict)) {  // a vector, or a copy of one
    CHECK(serve(datagram, identity) == Verdict::kReplay);
    return;
  }
  CHECK(!verdict || verdict == Verdict::kBadTag || verdict == Verdict::kReplay);
  CHECK(state_of(world().server->window()) == before);
}

// Header, OSCORE option and `plaintext` sealed by `key`.
ByteVector sealed(const AeadKey& key, const Nonce& nonce, const OscoreOption& option,
                  Bytes request_kid, Bytes request_piv, Bytes plaintext) {
  ByteVector text(plaintext.begin(), plaintext.end());
  text.resize(text.size() + key.algorithm().tag_len);
  AadBuffer aad_space;
  const Bytes aad = write_aad(aad_space, key.algorithm(), request_kid, request_piv);
  AeadJob job;
  job.key = &key;
  job.nonce = nonce.view().data();
  job.aad = aad.data();
  job.aad_len = static_cast<uint32_t>(aad.size());
  job.text = text.data();
  job.text_len = static_cast<uint32_t>(plaintext.size());
  world().engine.seal({&job, 1});

  std::array<uint8_t, kMaxOptionLen> value_space;
  Writer value(value_space);
  write_oscore_option(value, option);
  ByteVector datagram(text.size() + 32);
  Writer writer(datagram);
  coap::write_header(writer, coap::Type::kCon, coap::Code::kPost, 1, {});
  coap::OptionWriter(writer).opaque(coap::option::kOscore, value.written());
  coap::write_payload(writer, text);
  CHECK(writer.ok());
  datagram.resize(writer.size());
  return datagram;
}

ByteVector sealed_request(uint64_t piv, Bytes plaintext) {
  const SecurityContext& client = *world().client;
  const PartialIv partial_iv = encode_partial_iv(piv);
  OscoreOption option;
  option.partial_iv = partial_iv.view();
  option.kid = client.sender_id();
  return sealed(client.sender_key(), client.sender_nonce().nonce(partial_iv.view()), option,
                client.sender_id(), partial_iv.view(), plaintext);
}

void run_sealed_request(uint64_t piv, Bytes plaintext) {
  const ByteVector datagram = sealed_request(piv, plaintext);
  RequestIdentity identity;
  const auto verdict = serve(datagram, identity);
  if (piv == kSeen) {
    CHECK(verdict == Verdict::kReplay);
    return;
  }
  if (plaintext.empty()) {  // a tag over nothing: there is not even a code
    CHECK(verdict == Verdict::kBadTag);
    return;
  }
  CHECK(is_authentic(verdict));
  CHECK(identity.take_nonce().has_value());
  CHECK(serve(datagram, identity) == Verdict::kReplay);
}

// Puts `echo` where the plaintext has twelve bytes ee.
ByteVector with_echo(Bytes plaintext, const EchoValue& echo) {
  ByteVector result(plaintext.begin(), plaintext.end());
  const EchoValue mark = [] {
    EchoValue bytes;
    bytes.fill(0xee);
    return bytes;
  }();
  const auto found = std::search(result.begin(), result.end(), mark.begin(), mark.end());
  if (found != result.end()) std::copy(echo.begin(), echo.end(), found);
  return result;
}

void run_recovery(uint64_t piv, Bytes plaintext) {
  if (plaintext.empty()) return;
  World& with = world();
  SecurityContext& server = *with.server;
  server.window() = ReplayWindow(32);
  const EchoValue echo = with.echo.issue(server.recipient_key().serial(), kNow);
  const ByteVector datagram = sealed_request(piv, with_echo(plaintext, echo));
  RequestIdentity identity;
  const auto verdict = serve(datagram, identity);
  CHECK(verdict == Verdict::kOk || verdict == Verdict::kChallenged);
  CHECK(server.window().is_set() == (verdict == Verdict::kOk));
  CHECK(identity.take_nonce().has_value() == (verdict == Verdict::kOk));
  if (verdict != Verdict::kOk) return;
  for (uint64_t below = 0; below <= piv; ++below) CHECK(!server.window().may_accept(below));
  CHECK(serve(datagram, identity) == Verdict::kReplay);
}

// The client's request, as in RFC 8613 C.4.
RequestIdentity identity_at_client() {
  const SecurityContext& client = *world().client;
  const PartialIv partial_iv = encode_partial_iv(20);
  return RequestIdentity(client.sender_id(), partial_iv.view(),
                         client.sender_nonce().nonce(partial_iv.view()), NonceReuse::kNever);
}

std::optional<Verdict> take_response(Bytes datagram) {
  const auto [error, outer] = coap::parse(datagram);
  OscoreOption option;
  if (error != coap::ParseError::kNone || !find_option(outer, option)) return std::nullopt;
  ByteVector text(outer.payload.begin(), outer.payload.end());
  Opening opening;
  const RequestIdentity identity = identity_at_client();
  Verdict verdict = begin_unprotect_response(*world().client, identity, option, text, opening);
  if (verdict != Verdict::kOk) return verdict;
  world().engine.open({&opening.job, 1});
  coap::Message inner;
  verdict = finish_unprotect_response(opening, inner);
  if (verdict == Verdict::kOk) check_inner(outer, inner);
  return verdict;
}

void run_response(Bytes datagram) {
  const auto verdict = take_response(datagram);
  CHECK(!verdict || is_authentic(verdict) || verdict == Verdict::kBadTag);
}

void run_sealed_response(bool has_partial_iv, Bytes plaintext) {
  if (plaintext.empty()) return;
  const SecurityContext& server = *world().server;
  const RequestIdentity identity = identity_at_client();
  const PartialIv partial_iv = encode_partial_iv(7);
  OscoreOption option;
  if (has_partial_iv) option.partial_iv = partial_iv.view();
  const Nonce nonce =
      has_partial_iv ? server.sender_nonce().nonce(partial_iv.view()) : identity.nonce_to_verify();
  const ByteVector datagram =
      sealed(server.sender_key(), nonce, option, identity.kid(), identity.partial_iv(), plaintext);
  CHECK(is_authentic(take_response(datagram)));
}

}  // namespace
}  // namespace osprey::oscore

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  using namespace osprey::oscore;  // NOLINT(google-build-using-namespace): this file's own
  osprey::fuzz::Input input(data, len);
  world().begin();
  const uint8_t mode = input.u8() % 5;
  const uint8_t detail = mode == 0 || mode == 3 ? 0 : input.u8();
  switch (mode) {
    case 0: run_datagram(input.rest()); break;
    case 1: run_sealed_request(detail, input.rest()); break;
    case 2: run_recovery(detail, input.rest()); break;
    case 3: run_response(input.rest()); break;
    default: run_sealed_response(detail % 2 == 1, input.rest()); break;
  }
  return 0;
}
