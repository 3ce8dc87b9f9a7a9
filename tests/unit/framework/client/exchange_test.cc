// What an exchange promises under a virtual clock, against a server's end made with oscore/.
#include "framework/client/exchange.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/unit/framework/client/client_world.h"

namespace osprey::client {
namespace {

using coap::Code;
using coap::Type;
using test::ByteVector;
using test::ClientWorld;
using test::copy;
using State = Exchange::State;

constexpr TimeNs kT0 = 1'000 * kSecond;

// Lets time pass until the exchange ends; returns what it sent and when.
std::vector<std::pair<TimeNs, ByteVector>> run_out(Exchange& exchange) {
  std::vector<std::pair<TimeNs, ByteVector>> sent;
  while (exchange.state() == State::kActive) {
    const TimeNs now = exchange.deadline();
    const Bytes datagram = exchange.on_time(now);
    if (!datagram.empty()) sent.emplace_back(now, copy(datagram));
  }
  return sent;
}

// --- Retransmission (RFC 7252 §4.2).

TEST(Retransmission, ConIsRepeatedFourTimesWithDoublingGapsAndTheSameBytes) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    ClientWorld world(seed);
    Exchange exchange;
    const ByteVector first = copy(exchange.start(world.end, world.get(), kT0));
    ASSERT_FALSE(first.empty());
    const auto repeats = run_out(exchange);
    ASSERT_EQ(repeats.size(), 4u);
    const TimeNs gap = repeats[0].first - kT0;
    EXPECT_GE(gap, 2 * kSecond);
    EXPECT_LE(gap, 3 * kSecond);
    EXPECT_EQ(repeats[1].first - repeats[0].first, 2 * gap);
    EXPECT_EQ(repeats[2].first - repeats[1].first, 4 * gap);
    EXPECT_EQ(repeats[3].first - repeats[2].first, 8 * gap);
    for (const auto& [when, datagram] : repeats) EXPECT_EQ(datagram, first);
    EXPECT_EQ(exchange.retransmissions(), 4u);
    EXPECT_EQ(exchange.failure().reason, FailureReason::kTimeout);
  }
}

TEST(Retransmission, FirstGapVariesBetweenRequests) {
  ClientWorld world;
  Exchange exchange;
  std::set<TimeNs> gaps;
  for (int i = 0; i < 20; ++i) {
    (void)exchange.start(world.end, world.get(), kT0);
    gaps.insert(exchange.deadline() - kT0);
  }
  EXPECT_GT(gaps.size(), 10u);
}

TEST(Retransmission, NothingIsSentBeforeTheDeadline) {
  ClientWorld world;
  Exchange exchange;
  (void)exchange.start(world.end, world.get(), kT0);
  EXPECT_TRUE(exchange.on_time(exchange.deadline() - 1).empty());
  EXPECT_FALSE(exchange.on_time(exchange.deadline()).empty());
}

TEST(Retransmission, NonIsSentOnceAndTimesOut) {
  ClientWorld world;
  Exchange exchange;
  Request request = world.get(Type::kNon);
  request.timeout = 7 * kSecond;
  (void)exchange.start(world.end, request, kT0);
  EXPECT_EQ(exchange.deadline(), kT0 + 7 * kSecond);
  EXPECT_TRUE(run_out(exchange).empty());
  EXPECT_EQ(exchange.state(), State::kFailed);
  EXPECT_EQ(exchange.failure().reason, FailureReason::kTimeout);
  EXPECT_EQ(exchange.deadline(), kNever);
}

TEST(Retransmission, StopsAtTheRequestsTimeout) {
  ClientWorld world;
  Exchange exchange;
  Request request = world.get();
  request.timeout = 4 * kSecond;
  (void)exchange.start(world.end, request, kT0);
  EXPECT_EQ(run_out(exchange).size(), 1u);
  EXPECT_EQ(exchange.failure().reason, FailureReason::kTimeout);
}

// --- Responses (RFC 7252 §5.2, §5.3).

