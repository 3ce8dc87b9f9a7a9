// What ties responses to their request (RFC 8613 §5.4, §8.3): the request's kid and Partial IV,
// which go into the AAD of every response, and its nonce, which one response may use again.
//
// Move-only, and the nonce can be taken once: "one nonce, two messages" cannot be written (I1).
#pragma once

#include <optional>
#include <utility>

#include "framework/oscore/nonce.h"

namespace osprey::oscore {

enum class NonceReuse : uint8_t {
  kOnce,   // the request is known to be fresh, so its nonce was never used for a response
  kNever,  // it may be a replay (window unset): every response needs its own Partial IV
};

class RequestIdentity {
 public:
  RequestIdentity() = default;
  RequestIdentity(Bytes kid, Bytes partial_iv, const Nonce& nonce, NonceReuse reuse)
      : kid_(kid), partial_iv_(partial_iv), nonce_(nonce), reusable_(reuse == NonceReuse::kOnce) {}

  RequestIdentity(RequestIdentity&& other) noexcept { *this = std::move(other); }
  RequestIdentity& operator=(RequestIdentity&& other) noexcept {
    kid_ = other.kid_;
    partial_iv_ = other.partial_iv_;
    nonce_ = other.nonce_;
    reusable_ = std::exchange(other.reusable_, false);
    return *this;
  }
  RequestIdentity(const RequestIdentity&) = delete;
  RequestIdentity& operator=(const RequestIdentity&) = delete;
  ~RequestIdentity() = default;

  Bytes kid() const { return kid_.view(); }
  Bytes partial_iv() const { return partial_iv_.view(); }

  // For sealing one response under the request's nonce. Nothing the second time.
  [[nodiscard]] std::optional<Nonce> take_nonce() {
    if (!std::exchange(reusable_, false)) return std::nullopt;
    return nonce_;
  }

  // For verifying responses: the client's own request nonce.
  const Nonce& nonce_to_verify() const { return nonce_; }

 private:
  Id kid_;
  PartialIv partial_iv_;
  Nonce nonce_;
  bool reusable_ = false;
};

}  // namespace osprey::oscore
