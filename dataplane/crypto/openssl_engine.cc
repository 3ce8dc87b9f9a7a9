#include "dataplane/crypto/openssl_engine.h"

#include <bit>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "framework/base/check.h"

namespace osprey {
namespace {

using cose::AeadAlgorithm;
using cose::AeadFamily;
using oscore::AeadJob;
using oscore::AeadKey;

enum Direction : int { kOpen = 0, kSeal = 1 };

const char* cipher_name(const AeadAlgorithm& algorithm) {
  switch (algorithm.family) {
    case AeadFamily::kAesCcm: return algorithm.key_len == 16 ? "AES-128-CCM" : "AES-256-CCM";
    case AeadFamily::kAesGcm:
      return algorithm.key_len == 16   ? "AES-128-GCM"
             : algorithm.key_len == 24 ? "AES-192-GCM"
                                       : "AES-256-GCM";
    case AeadFamily::kChaCha20Poly1305: return "ChaCha20-Poly1305";
  }
  return nullptr;
}

// Fetching a cipher is slow; this process needs each of the six once. Kept to its end, since an
// engine may outlive what is destroyed before it.
const EVP_CIPHER* fetch_cipher(const AeadAlgorithm& algorithm) {
  using Fetched = std::vector<std::pair<int32_t, EVP_CIPHER*>>;
  static const Fetched& ciphers = *[] {
    auto* fetched = new Fetched;
    for (const AeadAlgorithm& each : cose::aead_algorithms()) {
      fetched->emplace_back(each.number, EVP_CIPHER_fetch(nullptr, cipher_name(each), nullptr));
      CHECK(fetched->back().second != nullptr);
    }
    return fetched;
  }();
  for (const auto& [number, cipher] : ciphers) {
    if (number == algorithm.number) return cipher;
  }
  return nullptr;
}

struct FreeCipherContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;

// CCM must know the length of tag and text ahead; the others learn the tag at the end.
bool is_ccm(const AeadKey& key) { return key.algorithm().family == AeadFamily::kAesCcm; }

OSSL_PARAM tag_param(uint8_t* tag, size_t len) {
  return OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, len);
}

bool set_key(EVP_CIPHER_CTX* context, const AeadKey& key, Direction direction) {
  const AeadAlgorithm& algorithm = key.algorithm();
  size_t nonce_len = algorithm.nonce_len;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, &nonce_len),
      is_ccm(key) ? tag_param(nullptr, algorithm.tag_len) : OSSL_PARAM_construct_end(),
      OSSL_PARAM_construct_end(),
  };
  return EVP_CipherInit_ex2(context, fetch_cipher(algorithm), nullptr, nullptr, direction,
                            params) == 1 &&
         EVP_CipherInit_ex2(context, nullptr, key.reveal().data(), nullptr, direction, nullptr) ==
             1;
}

bool run(EVP_CIPHER_CTX* context, const AeadJob& job, Direction direction) {
  const bool ccm = is_ccm(*job.key);
  uint8_t* tag = job.text + job.text_len;
  OSSL_PARAM tag_params[] = {tag_param(tag, job.key->algorithm().tag_len),
                             OSSL_PARAM_construct_end()};
  const OSSL_PARAM* at_start = direction == kOpen ? tag_params : nullptr;
  const auto text_len = static_cast<int>(job.text_len);
  const auto aad_len = static_cast<int>(job.aad_len);
  int len = 0;
  if (EVP_CipherInit_ex2(context, nullptr, nullptr, job.nonce, direction, at_start) != 1) {
    return false;
  }
  if (ccm && EVP_CipherUpdate(context, nullptr, &len, nullptr, text_len) != 1) return false;
  if (aad_len != 0 && EVP_CipherUpdate(context, nullptr, &len, job.aad, aad_len) != 1) {
    return false;
  }
  // An empty text still has to pass through CCM, whose tag is made or checked here.
  if ((ccm || text_len != 0) &&
      EVP_CipherUpdate(context, job.text, &len, job.text, text_len) != 1) {
    return false;
  }
  uint8_t no_more[16];
  if (!ccm && EVP_CipherFinal_ex(context, no_more, &len) != 1) return false;
  return direction == kOpen || EVP_CIPHER_CTX_get_params(context, tag_params) == 1;
}

}  // namespace

// Direct-mapped: a key has one slot, by its serial.
class OpensslEngine::KeyCache {
 public:
  KeyCache(size_t num_slots, Direction direction)
      : slots_(std::bit_ceil(num_slots)), direction_(direction) {}

  // Null if libcrypto refuses the key.
  EVP_CIPHER_CTX* find(const AeadKey& key) {
    Slot& slot = slots_[key.serial() & (slots_.size() - 1)];
    if (slot.serial == key.serial()) return slot.context.get();
    if (!slot.context) slot.context.reset(EVP_CIPHER_CTX_new());
    slot.serial = 0;
    if (!slot.context || !set_key(slot.context.get(), key, direction_)) return nullptr;
    slot.serial = key.serial();
    return slot.context.get();
  }

  void run_all(std::span<AeadJob> jobs) {
    for (AeadJob& job : jobs) {
      EVP_CIPHER_CTX* context = find(*job.key);
      job.ok = context != nullptr && run(context, job, direction_);
      // libcrypto has written plaintext before it knows the tag; nobody may see it.
      if (!job.ok) zeroise({job.text, job.text_len});
    }
  }

 private:
  struct Slot {
    uint64_t serial = 0;
    CipherContext context;
  };
  std::vector<Slot> slots_;
  Direction direction_;
};

OpensslEngine::OpensslEngine(size_t cached_keys)
    : opening_(std::make_unique<KeyCache>(cached_keys, kOpen)),
      sealing_(std::make_unique<KeyCache>(cached_keys, kSeal)) {}

OpensslEngine::~OpensslEngine() = default;

void OpensslEngine::open(std::span<AeadJob> jobs) {
  opening_->run_all(jobs);
  ERR_clear_error();  // failed tags are expected, their entries are not wanted
}

void OpensslEngine::seal(std::span<AeadJob> jobs) {
  sealing_->run_all(jobs);
  for (const AeadJob& job : jobs) CHECK(job.ok);
}

}  // namespace osprey
