#include "framework/oscore/unprotect.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/unit/support/contexts.h"
#include "tests/unit/support/exchange.h"
#include "tests/unit/support/hex.h"

namespace osprey::oscore {
namespace {

using coap::Code;
using test::Built;
using test::ByteVector;
using test::hex;
using test::Opened;
using test::Sealed;
namespace option = coap::option;

// One datagram on its way through a batch.
struct InBatch {
  ByteVector datagram;
  coap::Message outer;
  OscoreOption option;
  Opening opening;
  coap::Message inner;
  RequestIdentity identity;
  Verdict verdict = Verdict::kOk;
};

class Unprotect : public ::testing::Test {
 protected:
  ByteVector request(uint64_t number, std::string_view payload = "on") {
    test::OneRange numbers(test::OneRange::from(number));
    const auto client = test::client_context();
    Built built(Code::kPut);
    built.option(option::kUriPath, as_bytes("light")).payload(payload);
    return test::seal_request(*client, numbers, built.message(), at_client_).datagram;
  }

  // A request with exactly this plaintext.
  ByteVector request_with_plaintext(uint8_t number, ByteVector plaintext) {
    const auto client = test::client_context();
    const ByteVector partial_iv = {number};
    const Nonce nonce = client->sender_nonce().nonce(partial_iv);
    AadBuffer aad;
    AeadJob job;
    job.key = &client->sender_key();
    job.nonce = nonce.view().data();
    job.aad_len = static_cast<uint32_t>(
        write_aad(aad, client->aead(), client->sender_id(), partial_iv).size());
    job.aad = aad.data();
    job.text_len = static_cast<uint32_t>(plaintext.size());
    plaintext.resize(plaintext.size() + client->aead().tag_len);
    job.text = plaintext.data();
    engine_.seal({&job, 1});
    ByteVector datagram = hex("400212349309");
    datagram.push_back(number);
    datagram.push_back(0xc1);
    datagram.push_back(coap::kPayloadMarker);
    datagram.insert(datagram.end(), plaintext.begin(), plaintext.end());
    return datagram;
  }

  Verdict open(Bytes datagram) {
    RequestIdentity identity;
    return test::open_request(*server_, datagram, identity).verdict;
  }

  // All begun, opened in one call, then finished in order.
  std::vector<std::unique_ptr<InBatch>> open_batch(const std::vector<ByteVector>& datagrams) {
    std::vector<std::unique_ptr<InBatch>> batch;
    std::vector<AeadJob> jobs;
    for (const ByteVector& datagram : datagrams) {
      auto one = std::make_unique<InBatch>();
      one->datagram = datagram;
      one->outer = test::parsed(one->datagram);
      EXPECT_EQ(parse_oscore_option(*test::option_value(one->outer.options, option::kOscore),
                                    one->option),
                OptionError::kNone);
      const size_t text_at = one->datagram.size() - one->outer.payload.size();
      one->verdict = begin_unprotect_request(
          *server_, one->option, MutableBytes(one->datagram).subspan(text_at), one->opening);
      if (one->verdict == Verdict::kOk) jobs.push_back(one->opening.job);
      batch.push_back(std::move(one));
    }
    engine_.open(jobs);
    size_t next_job = 0;
    for (auto& one : batch) {
      if (one->verdict != Verdict::kOk) continue;
      one->opening.job.ok = jobs[next_job++].ok;
      one->verdict = finish_unprotect_request(*server_, one->option, one->opening, echo_,
                                              test::kNow, one->inner, one->identity);
    }
    return batch;
  }

