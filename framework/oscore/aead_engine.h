// What oscore/ needs of cryptography: AEAD over a batch of jobs, in place.
//
// An engine takes any mixture of algorithms and keys in one call and gives each job its own
// result. It keeps no reference to a job after the call. Implementations: dataplane/crypto.
// Thread: one engine belongs to one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "framework/base/secret.h"
#include "framework/cose/algorithm.h"

namespace osprey::oscore {

// A key with its algorithm. The serial is unique in this process, so that an engine may keep what
// it prepared for a key and never mistakes a new key at an old address for it.
class AeadKey {
 public:
  AeadKey() = default;
  AeadKey(const cose::AeadAlgorithm& algorithm, Bytes key)
      : algorithm_(&algorithm), serial_(next_serial()), key_(key) {
    CHECK(key.size() == algorithm.key_len);
  }

  const cose::AeadAlgorithm& algorithm() const { return *algorithm_; }
  uint64_t serial() const { return serial_; }
  Bytes reveal() const { return key_.reveal(); }

 private:
  static uint64_t next_serial() {
    static std::atomic<uint64_t> last = 0;
    return ++last;
  }

  const cose::AeadAlgorithm* algorithm_ = nullptr;
  uint64_t serial_ = 0;
  Secret<cose::kMaxKeyLen> key_;
};

// One message. All memory is borrowed from the caller for the length of the call.
struct AeadJob {
  const AeadKey* key = nullptr;
  const uint8_t* nonce = nullptr;  // nonce_len of the algorithm, bytes
  const uint8_t* aad = nullptr;
  uint32_t aad_len = 0;     // bytes
  uint32_t text_len = 0;    // plaintext, bytes, without the tag
  uint8_t* text = nullptr;  // in place; the tag stands right behind it: text_len + tag_len bytes
  bool ok = false;          // out
};

class AeadEngine {
 public:
  AeadEngine() = default;
  AeadEngine(const AeadEngine&) = delete;
  AeadEngine& operator=(const AeadEngine&) = delete;
  virtual ~AeadEngine() = default;

  // Verifies and decrypts. A job that fails gets ok = false; its text is then unspecified, and
  // never the plaintext.
  virtual void open(std::span<AeadJob> jobs) = 0;

  // Encrypts and writes the tags.
  virtual void seal(std::span<AeadJob> jobs) = 0;
};

}  // namespace osprey::oscore
