#include "framework/oscore/context_table.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/unit/support/contexts.h"
#include "tests/unit/support/hex.h"

namespace osprey::oscore {
namespace {

using test::hex;
using test::Shared;

// Option of a request, owning its bytes.
struct Asked {
  std::vector<uint8_t> kid;
  std::optional<std::vector<uint8_t>> kid_context;
  const std::vector<uint8_t> partial_iv = {0};

  OscoreOption option() const {
    OscoreOption option;
    option.partial_iv = partial_iv;
    option.kid = kid;
    if (kid_context) option.kid_context = *kid_context;
    return option;
  }
};

class ContextTableTest : public ::testing::Test {
 protected:
  SecurityContext* add(const Shared& shared) {
    const auto added = table_.add(test::server_context(shared));
    EXPECT_TRUE(added.has_value()) << added.error().text();
    return added.value_or(nullptr);
  }
  // Names of all candidates, in any order.
  std::set<std::string> candidates(std::string_view kid,
                                   std::optional<std::string_view> kid_context = std::nullopt) {
    Asked asked{hex(kid), std::nullopt};
    if (kid_context) asked.kid_context = hex(*kid_context);
    std::set<std::string> names;
    size_t nth = 0;
    while (const SecurityContext* context = table_.find(asked.option(), nth)) {
      EXPECT_TRUE(names.insert(context->name()).second) << "candidate met twice";
      ++nth;
    }
    EXPECT_EQ(table_.find(asked.option(), nth + 1), nullptr);
    return names;
  }
  using Names = std::set<std::string>;

