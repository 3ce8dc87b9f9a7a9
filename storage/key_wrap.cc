#include "storage/key_wrap.h"

#include <errno.h>
#include <sys/random.h>

#include <cstring>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "framework/base/check.h"
#include "framework/cose/hkdf.h"

namespace osprey::storage {
namespace {

// getrandom may stop short at a signal when much is asked for.
void fill_random(MutableBytes bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    CHECK(got > 0 || (got < 0 && errno == EINTR));
    if (got > 0) bytes = bytes.subspan(static_cast<size_t>(got));
  }
}

// Fills `key` with what the KEK gives under `label`.
void derive_from(MutableBytes key, const Kek& kek, std::string_view label) {
  cose::hkdf(*cose::find_hkdf("HKDF SHA-256"), key, {}, kek.reveal(), as_bytes(label));
}

Result<KeyWrap> wrap_of(const Result<Kek>& kek) {
  if (!kek) return tl::unexpected(kek.error());
  return KeyWrap(*kek);
}

}  // namespace

// OpenSSL's contexts with their keys set, so that a call only changes the nonce; and nonces drawn
// ahead, so that not every wrap is a system call.
struct KeyWrap::Engine {
  EVP_CIPHER* gcm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  EVP_CIPHER_CTX* sealing = EVP_CIPHER_CTX_new();
  EVP_CIPHER_CTX* opening = EVP_CIPHER_CTX_new();
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* digesting = EVP_MAC_CTX_new(hmac);

  static constexpr size_t kNoncesAhead = 256;
  std::array<uint8_t, kNoncesAhead * kNonceLen> nonces;
  Bytes nonces_left;

  explicit Engine(const Kek& kek);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Bytes take_nonce();
};

KeyWrap::Engine::Engine(const Kek& kek) {
  CHECK(kek.size() == kKekLen);
  CHECK(gcm != nullptr && sealing != nullptr && opening != nullptr && digesting != nullptr);
  Secret<32> key;
  derive_from(key.space(32), kek, "osprey wrap");
  CHECK(EVP_EncryptInit_ex2(sealing, gcm, key.reveal().data(), nullptr, nullptr) == 1);
  CHECK(EVP_DecryptInit_ex2(opening, gcm, key.reveal().data(), nullptr, nullptr) == 1);

  derive_from(key.space(32), kek, "osprey digest");
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  CHECK(EVP_MAC_init(digesting, key.reveal().data(), key.size(), params) == 1);
}

// OpenSSL zeroises the keys in what it frees.
KeyWrap::Engine::~Engine() {
  EVP_MAC_CTX_free(digesting);
  EVP_MAC_free(hmac);
  EVP_CIPHER_CTX_free(opening);
  EVP_CIPHER_CTX_free(sealing);
  EVP_CIPHER_free(gcm);
}

Bytes KeyWrap::Engine::take_nonce() {
  if (nonces_left.empty()) {
    fill_random(nonces);
    nonces_left = nonces;
  }
  const Bytes nonce = nonces_left.first(kNonceLen);
  nonces_left = nonces_left.subspan(kNonceLen);
  return nonce;
}

KeyWrap::KeyWrap(const Kek& kek) : engine_(std::make_unique<Engine>(kek)) {
  derive_from(key_id_, kek, "osprey key id");
}
KeyWrap::~KeyWrap() = default;
KeyWrap::KeyWrap(KeyWrap&&) noexcept = default;
KeyWrap& KeyWrap::operator=(KeyWrap&&) noexcept = default;

Result<void> KeyWrap::create_key(const Directory& directory, const char* name) {
  return create_kek(directory, name);
}

Result<KeyWrap> KeyWrap::open(const Directory& directory, const char* name) {
  return wrap_of(read_kek(directory, name));
}

Result<KeyWrap> KeyWrap::open_file(const std::string& path) { return wrap_of(read_kek(path)); }

void KeyWrap::wrap(Writer& out, Bytes secret, Bytes aad) {
  CHECK(secret.size() <= kMaxSecretLen);
  EVP_CIPHER_CTX* const context = engine_->sealing;
  const Bytes nonce = engine_->take_nonce();
  std::array<uint8_t, kMaxSecretLen> space;
  const MutableBytes ciphertext = MutableBytes(space).first(secret.size());
  std::array<uint8_t, kTagLen> tag;
  int len = 0;
  CHECK(EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1);
  CHECK(EVP_EncryptUpdate(context, nullptr, &len, aad.data(), static_cast<int>(aad.size())) == 1);
  CHECK(EVP_EncryptUpdate(context, ciphertext.data(), &len, secret.data(),
                          static_cast<int>(secret.size())) == 1);
  CHECK(EVP_EncryptFinal_ex(context, ciphertext.data(), &len) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagLen, tag.data()) == 1);
  out.bytes(nonce);
  out.bytes(ciphertext);
  out.bytes(tag);
}

bool KeyWrap::unwrap(MutableBytes out, Bytes wrapped, Bytes aad) {
  CHECK(wrapped.size() == out.size() + kOverhead);
  EVP_CIPHER_CTX* const context = engine_->opening;
  const Bytes nonce = wrapped.first(kNonceLen);
  const Bytes ciphertext = wrapped.subspan(kNonceLen, out.size());
  // OpenSSL takes the tag without const, and only reads it.
  auto* tag = const_cast<uint8_t*>(wrapped.last(kTagLen).data());
  int len = 0;
  CHECK(EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1);
  CHECK(EVP_DecryptUpdate(context, nullptr, &len, aad.data(), static_cast<int>(aad.size())) == 1);
  CHECK(EVP_DecryptUpdate(context, out.data(), &len, ciphertext.data(),
                          static_cast<int>(out.size())) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagLen, tag) == 1);
  if (EVP_DecryptFinal_ex(context, nullptr, &len) == 1) return true;
  zeroise(out);  // what is not authentic is nobody's plaintext
  return false;
}

KeyDigest KeyWrap::digest(std::initializer_list<Bytes> parts) {
  EVP_MAC_CTX* const context = engine_->digesting;
  // No key: the one from the constructor again.
  CHECK(EVP_MAC_init(context, nullptr, 0, nullptr) == 1);
  for (const Bytes part : parts) {
    std::array<uint8_t, 8> len;
    Writer(len).uint(part.size(), len.size());
    CHECK(EVP_MAC_update(context, len.data(), len.size()) == 1);
    CHECK(EVP_MAC_update(context, part.data(), part.size()) == 1);
  }
  std::array<uint8_t, 32> full;
  size_t full_len = 0;
  CHECK(EVP_MAC_final(context, full.data(), &full_len, full.size()) == 1);
  KeyDigest digest;
  std::memcpy(digest.data(), full.data(), digest.size());
  return digest;
}

}  // namespace osprey::storage
