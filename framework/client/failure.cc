#include "framework/client/failure.h"

#include <algorithm>

#include "framework/base/limits.h"

namespace osprey::client {
namespace {

// What the four plain errors of RFC 8613 §8.2 say about the two ends.
std::string_view meaning(coap::Code code) {
  switch (code) {
    case coap::Code::kBadRequest: return "the server could not decrypt the request";
    case coap::Code::kUnauthorized:
      return "the server has no such security context, or took the request for a replay";
    case coap::Code::kBadOption: return "the server could not decode the OSCORE option";
    case coap::Code::kServiceUnavailable: return "the server cannot answer now";
    default: return "the server refused the request";
  }
}

}  // namespace

// It goes to a terminal later, and anybody may have sent it: only plain characters stay.
void Failure::keep_diagnostic(Bytes payload) {
  diagnostic_len = std::min(payload.size(), kMaxDiagnostic);
  for (size_t i = 0; i < diagnostic_len; ++i) {
    const bool is_plain = payload[i] >= 0x20 && payload[i] < 0x7f;
    diagnostic_bytes[i] = is_plain ? static_cast<char>(payload[i]) : '?';
  }
}

std::string Failure::text() const {
  switch (reason) {
    case FailureReason::kNone: return "no failure";
    case FailureReason::kTimeout: return "no answer came in time";
    case FailureReason::kReset: return "the server rejected the message (RST)";
    case FailureReason::kUnreachable: return "connection refused: nothing listens there";
    case FailureReason::kTooManyChallenges: return "the server kept asking for an Echo";
    case FailureReason::kNoSequenceNumber: return "no sequence number is left for this context";
    case FailureReason::kRequestTooLong:
      return "the request does not fit a datagram of " + std::to_string(kMaxDatagram) + " bytes";
    case FailureReason::kBadRequest: return "the request is no CoAP request OSCORE can protect";
    case FailureReason::kBadResponse:
      return "the server's answer is authentic, but no response this client understands";
    case FailureReason::kUnprotectedError: break;
  }
  std::string text(meaning(code));
  text += ": " + coap::code_text_with_name(code);
  if (diagnostic_len > 0) text += " \"" + std::string(diagnostic()) + "\"";
  return text + ", unprotected";
}

}  // namespace osprey::client
