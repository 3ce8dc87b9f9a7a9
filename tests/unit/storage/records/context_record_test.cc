#include "storage/records/context_record.h"

#include "storage/records/fields.h"
#include "tests/unit/storage/records/support.h"

namespace osprey::storage {
namespace {

struct Stored {
  std::vector<uint8_t> key;
  std::vector<uint8_t> value;
};

Stored stored(const ContextRecord& record, KeyWrap& wrap) {
  const ContextKey key = context_key(record.parameters, record.keys, wrap);
  return {vector_of(key.view()),
          written([&](Writer& out) { write_context_record(out, record, wrap, key.view()); })};
}

void expect_same(const ContextRecord& a, const ContextRecord& b) {
  EXPECT_EQ(a.parameters.name, b.parameters.name);
  EXPECT_TRUE(equal(a.parameters.master_secret.reveal(), b.parameters.master_secret.reveal()));
  EXPECT_EQ(a.parameters.master_salt, b.parameters.master_salt);
  EXPECT_EQ(a.parameters.id_context, b.parameters.id_context);
  EXPECT_EQ(a.parameters.sender_id, b.parameters.sender_id);
  EXPECT_EQ(a.parameters.recipient_id, b.parameters.recipient_id);
  EXPECT_EQ(a.parameters.aead, b.parameters.aead);
  EXPECT_EQ(a.parameters.hkdf, b.parameters.hkdf);
  EXPECT_EQ(a.parameters.replay_window_size, b.parameters.replay_window_size);
  EXPECT_EQ(a.parameters.require_kid_context, b.parameters.require_kid_context);
  EXPECT_TRUE(equal(a.keys.sender_key.reveal(), b.keys.sender_key.reveal()));
  EXPECT_TRUE(equal(a.keys.recipient_key.reveal(), b.keys.recipient_key.reveal()));
  EXPECT_EQ(a.keys.common_iv, b.keys.common_iv);
  EXPECT_EQ(a.enabled, b.enabled);
}

TEST(ContextRecord, EveryContextComesBack) {
  KeyWrap wrap = key_wrap();
  Random random(1);
  for (int i = 0; i < 1'000; ++i) {
    const ContextRecord record = random_record(random);
    const auto [key, value] = stored(record, wrap);
    EXPECT_LE(value.size(), kMaxContextRecordLen);
    const auto parsed = parse_context_record(key, value, wrap);
    ASSERT_TRUE(parsed) << error_of(parsed);
    expect_same(*parsed, record);
    EXPECT_EQ(parse_context_name(value), record.parameters.name);
  }
}

TEST(ContextRecord, EveryAlgorithmComesBack) {
  KeyWrap wrap = key_wrap();
  for (const auto& aead : cose::aead_algorithms()) {
    for (const auto& hkdf : cose::hkdf_algorithms()) {
      auto parameters = sample_parameters();
      parameters.aead = &aead;
      parameters.hkdf = &hkdf;
      parameters.recipient_id = {2};  // a nonce of 7 bytes leaves no more
      const auto [key, value] = stored(record_of(parameters.duplicate()), wrap);
      const auto parsed = parse_context_record(key, value, wrap);
      ASSERT_TRUE(parsed) << error_of(parsed);
      EXPECT_EQ(parsed->parameters.aead, &aead);
      EXPECT_EQ(parsed->parameters.hkdf, &hkdf);
    }
  }
}

TEST(ContextRecord, ClearPartIsTheseBytes) {
  KeyWrap wrap = key_wrap();
  auto parameters = sample_parameters();
  parameters.hkdf = cose::find_hkdf("HKDF SHA-512");
  parameters.require_kid_context = true;
  parameters.replay_window_size = 4096;
  const auto [key, value] = stored(record_of(std::move(parameters), false), wrap);
  const std::string clear =
      "01"
      "02"
      "0000000a"
      "03"
      "1000"
      "0873656e736f722d31"
      "0101"
      "020203"
      "010437cbf321"
      "089e7ca92223786340";
  EXPECT_EQ(to_hex(value).substr(0, clear.size()), clear);
  EXPECT_EQ(value.size(), clear.size() / 2 + (1 + 16 + 16 + 16 + 13) + KeyWrap::kOverhead);
}

TEST(ContextRecord, LongestRecordHasTheLengthThatIsNamed) {
  KeyWrap wrap = key_wrap();
  auto parameters = sample_parameters();
  parameters.name = std::string(kMaxContextNameLen, 'n');
  parameters.master_secret =
      Secret<oscore::kMaxMasterSecretLen>(std::vector<uint8_t>(oscore::kMaxMasterSecretLen, 1));
  parameters.master_salt.resize(kMaxSaltLen);
  parameters.id_context = std::vector<uint8_t>(kMaxIdContextLen);
  parameters.sender_id = std::vector<uint8_t>(cose::kMaxIdLen, 1);
  parameters.recipient_id = std::vector<uint8_t>(cose::kMaxIdLen, 2);
  parameters.aead = cose::find_aead("AES-CCM-16-128-256");
  const auto [key, value] = stored(record_of(std::move(parameters)), wrap);
  EXPECT_EQ(value.size(), kMaxContextRecordLen);
  const auto parsed = parse_context_record(key, value, wrap);
  EXPECT_TRUE(parsed) << error_of(parsed);
}

TEST(ContextRecord, HasNoSecretInTheClear) {
  KeyWrap wrap = key_wrap();
  const ContextRecord record = record_of(sample_parameters());
  const auto [key, value] = stored(record, wrap);
  ASSERT_TRUE(contains(value, record.parameters.master_salt)) << "contains() sees nothing";
  for (const Bytes secret :
       {record.parameters.master_secret.reveal(), record.keys.sender_key.reveal(),
        record.keys.recipient_key.reveal(), record.keys.common_iv.view()}) {
    for (size_t at = 0; at + 4 <= secret.size(); ++at) {
      EXPECT_FALSE(contains(value, secret.subspan(at, 4)));
      EXPECT_FALSE(contains(key, secret.subspan(at, 4)));
    }
  }
}

TEST(ContextRecord, OneFlippedBitAnywhereIsAnError) {
  KeyWrap wrap = key_wrap();
  auto [key, value] = stored(record_of(sample_parameters()), wrap);
  ASSERT_TRUE(parse_context_record(key, value, wrap));
  for (auto* bytes : {&key, &value}) {
    for (size_t bit = 0; bit < 8 * bytes->size(); ++bit) {
      uint8_t& byte = (*bytes)[bit / 8];
      const auto mask = static_cast<uint8_t>(1 << bit % 8);
      byte ^= mask;
      const auto parsed = parse_context_record(key, value, wrap);
      EXPECT_FALSE(parsed) << (bytes == &key ? "key" : "value") << " bit " << bit;
      byte ^= mask;
    }
  }
  EXPECT_TRUE(parse_context_record(key, value, wrap));
}

TEST(ContextRecord, CutOrLongerIsAnError) {
  KeyWrap wrap = key_wrap();
  auto [key, value] = stored(record_of(sample_parameters()), wrap);
  for (size_t len = 0; len < value.size(); ++len) {
    EXPECT_FALSE(parse_context_record(key, Bytes(value).first(len), wrap)) << len;
  }
  for (size_t len = 0; len < key.size(); ++len) {
    EXPECT_FALSE(parse_context_record(Bytes(key).first(len), value, wrap)) << len;
  }
  value.push_back(0);
  EXPECT_FALSE(parse_context_record(key, value, wrap));
}

TEST(ContextRecord, OneContextsRecordUnderAnothersKeyIsAnError) {
  KeyWrap wrap = key_wrap();
  auto parameters = sample_parameters();
  const Stored one = stored(record_of(parameters.duplicate()), wrap);
  parameters.master_salt = {1};  // the same IDs
  const Stored other = stored(record_of(std::move(parameters)), wrap);
  EXPECT_FALSE(parse_context_record(other.key, one.value, wrap));
  EXPECT_FALSE(parse_context_record(one.key, other.value, wrap));
}

TEST(ContextRecord, AnotherKekIsAnErrorThatNamesContextAndCause) {
  KeyWrap wrap = key_wrap(1);
  KeyWrap other = key_wrap(2);
  const auto [key, value] = stored(record_of(sample_parameters()), wrap);
  const std::string text = error_of(parse_context_record(key, value, other));
  EXPECT_NE(text.find("context \"sensor-1\""), std::string::npos) << text;
  EXPECT_NE(text.find("key-encryption key"), std::string::npos) << text;
}

TEST(ContextRecord, NewerVersionIsNamedAsSuch) {
  KeyWrap wrap = key_wrap();
  auto [key, value] = stored(record_of(sample_parameters()), wrap);
  value[0] = 2;
  const std::string text = error_of(parse_context_record(key, value, wrap));
  EXPECT_NE(text.find("newer Osprey (version 2; this one knows up to 1)"), std::string::npos)
      << text;
}

TEST(ContextRecord, ADamagedNameDoesNotReachTheTerminal) {
  KeyWrap wrap = key_wrap();
  auto [key, value] = stored(record_of(sample_parameters()), wrap);
  value[kContextHeaderLen + 1] = 0x1b;  // ESC
  const std::string text = error_of(parse_context_record(key, value, wrap));
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  EXPECT_NE(text.find(to_hex(key)), std::string::npos) << text;
}

// --- authentic records that no write_context_record wrote

struct Crafted {
  std::string clear;
  std::string secrets;
};

const std::string kIds =
    "0101"
    "020203"
    "00"
    "00";
const Crafted kGood = {
    "01"
    "01"
    "0000000a"
    "01"
    "0020"
    "0161" +
        kIds,
    "02abcd" + std::string(2 * (16 + 16 + 13), '1')};

Result<ContextRecord> parse_crafted(const Crafted& crafted) {
  KeyWrap wrap = key_wrap();
  const auto key = *from_hex(
      "020203"
      "00"
      "1122334455667788");
  const auto clear = *from_hex(crafted.clear);
  auto aad = key;
  aad.insert(aad.end(), clear.begin(), clear.end());
  const auto value = written([&](Writer& out) {
    out.bytes(clear);
    wrap.wrap(out, *from_hex(crafted.secrets), aad);
  });
  return parse_context_record(key, value, wrap);
}

TEST(ContextRecord, AuthenticNonsenseIsAnErrorThatSaysWhat) {
  ASSERT_TRUE(parse_crafted(kGood)) << error_of(parse_crafted(kGood));
  const auto clear = [](std::string hex) { return Crafted{std::move(hex), kGood.secrets}; };
  const auto secrets = [](std::string hex) { return Crafted{kGood.clear, std::move(hex)}; };
  const std::string keys(2 * (16 + 16 + 13), '1');
  const struct {
    Crafted crafted;
    const char* text;
  } cases[] = {
      {clear("00"
             "01"
             "0000000a"
             "01"
             "0020"
             "0161" +
             kIds),
       "damaged"},  // version
      {clear("01"
             "05"
             "0000000a"
             "01"
             "0020"
             "0161" +
             kIds),
       "damaged"},  // flags
      {clear("01"
             "01"
             "0000000b"
             "01"
             "0020"
             "0161" +
             kIds),
       "damaged"},  // longer keys
      {clear("01"
             "01"
             "00000009"
             "01"
             "0020"
             "0161" +
             kIds),
       "algorithms (aead 9"},
      {clear("01"
             "01"
             "fffffff6"
             "01"
             "0020"
             "0161" +
             kIds),
       "algorithms (aead -10"},
      {clear("01"
             "01"
             "0000000a"
             "00"
             "0020"
             "0161" +
             kIds),
       "hkdf 0"},
      {clear("01"
             "01"
             "0000000a"
             "04"
             "0020"
             "0161" +
             kIds),
       "hkdf 4"},
      {clear("01"
             "01"
             "0000000a"
             "01"
             "0000"
             "0161" +
             kIds),
       "replay_window must be"},
      {clear("01"
             "01"
             "0000000a"
             "01"
             "1001"
             "0161" +
             kIds),
       "replay_window must be"},
      {clear("01"
             "01"
             "0000000a"
             "01"
             "0020"
             "00" +
             kIds),
       "damaged"},  // no name
      {clear("01"
             "01"
             "0000000a"
             "01"
             "0020"
             "81" +
             std::string(258, '6') + kIds),
       "damaged"},
      {clear("01"
             "01"
             "0000000a"
             "01"
             "0020"
             "0161"
             "0101"
             "0101"
             "00"
             "00"),
       "are equal"},
      {clear("01"
             "01"
             "0000000a"
             "01"
             "0020"
             "0161"
             "080102030405060708"
             "0101"
             "00"
             "00"),
       "damaged"},  // sender_id
      {clear("01"
             "01"
             "0000000a"
             "01"
             "0020"
             "0161"
             "0101"
             "020203"
             "02"
             "00"),
       "damaged"},
      {secrets(""), "damaged"},
      {secrets("00" + keys), "master secret is empty"},
      {secrets("02abcd" + keys.substr(2)), "damaged"},
      {secrets("02abcd" + keys + "11"), "damaged"},
      {secrets("41" + std::string(2 * 65, 'a') + keys.substr(2)), "damaged"},
      {secrets("ff" + keys), "damaged"},
  };
  for (const auto& [crafted, wanted] : cases) {
    const std::string text = error_of(parse_crafted(crafted));
    EXPECT_NE(text.find(wanted), std::string::npos)
        << crafted.clear << " " << crafted.secrets << "\n"
        << text;
  }
}

TEST(ContextRecord, ErrorsSayNoSecret) {
  KeyWrap wrap = key_wrap();
  const Crafted short_keys = {kGood.clear, "02abcd" + std::string(30, 'c')};
  const std::string text = error_of(parse_crafted(short_keys));
  EXPECT_EQ(text.find("abcd"), std::string::npos) << text;
  EXPECT_EQ(text.find("cccc"), std::string::npos) << text;
}

TEST(ContextRecord, NameAloneNeedsNoKek) {
  KeyWrap wrap = key_wrap();
  const auto [key, value] = stored(record_of(sample_parameters()), wrap);
  EXPECT_EQ(parse_context_name(value), "sensor-1");
  EXPECT_EQ(parse_context_name(value)->data(), as_text(value).data() + kContextHeaderLen + 1)
      << "borrowed, not copied";
  const size_t name_end = kContextHeaderLen + 1 + 8;
  for (size_t len = 0; len < name_end; ++len) {
    EXPECT_FALSE(parse_context_name(Bytes(value).first(len))) << len;
  }
  EXPECT_TRUE(parse_context_name(Bytes(value).first(name_end)));
}

TEST(ContextRecordDeathTest, WritingWhatWouldNotComeBackIsABug) {
  KeyWrap wrap = key_wrap();
  const auto write = [&](ContextRecord record, Bytes key) {
    written([&](Writer& out) { write_context_record(out, record, wrap, key); });
  };
  const Stored whole = stored(record_of(sample_parameters()), wrap);
  auto other_key = whole.key;
  other_key[1] ^= 1;  // another Recipient ID
  EXPECT_DEATH(write(record_of(sample_parameters()), other_key), "CHECK failed");
  EXPECT_DEATH(write(record_of(sample_parameters()), Bytes()), "CHECK failed");
  auto nameless = sample_parameters();
  nameless.name.clear();
  EXPECT_DEATH(write(record_of(std::move(nameless)), whole.key), "CHECK failed");
  auto long_name = sample_parameters();
  long_name.name = std::string(kMaxContextNameLen + 1, 'n');
  EXPECT_DEATH(write(record_of(std::move(long_name)), whole.key), "CHECK failed");
  auto other_aead = record_of(sample_parameters());
  other_aead.parameters.aead = cose::find_aead("A256GCM");
  EXPECT_DEATH(write(std::move(other_aead), whole.key), "CHECK failed");
}

}  // namespace
}  // namespace osprey::storage
