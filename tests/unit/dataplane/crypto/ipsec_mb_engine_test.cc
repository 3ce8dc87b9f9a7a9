// The burst engine against OpenSSL, on every architecture that this CPU has.
#include "dataplane/crypto/ipsec_mb_engine.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "dataplane/crypto/openssl_engine.h"

namespace osprey {
namespace {

using Architecture = IpsecMbEngine::Architecture;
using oscore::AeadJob;
using oscore::AeadKey;

constexpr size_t kMaxBatch = 64;
constexpr size_t kMaxText = 300;
constexpr size_t kMaxAad = 60;  // some are longer than ipsec-mb's AES-CCM takes

class IpsecMb : public testing::TestWithParam<Architecture> {
 protected:
  std::unique_ptr<IpsecMbEngine> make(size_t cached_keys = 64) const {
    auto engine = IpsecMbEngine::make(GetParam(), cached_keys);
    EXPECT_TRUE(engine);
    return std::move(*engine);
  }
};
INSTANTIATE_TEST_SUITE_P(Each, IpsecMb, testing::ValuesIn(IpsecMbEngine::architectures()),
                         [](const auto& kind) {
                           return std::string(IpsecMbEngine::name(kind.param));
                         });

// Several keys for each algorithm.
std::vector<std::unique_ptr<AeadKey>> make_keys(size_t for_each, std::mt19937_64& random) {
  std::vector<std::unique_ptr<AeadKey>> keys;
  for (const cose::AeadAlgorithm& algorithm : cose::aead_algorithms()) {
    for (size_t i = 0; i < for_each; ++i) {
      std::array<uint8_t, cose::kMaxKeyLen> bytes;
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
      keys.push_back(std::make_unique<AeadKey>(algorithm, Bytes(bytes).first(algorithm.key_len)));
    }
  }
  return keys;
}

struct Message {
  const AeadKey* key = nullptr;
  std::array<uint8_t, cose::kMaxNonceLen> nonce;
  std::array<uint8_t, kMaxAad> aad;
  uint32_t aad_len = 0;
  uint32_t text_len = 0;
  std::array<uint8_t, kMaxText + cose::kMaxTagLen> plain;
  std::array<uint8_t, kMaxText + cose::kMaxTagLen> text;

