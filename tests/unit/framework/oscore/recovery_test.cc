// Recovery of the replay window after a restart (RFC 8613 B.1.2): unprotect.h, echo.h,
// challenge_budget.h and protect.h together.
#include <gtest/gtest.h>

#include "tests/unit/support/contexts.h"
#include "tests/unit/support/exchange.h"
#include "tests/unit/support/hex.h"

namespace osprey::oscore {
namespace {

using coap::Code;
using test::Built;
using test::ByteVector;
using test::kNow;
using test::Opened;
using test::Sealed;
namespace option = coap::option;

class Recovery : public ::testing::Test {
 protected:
  ByteVector request(uint64_t number, std::optional<Bytes> echo = std::nullopt) {
    const auto client = test::client_context();
    test::OneRange numbers(test::OneRange::from(number));
    Built built(Code::kPut);
    built.option(option::kUriPath, as_bytes("lock"));
    if (echo) built.option(option::kEcho, *echo);
    return test::seal_request(*client, numbers, built.message(), at_client_).datagram;
  }

  Verdict open(const ByteVector& datagram, TimeNs now = kNow) {
    identity_ = RequestIdentity();
    return test::open_request(*server_, datagram, echo_, now, identity_).verdict;
  }

  EchoValue good_echo(TimeNs now = kNow) {
    return echo_.issue(server_->recipient_key().serial(), now);
  }

  void expect_challenged(const ByteVector& datagram, TimeNs now = kNow) {
    EXPECT_EQ(open(datagram, now), Verdict::kChallenged);
    EXPECT_FALSE(server_->window().is_set());
    EXPECT_FALSE(identity_.take_nonce().has_value()) << "it may be a replay, answered before";
  }

