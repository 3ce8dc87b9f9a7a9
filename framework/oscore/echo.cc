#include "framework/oscore/echo.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "framework/base/check.h"
#include "framework/base/reader.h"
#include "framework/base/writer.h"

namespace osprey::oscore {
namespace {

constexpr size_t kTimeLen = 4;
constexpr size_t kMacLen = 8;
static_assert(kTimeLen + kMacLen == kEchoLen);

}  // namespace

struct EchoMaker::Mac {
  EVP_MAC* method = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(method);

  Mac() = default;
  Mac(const Mac&) = delete;
  Mac& operator=(const Mac&) = delete;
  ~Mac() {
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(method);
  }
};

EchoMaker::EchoMaker(const EchoKey& key) : mac_(std::make_unique<Mac>()) {
  CHECK(key.size() == kEchoKeyLen);
  CHECK(mac_->context != nullptr);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  CHECK(EVP_MAC_init(mac_->context, key.reveal().data(), key.size(), params) == 1);
}

EchoMaker::~EchoMaker() = default;

std::array<uint8_t, 8> EchoMaker::mac(uint64_t context_serial, Bytes time) {
  std::array<uint8_t, 8 + kTimeLen> input;
  Writer writer(input);
  writer.uint(context_serial, 8);
  writer.bytes(time);
  std::array<uint8_t, 32> full;
  size_t len = 0;
  // No key: the one from the constructor again.
  CHECK(EVP_MAC_init(mac_->context, nullptr, 0, nullptr) == 1);
  CHECK(EVP_MAC_update(mac_->context, input.data(), input.size()) == 1);
  CHECK(EVP_MAC_final(mac_->context, full.data(), &len, full.size()) == 1);
  std::array<uint8_t, kMacLen> truncated;
  std::copy_n(full.begin(), kMacLen, truncated.begin());
  return truncated;
}

EchoValue EchoMaker::issue(uint64_t context_serial, TimeNs now) {
  EchoValue value;
  Writer writer(value);
  writer.uint(static_cast<uint64_t>(now / kSecond), kTimeLen);
  const auto tag = mac(context_serial, writer.written());
  writer.bytes(tag);
  DCHECK(writer.ok());
  return value;
}

bool EchoMaker::verify(Bytes value, uint64_t context_serial, TimeNs now) {
  if (value.size() != kEchoLen) return false;
  const Bytes time = value.first(kTimeLen);
  const auto expected = mac(context_serial, time);
  if (CRYPTO_memcmp(expected.data(), value.data() + kTimeLen, kMacLen) != 0) return false;
  // Modulo 2^32 seconds, like the value itself.
  const auto age = static_cast<uint32_t>(static_cast<uint64_t>(now / kSecond) - read_uint(time));
  return age <= kEchoLifetime / kSecond;
}

}  // namespace osprey::oscore