  size_t sealed_len() const { return text_len + key->algorithm().tag_len; }
  AeadJob job() {
    AeadJob job;
    job.key = key;
    job.nonce = nonce.data();
    job.aad = aad.data();
    job.aad_len = aad_len;
    job.text = text.data();
    job.text_len = text_len;
    return job;
  }
};

Message random_message(const std::vector<std::unique_ptr<AeadKey>>& keys, std::mt19937_64& random) {
  Message message;
  message.key = keys[random() % keys.size()].get();
  for (uint8_t& byte : message.nonce) byte = static_cast<uint8_t>(random());
  message.aad_len = static_cast<uint32_t>(random() % (kMaxAad + 1));
  const uint64_t pattern = random();
  for (size_t i = 0; i < kMaxAad; ++i) message.aad[i] = static_cast<uint8_t>(pattern >> (i % 57));
  // Mostly as short as OSCORE's are, and around whole blocks.
  message.text_len = static_cast<uint32_t>(random() % 4 != 0 ? random() % 100
                                                             : 16 * (random() % 18) + random() % 3);
  for (size_t i = 0; i < message.plain.size(); ++i) {
    message.plain[i] = static_cast<uint8_t>(pattern >> (i % 55));
  }
  message.text = message.plain;
  return message;
}

// OpenSSL's verdict on a sealed message, and that it finds the plaintext in it.
bool opens_with(OpensslEngine& openssl, Message message) {
  AeadJob job = message.job();
  openssl.open({&job, 1});
  const auto end = message.plain.begin() + message.text_len;
  return job.ok && std::equal(message.plain.begin(), end, message.text.begin());
}

void expect_opened(const Message& message, const AeadJob& job, bool is_good) {
  ASSERT_EQ(job.ok, is_good) << message.key->algorithm().name;
  const auto end = message.text.begin() + message.text_len;
  if (is_good) {
    ASSERT_TRUE(std::equal(message.text.begin(), end, message.plain.begin()));
  } else {
    ASSERT_TRUE(std::all_of(message.text.begin(), end, [](uint8_t byte) { return byte == 0; }));
  }
}

// Goal: it does what OpenSSL does, whatever is in a batch. Method: 10^6 messages in batches of 1 to
// 64, all algorithms, more keys than slots, twins; some with a bit turned over before opening.
TEST_P(IpsecMb, DoesWhatOpensslDoes) {
  constexpr size_t kMessages = 1'000'000;
  std::mt19937_64 random(2026);
  const auto keys = make_keys(8, random);
  const auto engine = make(32);
  OpensslEngine openssl(128);
  std::vector<Message> messages(kMaxBatch);
  std::vector<AeadJob> jobs(kMaxBatch);
  std::array<bool, kMaxBatch> is_good{};
  size_t num_refused = 0;
  for (size_t done = 0, size = 1; done < kMessages; done += size, size = size % kMaxBatch + 1) {
    const auto batch = std::span(jobs).first(size);
    for (size_t i = 0; i < size; ++i) {
      const bool is_twin = i > 0 && random() % 8 == 0;
      messages[i] = is_twin ? messages[i - 1] : random_message(keys, random);
      jobs[i] = messages[i].job();
    }
    engine->seal(batch);
    for (size_t i = 0; i < size; ++i) {
      ASSERT_TRUE(jobs[i].ok);
      is_good[i] = random() % 8 != 0;
      if (!is_good[i]) {
        const size_t bit = random() % (8 * messages[i].sealed_len());
        messages[i].text[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        ++num_refused;
      }
      ASSERT_EQ(opens_with(openssl, messages[i]), is_good[i]);
    }
    engine->open(batch);
    for (size_t i = 0; i < size; ++i) expect_opened(messages[i], jobs[i], is_good[i]);
  }
  EXPECT_GT(num_refused, kMessages / 20);
}

// Goal: a bad tag spoils its own message alone. Method: every place in every size of a batch, all
// messages of one algorithm, so that they share the lanes.
TEST_P(IpsecMb, OneBadTagInEveryPlace) {
  std::mt19937_64 random(7);
  const auto keys = make_keys(4, random);
  const auto engine = make();
  for (const cose::AeadAlgorithm& algorithm : cose::aead_algorithms()) {
    std::vector<const AeadKey*> own;
    for (const auto& key : keys) {
      if (&key->algorithm() == &algorithm) own.push_back(key.get());
    }
    for (size_t size = 1; size <= kMaxBatch; size += size < 20 ? 1 : 11) {
      std::vector<Message> sealed(size);
      std::vector<AeadJob> jobs(size);
      for (size_t i = 0; i < size; ++i) {
        sealed[i] = random_message(keys, random);
        sealed[i].key = own[i % own.size()];
        jobs[i] = sealed[i].job();
      }
      engine->seal(jobs);
      for (size_t bad = 0; bad < size; ++bad) {
        std::vector<Message> messages = sealed;
        for (size_t i = 0; i < size; ++i) jobs[i] = messages[i].job();
        messages[bad].text[messages[bad].sealed_len() - 1] ^= 0x80;
        engine->open(jobs);
        for (size_t i = 0; i < size; ++i) {
          SCOPED_TRACE(testing::Message() << i << " of " << size);
          expect_opened(messages[i], jobs[i], i != bad);
        }
      }
    }
  }
}

// Goal: lengths at which ipsec-mb gives up are served all the same.
TEST_P(IpsecMb, LongTextsAndAads) {
  std::mt19937_64 random(9);
  const auto keys = make_keys(1, random);
  const auto engine = make();
  OpensslEngine openssl(16);
  for (const auto& key : keys) {
    for (const size_t text_len : {0u, 1u, 64'999u, 65'000u, 65'001u, 65'535u}) {
      for (const size_t aad_len : {0u, 14u, 15u, 46u, 47u, 300u}) {
        std::vector<uint8_t> aad(aad_len, 0x33);
        const std::vector<uint8_t> plain(text_len + key->algorithm().tag_len, 0x77);
        std::vector<uint8_t> text = plain;
        const std::array<uint8_t, cose::kMaxNonceLen> nonce{1, 2, 3};
        AeadJob job;
        job.key = key.get();
        job.nonce = nonce.data();
        job.aad = aad.data();
        job.aad_len = static_cast<uint32_t>(aad_len);
        job.text = text.data();
        job.text_len = static_cast<uint32_t>(text_len);
        engine->seal({&job, 1});
        ASSERT_TRUE(job.ok);
        openssl.open({&job, 1});
        ASSERT_TRUE(job.ok) << key->algorithm().name << " " << text_len << " " << aad_len;
        ASSERT_TRUE(std::equal(text.begin(), text.begin() + job.text_len, plain.begin()));
      }
    }
  }
}

TEST(IpsecMbArchitectures, TheBestIsMadeUnlessAnotherIsAskedFor) {
  const auto all = IpsecMbEngine::architectures();
  EXPECT_EQ(IpsecMbEngine::make().has_value(), !all.empty());
  for (const auto architecture :
       {Architecture::kSse, Architecture::kAvx, Architecture::kAvx2, Architecture::kAvx512}) {
    const bool is_there = std::ranges::find(all, architecture) != all.end();
    EXPECT_EQ(IpsecMbEngine::make(architecture).has_value(), is_there);
  }
}

}  // namespace
}  // namespace osprey
