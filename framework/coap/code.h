// CoAP codes (RFC 7252 §12.1, RFC 8132, RFC 7959, RFC 8516, RFC 8768) and message types (§3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace osprey::coap {

enum class Type : uint8_t { kCon = 0, kNon = 1, kAck = 2, kRst = 3 };

// c.dd in one byte: class in the upper three bits, detail in the lower five.
enum class Code : uint8_t {
  kEmpty = 0x00,
  kGet = 0x01,
  kPost = 0x02,
  kPut = 0x03,
  kDelete = 0x04,
  kFetch = 0x05,
  kPatch = 0x06,
  kIPatch = 0x07,
  kCreated = 0x41,
  kDeleted = 0x42,
  kValid = 0x43,
  kChanged = 0x44,
  kContent = 0x45,
  kContinue = 0x5f,
  kBadRequest = 0x80,
  kUnauthorized = 0x81,
  kBadOption = 0x82,
  kForbidden = 0x83,
  kNotFound = 0x84,
  kMethodNotAllowed = 0x85,
  kNotAcceptable = 0x86,
  kRequestEntityIncomplete = 0x88,
  kConflict = 0x89,
  kPreconditionFailed = 0x8c,
  kRequestEntityTooLarge = 0x8d,
  kUnsupportedContentFormat = 0x8f,
  kUnprocessableEntity = 0x96,
  kTooManyRequests = 0x9d,
  kInternalServerError = 0xa0,
  kNotImplemented = 0xa1,
  kBadGateway = 0xa2,
  kServiceUnavailable = 0xa3,
  kGatewayTimeout = 0xa4,
  kProxyingNotSupported = 0xa5,
  kHopLimitReached = 0xa8,
};

constexpr uint8_t code_class(Code code) { return static_cast<uint8_t>(code) >> 5; }
constexpr uint8_t code_detail(Code code) { return static_cast<uint8_t>(code) & 0x1f; }

constexpr bool is_request(Code code) { return code_class(code) == 0 && code != Code::kEmpty; }
// Class 3 lies in the response range; nothing is assigned there.
constexpr bool is_response(Code code) { return code_class(code) >= 2 && code_class(code) <= 5; }
constexpr bool is_success(Code code) { return code_class(code) == 2; }

// "2.05"; "4.01".
std::string code_text(Code code);
// "2.05 Content"; just the number where no name is assigned.
std::string code_text_with_name(Code code);
// "GET", "FETCH", ...; empty for a code that is no known method.
std::string_view method_name(Code code);
std::string_view type_name(Type type);

}  // namespace osprey::coap
