// What every engine promises, each with the vectors and by itself.
#include <algorithm>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "dataplane/crypto/ipsec_mb_engine.h"
#include "dataplane/crypto/openssl_engine.h"
#include "framework/oscore/unprotect.h"
#include "tests/unit/support/contexts.h"
#include "tests/unit/support/vectors.h"

namespace osprey {
namespace {

using oscore::AeadJob;
using oscore::AeadKey;
using test::hex;
using test::Json;
using ByteVector = std::vector<uint8_t>;

// One entry of aead.json with the memory that its job borrows.
struct Case {
  std::string id;
  std::unique_ptr<AeadKey> key;
  ByteVector nonce;
  ByteVector aad;
  ByteVector plaintext;  // of a valid one
  ByteVector sealed;     // ciphertext and tag
  bool valid = true;
  ByteVector text;

  size_t tag_len() const { return key->algorithm().tag_len; }

  AeadJob job() {
    AeadJob job;
    job.key = key.get();
    job.nonce = nonce.data();
    job.aad = aad.data();
    job.aad_len = static_cast<uint32_t>(aad.size());
    job.text = text.data();
    job.text_len = static_cast<uint32_t>(text.size() - tag_len());
    return job;
  }
  AeadJob job_to_open() {
    text = sealed;
    return job();
  }
  AeadJob job_to_seal() {
    text = plaintext;
    text.resize(text.size() + tag_len(), 0xee);
    return job();
  }
};

struct Cases {
  std::vector<Case> to_run;
  std::vector<Case> shorter_than_a_tag;  // no AeadJob can say that
};

Case read_case(const Json& entry, int32_t algorithm, bool valid) {
  Case one;
  one.id = entry.contains("id") ? entry.at("id").get<std::string>()
                                : entry.at("source").get<std::string>();
  one.key = std::make_unique<AeadKey>(*cose::find_aead(algorithm), hex(entry.at("key")));
  one.nonce = hex(entry.at("nonce"));
  one.aad = hex(entry.at("aad"));
  one.sealed = hex(entry.at("ct"));
  one.valid = valid;
  if (valid) one.plaintext = hex(entry.at("pt"));
  return one;
}

void add(Cases& cases, Case one) {
  auto& list = one.sealed.size() < one.tag_len() ? cases.shorter_than_a_tag : cases.to_run;
  list.push_back(std::move(one));
}

// Every entry of aead.json; checks fields, sizes and counts on the way.
Cases read_cases() {
  const Json file = test::load_vectors("aead");
  Cases cases;
  size_t num_valid = 0, num_invalid = 0, num_known = 0;
  for (const Json& group : file.at("algorithms")) {
    test::expect_known_fields(
        group, {"alg", "name", "key_len", "nonce_len", "tag_len", "valid", "invalid"});
    const auto number = group.at("alg").get<int32_t>();
    const cose::AeadAlgorithm& algorithm = *cose::find_aead(number);
    EXPECT_EQ(algorithm.name, group.at("name").get<std::string>());
    EXPECT_EQ(algorithm.key_len, group.at("key_len"));
    EXPECT_EQ(algorithm.nonce_len, group.at("nonce_len"));
    EXPECT_EQ(algorithm.tag_len, group.at("tag_len"));
    for (const Json& entry : group.at("valid")) {
      test::expect_known_fields(entry, {"id", "key", "nonce", "aad", "pt", "ct"});
      add(cases, read_case(entry, number, true));
      ++num_valid;
    }
    for (const Json& entry : group.at("invalid")) {
      test::expect_known_fields(entry, {"id", "key", "nonce", "aad", "ct", "why"});
      add(cases, read_case(entry, number, false));
      ++num_invalid;
    }
  }
  for (const Json& entry : file.at("known_answers")) {
    test::expect_known_fields(entry, {"source", "alg", "key", "nonce", "aad", "pt", "ct"});
    add(cases, read_case(entry, entry.at("alg"), true));
    ++num_known;
  }
  const Json& counts = file.at("counts");
  EXPECT_EQ(file.at("algorithms").size(), counts.at("algorithms"));
  EXPECT_EQ(num_valid, counts.at("valid"));
  EXPECT_EQ(num_invalid, counts.at("invalid"));
  EXPECT_EQ(num_known, counts.at("known_answers"));
  return cases;
}

void expect_opened(const Case& one, const AeadJob& job) {
  const Bytes text(one.text.data(), job.text_len);
  if (one.valid) {
    EXPECT_TRUE(job.ok) << one.id;
    EXPECT_TRUE(equal(text, one.plaintext)) << one.id;
  } else {
    EXPECT_FALSE(job.ok) << one.id;
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](uint8_t byte) { return byte == 0; }))
        << one.id << ": a failed job's text must not show any plaintext";
  }
}

