// Contexts that come and go, before and while a store serves.
#include "storage/provisioner.h"

#include <functional>

#include "tests/unit/storage/store_world.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;
using oscore::SecurityContext;

// --- in a store that does not serve ---

TEST(Provisioner, AddIsAllOrNone) {
  const StoreDirectory directory(2);
  std::vector<NewContext> contexts = numbered_contexts(2, 3);
  contexts[2].parameters.name = "context-1";
  {
    const auto store = directory.open(OpenMode::kProvision);
    EXPECT_FALSE(store->add(contexts));
    EXPECT_EQ(store->num_contexts(), 2u);
    EXPECT_FALSE(*store->find("context-2"));
    EXPECT_TRUE(contains(error_of(store->remove("none")), "there is no context named none"));
    EXPECT_TRUE(contains(error_of(store->replace(numbered_context(7))), "context-7"));
    EXPECT_FALSE(store->set_enabled("none", false));
    contexts[2].parameters.name = "context-4";
    EXPECT_TRUE(store->add(contexts));
    EXPECT_TRUE(store->close());
  }
  const auto store = directory.open(OpenMode::kInspect);
  EXPECT_EQ(store->num_contexts(), 5u);
}

// Goal: numbers so high that the store would have no epochs left are refused, not followed.
TEST(Provisioner, ImportedNumbersLiftTheStoreOnlySoFar) {
  const StoreDirectory directory(1);
  const auto with_floor = [](uint32_t number, uint64_t floor) {
    return NewContext{numbered_context(number), {.sequence_floor = floor, .window = nullptr}};
  };
  directory.provision([&](Store& store) -> Result<void> {
    const NewContext too_high = with_floor(1, uint64_t{1} << 40);
    EXPECT_TRUE(contains(error_of(store.add({&too_high, 1})), "give the context new keys"));
    EXPECT_EQ(store.num_contexts(), 1u);
    const NewContext high = with_floor(2, 1000 * kEpochLen + 7);
    return store.add({&high, 1});
  });
  Life life(directory);
  EXPECT_EQ(life.epoch(), 1001u);
  EXPECT_EQ(life.take(2), 1001 * kEpochLen);
  EXPECT_EQ(life.take(0), 1001 * kEpochLen);
  const NewContext higher = with_floor(3, 2000 * kEpochLen + 7);
  ASSERT_TRUE(life.store().add({&higher, 1}));
  EXPECT_EQ(life.take(3), 2000 * kEpochLen + 7);
  EXPECT_EQ(life.take(0), 1001 * kEpochLen + 1);
  const NewContext too_high = with_floor(4, uint64_t{1} << 39);
  EXPECT_FALSE(life.store().add({&too_high, 1}));
  life.close();
  Life next(directory);
  EXPECT_EQ(next.take(3), 2000 * kEpochLen + 8);
}

TEST(Provisioner, ImportedWindowIsBelievedAtTheFirstStart) {
  const StoreDirectory directory;
  oscore::ReplayWindow window;
  window.initialise_at(7);
  ASSERT_TRUE(window.try_record(9));
  const NewContext context{numbered_context(0), {.sequence_floor = 20, .window = &window}};
  directory.provision([&](Store& store) { return store.add({&context, 1}); });
  Life life(directory);
  EXPECT_EQ(life.take(0), kEpochLen);
  const oscore::ReplayWindow& restored = life.find(0)->window();
  EXPECT_TRUE(restored.may_accept(8));
  EXPECT_FALSE(restored.may_accept(7));
  EXPECT_FALSE(restored.may_accept(9));
}

// --- the Sender Key's numbers never go back (I1) ---

// Takes numbers of context 0 before and after each step, and expects them to go up.
void expect_rising(
    const std::function<void(StoreDirectory&, const std::function<void()>&)>& steps) {
  StoreDirectory directory(2);
  std::optional<uint64_t> last;
  steps(directory, [&] {
    Life life(directory);
    for (int i = 0; i < 40; ++i) {
      const uint64_t number = life.take(0);
      if (last) {
        ASSERT_GT(number, *last);
      }
      last = number;
    }
    life.close();
  });
}

TEST(Provisioner, NumbersGoOnWhenAContextComesBackToAStoppedStore) {
  const auto remove = [](Store& store) { return store.remove("context-0"); };
  const auto add = [](Store& store) { return store.add(numbered_context(0)); };
  expect_rising([&](StoreDirectory& directory, const auto& live) {
    directory.provision(remove);
    directory.provision(add);
    live();
    directory.provision(remove);
    directory.provision(add);
    live();
    directory.provision([](Store& store) { return store.replace(numbered_context(0)); });
    live();
    directory.provision([](Store& store) { return store.set_enabled("context-0", false); });
    directory.provision([](Store& store) { return store.set_enabled("context-0", true); });
    live();
  });
}

TEST(Provisioner, NumbersGoOnWhenAContextComesBackToACrashedStore) {
  StoreDirectory directory(1);
  uint64_t last = 0;
  for (int round = 0; round < 3; ++round) {
    {
      Life life(directory);
      for (int i = 0; i < 20; ++i) {
        const uint64_t number = life.take(0);
        ASSERT_GT(number, last);
        last = number;
      }
    }
    directory.provision([](Store& store) { return store.remove("context-0"); });
    directory.provision([](Store& store) { return store.add(numbered_context(0)); });
  }
}

