#include "framework/cose/hkdf.h"

#include <memory>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "framework/base/check.h"

namespace osprey::cose {
namespace {

constexpr size_t kMaxBlocks = 255;  // RFC 5869 §2.3

const char* digest_name(Hash hash) {
  switch (hash) {
    case Hash::kSha256: return "SHA256";
    case Hash::kSha384: return "SHA384";
    case Hash::kSha512: return "SHA512";
  }
  return nullptr;
}

// OpenSSL's parameters take pointers without const, and only read through these.
OSSL_PARAM octets(const char* name, Bytes bytes) {
  static uint8_t nothing = 0;  // OpenSSL tells "empty" from "absent" by the pointer
  auto* data = bytes.empty() ? &nothing : const_cast<uint8_t*>(bytes.data());
  return OSSL_PARAM_construct_octet_string(name, data, bytes.size());
}

void run_hkdf(const HkdfAlgorithm& algorithm, int mode, MutableBytes output, Bytes salt,
              Bytes secret, Bytes info) {
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  CHECK(kdf != nullptr);
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf),
                                                                          EVP_KDF_CTX_free);
  CHECK(context != nullptr);
  auto* digest = const_cast<char*>(digest_name(algorithm.hash));
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      octets(OSSL_KDF_PARAM_KEY, secret),
      octets(OSSL_KDF_PARAM_SALT, salt),
      octets(OSSL_KDF_PARAM_INFO, info),
      OSSL_PARAM_construct_end(),
  };
  CHECK(EVP_KDF_derive(context.get(), output.data(), output.size(), params) == 1);
}

}  // namespace

void hkdf(const HkdfAlgorithm& algorithm, MutableBytes output, Bytes salt, Bytes secret,
          Bytes info) {
  CHECK(output.size() <= kMaxBlocks * algorithm.hash_len);
  run_hkdf(algorithm, EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, output, salt, secret, info);
}

void hkdf_extract(const HkdfAlgorithm& algorithm, MutableBytes prk, Bytes salt, Bytes secret) {
  CHECK(prk.size() == algorithm.hash_len);
  run_hkdf(algorithm, EVP_KDF_HKDF_MODE_EXTRACT_ONLY, prk, salt, secret, {});
}

}  // namespace osprey::cose
