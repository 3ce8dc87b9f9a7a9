// Outer codes (RFC 8613 §4.2, §4.1.3.5): they tell a proxy only whether a message belongs to an
// observation; the receiver ignores them.
#pragma once

#include "framework/coap/code.h"

namespace osprey::oscore {

constexpr coap::Code outer_request_code(bool has_observe) {
  return has_observe ? coap::Code::kFetch : coap::Code::kPost;
}

constexpr coap::Code outer_response_code(bool has_observe) {
  return has_observe ? coap::Code::kContent : coap::Code::kChanged;
}

}  // namespace osprey::oscore