  std::unique_ptr<SecurityContext> server_ = test::fresh_server_context();
  OpensslEngine engine_{8};
  EchoMaker echo_{test::echo_key(3)};
  RequestIdentity at_client_;
};

// I2. Goal: a request copied within one batch is served once. Method: open both together.
TEST_F(Unprotect, SecondCopyInOneBatchIsReplay) {
  const auto batch = open_batch({request(7), request(7)});
  EXPECT_EQ(batch[0]->verdict, Verdict::kOk);
  EXPECT_EQ(as_text(batch[0]->inner.payload), "on");
  EXPECT_EQ(batch[1]->verdict, Verdict::kReplay);
  EXPECT_FALSE(batch[1]->identity.take_nonce().has_value());
}

TEST_F(Unprotect, AForgedCopyBeforeTheRealOneInOneBatchDoesNotBlockIt) {
  ByteVector forged = request(7);
  forged.back() ^= 1;
  const auto batch = open_batch({forged, request(7), forged, request(7)});
  EXPECT_EQ(batch[0]->verdict, Verdict::kBadTag);
  EXPECT_EQ(batch[1]->verdict, Verdict::kOk);
  EXPECT_EQ(batch[2]->verdict, Verdict::kBadTag);
  EXPECT_EQ(batch[3]->verdict, Verdict::kReplay);
}

TEST_F(Unprotect, ABatchOutOfOrderIsServedWithinTheWindow) {
  const auto batch = open_batch({request(40), request(9), request(8), request(39), request(41)});
  EXPECT_EQ(batch[0]->verdict, Verdict::kOk);
  EXPECT_EQ(batch[1]->verdict, Verdict::kOk);  // the left edge: 40 - 31
  EXPECT_EQ(batch[2]->verdict, Verdict::kReplay);
  EXPECT_EQ(batch[3]->verdict, Verdict::kOk);
  EXPECT_EQ(batch[4]->verdict, Verdict::kOk);
}

// I3. Goal: what is not authentic moves nothing. Method: each bit of option and payload flipped.
TEST_F(Unprotect, NothingForgedVerifiesOrMovesTheWindow) {
  const ByteVector good = request(100);
  const auto outer = test::parsed(good);
  const auto options_at = static_cast<size_t>(outer.options.data() - good.data());
  const auto payload_at = static_cast<size_t>(outer.payload.data() - good.data());
  for (size_t at = options_at; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      ByteVector forged = good;
      forged[at] ^= static_cast<uint8_t>(1 << bit);
      const auto [error, message] = coap::parse(forged);
      if (error != coap::ParseError::kNone) continue;
      const auto value = test::option_value(message.options, option::kOscore);
      OscoreOption option;
      if (!value || parse_oscore_option(*value, option) != OptionError::kNone) continue;
      if (!fits_request(option) || !equal(*option.kid, server_->recipient_id())) continue;
      EXPECT_EQ(open(forged), Verdict::kBadTag) << at << ", bit " << bit;
      EXPECT_TRUE(server_->window().may_accept(0));
      EXPECT_TRUE(server_->window().may_accept(100));
    }
  }
  EXPECT_GT(good.size() - payload_at, 8u);
  EXPECT_EQ(open(good), Verdict::kOk);
}

TEST_F(Unprotect, CutCiphertextsAreRefused) {
  const ByteVector good = request(5);
  const size_t ciphertext_len = test::parsed(good).payload.size();
  for (size_t cut = 1; cut < ciphertext_len; ++cut) {
    EXPECT_EQ(open(Bytes(good).first(good.size() - cut)), Verdict::kBadTag) << cut;
  }
  EXPECT_EQ(open(good), Verdict::kOk);
}

// §5.3: a plaintext has at least the code. A tag over nothing is authentic and no request.
TEST_F(Unprotect, AnAuthenticTagOverNothingIsRefused) {
  EXPECT_EQ(open(request_with_plaintext(5, {})), Verdict::kBadTag);
  EXPECT_EQ(open(request(5)), Verdict::kOk);
}

// §8.2 step 3 comes before the decryption: a replay costs no AEAD.
TEST_F(Unprotect, AReplayIsRefusedBeforeDecryption) {
  ASSERT_EQ(open(request(5)), Verdict::kOk);
  ByteVector datagram = request(5);
  const auto outer = test::parsed(datagram);
  OscoreOption option;
  ASSERT_EQ(parse_oscore_option(*test::option_value(outer.options, option::kOscore), option),
            OptionError::kNone);
  Opening opening;
  ByteVector text(outer.payload.begin(), outer.payload.end());
  EXPECT_EQ(begin_unprotect_request(*server_, option, text, opening), Verdict::kReplay);
  EXPECT_EQ(opening.job.key, nullptr);
}

TEST_F(Unprotect, BeginningChangesNothing) {
  ByteVector datagram = request(5);
  for (int i = 0; i < 3; ++i) {
    const auto outer = test::parsed(datagram);
    OscoreOption option;
    ASSERT_EQ(parse_oscore_option(*test::option_value(outer.options, option::kOscore), option),
              OptionError::kNone);
    Opening opening;
    ByteVector text(outer.payload.begin(), outer.payload.end());
    EXPECT_EQ(begin_unprotect_request(*server_, option, text, opening), Verdict::kOk);
  }
  EXPECT_EQ(open(datagram), Verdict::kOk);
}

// Decryption succeeded, so the request is used up; what it says is an error of an authentic peer.
TEST_F(Unprotect, AnAuthenticRequestThatDoesNotParseIsUsedUp) {
  uint8_t number = 0;
  for (const char* plaintext :
       {"01f0", "01ff", "01b1", "01b161ff", "020f", "01e0fef3", "01e0fef210"}) {
    const ByteVector datagram = request_with_plaintext(++number, hex(plaintext));
    RequestIdentity identity;
    EXPECT_EQ(test::open_request(*server_, datagram, identity).verdict, Verdict::kInnerFormat)
        << plaintext;
    EXPECT_EQ(to_hex(identity.kid()), "c1");
    EXPECT_TRUE(identity.take_nonce().has_value()) << "a protected 4.00 needs the nonce";
    EXPECT_EQ(open(datagram), Verdict::kReplay) << plaintext;
  }
}

TEST_F(Unprotect, ThePlaintextMayBeTheCodeAlone) {
  const ByteVector datagram = request_with_plaintext(1, hex("01"));
  RequestIdentity identity;
  const Opened opened = test::open_request(*server_, datagram, identity);
  EXPECT_EQ(opened.verdict, Verdict::kOk);
  EXPECT_EQ(opened.inner.code, Code::kGet);
  EXPECT_TRUE(opened.inner.options.empty());
  EXPECT_TRUE(opened.inner.payload.empty());
}

TEST_F(Unprotect, AcceptedRequestGivesItsIdentity) {
  RequestIdentity identity;
  const ByteVector datagram = request(0x1234);
  ASSERT_EQ(test::open_request(*server_, datagram, identity).verdict, Verdict::kOk);
  EXPECT_EQ(to_hex(identity.kid()), "c1");
  EXPECT_EQ(to_hex(identity.partial_iv()), "1234");
  EXPECT_TRUE(identity.take_nonce().has_value());
}

// A set window needs no Echo, and a wrong one does not matter.
TEST_F(Unprotect, AnEchoIsNotLookedAtWhileTheWindowIsSet) {
  const auto client = test::client_context();
  test::OneRange numbers;
  Built built(Code::kGet);
  built.option(option::kEcho, hex("0123456789abcdef"));
  const Sealed sealed = test::seal_request(*client, numbers, built.message(), at_client_);
  EXPECT_EQ(open(sealed.datagram), Verdict::kOk);
}

class UnprotectResponse : public Unprotect {
 protected:
  void SetUp() override {
    for (Exchange& exchange : exchanges_) {
      Built request(Code::kGet);
      const Sealed sealed =
          test::seal_request(*client_, client_numbers_, request.message(), exchange.at_client);
      ASSERT_EQ(test::open_request(*server_, sealed.datagram, exchange.at_server).verdict,
                Verdict::kOk);
    }
  }
  ByteVector response(RequestIdentity& request, std::string_view payload) {
    Built built(Code::kContent, coap::Type::kAck);
    built.payload(payload);
    return test::seal_response(*server_, server_numbers_, request, built.message()).datagram;
  }

