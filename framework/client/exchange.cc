#include "framework/client/exchange.h"

#include <algorithm>
#include <cstring>

#include "framework/base/check.h"

namespace osprey::client {
namespace {

using coap::Code;
using coap::Type;
using oscore::Verdict;

// First retransmission after ACK_TIMEOUT to 1.5 times that, in steps of 1/1024.
TimeNs first_ack_timeout(Random& random) {
  const auto part = static_cast<TimeNs>(random.next() & 1023);
  return kAckTimeout + kAckTimeout / 2 * part / 1024;
}

// The only codes that a server of RFC 8613 sends unprotected to a protected request (§8.2, §7.4).
bool is_unprotected_error(Code code) {
  return code == Code::kBadRequest || code == Code::kUnauthorized || code == Code::kBadOption ||
         code == Code::kServiceUnavailable;
}

struct OscoreValue {
  size_t count = 0;
  Bytes value;
};

OscoreValue find_oscore(const coap::Message& message) {
  OscoreValue found;
  coap::OptionReader options = message.option_reader();
  while (const auto option = options.next()) {
    if (option->number != coap::option::kOscore) continue;
    found.value = option->value;
    ++found.count;
  }
  return found;
}

}  // namespace

// --- Sending.

Bytes Exchange::start(ClientEnd& end, const Request& request, TimeNs now) {
  CHECK(request.type == Type::kCon || request.type == Type::kNon);
  end_ = &end;
  state_ = State::kActive;
  failure_ = {};
  response_ = {};
  echo_ = {};
  challenges_ = retransmissions_ = ignored_ = unverified_ = 0;
  send_at_ = grace_ends_at_ = kNever;
  give_up_at_ = now + request.timeout;
  if (!coap::is_request(request.method)) return fail(FailureReason::kBadRequest);
  if (!copy(request)) return fail(FailureReason::kRequestTooLong);
  coap::OptionReader options = request_.option_reader();
  while (const auto option = options.next()) {
    has_observe_ |= option->number == coap::option::kObserve;
  }
  if (options.failed() || !options.rest().empty()) return fail(FailureReason::kBadRequest);
  return seal_and_send(now);
}

bool Exchange::copy(const Request& request) {
  Writer writer(plain_);
  writer.bytes(request.options);
  writer.bytes(request.payload);
  request_.type = request.type;
  request_.code = request.method;
  request_.options = writer.written().first(writer.ok() ? request.options.size() : 0);
  request_.payload = writer.written().subspan(request_.options.size());
  has_observe_ = false;
  return writer.ok();
}

// The request's options with the server's Echo in its place among them.
Bytes Exchange::options_with_echo(MutableBytes space) const {
  Writer writer(space);
  coap::OptionWriter merged(writer);
  bool written = false;
  coap::OptionReader options = request_.option_reader();
  while (const auto option = options.next()) {
    if (option->number == coap::option::kEcho) continue;
    if (!written && option->number > coap::option::kEcho) {
      merged.opaque(coap::option::kEcho, echo_.view());
      written = true;
    }
    merged.opaque(option->number, option->value);
  }
  if (!written) merged.opaque(coap::option::kEcho, echo_.view());
  CHECK(writer.ok());
  return writer.written();
}

// A new datagram: new token, Message ID and Partial IV.
Bytes Exchange::seal_and_send(TimeNs now) {
  Writer token(token_);
  token.u16(number_);
  token.uint(end_->random.next(), kTokenLen - 2);
  message_id_ = end_->message_ids.take();

  coap::Message message = request_;
  message.message_id = message_id_;
  message.token = token_;
  std::array<uint8_t, kMaxDatagram + kMaxEchoLen + 8>
      options;  // 8: headers of Echo and its successor
  if (!echo_.empty()) message.options = options_with_echo(options);
  switch (oscore::protect_request(end_->engine, end_->context, end_->sequence, message, datagram_,
                                  datagram_len_, identity_)) {
    case Verdict::kOk: break;
    case Verdict::kNoSequenceNumber: return wait_for_number(now);
    case Verdict::kResponseTooLong: return fail(FailureReason::kRequestTooLong);
    default: return fail(FailureReason::kBadRequest);
  }
  transmissions_ = 0;
  retransmit_after_ = first_ack_timeout(end_->random);
  return send(now);
}

// The store may still be reserving some, which takes it a disk write.
Bytes Exchange::wait_for_number(TimeNs now) {
  transmissions_ = 0;
  send_at_ = now + kNumberRetry;
  return {};
}

// The datagram as it is, for the first or a further time.
Bytes Exchange::send(TimeNs now) {
  ++transmissions_;
  send_at_ = kNever;
  if (request_.type == Type::kCon) {
    send_at_ = now + retransmit_after_;
    retransmit_after_ *= 2;
  }
  return Bytes(datagram_).first(datagram_len_);
}

// --- Time.

TimeNs Exchange::deadline() const {
  if (state_ != State::kActive) return kNever;
  return std::min({send_at_, give_up_at_, grace_ends_at_});
}

Bytes Exchange::on_time(TimeNs now) {
  if (state_ != State::kActive) return {};
  if (now >= grace_ends_at_) return fail(failure_);
  if (now >= give_up_at_) {
    return fail(transmissions_ == 0 ? FailureReason::kNoSequenceNumber : FailureReason::kTimeout);
  }
  if (now < send_at_) return {};
  if (transmissions_ == 0) return seal_and_send(now);
  if (transmissions_ > kMaxRetransmit) return fail(FailureReason::kTimeout);
  ++retransmissions_;
  return send(now);
}

void Exchange::on_unreachable(TimeNs now) {
  if (state_ != State::kActive) return;
  Failure failure;
  failure.reason = FailureReason::kUnreachable;
  remember(failure, now);
}

// The first is kept: a later one knows no more.
void Exchange::remember(const Failure& failure, TimeNs now) {
  if (grace_ends_at_ != kNever) return;
  failure_ = failure;
  grace_ends_at_ = now + kGrace;
}

Bytes Exchange::fail(FailureReason reason) {
  // A plain error that waits explains more than a timeout does.
  if (reason == FailureReason::kTimeout && grace_ends_at_ != kNever) return fail(failure_);
  Failure failure;
  failure.reason = reason;
  return fail(failure);
}

Bytes Exchange::fail(const Failure& failure) {
  failure_ = failure;
  state_ = State::kFailed;
  return {};
}

// --- Receiving.

Bytes Exchange::ignore() {
  ++ignored_;
  return {};
}

// Empty ACK to a confirmable message; nothing to others (RFC 7252 §4.2).
Bytes Exchange::acknowledge(const coap::Message& message) {
  if (message.type != Type::kCon) return {};
  Writer writer(ack_);
  coap::write_header(writer, Type::kAck, Code::kEmpty, message.message_id, {});
  return writer.written();
}

Bytes Exchange::on_datagram(Bytes datagram, TimeNs now) {
  const auto [error, message] = coap::parse(datagram);
  if (error != coap::ParseError::kNone || state_ == State::kIdle) return ignore();
  if (message.code == Code::kEmpty) {
    on_empty(message);
    return {};
  }
  const bool is_ours = coap::is_response(message.code) && equal(message.token, token_) &&
                       message.type != Type::kRst &&
                       (message.type != Type::kAck || message.message_id == message_id_);
  if (!is_ours) return ignore();
  // A copy of the answer: our ACK was lost.
  if (state_ != State::kActive) return acknowledge(message);
  return on_response(datagram, message, now);
}

void Exchange::on_empty(const coap::Message& message) {
  const bool is_ours =
      state_ == State::kActive && message.message_id == message_id_ && transmissions_ > 0;
  if (is_ours && message.type == Type::kRst) {
    fail(FailureReason::kReset);
  } else if (is_ours && message.type == Type::kAck && request_.type == Type::kCon) {
    send_at_ = kNever;  // received; the response comes separately
  } else {
    ++ignored_;
  }
}

Bytes Exchange::on_response(Bytes datagram, const coap::Message& message, TimeNs now) {
  if (transmissions_ == 0) return ignore();  // of the request before the challenge
  const OscoreValue oscore = find_oscore(message);
  if (oscore.count == 0) return on_plain(message, now);
  if (oscore.count > 1 || datagram.size() > reply_.size()) return ignore();
  return on_sealed(datagram, now);
}

Bytes Exchange::on_plain(const coap::Message& message, TimeNs now) {
  if (!is_unprotected_error(message.code)) return ignore();
  Failure failure;
  failure.reason = FailureReason::kUnprotectedError;
  failure.code = message.code;
  failure.keep_diagnostic(message.payload);
  remember(failure, now);
  return acknowledge(message);
}

// §8.4: on a copy, as it is decrypted in place.
Bytes Exchange::on_sealed(Bytes datagram, TimeNs now) {
  std::memcpy(reply_.data(), datagram.data(), datagram.size());
  const MutableBytes reply = MutableBytes(reply_).first(datagram.size());
  const coap::Message outer = coap::parse(reply).message;
  oscore::OscoreOption option;
  if (oscore::parse_oscore_option(find_oscore(outer).value, option) != oscore::OptionError::kNone) {
    return ignore();  // step 2
  }
  coap::Message inner = outer;
  oscore::Opening opening;
  Verdict verdict = oscore::begin_unprotect_response(end_->context, identity_, option,
                                                     reply.last(outer.payload.size()), opening);
  if (verdict == Verdict::kOk) {
    end_->engine.open(std::span(&opening.job, 1));
    verdict = oscore::finish_unprotect_response(opening, inner);
  }
  if (verdict == Verdict::kInnerFormat) return fail(FailureReason::kBadResponse);
  if (verdict != Verdict::kOk) {
    ++unverified_;
    return ignore();  // step 8
  }
  return on_genuine(outer, inner, now);
}

Bytes Exchange::on_genuine(const coap::Message& outer, const coap::Message& inner, TimeNs now) {
  Bytes echo;
  bool has_observe = false;
  bool has_unknown_critical = false;
  coap::OptionReader options = inner.option_reader();
  while (const auto option = options.next()) {
    if (option->number == coap::option::kEcho) echo = option->value;
    has_observe |= option->number == coap::option::kObserve;
    has_unknown_critical |=
        coap::is_critical(option->number) && coap::find_option(option->number) == nullptr;
  }
  if (has_observe && !has_observe_) return ignore();  // §8.4.2
  if (inner.code == Code::kUnauthorized && !echo.empty() && echo.size() <= kMaxEchoLen) {
    return on_challenge(outer, echo, now);
  }
  if (!coap::is_response(inner.code) || has_unknown_critical) {  // RFC 7252 §5.4.1
    return fail(FailureReason::kBadResponse);
  }
  response_ = inner;
  state_ = State::kAnswered;
  return acknowledge(outer);
}

// B.1.2: the server lost its window and wants to see that this request is no replay.
Bytes Exchange::on_challenge(const coap::Message& outer, Bytes echo, TimeNs now) {
  if (challenges_ == kMaxChallenges) {
    fail(FailureReason::kTooManyChallenges);
    return acknowledge(outer);
  }
  ++challenges_;
  echo_ = ShortBytes<kMaxEchoLen>(echo);
  grace_ends_at_ =
      kNever;  // the server is genuine and alive: the plain error was not its last word
  if (outer.type != Type::kCon) return seal_and_send(now);
  transmissions_ = 0;
  send_at_ = now;  // right behind the ACK
  return acknowledge(outer);
}

}  // namespace osprey::client
