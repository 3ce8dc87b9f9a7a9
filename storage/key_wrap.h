// Secrets at rest (I7): AES-256-GCM under a key-encryption key (KEK) that stands in a file of its
// own (kek_file.h), so that whoever gets at the database alone gets no context's keys.
//
//   nonce (12, random) | ciphertext (as long as the secret) | tag (16)
//
// The KEK itself is never used. HKDF makes of it, each under its own label, the key that wraps, the
// key of digest(), and key_id().
//
// Random nonces bound one KEK to 2^32 wraps (NIST SP 800-38D §8.3). Ten million contexts, each
// rewritten 400 times, stay below that; a store that comes near takes a new KEK.
//
// Thread: one at a time; no call allocates once it is made. Not to be used on both sides of a
// fork: nonces are drawn ahead, and parent and child would draw the same.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>

#include "framework/base/result.h"
#include "framework/base/secret.h"
#include "framework/base/writer.h"
#include "storage/directory.h"
#include "storage/kek_file.h"

namespace osprey::storage {

// Stands for a key in an index: equal for equal keys only, and of no help to whoever guesses them.
using KeyDigest = std::array<uint8_t, 16>;

// Which KEK it is. A store notes it, so that a wrong one is not taken for damage.
using KekId = std::array<uint8_t, 8>;

class KeyWrap {
 public:
  static constexpr size_t kNonceLen = 12;
  static constexpr size_t kTagLen = 16;
  static constexpr size_t kOverhead = kNonceLen + kTagLen;
  static constexpr size_t kMaxSecretLen = 255;  // of one wrap, bytes

  // create_kek, and read_kek with a KeyWrap made of what it read.
  static Result<void> create_key(const Directory& directory, const char* name);
  static Result<KeyWrap> open(const Directory& directory, const char* name);
  static Result<KeyWrap> open_file(const std::string& path);

  // `kek`: all its bytes (CHECK). Not needed any more after the call.
  explicit KeyWrap(const Kek& kek);
  ~KeyWrap();
  KeyWrap(KeyWrap&&) noexcept;
  KeyWrap& operator=(KeyWrap&&) noexcept;

  // Writes secret.size() + kOverhead bytes. `aad`: what unwrap must be given again, and what the
  // secret is thereby bound to. `secret` is at most kMaxSecretLen (CHECK).
  void wrap(Writer& out, Bytes secret, Bytes aad);

  // False, and `out` all zeros, when `wrapped` was not written with this KEK and this `aad`.
  // `out` has wrapped.size() - kOverhead bytes (CHECK).
  [[nodiscard]] bool unwrap(MutableBytes out, Bytes wrapped, Bytes aad);

  // HMAC-SHA-256, cut to 16 bytes, over all parts with their lengths before them.
  KeyDigest digest(std::initializer_list<Bytes> parts);

  const KekId& key_id() const { return key_id_; }

 private:
  struct Engine;

  std::unique_ptr<Engine> engine_;
  KekId key_id_;
};

}  // namespace osprey::storage
