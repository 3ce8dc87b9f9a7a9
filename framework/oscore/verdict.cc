#include "framework/oscore/verdict.h"

namespace osprey::oscore {
namespace {

using enum AnswerKind;
using coap::Code;

constexpr auto kNoCode = Code::kEmpty;

// clang-format off
constexpr std::array<VerdictInfo, kNumVerdicts> kTable = {{
    {"in_flight", kNone, kNoCode, "", "still on its way"},
    {"served", kProtected, kNoCode, "", "the application answered under OSCORE"},
    {"served_plain", kPlainOwn, kNoCode, "", "answered without OSCORE, as the resource allows or 4.01"},
    {"challenged", kProtected, kNoCode, "", "window unset: protected 4.01 with Echo (RFC 8613 B.1.2)"},
    {"inner_format", kProtected, kNoCode, "", "authentic, but the inner message does not parse: protected 4.00"},
    {"ping", kReset, kNoCode, "", "empty CON (RFC 7252 4.3)"},

    {"too_short", kNone, kNoCode, "", "fewer than 4 bytes"},
    {"version", kNone, kNoCode, "", "CoAP version is not 1 (RFC 7252 3)"},
    {"format", kReset, kNoCode, "", "CoAP message format error (RFC 7252 3)"},
    {"reserved_code", kReset, kNoCode, "", "code of a reserved class"},
    {"stray_ack", kNone, kNoCode, "", "ACK that acknowledges nothing of ours, or carries a request"},
    {"stray_reset", kNone, kNoCode, "", "RST for nothing of ours"},
    {"stray_response", kReset, kNoCode, "", "response nobody waits for (RFC 7252 5.3.2)"},
    {"empty_non", kNone, kNoCode, "", "empty NON (RFC 7252 4.3)"},
    {"token_too_long", kPlain, Code::kBadRequest, "Token too long", "token above the limit (RFC 8974)"},
    {"unknown_critical_option", kPlainToCon, Code::kBadOption, "Unknown critical option", "outer, in a CON without OSCORE (RFC 7252 5.4.1)"},
    {"oscore_without_payload", kReset, kNoCode, "", "OSCORE option without a payload (RFC 8613 2)"},

    {"bad_oscore_option", kPlain, Code::kBadOption, "Failed to decode COSE", "OSCORE option does not decode (RFC 8613 8.2 step 2)"},
    {"no_context", kPlain, Code::kUnauthorized, "Security context not found", "no Recipient Context for this kid (RFC 8613 8.2 step 2)"},
    {"replay", kPlain, Code::kUnauthorized, "Replay detected", "Partial IV seen before or too old (RFC 8613 7.4)"},
    {"bad_tag", kPlain, Code::kBadRequest, "Decryption failed", "decryption failed (RFC 8613 8.2 step 6)"},
    {"challenge_limit", kNone, kNoCode, "", "window unset, and old requests keep coming: no further challenge for now"},

    {"no_sequence_number", kPlain, Code::kServiceUnavailable, "No sequence number at hand", "own numbers used up until more are reserved"},
    {"response_too_long", kNone, kNoCode, "", "the sealed response does not fit a datagram"},
    {"handed_over", kNone, kNoCode, "", "given to the worker that owns the context"},
    {"handoff_full", kNone, kNoCode, "", "the owner's ring is full"},
    {"awaits_context", kNone, kNoCode, "", "kept until the store has fetched its context"},
    {"fetch_full", kPlain, Code::kServiceUnavailable, "Still loading", "too many wait for a context that is not loaded yet"},
    {"no_buffer", kNone, kNoCode, "", "no packet buffer was free"},
    {"truncated", kNone, kNoCode, "", "datagram longer than is taken"},
    {"send_failed", kNone, kNoCode, "", "the kernel did not take the answer"},
}};
// clang-format on

constexpr bool complete() {
  for (const VerdictInfo& row : kTable) {
    if (row.name.empty()) return false;
  }
  return true;
}
static_assert(complete(), "one row for each verdict");

}  // namespace

const VerdictInfo& info(Verdict verdict) { return kTable[static_cast<size_t>(verdict)]; }

}  // namespace osprey::oscore
