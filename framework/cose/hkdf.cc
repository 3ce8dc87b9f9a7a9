#include "framework/cose/hkdf.h"

#include <algorithm>
#include <array>
#include <memory>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "framework/base/check.h"
#include "framework/base/secret.h"

namespace osprey::cose {
namespace {

constexpr size_t kMaxBlocks = 255;  // RFC 5869 §2.3
constexpr size_t kMaxHashLen = 64;

using Block = Secret<kMaxHashLen>;

const char* digest_name(Hash hash) {
  switch (hash) {
    case Hash::kSha256: return "SHA256";
    case Hash::kSha384: return "SHA384";
    case Hash::kSha512: return "SHA512";
  }
  return nullptr;
}

EVP_MAC_CTX* make_keyless(Hash hash) {
  static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  CHECK(hmac != nullptr);
  EVP_MAC_CTX* const keyless = EVP_MAC_CTX_new(hmac);
  // OpenSSL takes the name without const, and only reads it.
  auto* name = const_cast<char*>(digest_name(hash));
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
      OSSL_PARAM_construct_end(),
  };
  CHECK(keyless != nullptr && EVP_MAC_CTX_set_params(keyless, params) == 1);
  return keyless;
}

// An HMAC that was never given a key, to be copied: to look an algorithm up by its name takes
// OpenSSL longer than to hash with it. Shared by all threads, and never written again.
const EVP_MAC_CTX* keyless_hmac(Hash hash) {
  static const std::array<EVP_MAC_CTX*, 3> keyless = {
      make_keyless(Hash::kSha256), make_keyless(Hash::kSha384), make_keyless(Hash::kSha512)};
  static_assert(static_cast<size_t>(Hash::kSha512) + 1 == keyless.size());
  return keyless[static_cast<size_t>(hash)];
}

// HMAC under one key after the other. OpenSSL zeroises what it frees (I7).
class Hmac {
 public:
  explicit Hmac(const HkdfAlgorithm& algorithm)
      : hash_len_(algorithm.hash_len), context_(EVP_MAC_CTX_dup(keyless_hmac(algorithm.hash))) {
    CHECK(context_ != nullptr);
  }

  void begin(Bytes key) {
    CHECK(!key.empty());  // OpenSSL would go on with the last one
    CHECK(EVP_MAC_init(context_.get(), key.data(), key.size(), nullptr) == 1);
  }
  void add(Bytes bytes) { CHECK(EVP_MAC_update(context_.get(), bytes.data(), bytes.size()) == 1); }
  void finish(MutableBytes mac) {
    size_t len = 0;
    CHECK(EVP_MAC_final(context_.get(), mac.data(), &len, mac.size()) == 1 && len == hash_len_);
  }

 private:
  struct Free {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  };

  size_t hash_len_;
  std::unique_ptr<EVP_MAC_CTX, Free> context_;
};

// RFC 5869 §2.2.
void extract(Hmac& hmac, MutableBytes prk, Bytes salt, Bytes secret) {
  constexpr std::array<uint8_t, kMaxHashLen> kZeros{};
  hmac.begin(salt.empty() ? Bytes(kZeros).first(prk.size()) : salt);
  hmac.add(secret);
  hmac.finish(prk);
}

// RFC 5869 §2.3: each block is a MAC over the one before, the info and the block's number.
void expand(Hmac& hmac, MutableBytes output, Bytes prk, Bytes info) {
  Block block;  // T(0): empty
  for (uint8_t number = 1; !output.empty(); ++number) {
    hmac.begin(prk);
    hmac.add(block.reveal());
    hmac.add(info);
    hmac.add({&number, 1});
    hmac.finish(block.space(prk.size()));
    const size_t len = std::min(output.size(), prk.size());
    std::ranges::copy(block.reveal().first(len), output.begin());
    output = output.subspan(len);
  }
}

}  // namespace

void hkdf(const HkdfAlgorithm& algorithm, MutableBytes output, Bytes salt, Bytes secret,
          Bytes info) {
  CHECK(output.size() <= kMaxBlocks * algorithm.hash_len);
  Hmac hmac(algorithm);
  Block prk;
  extract(hmac, prk.space(algorithm.hash_len), salt, secret);
  expand(hmac, output, prk.reveal(), info);
}

void hkdf_extract(const HkdfAlgorithm& algorithm, MutableBytes prk, Bytes salt, Bytes secret) {
  CHECK(prk.size() == algorithm.hash_len);
  Hmac hmac(algorithm);
  extract(hmac, prk, salt, secret);
}

}  // namespace osprey::cose