TEST(Response, PiggybackedOneAnswers) {
  ClientWorld world;
  Exchange exchange;
  const coap::Message& inner = world.server.take(exchange.start(world.end, world.get(), kT0));
  EXPECT_EQ(inner.code, Code::kGet);
  EXPECT_EQ(copy(inner.options), world.path);
  EXPECT_TRUE(exchange.on_datagram(world.server.content("22.5"), kT0 + 1).empty());
  ASSERT_EQ(exchange.state(), State::kAnswered);
  EXPECT_EQ(exchange.response().code, Code::kContent);
  EXPECT_EQ(as_text(exchange.response().payload), "22.5");
  EXPECT_EQ(exchange.deadline(), kNever);
}

TEST(Response, EmptyAckEndsRetransmissionAndTheSeparateResponseIsAwaited) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  EXPECT_TRUE(exchange.on_datagram(world.server.empty(Type::kAck), kT0).empty());
  EXPECT_EQ(exchange.deadline(), kT0 + kMaxTransmitWait);

  // A CON response is acknowledged under its own Message ID, each time it comes.
  const ByteVector separate = world.server.content("later", Type::kCon);
  const ByteVector ack = {0x60, 0x00, separate[2], separate[3]};
  EXPECT_EQ(copy(exchange.on_datagram(separate, kT0 + kSecond)), ack);
  ASSERT_EQ(exchange.state(), State::kAnswered);
  EXPECT_EQ(copy(exchange.on_datagram(separate, kT0 + 3 * kSecond)), ack);
  EXPECT_EQ(as_text(exchange.response().payload), "later");
}

TEST(Response, SeparateNonResponseIsNotAcknowledged) {
  for (const Type request_type : {Type::kCon, Type::kNon}) {
    ClientWorld world;
    Exchange exchange;
    world.server.take(exchange.start(world.end, world.get(request_type), kT0));
    EXPECT_TRUE(exchange.on_datagram(world.server.content("x", Type::kNon), kT0).empty());
    EXPECT_EQ(exchange.state(), State::kAnswered);
  }
}

TEST(Response, WithAnotherTokenOrMessageIdIsIgnored) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  const ByteVector genuine = world.server.content("22.5");
  ByteVector wrong_token = genuine;
  wrong_token[4] ^= 1;
  ByteVector wrong_message_id = genuine;
  wrong_message_id[3] ^= 1;
  for (const ByteVector& stray : {wrong_token, wrong_message_id}) {
    EXPECT_TRUE(exchange.on_datagram(stray, kT0).empty());
    EXPECT_EQ(exchange.state(), State::kActive);
  }
  EXPECT_EQ(exchange.ignored(), 2u);
  EXPECT_EQ(exchange.unverified(), 0u);
}

TEST(Response, GarbageIsIgnored) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  const ByteVector genuine = world.server.content("22.5");
  for (size_t len = 0; len < genuine.size(); ++len) {  // every cut of it
    EXPECT_TRUE(exchange.on_datagram(Bytes(genuine).first(len), kT0).empty());
    ASSERT_EQ(exchange.state(), State::kActive) << len;
  }
  (void)exchange.on_datagram(genuine, kT0);
  EXPECT_EQ(exchange.state(), State::kAnswered);
}

// Goal: §8.4 step 8. Method: a changed answer, one under another key, then the genuine one.
TEST(Response, ThatDoesNotVerifyIsIgnoredAndTheGenuineOneStillCounts) {
  ClientWorld world;
  Exchange exchange;
  const ByteVector request = copy(exchange.start(world.end, world.get(), kT0));
  world.server.take(request);
  ByteVector changed = world.server.sealed(world.server.answer(Code::kContent).payload("changed"));
  changed.back() ^= 1;

  const auto stranger = test::server_context({.master_secret = "ff"});
  const Bytes partial_iv = exchange.partial_iv();
  oscore::RequestIdentity identity(stranger->recipient_id(), partial_iv,
                                   stranger->recipient_nonce().nonce(partial_iv),
                                   oscore::NonceReuse::kOnce);
  test::Built answer = world.server.answer(Code::kContent).payload("other key");
  test::OneRange numbers;
  const ByteVector other_key =
      test::seal_response(*stranger, numbers, identity, answer.message()).datagram;

  for (const ByteVector& forged : {changed, other_key}) {
    EXPECT_TRUE(exchange.on_datagram(forged, kT0).empty());
    EXPECT_EQ(exchange.state(), State::kActive);
  }
  EXPECT_EQ(exchange.unverified(), 2u);
  (void)exchange.on_datagram(world.server.content("genuine"), kT0);
  ASSERT_EQ(exchange.state(), State::kAnswered);
  EXPECT_EQ(as_text(exchange.response().payload), "genuine");
}

