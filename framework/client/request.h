// A request as the application means it, before OSCORE and without header fields.
#pragma once

#include "framework/base/bytes.h"
#include "framework/base/clock.h"
#include "framework/coap/code.h"

namespace osprey::client {

// MAX_TRANSMIT_WAIT (RFC 7252 §4.8.2): when the last retransmission has had its time.
inline constexpr TimeNs kMaxTransmitWait = 93 * kSecond;

struct Request {
  coap::Type type = coap::Type::kCon;  // or kNon
  coap::Code method = coap::Code::kGet;
  Bytes options;  // delta-coded, inner and outer together; without OSCORE, Echo is replaced
  Bytes payload;
  TimeNs timeout = kMaxTransmitWait;  // from start to answer, with all challenges
};

}  // namespace osprey::client
