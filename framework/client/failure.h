// Why a request has no answer.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "framework/base/bytes.h"
#include "framework/coap/code.h"

namespace osprey::client {

enum class FailureReason : uint8_t {
  kNone,
  kTimeout,            // nothing acceptable came in time
  kReset,              // RST: the server does not know what to do with the request
  kUnreachable,        // the network says that nobody listens there
  kUnprotectedError,   // plain 4.00, 4.01, 4.02 or 5.03 (RFC 8613 §8.2), and nothing better
  kTooManyChallenges,  // every repetition was answered by another Echo (RFC 8613 B.1.2)
  kNoSequenceNumber,   // the store had no Partial IV for us in all that time
  kRequestTooLong,     // sealed, it does not fit a datagram
  kBadRequest,         // its options are malformed or hold an OSCORE option
  kBadResponse,        // authentic, but no CoAP response, or a critical option nobody knows
};

struct Failure {
  static constexpr size_t kMaxDiagnostic = 64;

  FailureReason reason = FailureReason::kNone;
  // Of an unprotected error. Anybody on the way may have written them.
  coap::Code code = coap::Code::kEmpty;
  std::array<char, kMaxDiagnostic> diagnostic_bytes{};  // the first bytes of the payload
  size_t diagnostic_len = 0;

  void keep_diagnostic(Bytes payload);
  std::string_view diagnostic() const { return {diagnostic_bytes.data(), diagnostic_len}; }

  // One clause for people, without a full stop: "the server does not know the context (...)".
  std::string text() const;
};

}  // namespace osprey::client