TEST(Response, OfAnEarlierRequestIsNotTakenForThisOne) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  const ByteVector old = world.server.content("old");
  (void)exchange.start(world.end, world.get(), kT0);
  EXPECT_TRUE(exchange.on_datagram(old, kT0).empty());
  EXPECT_EQ(exchange.state(), State::kActive);
}

TEST(Response, WithAnUnknownCriticalOptionInsideFails) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  (void)exchange.on_datagram(world.server.sealed(world.server.answer(Code::kContent).option(2053)),
                             kT0);
  EXPECT_EQ(exchange.failure().reason, FailureReason::kBadResponse);
}

TEST(Response, ObserveNobodyAskedForIsIgnored) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  (void)exchange.on_datagram(
      world.server.sealed(world.server.answer(Code::kContent).option(coap::option::kObserve)), kT0);
  EXPECT_EQ(exchange.state(), State::kActive);
}

TEST(Response, ToARequestAfterAnObservationIsHeldToItsOwnOptions) {
  ClientWorld world;
  Exchange exchange;
  const ByteVector observe = {0x60, 0x51, 'a'};  // Observe 0, Uri-Path "a"
  Request request = world.get();
  request.options = observe;
  world.server.take(exchange.start(world.end, request, kT0));
  (void)exchange.on_datagram(
      world.server.sealed(world.server.answer(Code::kContent).option(coap::option::kObserve)), kT0);
  EXPECT_EQ(exchange.state(), State::kAnswered);
  world.server.take(exchange.start(world.end, world.get(), kT0));
  (void)exchange.on_datagram(
      world.server.sealed(world.server.answer(Code::kContent).option(coap::option::kObserve)), kT0);
  EXPECT_EQ(exchange.state(), State::kActive);
}

// --- What anybody can forge.

struct PlainCase {
  Code code;
  bool counts;
};

TEST(PlainError, OnlyTheFourOfTheRfcCountAndOnlyAfterTheGrace) {
  constexpr PlainCase kCases[] = {{Code::kBadRequest, true},
                                  {Code::kUnauthorized, true},
                                  {Code::kBadOption, true},
                                  {Code::kServiceUnavailable, true},
                                  {Code::kContent, false},
                                  {Code::kChanged, false},
                                  {Code::kNotFound, false},
                                  {Code::kForbidden, false},
                                  {Code::kInternalServerError, false}};
  for (const Type type : {Type::kCon, Type::kNon}) {
    for (const auto& [code, counts] : kCases) {
      ClientWorld world;
      Exchange exchange;
      world.server.take(exchange.start(world.end, world.get(type), kT0));
      const Type answer_type = type == Type::kCon ? Type::kAck : Type::kNon;
      (void)exchange.on_datagram(world.server.plain(code, "why", answer_type), kT0);
      EXPECT_EQ(exchange.state(), State::kActive);
      EXPECT_EQ(exchange.deadline() == kT0 + kGrace, counts) << coap::code_text(code);
      if (!counts) continue;
      (void)exchange.on_time(kT0 + kGrace);
      ASSERT_EQ(exchange.state(), State::kFailed);
      EXPECT_EQ(exchange.failure().reason, FailureReason::kUnprotectedError);
      EXPECT_EQ(exchange.failure().code, code);
      EXPECT_EQ(exchange.failure().diagnostic(), "why");
    }
  }
}