TEST(Provisioner, NumbersGoOnUnderEveryChangeWhileServing) {
  const struct {
    const char* name;
    std::function<Result<void>(Store&)> change;
  } kChanges[] = {
      {"removed and added",
       [](Store& store) {
         return store.remove("context-0").and_then([&] { return store.add(numbered_context(0)); });
       }},
      {"replaced with the same keys",
       [](Store& store) { return store.replace(numbered_context(0)); }},
      {"disabled and enabled",
       [](Store& store) {
         return store.set_enabled("context-0", false).and_then([&] {
           return store.set_enabled("context-0", true);
         });
       }},
      {"enabled while enabled", [](Store& store) { return store.set_enabled("context-0", true); }},
  };
  StoreDirectory directory(2);
  std::optional<uint64_t> last;
  const auto take = [&](Life& life, int count) {
    for (int i = 0; i < count; ++i) {
      const uint64_t number = life.take(0);
      if (last) {
        ASSERT_GT(number, *last);
      }
      last = number;
    }
  };
  for (const auto& c : kChanges) {
    SCOPED_TRACE(c.name);
    Life life(directory);
    take(life, 50);
    for (int i = 0; i < 3; ++i) {
      const auto changed = c.change(life.store());
      ASSERT_TRUE(changed) << error_of(changed);
      take(life, 5);
    }
    // At once again, before anything was used.
    ASSERT_TRUE(c.change(life.store()));
    ASSERT_TRUE(c.change(life.store()));
    life.close();
    Life next(directory);
    take(next, 5);
    next.close();
  }
}

// Goal: what was accepted before a change is not accepted after it (I2): the window begins unset,
// in this life and the next.
TEST(Provisioner, WindowsBeginUnsetAfterAChange) {
  StoreDirectory directory(3);
  {
    Life life(directory);
    for (uint32_t i = 0; i < 3; ++i) Life::see(*life.find(i), 100);
    life.close();
  }
  const auto change = [](Store& store) -> Result<void> {
    return store.remove("context-0")
        .and_then([&] { return store.add(numbered_context(0)); })
        .and_then([&] { return store.replace(numbered_context(1)); })
        .and_then([&] { return store.set_enabled("context-2", false); })
        .and_then([&] { return store.set_enabled("context-2", true); });
  };
  {
    Life life(directory);
    for (uint32_t i = 0; i < 3; ++i) ASSERT_TRUE(life.find(i)->window().is_set());
    ASSERT_TRUE(change(life.store()));
    for (uint32_t i = 0; i < 3; ++i) EXPECT_FALSE(life.find(i)->window().is_set()) << i;
    life.close();
  }
  {
    Life life(directory);
    for (uint32_t i = 0; i < 3; ++i) {
      EXPECT_FALSE(life.find(i)->window().is_set()) << i;
      Life::see(*life.find(i), 200);
    }
    life.close();
  }
  directory.provision(change);
  Life life(directory);
  for (uint32_t i = 0; i < 3; ++i) EXPECT_FALSE(life.find(i)->window().is_set()) << i;
}

TEST(Provisioner, ReplaceGivesNewKeysAndKeepsWhetherItIsEnabled) {
  StoreDirectory directory(1);
  directory.provision([](Store& store) { return store.set_enabled("context-0", false); });
  Life life(directory);
  EXPECT_EQ(life.find(0), nullptr);
  ContextParameters other = numbered_context(5);
  other.name = "context-0";
  ASSERT_TRUE(life.store().replace(other));
  EXPECT_EQ(life.find(5), nullptr) << "still disabled";
  EXPECT_TRUE(contains(error_of(life.store().bring_in("context-0")), "is disabled"));
  ASSERT_TRUE(life.store().set_enabled("context-0", true));
  ASSERT_NE(life.find(5), nullptr);
  EXPECT_EQ(life.take(5), kEpochLen);
  EXPECT_EQ(life.store().num_contexts(), 1u);
  // The old keys are free, and come back above what was used.
  ASSERT_TRUE(life.store().replace(numbered_context(0)));
  EXPECT_EQ(life.find(5), nullptr);
  EXPECT_NE(life.find(0), nullptr);
}

TEST(Provisioner, ChangesReachTheTableAtOnce) {
  StoreDirectory directory(2);
  Life life(directory);
  ASSERT_TRUE(life.store().add(numbered_context(2)));
  EXPECT_EQ(life.table().size(), 3u);
  EXPECT_EQ(life.take(2), kEpochLen);
  ASSERT_TRUE(life.store().remove("context-0"));
  EXPECT_EQ(life.find(0), nullptr);
  EXPECT_EQ(life.table().size(), 2u);
  EXPECT_EQ(life.store().num_contexts(), 2u);
  std::vector<std::string> names;
  ASSERT_TRUE(life.store().for_each([&](const StoredContext& stored) -> Result<void> {
    names.push_back(stored.record.parameters.name);
    return {};
  }));
  EXPECT_EQ(names, (std::vector<std::string>{"context-1", "context-2"}));
  EXPECT_EQ(*life.store().names("context-", 10), names);
  EXPECT_TRUE(*life.store().find("context-1"));
}

}  // namespace
}  // namespace osprey::storage
