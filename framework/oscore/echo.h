// Echo values (RFC 9175) for replay window recovery (RFC 8613 B.1.2).
//
//   value = issue time (4 bytes, seconds since this process started counting) | MAC (8 bytes)
//   MAC   = HMAC-SHA-256(key, context serial | issue time), truncated
//
// The key is drawn at start and never stored, so a value dies with the process that made it: what
// a recorded exchange before a crash contains proves nothing afterwards.
// Thread: one EchoMaker belongs to one thread; all of a server share the key, as a context may
// change its owner.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "framework/base/bytes.h"
#include "framework/base/clock.h"
#include "framework/base/secret.h"

namespace osprey::oscore {

inline constexpr size_t kEchoKeyLen = 32;
inline constexpr size_t kEchoLen = 12;
inline constexpr TimeNs kEchoLifetime = 120 * kSecond;

using EchoKey = Secret<kEchoKeyLen>;
using EchoValue = std::array<uint8_t, kEchoLen>;

class EchoMaker {
 public:
  // `key`: kEchoKeyLen random bytes (CHECK).
  explicit EchoMaker(const EchoKey& key);
  ~EchoMaker();
  EchoMaker(const EchoMaker&) = delete;
  EchoMaker& operator=(const EchoMaker&) = delete;

  // `context_serial` names the context within this process.
  EchoValue issue(uint64_t context_serial, TimeNs now);

  // True if `value` was issued by this key for this context at most kEchoLifetime ago. Constant
  // time in the MAC.
  bool verify(Bytes value, uint64_t context_serial, TimeNs now);

 private:
  struct Mac;
  std::array<uint8_t, 8> mac(uint64_t context_serial, Bytes time);

  std::unique_ptr<Mac> mac_;
};

}  // namespace osprey::oscore