TEST(PlainError, GenuineAnswerWithinTheGraceWins) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  (void)exchange.on_datagram(world.server.plain(Code::kUnauthorized), kT0);
  (void)exchange.on_datagram(world.server.content("genuine"), kT0 + kGrace - 1);
  ASSERT_EQ(exchange.state(), State::kAnswered);
  EXPECT_EQ(as_text(exchange.response().payload), "genuine");
}

TEST(PlainError, GenuineChallengeWithinTheGraceWins) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  (void)exchange.on_datagram(world.server.plain(Code::kUnauthorized), kT0);
  world.server.take(exchange.on_datagram(world.server.challenge("echo"), kT0 + 1));
  (void)exchange.on_time(kT0 + kGrace);
  EXPECT_EQ(exchange.state(), State::kActive);
}

TEST(PlainError, DiagnosticIsCutAndHarmlessToATerminal) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  const std::string nasty = "\x1b[2J" + std::string(100, 'x');
  (void)exchange.on_datagram(world.server.plain(Code::kBadRequest, nasty), kT0);
  (void)exchange.on_time(kT0 + kGrace);
  EXPECT_EQ(exchange.failure().diagnostic().substr(0, 5), "?[2Jx");
  EXPECT_EQ(exchange.failure().diagnostic().size(), Failure::kMaxDiagnostic);
}

TEST(Reset, EndsTheRequestItNames) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  ByteVector stray = world.server.empty(Type::kRst);
  stray[3] ^= 1;
  (void)exchange.on_datagram(stray, kT0);
  EXPECT_EQ(exchange.state(), State::kActive);
  (void)exchange.on_datagram(world.server.empty(Type::kRst), kT0);
  EXPECT_EQ(exchange.failure().reason, FailureReason::kReset);
}

TEST(Unreachable, FailsAfterTheGraceUnlessAnAnswerComes) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  exchange.on_unreachable(kT0);
  EXPECT_EQ(exchange.state(), State::kActive);
  (void)exchange.on_time(kT0 + kGrace);
  EXPECT_EQ(exchange.failure().reason, FailureReason::kUnreachable);
}

// --- Echo (RFC 8613 B.1.2).

TEST(Challenge, RequestIsRepeatedWithTheEchoUnderNewTokenMessageIdAndPartialIv) {
  ClientWorld world;
  Exchange exchange;
  const ByteVector first = copy(exchange.start(world.end, world.get(), kT0));
  world.server.take(first);
  const ByteVector second = copy(exchange.on_datagram(world.server.challenge("echo"), kT0));
  const coap::Message& inner = world.server.take(second);
  EXPECT_EQ(inner.code, Code::kGet);
  EXPECT_EQ(copy(*test::option_value(inner.options, coap::option::kEcho)), copy(as_bytes("echo")));
  EXPECT_EQ(copy(*test::option_value(inner.options, coap::option::kUriPath)), ByteVector{'a'});
  const coap::Message before = test::parsed(first);
  const coap::Message after = test::parsed(second);
  EXPECT_NE(copy(before.token), copy(after.token));
  EXPECT_NE(before.message_id, after.message_id);
  EXPECT_NE(copy(before.options), copy(after.options));  // the Partial IV in the OSCORE option
  EXPECT_EQ(exchange.challenges(), 1u);
  (void)exchange.on_datagram(world.server.content("served"), kT0);
  EXPECT_EQ(exchange.state(), State::kAnswered);
}

TEST(Challenge, TheRepetitionIsRetransmittedLikeAnyRequest) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  const ByteVector second = copy(exchange.on_datagram(world.server.challenge("echo"), kT0));
  const auto repeats = run_out(exchange);
  ASSERT_EQ(repeats.size(), 4u);
  for (const auto& [when, datagram] : repeats) EXPECT_EQ(datagram, second);
}

