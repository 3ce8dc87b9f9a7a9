// The OpenSSL engine, one message at a time: the inner message of POST /echo with 64 bytes, with an
// AAD as OSCORE makes it.
//
//   hit    the key is in the engine's cache: one key, or 1,000 in turn
//   miss   it never is: two keys share one slot
#include <cstring>

#include <benchmark/benchmark.h>

#include "dataplane/crypto/openssl_engine.h"
#include "framework/oscore/aad.h"

namespace osprey::bench {
namespace {

using cose::AeadAlgorithm;
using oscore::AeadJob;
using oscore::AeadKey;

constexpr size_t kTextLen = 71;  // code, Uri-Path "echo", marker, 64 bytes
constexpr size_t kManyKeys = 1'000;

struct CacheCase {
  const char* name;
  size_t num_keys;
  size_t num_slots;
};
constexpr std::array<CacheCase, 3> kCacheCases = {{
    {"hit", 1, 1},
    {"hit_1000_keys", kManyKeys, kManyKeys},
    {"miss", 2, 1},
}};

// One message for each key.
class Messages {
 public:
  using Text = std::array<uint8_t, kTextLen + cose::kMaxTagLen>;

  Messages(const AeadAlgorithm& algorithm, size_t num_keys) {
    const std::array<uint8_t, 3> kid = {1, 2, 3};
    const std::array<uint8_t, 3> piv = {4, 5, 6};
    aad_len_ = oscore::write_aad(aad_, algorithm, kid, piv).size();
    for (size_t i = 0; i < num_keys; ++i) {
      std::array<uint8_t, cose::kMaxKeyLen> key{};
      std::memcpy(key.data(), &i, sizeof i);
      keys_.emplace_back(algorithm, Bytes(key).first(algorithm.key_len));
    }
    plain_.fill(0x5a);
  }

  size_t size() const { return keys_.size(); }
  const Text& plain() const { return plain_; }

  AeadJob job(size_t i, Text& text) const {
    AeadJob job;
    job.key = &keys_[i];
    job.nonce = nonce_.data();
    job.aad = aad_.data();
    job.aad_len = static_cast<uint32_t>(aad_len_);
    job.text = text.data();
    job.text_len = kTextLen;
    return job;
  }

 private:
  std::vector<AeadKey> keys_;
  std::array<uint8_t, cose::kMaxNonceLen> nonce_{};
  oscore::AadBuffer aad_{};
  size_t aad_len_ = 0;
  Text plain_{};
};

void seal(benchmark::State& state, const AeadAlgorithm& algorithm, const CacheCase& cache) {
  const Messages messages(algorithm, cache.num_keys);
  OpensslEngine engine(cache.num_slots);
  Messages::Text text = messages.plain();
  size_t next = 0;
  size_t num_sealed = 0;
  for (auto _ : state) {
    AeadJob job = messages.job(next, text);
    engine.seal(std::span(&job, 1));
    num_sealed += job.ok;
    next = next + 1 < messages.size() ? next + 1 : 0;
  }
  if (num_sealed != static_cast<size_t>(state.iterations())) {
    state.SkipWithError("a message was not sealed");
  }
}

// Opening destroys the ciphertext, so each round begins with a copy of it.
void open(benchmark::State& state, const AeadAlgorithm& algorithm, const CacheCase& cache) {
  const Messages messages(algorithm, cache.num_keys);
  OpensslEngine engine(cache.num_slots);
  std::vector<Messages::Text> sealed(messages.size(), messages.plain());
  for (size_t i = 0; i < messages.size(); ++i) {
    AeadJob job = messages.job(i, sealed[i]);
    engine.seal(std::span(&job, 1));
  }
  Messages::Text text;
  size_t next = 0;
  size_t num_opened = 0;
  for (auto _ : state) {
    text = sealed[next];
    AeadJob job = messages.job(next, text);
    engine.open(std::span(&job, 1));
    num_opened += job.ok;
    next = next + 1 < messages.size() ? next + 1 : 0;
  }
  if (num_opened != static_cast<size_t>(state.iterations()) ||
      std::memcmp(text.data(), messages.plain().data(), kTextLen) != 0) {
    state.SkipWithError("a message did not open");
  }
}

bool register_all() {
  for (const AeadAlgorithm& algorithm : cose::aead_algorithms()) {
    for (const CacheCase& cache : kCacheCases) {
      const std::string name = std::string(algorithm.name) + "/" + cache.name;
      benchmark::RegisterBenchmark(("seal/" + name).c_str(),
                                   [&](benchmark::State& state) { seal(state, algorithm, cache); });
      benchmark::RegisterBenchmark(("open/" + name).c_str(),
                                   [&](benchmark::State& state) { open(state, algorithm, cache); });
    }
  }
  return true;
}

const bool kRegistered = register_all();

}  // namespace
}  // namespace osprey::bench