void expect_sealed(const Case& one, const AeadJob& job) {
  EXPECT_TRUE(job.ok) << one.id;
  EXPECT_EQ(to_hex(one.text), to_hex(one.sealed)) << one.id;
}

std::vector<Case> only_valid(std::vector<Case> cases) {
  std::erase_if(cases, [](const Case& one) { return !one.valid; });
  return cases;
}

struct EngineKind {
  std::string name;
  std::function<std::unique_ptr<oscore::AeadEngine>(size_t cached_keys)> make;
};

std::vector<EngineKind> engine_kinds() {
  std::vector<EngineKind> kinds = {
      {"openssl", [](size_t keys) { return std::make_unique<OpensslEngine>(keys); }}};
  for (const auto architecture : IpsecMbEngine::architectures()) {
    kinds.push_back({"ipsec_mb_" + std::string(IpsecMbEngine::name(architecture)),
                     [=](size_t keys) { return *IpsecMbEngine::make(architecture, keys); }});
  }
  return kinds;
}

class AeadEngines : public testing::TestWithParam<EngineKind> {};
INSTANTIATE_TEST_SUITE_P(Each, AeadEngines, testing::ValuesIn(engine_kinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(AeadEngines, OpensVectorsOneByOne) {
  const auto engine = GetParam().make(16);
  Cases cases = read_cases();
  for (Case& one : cases.to_run) {
    AeadJob job = one.job_to_open();
    engine->open({&job, 1});
    expect_opened(one, job);
  }
  EXPECT_EQ(cases.to_run.size() + cases.shorter_than_a_tag.size(), 480u + 240u + 5u);
}

TEST_P(AeadEngines, SealsVectorsOneByOne) {
  const auto engine = GetParam().make(16);
  auto cases = only_valid(read_cases().to_run);
  EXPECT_EQ(cases.size(), 480u + 5u);
  for (Case& one : cases) {
    AeadJob job = one.job_to_seal();
    engine->seal({&job, 1});
    expect_sealed(one, job);
  }
}

// Goal: algorithms, keys, good and bad jobs do not influence each other. Method: all in one call,
// in an order that mixes them, with more keys than the cache has slots; twice, so that warm slots
// are met too.
TEST_P(AeadEngines, OpensVectorsAsOneBatchOfMixedAlgorithms) {
  const auto engine = GetParam().make(128);
  std::vector<Case> cases = read_cases().to_run;
  std::shuffle(cases.begin(), cases.end(), std::mt19937_64(1));
  for (int round = 0; round < 2; ++round) {
    std::vector<AeadJob> jobs;
    for (Case& one : cases) jobs.push_back(one.job_to_open());
    engine->open(jobs);
    for (size_t i = 0; i < cases.size(); ++i) expect_opened(cases[i], jobs[i]);
  }
}

TEST_P(AeadEngines, SealsVectorsAsOneBatchOfMixedAlgorithms) {
  const auto engine = GetParam().make(128);
  std::vector<Case> cases = only_valid(read_cases().to_run);
  std::shuffle(cases.begin(), cases.end(), std::mt19937_64(2));
  for (int round = 0; round < 2; ++round) {
    std::vector<AeadJob> jobs;
    for (Case& one : cases) jobs.push_back(one.job_to_seal());
    engine->seal(jobs);
    for (size_t i = 0; i < cases.size(); ++i) expect_sealed(cases[i], jobs[i]);
  }
}

// What is too short for a tag never reaches an engine: OSCORE refuses it before (RFC 8613 §8.2).
TEST_P(AeadEngines, VectorsShorterThanATagAreRefusedBeforeTheEngine) {
  const auto cases = read_cases().shorter_than_a_tag;
  EXPECT_FALSE(cases.empty());
  for (const Case& one : cases) {
    const auto context = test::fresh_server_context(
        {.client_id = "01", .server_id = "02", .aead = one.key->algorithm().number});
    const auto partial_iv = hex("00");
    const auto kid = hex("01");
    oscore::OscoreOption option;
    option.partial_iv = partial_iv;
    option.kid = kid;
    ByteVector text = one.sealed;
    oscore::Opening opening;
    EXPECT_EQ(begin_unprotect_request(*context, option, text, opening), oscore::Verdict::kBadTag)
        << one.id;
  }
}

TEST_P(AeadEngines, AJobTouchesNothingBehindItsTag) {
  const auto engine = GetParam().make(16);
  for (Case& one : only_valid(read_cases().to_run)) {
    AeadJob job = one.job_to_seal();
    one.text.insert(one.text.end(), 64, 0xa5);
    job.text = one.text.data();
    engine->seal({&job, 1});
    EXPECT_TRUE(std::all_of(one.text.end() - 64, one.text.end(), [](uint8_t byte) {
      return byte == 0xa5;
    })) << one.id;
  }
}

TEST_P(AeadEngines, NoJobsAreNothingToDo) {
  const auto engine = GetParam().make(1);
  engine->open({});
  engine->seal({});
}

// Goal: a slot that served one key serves another one, whatever the algorithm was. Method: a
// single slot, every ordered pair of algorithms.
TEST_P(AeadEngines, ASlotChangesItsKeyAndAlgorithm) {
  const auto engine = GetParam().make(1);
  std::vector<Case> first_of_each;
  for (Case& one : only_valid(read_cases().to_run)) {
    const bool is_new =
        std::none_of(first_of_each.begin(), first_of_each.end(), [&](const Case& other) {
          return other.key->algorithm().number == one.key->algorithm().number;
        });
    if (is_new) first_of_each.push_back(std::move(one));
  }
  ASSERT_EQ(first_of_each.size(), 12u);
  for (Case& a : first_of_each) {
    for (Case& b : first_of_each) {
      for (Case* one : {&a, &b}) {
        AeadJob to_seal = one->job_to_seal();
        engine->seal({&to_seal, 1});
        expect_sealed(*one, to_seal);
        AeadJob to_open = one->job_to_open();
        engine->open({&to_open, 1});
        expect_opened(*one, to_open);
      }
    }
  }
}

// A failed job leaves a prepared key usable, in the same call and in the next.
TEST_P(AeadEngines, AFailureDoesNotSpoilTheKey) {
  const auto engine = GetParam().make(16);
  for (const cose::AeadAlgorithm& algorithm : cose::aead_algorithms()) {
    const AeadKey key(algorithm, ByteVector(algorithm.key_len, 0x42));
    const ByteVector nonce(algorithm.nonce_len, 7);
    ByteVector sealed(20 + algorithm.tag_len, 0x11);
    AeadJob job;
    job.key = &key;
    job.nonce = nonce.data();
    job.text = sealed.data();
    job.text_len = 20;
    engine->seal({&job, 1});
    ByteVector texts[3] = {sealed, sealed, sealed};
    texts[1].back() ^= 1;
    AeadJob jobs[3] = {job, job, job};
    for (int i = 0; i < 3; ++i) jobs[i].text = texts[i].data();
    for (int round = 0; round < 2; ++round) {
      engine->open(jobs);
      EXPECT_TRUE(jobs[0].ok) << algorithm.name;
      EXPECT_FALSE(jobs[1].ok) << algorithm.name;
      EXPECT_TRUE(jobs[2].ok) << algorithm.name;
      EXPECT_EQ(Bytes(texts[2]).first(20)[0], 0x11) << algorithm.name;
      for (int i : {0, 2}) texts[i] = sealed;
      texts[1] = sealed;
      texts[1][0] ^= 0x80;
    }
  }
}

TEST(AeadKeyDeathTest, AKeyOfAnotherLengthIsABug) {
  const ByteVector key(15);
  EXPECT_DEATH(AeadKey(*cose::find_aead(10), key), "CHECK failed");
}

TEST(AeadKey, SerialsAreUnique) {
  const ByteVector bytes(16);
  const AeadKey a(*cose::find_aead(10), bytes);
  const AeadKey b(*cose::find_aead(10), bytes);
  EXPECT_NE(a.serial(), b.serial());
}

}  // namespace
}  // namespace osprey
