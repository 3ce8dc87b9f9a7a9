// What the tests of records share: a key wrap, records as bytes, and records at random.
#pragma once

#include <algorithm>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/records/context_record.h"
#include "tests/unit/storage/support.h"

namespace osprey::storage {

// A key wrap whose KEK is made of `seed`.
inline KeyWrap key_wrap(uint8_t seed = 1) {
  Kek kek;
  for (uint8_t& byte : kek.space(kKekLen)) byte = seed++;
  return KeyWrap(kek);
}

inline std::vector<uint8_t> vector_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

// What `write` writes.
template <typename Write>
std::vector<uint8_t> written(Write write, size_t max_len = 2048) {
  std::vector<uint8_t> space(max_len);
  Writer writer(space);
  write(writer);
  EXPECT_TRUE(writer.ok());
  return vector_of(writer.written());
}

inline bool contains(Bytes bytes, Bytes part) {
  return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // 0 to `max`, and each end far more often than by chance.
  uint64_t up_to(uint64_t max) {
    const uint64_t kind = engine_() % 4;
    if (kind == 0) return 0;
    if (kind == 1) return max;
    return max == UINT64_MAX ? engine_() : engine_() % (max + 1);
  }
  bool flag() { return engine_() % 2 == 0; }
  std::vector<uint8_t> bytes(size_t len) {
    std::vector<uint8_t> bytes(len);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(engine_());
    return bytes;
  }
  template <typename T>
  const T& one_of(std::span<const T> choices) {
    return choices[engine_() % choices.size()];
  }

 private:
  std::mt19937_64 engine_;
};

inline ContextRecord record_of(oscore::ContextParameters parameters, bool enabled = true) {
  ContextRecord record;
  record.keys = oscore::derive_keys(parameters);
  record.parameters = std::move(parameters);
  record.enabled = enabled;
  return record;
}

// Any context that a store may hold.
inline ContextRecord random_record(Random& random) {
  oscore::ContextParameters parameters;
  parameters.aead = &random.one_of(cose::aead_algorithms());
  parameters.hkdf = &random.one_of(cose::hkdf_algorithms());
  parameters.name = std::string(1 + random.up_to(kMaxContextNameLen - 1), 'n');
  parameters.master_secret = Secret<oscore::kMaxMasterSecretLen>(
      random.bytes(1 + random.up_to(oscore::kMaxMasterSecretLen - 1)));
  parameters.master_salt = random.bytes(random.up_to(kMaxSaltLen));
  if (random.flag()) parameters.id_context = random.bytes(random.up_to(kMaxIdContextLen));
  const size_t max_id_len = parameters.aead->max_id_len();
  do {
    parameters.sender_id = random.bytes(random.up_to(max_id_len));
    parameters.recipient_id = random.bytes(random.up_to(max_id_len));
  } while (parameters.sender_id == parameters.recipient_id);
  parameters.replay_window_size = 1 + random.up_to(kMaxReplayWindow - 1);
  parameters.require_kid_context = random.flag();
  return record_of(std::move(parameters), random.flag());
}

// The context of most tests here: AES-CCM-16-64-128, with an ID Context.
inline oscore::ContextParameters sample_parameters() {
  oscore::ContextParameters parameters;
  parameters.name = "sensor-1";
  parameters.master_secret = Secret<oscore::kMaxMasterSecretLen>(
      std::vector<uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
  parameters.master_salt = {0x9e, 0x7c, 0xa9, 0x22, 0x23, 0x78, 0x63, 0x40};
  parameters.id_context = {0x37, 0xcb, 0xf3, 0x21};
  parameters.sender_id = {0x01};
  parameters.recipient_id = {0x02, 0x03};
  return parameters;
}

}  // namespace osprey::storage