TEST(Challenge, InAConIsAcknowledgedFirst) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  const ByteVector challenge = world.server.challenge("echo", Type::kCon);
  EXPECT_EQ(copy(exchange.on_datagram(challenge, kT0)),
            (ByteVector{0x60, 0x00, challenge[2], challenge[3]}));
  EXPECT_EQ(exchange.deadline(), kT0);
  world.server.take(exchange.on_time(kT0));
  (void)exchange.on_datagram(world.server.content("served"), kT0);
  EXPECT_EQ(exchange.state(), State::kAnswered);
}

TEST(Challenge, ItsCopyBeforeTheRepetitionWentOutChangesNothing) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  const ByteVector challenge = world.server.challenge("echo", Type::kCon);
  (void)exchange.on_datagram(challenge, kT0);
  (void)exchange.on_datagram(challenge, kT0);
  EXPECT_EQ(exchange.challenges(), 1u);
  EXPECT_FALSE(exchange.on_time(kT0).empty());
}

TEST(Challenge, ItsEchoIsNotInTheNextRequest) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  world.server.take(exchange.on_datagram(world.server.challenge("echo"), kT0));
  (void)exchange.on_datagram(world.server.content("served"), kT0);
  const coap::Message& next = world.server.take(exchange.start(world.end, world.get(), kT0));
  EXPECT_FALSE(test::option_value(next.options, coap::option::kEcho).has_value());
}

TEST(Challenge, ItsCopyChangesNothing) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  const ByteVector challenge = world.server.challenge("echo");
  (void)exchange.on_datagram(challenge, kT0);
  EXPECT_TRUE(exchange.on_datagram(challenge, kT0).empty());
  EXPECT_EQ(exchange.challenges(), 1u);
}

TEST(Challenge, AfterThreeOfThemTheRequestFails) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  for (uint32_t i = 0; i < kMaxChallenges; ++i) {
    world.server.take(exchange.on_datagram(world.server.challenge("again"), kT0));
  }
  EXPECT_TRUE(exchange.on_datagram(world.server.challenge("again"), kT0).empty());
  EXPECT_EQ(exchange.failure().reason, FailureReason::kTooManyChallenges);
  EXPECT_EQ(exchange.challenges(), kMaxChallenges);
}

TEST(Challenge, EchoOfTheCallerIsReplacedAndTheOtherOptionsStay) {
  ClientWorld world;
  test::Built built(Code::kGet);
  built.option(coap::option::kUriPath, as_bytes("a"))
      .option(coap::option::kEcho, as_bytes("mine"))
      .option(coap::option::kNoResponse)
      .option(coap::option::kRequestTag, as_bytes("tag"));
  Request request;
  request.options = built.message().options;
  request.payload = as_bytes("body");
  Exchange exchange;
  world.server.take(exchange.start(world.end, request, kT0));
  const coap::Message& inner =
      world.server.take(exchange.on_datagram(world.server.challenge("theirs"), kT0));
  test::Built wanted(Code::kGet);
  wanted.option(coap::option::kUriPath, as_bytes("a"))
      .option(coap::option::kEcho, as_bytes("theirs"))
      .option(coap::option::kNoResponse)
      .option(coap::option::kRequestTag, as_bytes("tag"));
  EXPECT_EQ(copy(inner.options), copy(wanted.message().options));
  EXPECT_EQ(as_text(inner.payload), "body");
}

TEST(Challenge, A401WithoutEchoIsAnOrdinaryAnswer) {
  ClientWorld world;
  Exchange exchange;
  world.server.take(exchange.start(world.end, world.get(), kT0));
  (void)exchange.on_datagram(world.server.sealed(world.server.answer(Code::kUnauthorized)), kT0);
  ASSERT_EQ(exchange.state(), State::kAnswered);
  EXPECT_EQ(exchange.response().code, Code::kUnauthorized);
}

// --- Tokens, numbers, bounds.

