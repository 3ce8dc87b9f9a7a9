// One resource: its handlers by method, what it produces and takes, and who may use it.
//
//   router.add("sensors/{id}/temperature")
//       .get(handler).produces({ContentFormat::kTextPlain}).title("Temperature");
//
// Built before the server runs, read by all workers afterwards.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "framework/server/request.h"
#include "framework/server/response.h"

namespace osprey {

// Runs to completion on the worker that owns the request's context; it must not block. An exception
// becomes 5.00. Handlers of different contexts run at the same time on different workers.
using Handler = std::function<void(const Request&, Response&)>;

enum class Access : uint8_t {
  kOscoreOnly,    // a request without OSCORE is answered 4.01
  kPlainAllowed,  // OSCORE or plain CoAP
};

class Resource {
 public:
  explicit Resource(std::string path) : path_(std::move(path)) {}

  Resource& get(Handler handler) { return on(coap::Code::kGet, std::move(handler)); }
  Resource& post(Handler handler) { return on(coap::Code::kPost, std::move(handler)); }
  Resource& put(Handler handler) { return on(coap::Code::kPut, std::move(handler)); }
  Resource& del(Handler handler) { return on(coap::Code::kDelete, std::move(handler)); }
  Resource& fetch(Handler handler) { return on(coap::Code::kFetch, std::move(handler)); }
  Resource& patch(Handler handler) { return on(coap::Code::kPatch, std::move(handler)); }
  Resource& ipatch(Handler handler) { return on(coap::Code::kIPatch, std::move(handler)); }

  // Content-Formats of the responses: an Accept of none of these is answered 4.06 before the
  // handler runs. None stated: the handler's own Content-Format is compared afterwards.
  Resource& produces(const std::vector<ContentFormat>& formats);
  // Content-Formats of request payloads: another one is answered 4.15. None stated: all.
  Resource& consumes(const std::vector<ContentFormat>& formats);
  Resource& access(Access access);
  // For /.well-known/core (RFC 6690).
  Resource& title(std::string title);
  Resource& type(std::string resource_type);
  // Not listed in /.well-known/core.
  Resource& unlisted();

  const std::string& path() const { return path_; }
  // nullptr if there is none for this method.
  const Handler* handler(coap::Code method) const;
  Access access() const { return access_; }
  bool can_produce(uint16_t format) const { return allows(produces_, format); }
  bool can_consume(uint16_t format) const { return allows(consumes_, format); }
  bool is_listed() const { return listed_; }
  // This resource's link with its attributes, as in </hello>;osc;ct=0.
  std::string link() const;

 private:
  Resource& on(coap::Code method, Handler handler);
  static bool allows(const std::vector<uint16_t>& formats, uint16_t format);

  static constexpr size_t kNumMethods = 7;

  std::string path_;
  std::array<Handler, kNumMethods> handlers_;
  std::vector<uint16_t> produces_;
  std::vector<uint16_t> consumes_;
  std::string title_;
  std::string type_;
  Access access_ = Access::kOscoreOnly;
  bool listed_ = true;
};

}  // namespace osprey