  std::unique_ptr<SecurityContext> server_ = test::server_context();  // its window is unset
  EchoMaker echo_{test::echo_key(1)};
  RequestIdentity identity_;
  RequestIdentity at_client_;
};

TEST_F(Recovery, ARequestWithoutEchoIsChallengedAndNothingIsMarked) {
  expect_challenged(request(42));
  expect_challenged(request(42));
  expect_challenged(request(41));
}

// The whole exchange: challenge with an own Partial IV, the client repeats with what it got.
TEST_F(Recovery, TheClientsSecondRequestIsServedAndStartsTheWindow) {
  ASSERT_EQ(open(request(42)), Verdict::kChallenged);
  Built challenge(Code::kUnauthorized, coap::Type::kAck);
  challenge.option(option::kEcho, good_echo());
  test::OneRange server_numbers(test::OneRange::from(1000));
  const Sealed sealed =
      test::seal_response(*server_, server_numbers, identity_, challenge.message());
  EXPECT_EQ(to_hex(sealed.oscore_option), "0203e8");

  const auto client = test::client_context();
  const Opened opened = test::open_response(*client, at_client_, sealed.datagram);
  ASSERT_EQ(opened.verdict, Verdict::kOk);
  EXPECT_EQ(opened.inner.code, Code::kUnauthorized);
  const auto echo = test::option_value(opened.inner.options, option::kEcho);
  ASSERT_TRUE(echo.has_value());

  EXPECT_EQ(open(request(50, *echo)), Verdict::kOk);
  EXPECT_TRUE(identity_.take_nonce().has_value());
  EXPECT_EQ(open(request(50, *echo)), Verdict::kReplay);
  EXPECT_EQ(open(request(49)), Verdict::kReplay);
  EXPECT_EQ(open(request(42, *echo)), Verdict::kReplay);
  EXPECT_EQ(open(request(0)), Verdict::kReplay);
  EXPECT_EQ(open(request(51)), Verdict::kOk);
  EXPECT_EQ(open(request(53)), Verdict::kOk);
  EXPECT_EQ(open(request(52)), Verdict::kOk);
}

TEST_F(Recovery, AWrongEchoIsChallengedAgain) {
  EchoValue wrong = good_echo();
  wrong.back() ^= 1;
  expect_challenged(request(42, wrong));
  expect_challenged(request(43, Bytes(good_echo()).first(8)));
  const ByteVector one_byte = {0};
  expect_challenged(request(44, one_byte));
  EXPECT_EQ(open(request(45, good_echo())), Verdict::kOk);
}

TEST_F(Recovery, AnEchoOfAnotherContextIsChallengedAgain) {
  const auto other = test::server_context({.client_id = "c2"});
  expect_challenged(request(42, echo_.issue(other->recipient_key().serial(), kNow)));
}

// The same context derived once more, as after a restart within one process: another serial.
TEST_F(Recovery, AnEchoOfTheSameContextBeforeARestartIsChallengedAgain) {
  const EchoValue before = good_echo();
  server_ = test::server_context();
  expect_challenged(request(42, before));
}

TEST_F(Recovery, AnEchoUnderAnotherKeyIsChallengedAgain) {
  EchoMaker before_restart(test::echo_key(2));
  expect_challenged(request(42, before_restart.issue(server_->recipient_key().serial(), kNow)));
}

TEST_F(Recovery, AnExpiredEchoIsChallengedAgain) {
  const EchoValue value = good_echo();
  expect_challenged(request(42, value), kNow + kEchoLifetime + kSecond);
  EXPECT_EQ(open(request(43, value), kNow + kEchoLifetime), Verdict::kOk);
}

TEST_F(Recovery, AForgedRequestIsRefusedAndCostsNoChallenge) {
  ByteVector forged = request(42, good_echo());
  forged.back() ^= 1;
  for (uint32_t i = 0; i < 4 * ChallengeBudget::kBurst; ++i) {
    EXPECT_EQ(open(forged), Verdict::kBadTag);
  }
  EXPECT_FALSE(server_->window().is_set());
  expect_challenged(request(42));
}

// Recorded requests replayed to a restarted server spend own numbers; so they are limited.
TEST_F(Recovery, ReplaysAreLimitedButANewerRequestIsAlwaysChallenged) {
  ASSERT_EQ(open(request(42)), Verdict::kChallenged);
  Verdict verdict = Verdict::kChallenged;
  uint32_t num_challenged = 0;
  while (verdict == Verdict::kChallenged) {
    ASSERT_LE(num_challenged, 2 * ChallengeBudget::kBurst);
    verdict = open(request(42 - num_challenged % 10));
    ++num_challenged;
  }
  EXPECT_EQ(verdict, Verdict::kChallengeLimit);
  EXPECT_FALSE(server_->window().is_set());
  for (uint64_t number = 43; number < 80; ++number) expect_challenged(request(number));
  EXPECT_EQ(open(request(79)), Verdict::kChallengeLimit);
  EXPECT_EQ(open(request(79), kNow + ChallengeBudget::kRefill), Verdict::kChallenged);
  // And a valid Echo gets through whatever the budget says.
  EXPECT_EQ(open(request(79), kNow + ChallengeBudget::kRefill), Verdict::kChallengeLimit);
  EXPECT_EQ(open(request(79, good_echo())), Verdict::kOk);
}

// I2. Goal: the request that starts the window is served once even if it comes twice in one batch;
// what comes with it in the batch is judged by the window it started.
TEST_F(Recovery, TwoCopiesOfTheRepeatedRequestInOneBatchAreServedOnce) {
  const ByteVector datagrams[] = {request(9),  request(10, good_echo()), request(10, good_echo()),
                                  request(10), request(9, good_echo()),  request(11)};
  constexpr size_t kMessages = std::size(datagrams);
  const Verdict expected[] = {Verdict::kChallenged, Verdict::kOk,     Verdict::kReplay,
                              Verdict::kReplay,     Verdict::kReplay, Verdict::kOk};
  ByteVector texts[kMessages];
  OscoreOption options[kMessages];
  Opening openings[kMessages];
  std::vector<AeadJob> jobs;
  for (size_t i = 0; i < kMessages; ++i) {
    const auto outer = test::parsed(datagrams[i]);
    ASSERT_EQ(parse_oscore_option(*test::option_value(outer.options, option::kOscore), options[i]),
              OptionError::kNone);
    texts[i].assign(outer.payload.begin(), outer.payload.end());
    ASSERT_EQ(begin_unprotect_request(*server_, options[i], texts[i], openings[i]), Verdict::kOk);
    jobs.push_back(openings[i].job);
  }
  OpensslEngine engine(8);
  engine.open(jobs);
  for (size_t i = 0; i < kMessages; ++i) {
    openings[i].job.ok = jobs[i].ok;
    coap::Message inner;
    RequestIdentity identity;
    EXPECT_EQ(
        finish_unprotect_request(*server_, options[i], openings[i], echo_, kNow, inner, identity),
        expected[i])
        << i;
  }
}

// The last number there is: the window starts there, and nothing more will come.
TEST_F(Recovery, TheWindowCanStartAtTheLastNumber) {
  EXPECT_EQ(open(request(kMaxSequenceNumber, good_echo())), Verdict::kOk);
  EXPECT_EQ(open(request(kMaxSequenceNumber)), Verdict::kReplay);
  EXPECT_EQ(open(request(kMaxSequenceNumber - 1)), Verdict::kReplay);
}

}  // namespace
}  // namespace osprey::oscore