TEST(Token, BeginsWithTheExchangesNumberAndNeverRepeats) {
  ClientWorld world;
  Exchange exchange(0xabcd);
  std::set<ByteVector> tokens;
  std::set<uint16_t> message_ids;
  for (int i = 0; i < 1000; ++i) {
    const coap::Message message = test::parsed(exchange.start(world.end, world.get(), kT0));
    EXPECT_EQ(read_uint(message.token.first(2)), 0xabcdu);
    tokens.insert(copy(message.token));
    message_ids.insert(message.message_id);
  }
  EXPECT_EQ(tokens.size(), 1000u);
  EXPECT_EQ(message_ids.size(), 1000u);
}

// Goal: a store that is behind delays a request, and nothing else. Method: numbers come later.
TEST(SequenceNumbers, ARequestWaitsForThem) {
  class Late final : public oscore::SequenceSource {
   public:
    bool ready = false;
    std::optional<oscore::SequenceRange> reserve_sender_sequence(
        oscore::SecurityContext&) override {
      return ready ? std::optional(oscore::SequenceRange{7, 8}) : std::nullopt;
    }
  } late;
  ClientWorld world;
  ClientEnd end{*world.context, late, world.engine, world.message_ids, world.random};
  Exchange exchange;
  EXPECT_TRUE(exchange.start(end, world.get(), kT0).empty());
  ASSERT_EQ(exchange.state(), State::kActive);
  EXPECT_EQ(exchange.deadline(), kT0 + kNumberRetry);
  late.ready = true;
  world.server.take(exchange.on_time(kT0 + kNumberRetry));
  EXPECT_EQ(copy(exchange.partial_iv()), ByteVector{7});
}

TEST(SequenceNumbers, WithoutAnyTheRequestFailsAtItsTimeout) {
  ClientWorld world;
  test::NoNumbers none;
  ClientEnd end{*world.context, none, world.engine, world.message_ids, world.random};
  Exchange exchange;
  (void)exchange.start(end, world.get(), kT0);
  EXPECT_TRUE(run_out(exchange).empty());
  EXPECT_EQ(exchange.failure().reason, FailureReason::kNoSequenceNumber);
}

TEST(Bounds, WhatDoesNotFitADatagramFails) {
  struct Case {
    size_t payload_len;
    bool fits;
  };
  for (const auto& [payload_len, fits] : {Case{1024, true}, Case{1400, true}, Case{1460, false},
                                          Case{1472, false}, Case{5000, false}}) {
    ClientWorld world;
    const ByteVector payload(payload_len, 'x');
    Request request = world.get();
    request.payload = payload;
    Exchange exchange;
    EXPECT_EQ(!exchange.start(world.end, request, kT0).empty(), fits) << payload_len;
    if (!fits) {
      EXPECT_EQ(exchange.failure().reason, FailureReason::kRequestTooLong);
    }
  }
}

TEST(Bounds, MalformedOptionsAndNestedOscoreFail) {
  for (const ByteVector& options :
       {ByteVector{0xbf}, ByteVector{0xb5, 'a'}, ByteVector{0x90}, ByteVector{0xff, 'x'}}) {
    ClientWorld world;
    Request request = world.get();
    request.options = options;
    Exchange exchange;
    EXPECT_TRUE(exchange.start(world.end, request, kT0).empty());
    EXPECT_EQ(exchange.failure().reason, FailureReason::kBadRequest) << to_hex(options);
  }
}

TEST(Reuse, AnObjectServesOneRequestAfterTheOther) {
  ClientWorld world;
  Exchange exchange;
  for (int i = 0; i < 100; ++i) {
    world.server.take(exchange.start(world.end, world.get(), kT0));
    if (i % 3 == 0) world.server.take(exchange.on_datagram(world.server.challenge("e"), kT0));
    if (i % 5 == 0) (void)exchange.on_datagram(world.server.plain(Code::kBadRequest), kT0);
    (void)exchange.on_datagram(world.server.content(std::to_string(i)), kT0);
    ASSERT_EQ(exchange.state(), State::kAnswered);
    EXPECT_EQ(as_text(exchange.response().payload), std::to_string(i));
    EXPECT_EQ(exchange.challenges(), i % 3 == 0 ? 1u : 0u);
  }
}

}  // namespace
}  // namespace osprey::client
