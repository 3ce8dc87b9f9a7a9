// What became of a message: one name for every way it can end, with the answer the RFCs allow.
//
// The data path never throws or logs: each stage leaves a Verdict in the packet, the worker counts
// it, and the answer stage looks up here what goes back on the wire.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "framework/coap/code.h"

namespace osprey::oscore {

enum class Verdict : uint8_t {
  kOk,  // still on its way

  // Answered.
  kServed,
  kServedPlain,
  kChallenged,
  kInnerFormat,
  kPing,

  // Rejected by CoAP (RFC 7252 §4).
  kTooShort,
  kVersion,
  kFormat,
  kReservedCode,
  kStrayAck,
  kStrayReset,
  kStrayResponse,
  kEmptyNon,
  kTokenTooLong,
  kUnknownCriticalOption,
  kOscoreWithoutPayload,

  // Rejected by OSCORE (RFC 8613 §8.2, §8.4).
  kBadOscoreOption,
  kNoContext,
  kReplay,
  kBadTag,
  kChallengeLimit,

  // Not our peer's doing.
  kNoSequenceNumber,
  kResponseTooLong,
  kHandedOver,
  kHandoffFull,
  kAwaitsContext,
  kFetchFull,
  kNoBuffer,
  kTruncated,
  kSendFailed,

  kCount
};

inline constexpr size_t kNumVerdicts = static_cast<size_t>(Verdict::kCount);

enum class AnswerKind : uint8_t {
  kNone,        // silence
  kReset,       // RST to a CON, silence to a NON (RFC 7252 §4.2, §4.3)
  kPlain,       // unprotected response with code and text: ACK to a CON, NON to a NON
  kPlainToCon,  // the same to a CON, silence to a NON
  kProtected,   // the response of the packet, sealed
  kPlainOwn,    // the response of the packet, as it is
};

struct VerdictInfo {
  std::string_view name;  // of its counter
  AnswerKind answer;
  coap::Code code;              // of a kPlain answer
  std::string_view diagnostic;  // payload of a kPlain answer
  std::string_view meaning;
};

const VerdictInfo& info(Verdict verdict);

}  // namespace osprey::oscore