  ContextTable table_{0x1234};
};

TEST_F(ContextTableTest, EmptyTableFindsNothing) {
  EXPECT_EQ(candidates("01"), Names());
  EXPECT_EQ(candidates("01", ""), Names());
  EXPECT_EQ(table_.find_by_name("x"), nullptr);
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(ContextTableTest, KidAloneFindsTheContextOfThatRecipientId) {
  add({.client_id = "01", .name = "one"});
  add({.client_id = "02", .name = "two"});
  add({.client_id = "", .name = "empty"});
  EXPECT_EQ(candidates("01"), Names{"one"});
  EXPECT_EQ(candidates("02"), Names{"two"});
  EXPECT_EQ(candidates(""), Names{"empty"});
  EXPECT_EQ(candidates("03"), Names());
  EXPECT_EQ(candidates("0102"), Names());
  EXPECT_EQ(candidates("0102030405060708"), Names());  // longer than any ID
}

// RFC 8613 §3.3, §8.2: a kid context that is given has to be the context's own.
TEST_F(ContextTableTest, AGivenKidContextMustBeTheIdContext) {
  add({.id_context = std::nullopt, .name = "none"});
  add({.id_context = "", .name = "empty"});
  add({.id_context = "aa", .name = "aa"});
  add({.id_context = "aabb", .name = "aabb"});
  EXPECT_EQ(candidates("c1", ""), Names{"empty"});
  EXPECT_EQ(candidates("c1", "aa"), Names{"aa"});
  EXPECT_EQ(candidates("c1", "aabb"), Names{"aabb"});
  EXPECT_EQ(candidates("c1", "aabbcc"), Names());
  EXPECT_EQ(candidates("c2", "aa"), Names());
}

TEST_F(ContextTableTest, WithoutKidContextEveryIdContextQualifies) {
  add({.id_context = std::nullopt, .name = "none"});
  add({.id_context = "", .name = "empty"});
  add({.id_context = "aa", .name = "aa"});
  EXPECT_EQ(candidates("c1"), (Names{"none", "empty", "aa"}));
}

TEST_F(ContextTableTest, AContextMayRequireItsKidContext) {
  add({.id_context = "aa", .require_kid_context = true, .name = "strict"});
  add({.id_context = "bb", .require_kid_context = false, .name = "lax"});
  EXPECT_EQ(candidates("c1"), Names{"lax"});
  EXPECT_EQ(candidates("c1", "aa"), Names{"strict"});
  EXPECT_EQ(candidates("c1", "bb"), Names{"lax"});
}

// Nothing to require: it would never be found.
TEST_F(ContextTableTest, RequiringAKidContextWithoutHavingOneChangesNothing) {
  add({.require_kid_context = true, .name = "one"});
  EXPECT_EQ(candidates("c1"), Names{"one"});
}

TEST_F(ContextTableTest, EqualKidsAreAllCandidates) {
  Names all;
  std::vector<std::string> names, secrets;
  for (int i = 0; i < 12; ++i) {
    names.push_back("peer-" + std::to_string(i));
    secrets.push_back("00112233445566778899aabbccddee" + std::to_string(10 + i));
  }
  for (int i = 0; i < 12; ++i) {
    add({.master_secret = secrets[i], .name = names[i]});
    all.insert(names[i]);
  }
  EXPECT_EQ(candidates("c1"), all);
}

// I2: two contexts with one Recipient Key would each accept what the other has seen.
TEST_F(ContextTableTest, ASecondContextWithTheSameRecipientKeyIsRefused) {
  const std::pair<const char*, std::optional<std::string_view>> rows[] = {
      {"without", std::nullopt}, {"empty", ""}, {"given", "aa"}};
  for (const auto& [name, id_context] : rows) {
    add({.id_context = id_context, .server_id = "51", .name = name});
    const auto again = table_.add(
        test::server_context({.id_context = id_context, .server_id = "52", .name = "again"}));
    ASSERT_FALSE(again.has_value());
    EXPECT_NE(again.error().cause.find(name), std::string::npos);
    EXPECT_NE(again.error().cause.find("again"), std::string::npos);
  }
  EXPECT_EQ(table_.size(), 3u);
  EXPECT_EQ(candidates("c1"), (Names{"without", "empty", "given"}));
}

// Both ends of one context in one process (tests, loopback) are two directions, not two copies.
TEST_F(ContextTableTest, BothEndsOfAContextMayLiveInOneTable) {
  ASSERT_TRUE(table_.add(test::server_context({.name = "server"})).has_value());
  EXPECT_TRUE(table_.add(test::client_context({.name = "client"})).has_value());
}

// Whoever can be meant by the same request is tried in turn, by one worker: they know of each
// other.
TEST_F(ContextTableTest, ContextsThatOneRequestCanMeanShareTheirIds) {
  const SecurityContext* alone = add({.client_id = "01", .server_id = "50", .name = "alone"});
  const SecurityContext* none = add({.client_id = "02", .server_id = "51", .name = "none"});
  EXPECT_FALSE(none->shares_ids());
  const SecurityContext* lax =
      add({.id_context = "aa", .client_id = "02", .server_id = "52", .name = "lax"});
  const SecurityContext* third =
      add({.id_context = "bb", .client_id = "02", .server_id = "53", .name = "third"});
  for (const SecurityContext* context : {none, lax, third}) {
    EXPECT_TRUE(context->shares_ids()) << context->name();
    EXPECT_EQ(context->owner(), none->owner()) << context->name();
  }
  EXPECT_FALSE(alone->shares_ids());
}

TEST_F(ContextTableTest, ContextsThatRequireTheirKidContextShareOnlyWithTheSameOne) {
  const auto strict = [](const char* master_secret, const char* id_context, const char* name) {
    return Shared{.master_secret = master_secret,
                  .id_context = id_context,
                  .require_kid_context = true,
                  .name = name};
  };
  const SecurityContext* aa = add(strict("00112233445566778899aabbccddeeff", "aa", "aa"));
  const SecurityContext* bb = add(strict("00112233445566778899aabbccddeeff", "bb", "bb"));
  EXPECT_FALSE(aa->shares_ids());
  EXPECT_FALSE(bb->shares_ids());
  const SecurityContext* other_aa = add(strict("ff112233445566778899aabbccddee00", "aa", "other"));
  EXPECT_TRUE(aa->shares_ids());
  EXPECT_TRUE(other_aa->shares_ids());
  EXPECT_FALSE(bb->shares_ids());
}

TEST_F(ContextTableTest, FindsByName) {
  add({.client_id = "01", .server_id = "51", .name = "one"});
  SecurityContext* two = add({.client_id = "02", .server_id = "52", .name = "two"});
  EXPECT_EQ(table_.find_by_name("two"), two);
  EXPECT_EQ(table_.find_by_name("three"), nullptr);
  EXPECT_EQ(&table_.at(1), two);
}

// Goal: growth loses nothing and mixes nothing up. Method: 10,000 contexts, half of them with ID
// Context; each is found by its own IDs, and as the only one.
TEST_F(ContextTableTest, TenThousandContextsAreAllFound) {
  constexpr int kContexts = 10'000;
  std::vector<std::string> ids;
  for (int i = 0; i < kContexts; ++i) {
    const uint8_t id[] = {static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)};
    ids.push_back(to_hex(id));
  }
  for (int i = 0; i < kContexts; ++i) {
    const std::string server_id = "51" + ids[i];
    Shared shared{.client_id = ids[i], .server_id = server_id, .name = ids[i]};
    if (i % 2 == 1) shared.id_context = ids[kContexts - 1 - i];
    add(shared);
  }
  EXPECT_EQ(table_.size(), size_t{kContexts});
  for (int i = 0; i < kContexts; ++i) {
    ASSERT_EQ(candidates(ids[i]), Names{ids[i]});
    if (i % 2 == 1) {
      ASSERT_EQ(candidates(ids[i], ids[kContexts - 1 - i]), Names{ids[i]});
    } else {
      ASSERT_EQ(candidates(ids[i], ids[kContexts - 1 - i]), Names());
    }
  }
}

}  // namespace
}  // namespace osprey::oscore
