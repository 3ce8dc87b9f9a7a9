#include "storage/loader.h"

#include "storage/provisioner.h"
#include "tests/unit/storage/store_world.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;
using oscore::ContextTable;
using oscore::SecurityContext;

// A store of 20 contexts that is open for serving, without its thread.
class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() : directory_(20) {
    auto opened = OpenedStore::open(directory_.path(), OpenMode::kServe, directory_.options());
    EXPECT_TRUE(opened) << error_of(opened);
    store_ = std::move(*opened);
    live_.emplace(table_, readers_);
    loader_.emplace(*store_, *live_);
    provisioner_.emplace(*store_, &*live_, &*loader_);
  }

  ContextKey key_of(uint32_t number) {
    const ContextParameters parameters = numbered_context(number);
    return context_key(parameters, derive_keys(parameters), store_->wrap());
  }
  void put(Family family, uint32_t number, Bytes value) {
    Database::Batch batch = store_->database().batch();
    batch.put(family, key_of(number).view(), value);
    EXPECT_TRUE(store_->database().write(batch, Durability::kSynced));
  }
  SecurityContext* find(uint32_t number) {
    oscore::OscoreOption option;
    const ContextParameters parameters = numbered_context(number);
    option.kid = parameters.recipient_id;
    return table_.find(option);
  }
  void load_all() {
    while (!loader_->is_done()) ASSERT_TRUE(loader_->load(7));
  }

  StoreDirectory directory_;
  std::unique_ptr<OpenedStore> store_;
  Quiescence readers_{1};
  ContextTable table_{7};
  std::optional<LiveContexts> live_;
  std::optional<Loader> loader_;
  std::optional<Provisioner> provisioner_;
};

TEST_F(LoaderTest, BringsInAllSomeAtATime) {
  ASSERT_TRUE(loader_->load(7));
  EXPECT_EQ(table_.size(), 7u);
  EXPECT_FALSE(loader_->is_done());
  load_all();
  EXPECT_EQ(table_.size(), 20u);
  EXPECT_EQ(loader_->num_seen(), 20u);
  EXPECT_EQ(loader_->num_damaged(), 0u);
}

// Goal: contexts that come and go during the walk, before and behind it, are all in memory or all
// out of it at its end.
TEST_F(LoaderTest, ChangesDuringTheWalkAreNotMissed) {
  ASSERT_TRUE(loader_->load(7));
  ASSERT_TRUE(provisioner_->remove("context-3"));
  ASSERT_TRUE(provisioner_->remove("context-7")) << "where the walk goes on";
  ASSERT_TRUE(provisioner_->remove("context-15"));
  ASSERT_TRUE(loader_->load(1));
  ASSERT_TRUE(provisioner_->set_enabled("context-12", false));
  const std::vector<NewContext> added = numbered_contexts(20, 2);
  ASSERT_TRUE(provisioner_->add(added));
  ASSERT_TRUE(provisioner_->add(numbered_contexts(3, 1)));
  load_all();
  for (uint32_t i = 0; i < 22; ++i) {
    EXPECT_EQ(find(i) != nullptr, i != 7 && i != 12 && i != 15) << i;
  }
}

// Goal: what the walk reads of an older state does not bring numbers back. Method: a context is
// fetched, used, disabled and enabled while the walk's cursors lie before it.
TEST_F(LoaderTest, WalkDoesNotRepeatWhatWasFetchedAndUsed) {
  ASSERT_TRUE(loader_->load(3));
  ASSERT_TRUE(loader_->fetch(kid_prefix(numbered_context(10).recipient_id)->view()));
  ASSERT_NE(find(10), nullptr);
  const uint64_t used = *find(10)->sequence().take();
  ASSERT_TRUE(provisioner_->set_enabled("context-10", false));
  ASSERT_TRUE(provisioner_->set_enabled("context-10", true));
  load_all();
  EXPECT_GT(find(10)->sequence().next(), used + 30) << "all that was reserved counts as used";
}

TEST_F(LoaderTest, FetchBringsInAllThatARequestCanMean) {
  std::vector<NewContext> contexts = numbered_contexts(30, 4);
  for (uint8_t i = 0; i < 4; ++i) {
    contexts[i].parameters.recipient_id = {9};
    if (i > 0) contexts[i].parameters.id_context.emplace(1, static_cast<uint8_t>(i % 3));
  }
  contexts.push_back({numbered_context(40), {}});
  contexts.back().parameters.recipient_id = {9, 9};  // begins with the kid, and is another
  Provisioner elsewhere(*store_);
  ASSERT_TRUE(elsewhere.add(contexts));

  ASSERT_TRUE(loader_->fetch(kid_prefix(std::vector<uint8_t>{8})->view()));
  EXPECT_EQ(table_.size(), 0u);
  const std::vector<uint8_t> kid{9};
  const std::vector<uint8_t> one{1};
  ASSERT_TRUE(loader_->fetch(kid_prefix(kid, Bytes(one))->view()));
  EXPECT_EQ(table_.size(), 1u);
  ASSERT_TRUE(loader_->fetch(kid_prefix(kid)->view()));
  EXPECT_EQ(table_.size(), 4u);
}

// Goal: one damaged context is passed over and told, by the walk and by whoever asks for it, and
// holds up no other.
TEST_F(LoaderTest, DamagedContextIsPassedOver) {
  put(Family::kContexts, 5, std::vector<uint8_t>{1, 2, 3});
  const auto fetched = loader_->fetch(kid_prefix(numbered_context(5).recipient_id)->view());
  EXPECT_TRUE(fetched) << error_of(fetched);
  EXPECT_EQ(loader_->num_damaged(), 1u);
  EXPECT_FALSE(loader_->last_damage().empty());
  load_all();
  EXPECT_EQ(table_.size(), 19u);
  EXPECT_EQ(find(5), nullptr);
  EXPECT_EQ(loader_->num_damaged(), 2u);
}

// Goal: own numbers whose record cannot be read are not taken for none (I1).
TEST_F(LoaderTest, DamagedNumbersUseUpTheEpoch) {
  put(Family::kSequences, 5, std::vector<uint8_t>{1, 2, 3});
  put(Family::kSequences, 6, std::vector<uint8_t>{9, 2, 3});
  ASSERT_TRUE(loader_->fetch(kid_prefix(numbered_context(6).recipient_id)->view()));
  load_all();
  for (const uint32_t i : {5u, 6u}) {
    ASSERT_NE(find(i), nullptr);
    EXPECT_EQ(find(i)->sequence().next(), 2 * kEpochLen);
    EXPECT_EQ(find(i)->reserved().limit(), 2 * kEpochLen);
  }
  // It can still be removed, and its key does not come back below.
  Provisioner elsewhere(*store_);
  put(Family::kSequences, 7, std::vector<uint8_t>{1, 2, 3});
  ASSERT_TRUE(elsewhere.remove("context-7"));
  ASSERT_TRUE(elsewhere.add(numbered_contexts(7, 1)));
  const auto stored = store_->catalogue().find("context-7");
  EXPECT_GE(*elsewhere.used_below(**stored), 2 * kEpochLen);
}

TEST_F(LoaderTest, DamagedWindowStaysUnset) {
  put(Family::kWindows, 5, std::vector<uint8_t>{1, 2, 3});
  load_all();
  ASSERT_NE(find(5), nullptr);
  EXPECT_FALSE(find(5)->window().is_set());
}

}  // namespace
}  // namespace osprey::storage
