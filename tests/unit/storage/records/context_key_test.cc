#include "storage/records/context_key.h"

#include "tests/unit/storage/records/support.h"

namespace osprey::storage {
namespace {

using IdContext = std::optional<std::vector<uint8_t>>;

oscore::ContextParameters parameters_of(std::vector<uint8_t> recipient_id, IdContext id_context) {
  oscore::ContextParameters parameters = sample_parameters();
  parameters.recipient_id = std::move(recipient_id);
  parameters.id_context = std::move(id_context);
  return parameters;
}

ContextKey key_of(const oscore::ContextParameters& parameters, uint8_t kek = 1) {
  KeyWrap wrap = key_wrap(kek);
  return context_key(parameters, oscore::derive_keys(parameters), wrap);
}

bool starts_with(const ContextKey& key, const std::optional<ContextKey>& prefix) {
  return std::ranges::equal(key.view().first(std::min(key.view().size(), prefix->view().size())),
                            prefix->view());
}

TEST(ContextKey, IsIdsAndDigest) {
  const auto key = key_of(parameters_of({0x02, 0x03}, std::vector<uint8_t>{0x37, 0xcb}));
  EXPECT_EQ(to_hex(key.view().first(7)),
            "020203"
            "0102"
            "37cb");
  EXPECT_EQ(key.view().size(), 7 + kKeySuffixLen);
  EXPECT_EQ(to_hex(key_of(parameters_of({}, std::nullopt)).view().first(2)),
            "00"
            "00");
  EXPECT_EQ(to_hex(key_of(parameters_of({}, std::vector<uint8_t>())).view().first(3)),
            "00"
            "0100");
}

TEST(ContextKey, EqualIdsAndRecipientKeysMakeEqualKeys) {
  auto parameters = sample_parameters();
  auto other = sample_parameters();
  other.name = "another";
  other.sender_id = {0x77};
  EXPECT_EQ(key_of(parameters), key_of(other));
}

TEST(ContextKey, AnotherRecipientKeyMakesAnotherKeyWithTheSameBeginning) {
  auto parameters = sample_parameters();
  auto other = sample_parameters();
  other.master_salt = {1};
  const auto prefix = kid_prefix(parameters.recipient_id, Bytes(*parameters.id_context));
  EXPECT_FALSE(key_of(parameters) == key_of(other));
  EXPECT_TRUE(starts_with(key_of(parameters), prefix));
  EXPECT_TRUE(starts_with(key_of(other), prefix));
}

TEST(ContextKey, TellsNothingToWhoeverLacksTheKek) {
  EXPECT_FALSE(key_of(sample_parameters(), 1) == key_of(sample_parameters(), 2));
}

// Goal: a scan finds all contexts of a kid and no other. Method: every pair of IDs that could be
// confused, against every prefix.
TEST(ContextKey, PrefixesFindExactlyTheirContexts) {
  const std::vector<std::vector<uint8_t>> ids = {{}, {0}, {1}, {1, 0}, {0, 1}, {1, 1, 0}, {2}, {7}};
  const std::vector<IdContext> id_contexts = {std::nullopt,
                                              std::vector<uint8_t>{},
                                              std::vector<uint8_t>{0},
                                              std::vector<uint8_t>{1},
                                              std::vector<uint8_t>{1, 0},
                                              std::vector<uint8_t>(255, 1)};
  const auto bytes_or_none = [](const IdContext& id_context) {
    return id_context ? std::optional<Bytes>(*id_context) : std::nullopt;
  };
  for (const auto& id : ids) {
    for (const auto& id_context : id_contexts) {
      auto parameters = parameters_of(id, id_context);
      parameters.sender_id = {9, 9};
      const ContextKey key = key_of(parameters);
      EXPECT_TRUE(is_context_key(key.view()));
      for (const auto& kid : ids) {
        EXPECT_EQ(starts_with(key, kid_prefix(kid)), kid == id);
        for (const auto& kid_context : id_contexts) {
          EXPECT_EQ(starts_with(key, kid_prefix(kid, bytes_or_none(kid_context))),
                    kid == id && kid_context == id_context);
        }
      }
    }
  }
}

TEST(ContextKey, IdsThatNoContextHasHaveNoPrefix) {
  const std::vector<uint8_t> longest(cose::kMaxIdLen);
  const std::vector<uint8_t> too_long(cose::kMaxIdLen + 1);
  const std::vector<uint8_t> no_id_context(256);
  EXPECT_TRUE(kid_prefix(longest));
  EXPECT_FALSE(kid_prefix(too_long));
  EXPECT_FALSE(kid_prefix(std::vector<uint8_t>(255)));
  EXPECT_TRUE(kid_prefix(longest, Bytes(no_id_context).first(255)));
  EXPECT_FALSE(kid_prefix(too_long, std::nullopt));
  EXPECT_FALSE(kid_prefix(longest, Bytes(no_id_context)));
}

TEST(ContextKey, LongestKeyHasTheLengthThatIsNamed) {
  auto parameters = parameters_of(std::vector<uint8_t>(7, 1), std::vector<uint8_t>(255, 2));
  EXPECT_EQ(key_of(parameters).view().size(), kMaxContextKeyLen);
}

TEST(ContextKey, CutOrLongerIsNoKey) {
  const ContextKey key = key_of(sample_parameters());
  for (size_t len = 0; len < key.view().size(); ++len) {
    EXPECT_FALSE(is_context_key(key.view().first(len))) << len;
  }
  auto longer = vector_of(key.view());
  longer.push_back(0);
  EXPECT_FALSE(is_context_key(longer));
}

TEST(SenderKeyDigest, IsOfTheSenderKeyAlone) {
  KeyWrap wrap = key_wrap();
  const auto digest_of = [&](const oscore::ContextParameters& parameters) {
    return sender_key_digest(oscore::derive_keys(parameters), wrap);
  };
  auto other_recipient = sample_parameters();
  other_recipient.recipient_id = {0x77};
  auto other_sender = sample_parameters();
  other_sender.sender_id = {0x77};
  EXPECT_EQ(digest_of(sample_parameters()), digest_of(other_recipient));
  EXPECT_NE(digest_of(sample_parameters()), digest_of(other_sender));
}

// Sender Key and Recipient Key of two ends are equal crosswise: the database does not show it.
TEST(SenderKeyDigest, IsNotTheRecipientKeysDigest) {
  KeyWrap wrap = key_wrap();
  oscore::ContextParameters mirrored = sample_parameters();
  std::swap(mirrored.sender_id, mirrored.recipient_id);
  const oscore::DerivedKeys keys = oscore::derive_keys(sample_parameters());
  const oscore::DerivedKeys mirrored_keys = oscore::derive_keys(mirrored);
  ASSERT_TRUE(equal(keys.sender_key.reveal(), mirrored_keys.recipient_key.reveal()));
  const ContextKey key = context_key(mirrored, mirrored_keys, wrap);
  EXPECT_FALSE(equal(key.view().last(kKeySuffixLen),
                     Bytes(sender_key_digest(keys, wrap)).first(kKeySuffixLen)));
}

}  // namespace
}  // namespace osprey::storage
