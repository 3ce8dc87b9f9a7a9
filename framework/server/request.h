// What a handler sees of a request: method, path, options, payload, and who sent it.
//
// Borrowed: everything points into the packet's buffer and is valid until the handler returns.
// Thread: the worker that owns the request's context.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "framework/base/bytes.h"
#include "framework/base/clock.h"
#include "framework/base/limits.h"
#include "framework/coap/code.h"
#include "framework/coap/content_format.h"
#include "framework/coap/message.h"
#include "framework/server/block.h"

namespace osprey {

// The authenticated sender. For a request without OSCORE there is none: `authenticated` is false
// and the rest is empty.
struct Peer {
  bool authenticated = false;
  std::string_view name;  // of the security context
  Bytes id;               // the peer's Sender ID
  std::optional<Bytes> id_context;
};

// The options a server acts on, read in one pass. `refusal` is the response code for what RFC 7252
// §5.4 says must not be ignored; kEmpty if there is nothing to refuse.
struct RequestOptions {
  std::array<std::string_view, kMaxPathSegments> path;
  size_t path_len = 0;         // segments
  bool path_too_deep = false;  // more than the router looks at: no resource has this path
  std::optional<uint16_t> content_format;
  std::optional<uint16_t> accept;
  std::optional<Block> block2;
  coap::Code refusal = coap::Code::kEmpty;
  std::string_view refusal_text;
};

// `reader`: of the options of a plain request, or of the inner ones of a protected request.
RequestOptions read_request_options(coap::OptionReader reader);

class Request {
 public:
  // One {name} of the path template and what stood in its place.
  struct PathParameter {
    std::string_view name;
    std::string_view value;
  };
  static constexpr size_t kMaxPathParameters = 8;

  Request(const coap::Message& message, const RequestOptions& options, const Peer& peer, TimeNs now)
      : message_(message), options_(options), peer_(peer), now_(now) {}

  coap::Code method() const { return message_.code; }
  const Peer& peer() const { return peer_; }
  // When the request's batch arrived: monotonic nanoseconds.
  TimeNs received_at() const { return now_; }

  // Value of `{name}` in the resource's path template; empty if the template has no such name.
  std::string_view parameter(std::string_view name) const;
  // Value of the first `name=value` among the Uri-Query options, or "" for a bare `name`; nothing
  // if there is none.
  std::optional<std::string_view> query(std::string_view name) const;

  Bytes payload() const { return message_.payload; }
  std::string_view text() const { return as_text(message_.payload); }
  std::optional<uint16_t> content_format() const { return options_.content_format; }
  std::optional<uint16_t> accept() const { return options_.accept; }

  // First option of this number.
  std::optional<Bytes> option(uint16_t number) const;

  // For the router.
  bool add_parameter(PathParameter parameter);

 private:
  const coap::Message& message_;
  const RequestOptions& options_;
  Peer peer_;
  TimeNs now_;
  std::array<PathParameter, kMaxPathParameters> parameters_;
  size_t num_parameters_ = 0;
};

}  // namespace osprey
