#include "framework/coap/code.h"

#include <array>

namespace osprey::coap {
namespace {

struct Named {
  Code code;
  std::string_view name;
};

constexpr std::array kNames = {
    Named{Code::kGet, "GET"},
    Named{Code::kPost, "POST"},
    Named{Code::kPut, "PUT"},
    Named{Code::kDelete, "DELETE"},
    Named{Code::kFetch, "FETCH"},
    Named{Code::kPatch, "PATCH"},
    Named{Code::kIPatch, "iPATCH"},
    Named{Code::kCreated, "Created"},
    Named{Code::kDeleted, "Deleted"},
    Named{Code::kValid, "Valid"},
    Named{Code::kChanged, "Changed"},
    Named{Code::kContent, "Content"},
    Named{Code::kContinue, "Continue"},
    Named{Code::kBadRequest, "Bad Request"},
    Named{Code::kUnauthorized, "Unauthorized"},
    Named{Code::kBadOption, "Bad Option"},
    Named{Code::kForbidden, "Forbidden"},
    Named{Code::kNotFound, "Not Found"},
    Named{Code::kMethodNotAllowed, "Method Not Allowed"},
    Named{Code::kNotAcceptable, "Not Acceptable"},
    Named{Code::kRequestEntityIncomplete, "Request Entity Incomplete"},
    Named{Code::kConflict, "Conflict"},
    Named{Code::kPreconditionFailed, "Precondition Failed"},
    Named{Code::kRequestEntityTooLarge, "Request Entity Too Large"},
    Named{Code::kUnsupportedContentFormat, "Unsupported Content-Format"},
    Named{Code::kUnprocessableEntity, "Unprocessable Entity"},
    Named{Code::kTooManyRequests, "Too Many Requests"},
    Named{Code::kInternalServerError, "Internal Server Error"},
    Named{Code::kNotImplemented, "Not Implemented"},
    Named{Code::kBadGateway, "Bad Gateway"},
    Named{Code::kServiceUnavailable, "Service Unavailable"},
    Named{Code::kGatewayTimeout, "Gateway Timeout"},
    Named{Code::kProxyingNotSupported, "Proxying Not Supported"},
    Named{Code::kHopLimitReached, "Hop Limit Reached"},
};

std::string_view name_of(Code code) {
  for (const Named& named : kNames) {
    if (named.code == code) return named.name;
  }
  return {};
}

}  // namespace

std::string code_text(Code code) {
  const int detail = code_detail(code);
  return std::to_string(code_class(code)) + (detail < 10 ? ".0" : ".") + std::to_string(detail);
}

std::string code_text_with_name(Code code) {
  const std::string_view name = name_of(code);
  return name.empty() ? code_text(code) : code_text(code) + " " + std::string(name);
}

std::string_view method_name(Code code) { return is_request(code) ? name_of(code) : ""; }

std::string_view type_name(Type type) {
  constexpr std::array<std::string_view, 4> kTypes = {"CON", "NON", "ACK", "RST"};
  return kTypes[static_cast<size_t>(type)];
}

}  // namespace osprey::coap
