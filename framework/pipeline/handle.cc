#include "framework/pipeline/handle.h"

namespace osprey::pipeline {
namespace {

using coap::Code;

Code default_code(Code method) {
  switch (method) {
    case Code::kGet:
    case Code::kFetch: return Code::kContent;
    case Code::kDelete: return Code::kDeleted;
    default: return Code::kChanged;
  }
}

Peer peer_of(const Packet& packet) {
  if (!packet.is_protected()) return {};
  return {true, packet.context->name(), packet.context->recipient_id(),
          packet.context->id_context()};
}

void run(const Handler& handler, const Request& request, Response& response) {
  try {
    handler(request, response);
  } catch (...) {
    // An application's exception is its own; the peer learns only that it happened.
    response.error(Code::kInternalServerError);
  }
}

// Content-Format against what the resource takes, Accept against what it gives (RFC 7252 §5.10.3,
// §5.10.4). kEmpty when both fit.
Code check_formats(const Resource& resource, const Request& request) {
  if (request.content_format() && !resource.can_consume(*request.content_format())) {
    return Code::kUnsupportedContentFormat;
  }
  if (request.accept() && !resource.can_produce(*request.accept())) return Code::kNotAcceptable;
  return Code::kEmpty;
}

// A handler that states no formats may still have answered in another than the accepted one. Only
// for safe methods: of the others the effect is done, and the answer should say so.
bool misses_accept(const Request& request, const Response& response) {
  const bool is_safe = request.method() == Code::kGet || request.method() == Code::kFetch;
  return is_safe && coap::is_success(response.code()) && request.accept() &&
         response.content_format() && *request.accept() != *response.content_format();
}

void dispatch(const Router& router, Request& request, const RequestOptions& options,
              Response& response) {
  const Resource* resource =
      options.path_too_deep ? nullptr
                            : router.find(std::span(options.path).first(options.path_len), request);
  const bool authenticated = request.peer().authenticated;
  if (!authenticated && (resource == nullptr || resource->access() != Access::kPlainAllowed)) {
    // One answer for what is protected and for what does not exist: outsiders learn no paths.
    return response.error(Code::kUnauthorized, "OSCORE required");
  }
  if (resource == nullptr) return response.error(Code::kNotFound);
  const Handler* handler = resource->handler(request.method());
  if (handler == nullptr) return response.error(Code::kMethodNotAllowed);
  if (const Code refusal = check_formats(*resource, request); refusal != Code::kEmpty) {
    return response.error(refusal);
  }
  run(*handler, request, response);
  if (misses_accept(request, response)) response.error(Code::kNotAcceptable);
}

void handle_one(Packet& packet, const Router& router, TimeNs now) {
  const bool is_protected = packet.is_protected();
  const coap::Message& message = is_protected ? packet.inner : packet.outer;
  packet.verdict = is_protected ? Verdict::kServed : Verdict::kServedPlain;

  const RequestOptions options = read_request_options(message.option_reader());
  packet.response->reset(default_code(message.code), options.block2);
  if (!coap::is_request(message.code)) {
    // Only inside OSCORE: parse has seen to the outer code.
    return packet.response->error(Code::kBadRequest, "not a request");
  }
  if (is_protected && packet.asks_proxy) {
    return packet.response->error(Code::kProxyingNotSupported, "this server is no proxy");
  }
  if (options.refusal != Code::kEmpty) {
    if (!is_protected && options.refusal == Code::kBadOption) {
      packet.verdict = Verdict::kUnknownCriticalOption;  // 4.02 to a CON, silence to a NON
      return;
    }
    return packet.response->error(options.refusal, options.refusal_text);
  }
  Request request(message, options, peer_of(packet), now);
  dispatch(router, request, options, *packet.response);
}

}  // namespace

void handle(Packets in, const Router& router, TimeNs now) {
  for (Packet* packet : in) handle_one(*packet, router, now);
}

void refuse(Packets in, oscore::EchoMaker& echo, TimeNs now) {
  for (Packet* packet : in) {
    if (packet->verdict == Verdict::kInnerFormat) {
      packet->response->reset(Code::kBadRequest, std::nullopt);
      continue;
    }
    packet->response->reset(Code::kUnauthorized, std::nullopt);
    const auto value = echo.issue(packet->context->recipient_key().serial(), now);
    packet->response->option(coap::option::kEcho, value);
  }
}

}  // namespace osprey::pipeline
