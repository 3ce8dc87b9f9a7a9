#include "framework/oscore/protect.h"

#include <gtest/gtest.h>

#include "tests/unit/support/contexts.h"
#include "tests/unit/support/exchange.h"
#include "tests/unit/support/hex.h"

namespace osprey::oscore {
namespace {

using coap::Code;
using test::Built;
using test::hex;
using test::Sealed;
namespace option = coap::option;

class Protect : public ::testing::Test {
 protected:
  // A request that the server has accepted.
  RequestIdentity accepted_request() {
    RequestIdentity at_server;
    Built request(Code::kGet);
    const Sealed sealed =
        test::seal_request(*client_, client_numbers_, request.message(), at_client_);
    EXPECT_EQ(test::open_request(*server_, sealed.datagram, at_server).verdict, Verdict::kOk);
    return at_server;
  }

  std::unique_ptr<SecurityContext> client_ = test::client_context();
  std::unique_ptr<SecurityContext> server_ = test::fresh_server_context();
  test::OneRange client_numbers_, server_numbers_;
  RequestIdentity at_client_;
};

std::string partial_iv(const Sealed& sealed) {
  OscoreOption option;
  EXPECT_EQ(parse_oscore_option(sealed.oscore_option, option), OptionError::kNone);
  return to_hex(option.partial_iv);
}

std::string inner_options(const Sealed& sealed) {
  coap::Message inner;
  coap::ParseError error = coap::ParseError::kNone;
  EXPECT_TRUE(parse_options_and_payload(Bytes(sealed.plaintext).subspan(1), inner, error));
  return test::options_text(inner.options);
}

std::string outer_options(const Sealed& sealed) {
  return test::options_text(test::parsed(sealed.datagram).options);
}

// RFC 8613 §8.3, I1: the request's nonce seals one response, whatever kind; the others get own
// Partial IVs, in order.
TEST_F(Protect, OnlyTheFirstResponseUsesTheRequestsNonce) {
  RequestIdentity request = accepted_request();
  Built response(Code::kContent, coap::Type::kAck);
  const Sealed first = test::seal_response(*server_, server_numbers_, request, response.message());
  EXPECT_EQ(to_hex(first.oscore_option), "");
  EXPECT_EQ(to_hex(first.nonce), to_hex(request.nonce_to_verify().view()));
  std::vector<std::string> nonces = {to_hex(first.nonce)};
  for (const char* expected : {"00", "01", "02"}) {
    const Sealed next = test::seal_response(*server_, server_numbers_, request, response.message());
    EXPECT_EQ(partial_iv(next), expected);
    EXPECT_EQ(std::find(nonces.begin(), nonces.end(), to_hex(next.nonce)), nonces.end());
    nonces.push_back(to_hex(next.nonce));
    EXPECT_EQ(test::open_response(*client_, at_client_, next.datagram).verdict, Verdict::kOk);
  }
}

TEST_F(Protect, AResponseToAPossibleReplayHasAnOwnPartialIv) {
  const RequestIdentity accepted = accepted_request();
  RequestIdentity request(accepted.kid(), accepted.partial_iv(), accepted.nonce_to_verify(),
                          NonceReuse::kNever);
  Built response(Code::kUnauthorized, coap::Type::kAck);
  const Sealed sealed = test::seal_response(*server_, server_numbers_, request, response.message());
  EXPECT_EQ(partial_iv(sealed), "00");
  EXPECT_EQ(test::open_response(*client_, at_client_, sealed.datagram).verdict, Verdict::kOk);
}

TEST_F(Protect, ResponsesCarryNeitherKidNorKidContext) {
  client_ = test::client_context({.id_context = "aabb"});
  server_ = test::fresh_server_context({.id_context = "aabb"});
  RequestIdentity request = accepted_request();
  Built response(Code::kContent);
  for (int i = 0; i < 2; ++i) {
    const Sealed sealed =
        test::seal_response(*server_, server_numbers_, request, response.message());
    OscoreOption option;
    ASSERT_EQ(parse_oscore_option(sealed.oscore_option, option), OptionError::kNone);
    EXPECT_FALSE(option.kid.has_value());
    EXPECT_FALSE(option.kid_context.has_value());
  }
}

TEST_F(Protect, RequestsTakeNumbersInOrder) {
  Built request(Code::kGet);
  for (const char* expected : {"00", "01", "02"}) {
    const Sealed sealed =
        test::seal_request(*client_, client_numbers_, request.message(), at_client_);
    EXPECT_EQ(partial_iv(sealed), expected);
    EXPECT_EQ(to_hex(at_client_.partial_iv()), expected);
    EXPECT_FALSE(at_client_.take_nonce().has_value()) << "a client must not reuse its own nonce";
  }
}

TEST_F(Protect, WithoutNumbersNothingIsSealed) {
  test::NoNumbers none;
  Built request(Code::kGet), response(Code::kContent);
  EXPECT_EQ(test::seal_request(*client_, none, request.message(), at_client_).verdict,
            Verdict::kNoSequenceNumber);
  RequestIdentity accepted = accepted_request();
  // One response needs no number; the second does.
  EXPECT_EQ(test::seal_response(*server_, none, accepted, response.message()).verdict,
            Verdict::kOk);
  EXPECT_EQ(test::seal_response(*server_, none, accepted, response.message()).verdict,
            Verdict::kNoSequenceNumber);
}

// RFC 8613 §7.2.1.
TEST_F(Protect, TheLastNumberIsUsedAndThenNoMore) {
  test::OneRange last(test::OneRange::from(kMaxSequenceNumber));
  Built request(Code::kGet);
  const Sealed sealed = test::seal_request(*client_, last, request.message(), at_client_);
  EXPECT_EQ(partial_iv(sealed), "ffffffffff");
  RequestIdentity at_server;
  EXPECT_EQ(test::open_request(*server_, sealed.datagram, at_server).verdict, Verdict::kOk);
  EXPECT_EQ(test::seal_request(*client_, last, request.message(), at_client_).verdict,
            Verdict::kNoSequenceNumber);
}

// §4.1.3.6: no OSCORE in OSCORE. Nothing is used up by trying.
TEST_F(Protect, ANestedOscoreOptionIsRefused) {
  RequestIdentity accepted = accepted_request();
  const uint64_t next = client_->sequence().next();
  for (const char* value : {"", "0905c1"}) {
    Built request(Code::kPost), response(Code::kContent);
    request.option(option::kUriHost, as_bytes("h")).option(option::kOscore, hex(value));
    response.option(option::kOscore, hex(value));
    EXPECT_EQ(test::seal_request(*client_, client_numbers_, request.message(), at_client_).verdict,
              Verdict::kBadOscoreOption);
    EXPECT_EQ(test::seal_response(*server_, server_numbers_, accepted, response.message()).verdict,
              Verdict::kBadOscoreOption);
  }
  EXPECT_EQ(client_->sequence().next(), next);
  EXPECT_TRUE(accepted.take_nonce().has_value());
}

// §4.1: where each option of the table goes, requests and responses alike.
TEST_F(Protect, EachOptionGoesToItsPlace) {
  for (const coap::OptionInfo& info : coap::option_table()) {
    if (info.number == option::kOscore) continue;
    SCOPED_TRACE(std::string(info.name));
    Built request(Code::kGet);
    const std::vector<uint8_t> value(info.min_len, 0x31);
    request.option(info.number, value);
    const Sealed sealed =
        test::seal_request(*client_, client_numbers_, request.message(), at_client_);
    ASSERT_EQ(sealed.verdict, Verdict::kOk);
    const std::string entry = std::to_string(info.number) + "=" + to_hex(value);
    const std::string oscore = "9=" + to_hex(sealed.oscore_option);
    const bool is_inside = info.oscore_class != coap::OscoreClass::kOuter;
    const bool is_outside = !is_inside || info.number == option::kObserve;
    const bool is_before = info.number < option::kOscore;
    EXPECT_EQ(inner_options(sealed), is_inside ? entry : "");
    EXPECT_EQ(outer_options(sealed), !is_outside ? oscore
                                     : is_before ? entry + " " + oscore
                                                 : oscore + " " + entry);
  }
}

TEST_F(Protect, UnknownOptionsGoInside) {
  Built request(Code::kGet);
  request.option(2, hex("aa")).option(2049, hex("bb")).option(65535, hex("cc"));
  const Sealed sealed =
      test::seal_request(*client_, client_numbers_, request.message(), at_client_);
  EXPECT_EQ(inner_options(sealed), "2=aa 2049=bb 65535=cc");
  EXPECT_EQ(outer_options(sealed), "9=0900c1");
}

TEST_F(Protect, TheOscoreOptionStandsInItsPlaceAmongOuterOptions) {
  Built request(Code::kGet);
  request.option(option::kUriHost, as_bytes("h")).option(option::kObserve);
  request.option(option::kUriPort, hex("1633")).option(option::kUriPath, as_bytes("a"));
  request.option(option::kEdhoc).option(option::kProxyScheme, as_bytes("coap"));
  const Sealed sealed =
      test::seal_request(*client_, client_numbers_, request.message(), at_client_);
  EXPECT_EQ(outer_options(sealed), "3=68 6= 7=1633 9=0900c1 21= 39=636f6170");
  EXPECT_EQ(inner_options(sealed), "6= 11=61");
}

// §4.2, §4.1.3.5: all that a proxy learns is whether there is an observation.
TEST_F(Protect, OuterCodesTellOnlyAboutObserve) {
  RequestIdentity accepted = accepted_request();
  for (const bool has_observe : {false, true}) {
    for (int detail = 1; detail < 32; ++detail) {
      Built request(static_cast<Code>(detail)), response(static_cast<Code>(0x80 | detail));
      if (has_observe) {
        request.option(option::kObserve);
        response.option(option::kObserve);
      }
      const Sealed sealed =
          test::seal_request(*client_, client_numbers_, request.message(), at_client_);
      EXPECT_EQ(test::parsed(sealed.datagram).code, has_observe ? Code::kFetch : Code::kPost);
      EXPECT_EQ(sealed.plaintext[0], detail);
      const Sealed answer =
          test::seal_response(*server_, server_numbers_, accepted, response.message());
      EXPECT_EQ(test::parsed(answer.datagram).code, has_observe ? Code::kContent : Code::kChanged);
      EXPECT_EQ(answer.plaintext[0], 0x80 | detail);
    }
  }
}

// §4.1.3.5.2: the client orders notifications by Partial IV, the number is for proxies.
TEST_F(Protect, InnerObserveOfANotificationIsEmpty) {
  RequestIdentity accepted = accepted_request();
  Built request(Code::kGet), notification(Code::kContent);
  request.option(option::kObserve, hex("01"));
  notification.option(option::kObserve, hex("123456"));
  const Sealed sealed =
      test::seal_request(*client_, client_numbers_, request.message(), at_client_);
  EXPECT_EQ(inner_options(sealed), "6=01");
  const Sealed answer =
      test::seal_response(*server_, server_numbers_, accepted, notification.message());
  EXPECT_EQ(inner_options(answer), "6=");
  EXPECT_EQ(outer_options(answer), "6=123456 9=");
}

TEST_F(Protect, HeaderTokenAndTypeAreTheMessages) {
  Built request(Code::kGet, coap::Type::kNon);
  request.token("0102030405060708090a0b0c0d0e").message_id(0xbeef);
  const Sealed sealed =
      test::seal_request(*client_, client_numbers_, request.message(), at_client_);
  const auto outer = test::parsed(sealed.datagram);
  EXPECT_EQ(outer.type, coap::Type::kNon);
  EXPECT_EQ(outer.message_id, 0xbeef);
  EXPECT_EQ(to_hex(outer.token), "0102030405060708090a0b0c0d0e");
}

// Goal: a datagram that fits to the last byte is made, one that does not is not, and nothing is
// written behind the space. The number that was taken is gone: nothing gives it out again.
TEST_F(Protect, WhatDoesNotFitIsRefusedAndItsNumberNotUsedAgain) {
  OpensslEngine engine(8);
  Built built(Code::kPut);
  built.option(option::kUriPath, as_bytes("a")).payload("0123456789");
  const coap::Message message = built.message();
  const size_t full_len =
      test::seal_request(*client_, client_numbers_, message, at_client_).datagram.size();
  uint64_t number = client_->sequence().next();
  for (size_t len = 0; len <= full_len + 1; ++len) {
    std::vector<uint8_t> space(len + 8, 0xa5);
    size_t out_len = 0;
    const Verdict verdict = protect_request(engine, *client_, client_numbers_, message,
                                            MutableBytes(space).first(len), out_len, at_client_);
    EXPECT_EQ(verdict, len < full_len ? Verdict::kResponseTooLong : Verdict::kOk) << len;
    if (verdict == Verdict::kOk) {
      EXPECT_EQ(out_len, full_len);
    }
    EXPECT_TRUE(std::all_of(space.begin() + static_cast<ptrdiff_t>(len), space.end(),
                            [](uint8_t byte) { return byte == 0xa5; }));
    EXPECT_EQ(client_->sequence().next(), ++number);
  }
}

TEST_F(Protect, AResponseThatDidNotFitDoesNotGetTheNonceBack) {
  OpensslEngine engine(8);
  RequestIdentity accepted = accepted_request();
  Built built(Code::kContent);
  std::vector<uint8_t> space(8);
  size_t out_len = 0;
  EXPECT_EQ(protect_response(engine, *server_, server_numbers_, accepted, built.message(), space,
                             out_len),
            Verdict::kResponseTooLong);
  const Sealed sealed = test::seal_response(*server_, server_numbers_, accepted, built.message());
  EXPECT_EQ(partial_iv(sealed), "00");
}

// The answer goes into the buffer that the request came in (protect.h).
TEST_F(Protect, AResponseMayBeWrittenOverItsRequest) {
  OpensslEngine engine(8);
  RequestIdentity accepted = accepted_request();
  std::vector<uint8_t> buffer = hex("4d01002000ababababababababababababab");
  buffer.resize(kMaxDatagram);
  const auto request = test::parsed(Bytes(buffer).first(18));
  Built built(Code::kContent, coap::Type::kAck);
  coap::Message response = built.payload("22.5").message();
  response.token = request.token;
  response.message_id = request.message_id;
  size_t out_len = 0;
  ASSERT_EQ(
      protect_response(engine, *server_, server_numbers_, accepted, response, buffer, out_len),
      Verdict::kOk);
  const auto opened = test::open_response(*client_, at_client_, Bytes(buffer).first(out_len));
  EXPECT_EQ(opened.verdict, Verdict::kOk);
  EXPECT_EQ(to_hex(opened.outer.token), "ababababababababababababab");
  EXPECT_EQ(as_text(opened.inner.payload), "22.5");
}

// §2: the option has at most 255 bytes, of which the kid context takes what Partial IV and kid
// leave.
TEST_F(Protect, AKidContextTooLongForTheOptionIsRefused) {
  for (const size_t len : {250, 251, 252, 253, 254, 255}) {
    const std::string id_context(2 * len, 'a');
    const auto client = test::client_context({.id_context = id_context});
    test::OneRange numbers;
    Built request(Code::kGet);
    const Sealed sealed = test::seal_request(*client, numbers, request.message(), at_client_);
    const bool fits = 1 + 1 + 1 + len + 1 <= kMaxOptionLen;
    EXPECT_EQ(sealed.verdict, fits ? Verdict::kOk : Verdict::kResponseTooLong) << len;
  }
}

TEST_F(Protect, ManyBegunAreSealedInOneCall) {
  OpensslEngine engine(8);
  constexpr size_t kMessages = 20;
  std::array<Sealing, kMessages> sealings;
  std::array<std::array<uint8_t, 128>, kMessages> datagrams;
  std::array<RequestIdentity, kMessages> identities;
  std::vector<AeadJob> jobs;
  Built request(Code::kGet);
  for (size_t i = 0; i < kMessages; ++i) {
    ASSERT_EQ(begin_protect_request(*client_, client_numbers_, request.message(), datagrams[i],
                                    sealings[i], identities[i]),
              Verdict::kOk);
    jobs.push_back(sealings[i].job);
  }
  engine.seal(jobs);
  for (size_t i = 0; i < kMessages; ++i) {
    RequestIdentity at_server;
    const Bytes datagram = Bytes(datagrams[i]).first(sealings[i].datagram_len);
    EXPECT_EQ(test::open_request(*server_, datagram, at_server).verdict, Verdict::kOk);
  }
}

}  // namespace
}  // namespace osprey::oscore
