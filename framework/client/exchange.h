// One protected request, from its first datagram to its answer (RFC 7252 §4.2, §5.3; RFC 8613 §8.1,
// §8.4, B.1.2).
//
//   start -> datagram -> [retransmissions] -> [Empty ACK] -> response -> answered
//                ^                                 |
//                +------ 4.01 with Echo -----------+   new Partial IV, token and Message ID
//
// Pure computation: datagrams and time come in as arguments, and each call returns the datagram to
// send now. The owner calls on_time() whenever deadline() has passed.
//
// What anybody on the way can forge decides nothing at once. A response that does not verify is
// counted and ignored (§8.4 step 8). A plain error is remembered, and the request gives up with it
// after kGrace; a genuine response before that wins. A retransmission repeats the bytes; it never
// seals again (I1).
//
// Memory: about 5 KB in place, no allocation; an object serves one request after the other.
// Thread: that of its ClientEnd.
#pragma once

#include <array>
#include <limits>

#include "framework/base/limits.h"
#include "framework/base/short_bytes.h"
#include "framework/client/client_end.h"
#include "framework/client/failure.h"
#include "framework/client/request.h"
#include "framework/coap/message.h"
#include "framework/oscore/protect.h"
#include "framework/oscore/unprotect.h"

namespace osprey::client {

inline constexpr TimeNs kNever = std::numeric_limits<TimeNs>::max();

inline constexpr TimeNs kAckTimeout = 2 * kSecond;  // times 1 to 1.5 at random (RFC 7252 §4.8)
inline constexpr uint32_t kMaxRetransmit = 4;
inline constexpr uint32_t kMaxChallenges = 3;
// How long a plain error waits for a genuine response: well above a round trip, and short enough
// for whoever typed a wrong key.
inline constexpr TimeNs kGrace = 500 * kMillisecond;

// Until the store is asked again for a sequence number that it did not have ready.
inline constexpr TimeNs kNumberRetry = 5 * kMillisecond;

inline constexpr size_t kTokenLen = 8;  // bytes
inline constexpr size_t kMaxEchoLen = 40;

class Exchange {
 public:
  enum class State : uint8_t { kIdle, kActive, kAnswered, kFailed };

  // `number` is the first two bytes of every token (big endian): whoever keeps many exchanges finds
  // the one a response belongs to. The other six are random.
  explicit Exchange(uint16_t number = 0) : number_(number) {}
  // Results point into the object.
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Starts a request; whatever was before is forgotten. `end` is borrowed until the next start,
  // `request` is copied. Nothing to send if it failed at once.
  [[nodiscard]] Bytes start(ClientEnd& end, const Request& request, TimeNs now);

  // Takes a datagram that came from the server. The bytes to send now are borrowed from the
  // exchange until its next call; empty: nothing.
  [[nodiscard]] Bytes on_datagram(Bytes datagram, TimeNs now);

  // To be called when deadline() has passed, and again until it lies ahead.
  [[nodiscard]] Bytes on_time(TimeNs now);

  // The network says that nobody listens (ICMP). Forgeable, so it waits for kGrace too.
  void on_unreachable(TimeNs now);

  State state() const { return state_; }
  // kNever unless active.
  TimeNs deadline() const;

  // Once answered: the inner response, with type, Message ID and token of its datagram. Borrowed
  // until the next start.
  const coap::Message& response() const { return response_; }
  // Once failed.
  const Failure& failure() const { return failure_; }

  // Of the datagram sent last.
  Bytes token() const { return token_; }
  uint16_t message_id() const { return message_id_; }
  Bytes partial_iv() const { return identity_.partial_iv(); }

  // Since start.
  uint32_t challenges() const { return challenges_; }
  uint32_t retransmissions() const { return retransmissions_; }
  uint32_t ignored() const { return ignored_; }        // all datagrams that changed nothing
  uint32_t unverified() const { return unverified_; }  // of these: sealed responses that don't open

 private:
  struct InnerSurvey;

  Bytes seal_and_send(TimeNs now);
  Bytes wait_for_number(TimeNs now);
  Bytes send(TimeNs now);
  bool copy(const Request& request);
  Bytes options_with_echo(MutableBytes space) const;

  void on_empty(const coap::Message& message);
  Bytes on_response(Bytes datagram, const coap::Message& message, TimeNs now);
  Bytes on_plain(const coap::Message& message, TimeNs now);
  Bytes on_sealed(Bytes datagram, TimeNs now);
  Bytes on_genuine(const coap::Message& outer, const coap::Message& inner, TimeNs now);
  Bytes on_challenge(const coap::Message& outer, Bytes echo, TimeNs now);
  Bytes acknowledge(const coap::Message& message);
  Bytes ignore();
  void remember(const Failure& failure, TimeNs now);
  Bytes fail(const Failure& failure);
  Bytes fail(FailureReason reason);

  ClientEnd* end_ = nullptr;
  const uint16_t number_;
  State state_ = State::kIdle;

  // The request, kept for repetitions.
  coap::Message request_;  // its options and payload point into plain_
  std::array<uint8_t, kMaxDatagram> plain_;
  bool has_observe_ = false;
  ShortBytes<kMaxEchoLen> echo_;

  // What was sent last.
  std::array<uint8_t, kTokenLen> token_{};
  uint16_t message_id_ = 0;
  oscore::RequestIdentity identity_;
  std::array<uint8_t, kMaxDatagram> datagram_;
  size_t datagram_len_ = 0;
  uint32_t transmissions_ = 0;  // of this datagram; 0: the next one is still to be sealed
  TimeNs retransmit_after_ = 0;

  TimeNs send_at_ = kNever;     // retransmission; or what had to wait for an ACK or a number
  TimeNs give_up_at_ = kNever;  // the request's timeout
  TimeNs grace_ends_at_ = kNever;

  // What came.
  std::array<uint8_t, kMaxDatagram> reply_;  // decrypted in place
  std::array<uint8_t, coap::kHeaderLen> ack_;
  coap::Message response_;
  Failure failure_;

  uint32_t challenges_ = 0;
  uint32_t retransmissions_ = 0;
  uint32_t ignored_ = 0;
  uint32_t unverified_ = 0;
};

}  // namespace osprey::client