  struct Exchange {
    RequestIdentity at_client, at_server;
  };
  std::unique_ptr<SecurityContext> client_ = test::client_context();
  test::OneRange client_numbers_, server_numbers_;
  Exchange exchanges_[2];
};

// The AAD binds a response to its request (§5.4), with and without an own Partial IV.
TEST_F(UnprotectResponse, BelongsToOneRequest) {
  for (const char* payload : {"under the nonce of the request", "with a Partial IV"}) {
    const ByteVector first = response(exchanges_[0].at_server, payload);
    const ByteVector second = response(exchanges_[1].at_server, payload);
    EXPECT_EQ(test::open_response(*client_, exchanges_[0].at_client, second).verdict,
              Verdict::kBadTag);
    EXPECT_EQ(test::open_response(*client_, exchanges_[1].at_client, first).verdict,
              Verdict::kBadTag);
    const Opened opened = test::open_response(*client_, exchanges_[0].at_client, first);
    EXPECT_EQ(opened.verdict, Verdict::kOk);
    EXPECT_EQ(as_text(opened.inner.payload), payload);
  }
}

// §8.4 step 8: the genuine response may still come.
TEST_F(UnprotectResponse, AForgedResponseDoesNotSpoilTheExchange) {
  const ByteVector good = response(exchanges_[0].at_server, "22.5");
  ByteVector forged = good;
  forged.back() ^= 0x80;
  EXPECT_EQ(test::open_response(*client_, exchanges_[0].at_client, forged).verdict,
            Verdict::kBadTag);
  EXPECT_EQ(test::open_response(*client_, exchanges_[0].at_client, good).verdict, Verdict::kOk);
}

TEST_F(UnprotectResponse, TooShortOnesAreRefused) {
  const ByteVector good = response(exchanges_[0].at_server, "");
  const size_t ciphertext_len = test::parsed(good).payload.size();
  EXPECT_EQ(ciphertext_len, 9u);  // code and tag
  for (size_t cut = 1; cut < ciphertext_len; ++cut) {
    EXPECT_EQ(
        test::open_response(*client_, exchanges_[0].at_client, Bytes(good).first(good.size() - cut))
            .verdict,
        Verdict::kBadTag);
  }
}

// A request cannot be reflected to its sender: each direction has its own key.
TEST_F(UnprotectResponse, AReflectedRequestIsNoResponse) {
  Built request(Code::kGet);
  RequestIdentity identity;
  const Sealed sealed = test::seal_request(*client_, client_numbers_, request.message(), identity);
  EXPECT_EQ(test::open_response(*client_, identity, sealed.datagram).verdict, Verdict::kBadTag);
}

std::string merged(Built& outer, Built& inner) {
  ByteVector space(2'000);
  Writer writer(space);
  write_unprotected(writer, outer.message(), inner.message());
  EXPECT_TRUE(writer.ok());
  return to_hex(writer.written());
}

TEST(WriteUnprotected, TakesClassUFromOutsideAndTheRestFromInside) {
  Built outer(Code::kPost), inner(Code::kGet);
  outer.option(option::kIfMatch, hex("aa")).option(option::kUriHost, as_bytes("h"));
  outer.option(option::kObserve).option(option::kUriPort, hex("1633"));
  outer.option(option::kOscore, hex("0900c1")).option(option::kUriPath, as_bytes("evil"));
  outer.option(option::kMaxAge, hex("00")).option(option::kProxyScheme, as_bytes("coap"));
  outer.option(option::kEcho, hex("ff")).option(2049, hex("ee")).payload("ciphertext");
  inner.option(option::kUriPath, as_bytes("a")).option(option::kUriPath, as_bytes("b"));
  inner.option(option::kAccept, hex("32")).payload("p").token("99").message_id(1);
  Built expected(Code::kGet);
  expected.option(option::kUriHost, as_bytes("h")).option(option::kUriPort, hex("1633"));
  expected.option(option::kUriPath, as_bytes("a")).option(option::kUriPath, as_bytes("b"));
  expected.option(option::kAccept, hex("32")).option(option::kProxyScheme, as_bytes("coap"));
  expected.payload("p");
  ByteVector space(200);
  Writer writer(space);
  write_message(writer, expected.message());
  EXPECT_EQ(merged(outer, inner), to_hex(writer.written()));
}

TEST(WriteUnprotected, WhatStandsInBothPlacesIsTakenFromInside) {
  Built outer(Code::kPost), inner(Code::kGet), expected(Code::kGet);
  outer.option(option::kUriHost, as_bytes("out")).option(option::kUriHost, as_bytes("side"));
  outer.option(option::kUriPort, hex("1633")).option(option::kOscore, hex("0900c1"));
  inner.option(option::kUriHost, as_bytes("inside"));
  expected.option(option::kUriHost, as_bytes("inside")).option(option::kUriPort, hex("1633"));
  ByteVector space(200);
  Writer writer(space);
  write_message(writer, expected.message());
  EXPECT_EQ(merged(outer, inner), to_hex(writer.written()));
}

TEST(WriteUnprotected, NothingAnywhereIsTheBareHeader) {
  Built outer(Code::kChanged, coap::Type::kAck), inner(Code::kContent);
  outer.option(option::kOscore);
  EXPECT_EQ(merged(outer, inner), "614512344a");
}

}  // namespace
}  // namespace osprey::oscore
