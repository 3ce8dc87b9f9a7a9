// AeadEngine on OpenSSL's libcrypto: any algorithm, any AAD length, any CPU, one message at a time.
//
// Setting a key costs libcrypto more than a short message does, so the engine keeps one prepared
// cipher context per recently used key and direction, in a direct-mapped cache of fixed size. A
// hit touches no allocator; a miss re-keys the slot, and allocates only if the algorithm changes.
// Thread: one engine belongs to one thread.
#pragma once

#include <memory>

#include "framework/oscore/aead_engine.h"

namespace osprey {

class OpensslEngine final : public oscore::AeadEngine {
 public:
  // Slots for each direction; about 1 KB each once used. Rounded up to a power of two.
  static constexpr size_t kDefaultCachedKeys = 4096;

  explicit OpensslEngine(size_t cached_keys = kDefaultCachedKeys);
  ~OpensslEngine() override;

  void open(std::span<oscore::AeadJob> jobs) override;
  void seal(std::span<oscore::AeadJob> jobs) override;

 private:
  class KeyCache;

  std::unique_ptr<KeyCache> opening_;
  std::unique_ptr<KeyCache> sealing_;
};

}  // namespace osprey
