// AeadEngine on Intel's ipsec-mb: a burst of AES-CCM messages fills the lanes of the vector unit.
//
//   AES-CCM, short AAD   all messages of a call in one burst, several at a time
//   AES-GCM              one after the other: each fills the vector unit by itself
//   ChaCha20/Poly1305    one after the other
//   AES-CCM, long AAD    ipsec-mb takes 46 bytes; these go to OpenSSL in the same call
//
// Keys are prepared on first use and kept in a direct-mapped table of fixed size, by their serial.
// Works with ipsec-mb 1.3, and uses the AEAD bursts of 1.5 and newer.
// Thread: one engine belongs to one thread.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "framework/base/result.h"
#include "framework/oscore/aead_engine.h"

namespace osprey {

class IpsecMbEngine final : public oscore::AeadEngine {
 public:
  enum class Architecture : uint8_t { kBest, kSse, kAvx, kAvx2, kAvx512 };

  // AES-CCM: 256 bytes each once used, two for each context. AES-GCM: a quarter as many, of 1.1 KB.
  static constexpr size_t kDefaultCachedKeys = 4096;
  static constexpr size_t kMaxCachedKeys = 65'536;

  // Errors: this CPU cannot do what `architecture` takes; kBest takes AES instructions and SSE 4.2.
  static Result<std::unique_ptr<IpsecMbEngine>> make(
      Architecture architecture = Architecture::kBest, size_t cached_keys = kDefaultCachedKeys);
  ~IpsecMbEngine() override;

  // Those this CPU can do, the best one last.
  static std::vector<Architecture> architectures();
  static std::string_view name(Architecture architecture);  // "sse", "avx", ...

  void open(std::span<oscore::AeadJob> jobs) override;
  void seal(std::span<oscore::AeadJob> jobs) override;

 private:
  class Parts;

  explicit IpsecMbEngine(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace osprey
