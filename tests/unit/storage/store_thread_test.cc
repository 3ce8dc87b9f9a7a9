// The store's thread under traffic. ThreadSanitizer runs these, too (scripts/build tsan).
#include "storage/store_thread.h"

#include <atomic>
#include <map>
#include <set>

#include "tests/unit/storage/store_world.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;
using oscore::OscoreOption;
using oscore::SecurityContext;
using Ticket = StoreLink::Ticket;

// Asks for what `option` can mean, and waits until the ticket comes back.
void fetch(StoreLink& link, Ticket ticket, const OscoreOption& option) {
  ASSERT_TRUE(link.fetch(ticket, option));
  Ticket back = 0;
  ASSERT_TRUE(wait_until([&] { return link.take_fetched({&back, 1}) == 1; }));
  EXPECT_EQ(back, ticket);
}

// --- Wakeup ---

// Goal: no wake-up is lost. Method: two threads hand one number to and fro, each asleep while it
// waits, for much longer than a whole run may take.
TEST(Wakeup, NoneIsLost) {
  constexpr uint32_t kHandOvers = 100'000;
  const auto here = *Wakeup::make();
  const auto there = *Wakeup::make();
  std::atomic<uint32_t> turn = 0;
  const auto play = [&](uint32_t parity, Wakeup& mine, Wakeup& other) {
    for (;;) {
      const uint32_t now = turn.load(std::memory_order_acquire);
      if (now >= kHandOvers) break;
      if (now % 2 != parity) {
        mine.wait(std::chrono::seconds(60), [&] {
          return turn.load(std::memory_order_acquire) % 2 == parity || turn >= kHandOvers;
        });
        continue;
      }
      turn.store(now + 1, std::memory_order_release);
      other.wake();
    }
    other.wake();
  };
  const auto begin = std::chrono::steady_clock::now();
  std::thread thread([&] { play(1, *there, *here); });
  play(0, *here, *there);
  thread.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST(Wakeup, SleepEndsByItselfAndIsNotBegunWithWork) {
  const auto wakeup = *Wakeup::make();
  wakeup->wait(std::chrono::milliseconds(1), [] { return false; });
  const auto begin = std::chrono::steady_clock::now();
  wakeup->wait(std::chrono::seconds(60), [] { return true; });
  wakeup->wake();  // nobody sleeps
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

// --- fetching ---

TEST(StoreThread, FetchesOnDemand) {
  const StoreDirectory directory(10);
  Life life(directory, Store::Load::kOnDemand);
  EXPECT_EQ(life.table().size(), 0u);
  const ContextParameters parameters = numbered_context(7);
  OscoreOption option;
  option.kid = parameters.recipient_id;
  fetch(life.link(), 41, option);
  EXPECT_NE(life.find(7), nullptr);
  EXPECT_EQ(life.table().size(), 1u);
  EXPECT_FALSE(life.link().has_all());
  EXPECT_EQ(life.take(7), kEpochLen);
  fetch(life.link(), 42, option);  // again
  EXPECT_EQ(life.take(7), kEpochLen + 1);
}

TEST(StoreThread, TicketsComeBackForWhatIsNotThere) {
  for (const auto load : {Store::Load::kAll, Store::Load::kOnDemand}) {
    const StoreDirectory directory(3);
    Life life(directory, load);
    const std::vector<uint8_t> unknown{9, 9, 9, 9};
    const std::vector<uint8_t> id_context(255, 1);
    OscoreOption option;
    option.kid = unknown;
    fetch(life.link(), 1, option);
    option.kid_context = id_context;
    fetch(life.link(), 2, option);
    option.kid = Bytes();
    option.kid_context = Bytes();
    fetch(life.link(), 3, option);
    EXPECT_FALSE(life.link().has_fetched());
    EXPECT_EQ(life.store().health().num_failures, 0u);
  }
}

TEST(StoreThread, AFullQueueOfFetchesIsSaidAndEmptiesAgain) {
  const StoreDirectory directory(1);
  Life life(directory, Store::Load::kOnDemand);
  const std::vector<uint8_t> unknown{9};
  OscoreOption option;
  option.kid = unknown;
  std::set<Ticket> asked;
  for (Ticket ticket = 0; ticket < 900; ++ticket) {
    if (life.link().fetch(ticket, option)) asked.insert(ticket);
  }
  EXPECT_GE(asked.size(), 900u);
  ASSERT_TRUE(wait_until([&] {
    std::array<Ticket, 64> back{};
    const size_t count = life.link().take_fetched(back);
    for (size_t i = 0; i < count; ++i) EXPECT_EQ(asked.erase(back[i]), 1u);
    return asked.empty();
  }));
}

TEST(StoreThread, WorkerIsWokenWhenItsTicketIsBack) {
  const StoreDirectory directory(1);
  const auto store = directory.open(OpenMode::kServe);
  Quiescence readers(1);
  oscore::ContextTable table(7);
  std::atomic<int> wakes = 0;
  ASSERT_TRUE(store->serve(table, readers, {[&] { ++wakes; }}, Store::Load::kOnDemand));
  const std::vector<uint8_t> unknown{9};
  OscoreOption option;
  option.kid = unknown;
  ASSERT_TRUE(store->link(0).fetch(1, option));
  EXPECT_TRUE(wait_until([&] { return wakes > 0; }));
  EXPECT_TRUE(store->link(0).has_fetched());
  EXPECT_TRUE(store->close());
}

// Goal: a context that exists is never reported missing while a start loads. Method: a worker asks
// for contexts in random order as the dataplane does: has_all, then the table, then a fetch, then
// the table once more.
TEST(StoreThread, WhatExistsIsNeverMissing) {
  constexpr uint32_t kContexts = 3000;
  const StoreDirectory directory(kContexts);
  for (int round = 0; round < 2; ++round) {
    const auto store = directory.open(OpenMode::kServe);
    Quiescence readers(1);
    oscore::ContextTable table(7);
    ASSERT_TRUE(store->serve(table, readers, {nullptr}));
    std::thread worker([&] {
      StoreLink& link = store->link(0);
      bool was_complete = false;
      for (uint32_t i = 0; i < kContexts || !was_complete; ++i) {
        const ContextParameters parameters = numbered_context(i * 1009 % kContexts);
        OscoreOption option;
        option.kid = parameters.recipient_id;
        readers.enter(0);
        was_complete = link.has_all();
        if (table.find(option) != nullptr) continue;
        ASSERT_FALSE(was_complete) << parameters.name;
        readers.leave(0);
        fetch(link, i, option);
        readers.enter(0);
        ASSERT_NE(table.find(option), nullptr) << parameters.name;
      }
      readers.leave(0);
    });
    worker.join();
    EXPECT_EQ(table.size(), kContexts);
    EXPECT_TRUE(store->close());
  }
}

// --- changes under traffic ---

// Goal: while contexts come and go a worker goes on with the others, no number comes twice, and
// what was removed is gone. Method: one thread adds, removes, replaces and disables every other
// context, a worker takes numbers of all that it finds; chunks grow ahead of it.
TEST(StoreThread, ChangesUnderTraffic) {
  constexpr uint32_t kContexts = 8;
  StoreDirectory directory(kContexts);
  std::set<std::pair<uint32_t, uint64_t>> taken;
  std::atomic<bool> is_over = false;
  uint64_t num_steady_waits = 0;
  Life life(directory);
  std::thread worker([&] {
    for (uint32_t i = 0; !is_over; ++i) {
      const uint32_t number = i % kContexts;
      const ContextParameters parameters = numbered_context(number);
      OscoreOption option;
      option.kid = parameters.recipient_id;
      life.readers().enter(0);
      SecurityContext* context = life.table().find(option);
      if (context == nullptr) continue;
      const auto next = oscore::take_sequence_number(*context, life.link());
      if (next) {
        ASSERT_TRUE(taken.emplace(number, *next).second) << number << ", " << *next;
      } else if (number % 2 == 1) {
        ++num_steady_waits;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    life.readers().leave(0);
  });
  for (uint32_t round = 0; round < 60; ++round) {
    const uint32_t number = round * 2 % kContexts;
    const std::string name = "context-" + std::to_string(number);
    Result<void> changed;
    switch (round % 3) {
      case 0:
        changed = life.store().remove(name);
        EXPECT_EQ(life.find(number), nullptr);
        if (changed) changed = life.store().add(numbered_context(number));
        break;
      case 1: changed = life.store().replace(numbered_context(number)); break;
      default:
        changed = life.store().set_enabled(name, false);
        if (changed) changed = life.store().set_enabled(name, true);
    }
    EXPECT_TRUE(changed) << error_of(changed);
    size_t count = 0;
    EXPECT_TRUE(life.store().for_each([&](const StoredContext&) -> Result<void> {
      ++count;
      return {};
    }));
    EXPECT_EQ(count, kContexts);
    EXPECT_EQ(life.store().num_contexts(), kContexts);
  }
  is_over = true;
  worker.join();
  EXPECT_EQ(life.table().size(), kContexts);
  EXPECT_GT(taken.size(), 100u);
  RecordProperty("steady_waits", static_cast<int>(num_steady_waits));
  life.close();
  // And none of them comes in the next life.
  Life next(directory);
  for (uint32_t number = 0; number < kContexts; ++number) {
    EXPECT_FALSE(taken.contains({number, next.take(number)})) << number;
  }
}

// Goal: a context that comes back with its keys is not in the table beside its old self: both would
// accept one request (I2). Method: a worker in the middle of its turn holds up what replaces it.
TEST(StoreThread, ReplacementWaitsForTheWorkersTurn) {
  const StoreDirectory directory(2);
  Life life(directory);
  life.readers().enter(0);
  const SecurityContext* old = life.find(0);
  std::atomic<bool> is_done = false;
  std::thread changer([&] {
    EXPECT_TRUE(life.store().replace(numbered_context(0)));
    is_done = true;
  });
  EXPECT_TRUE(wait_until([&] { return life.find(0) != old; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(life.find(0), nullptr);
  EXPECT_FALSE(is_done);
  life.readers().enter(0);
  changer.join();
  EXPECT_NE(life.find(0), nullptr);
  life.readers().leave(0);
}

// Goal: who takes numbers at a steady pace never waits: the next chunk is there before the last one
// is used up. Method: half of each chunk at a pace at which the store has milliseconds.
TEST(StoreThread, ChunksAreThereBeforeTheyAreNeeded) {
  const StoreDirectory directory(1);
  Life life(directory);
  SecurityContext& context = *life.find(0);
  uint64_t last = kEpochLen - 1;
  uint64_t limit = kEpochLen + 32;
  uint64_t half = kEpochLen + 16;
  for (int i = 0; i < 20'000; ++i) {
    const auto number = oscore::take_sequence_number(context, life.link());
    ASSERT_TRUE(number) << i;
    ASSERT_EQ(*number, last + 1);
    last = *number;
    if (context.sequence().limit() != limit) {
      limit = context.sequence().limit();
      half = *number + (limit - *number) / 2;
    }
    // Half of it is used up: the next one comes with time.
    if (*number == half) {
      ASSERT_TRUE(wait_until([&] { return context.reserved().limit() > limit; })) << i;
    }
  }
  EXPECT_LE(life.store().health().num_reservations, 12u);
}

// --- a disk that fails ---

// Goal: while the disk refuses, numbers go on from what is reserved, then there are none, the
// reason can be read, and changes are refused at once. When it is back it goes on by itself, and
// nothing is repeated, in this life and the next.
TEST(StoreThread, FailingDiskYieldsNothingAndThenGoesOn) {
  StoreDirectory directory(2);
  std::set<uint64_t> taken;
  {
    Life life(directory);
    SecurityContext& context = *life.find(0);
    const auto take_some = [&] {
      uint64_t count = 0;
      while (const auto next = oscore::take_sequence_number(context, life.link())) {
        EXPECT_TRUE(taken.insert(*next).second) << *next;
        ++count;
      }
      return count;
    };
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(taken.insert(life.take(context)).second);
    {
      const FullDisk full;
      EXPECT_EQ(take_some(), 22u) << "what came with the epoch";
      ASSERT_TRUE(wait_until([&] { return life.store().health().is_behind; }));
      ASSERT_TRUE(wait_until([&] { return life.store().health().num_failures > 2; }));
      EXPECT_EQ(take_some(), 0u);
      const auto health = life.store().health();
      EXPECT_TRUE(contains(health.last_failure, "File too large")) << health.last_failure;
      EXPECT_TRUE(contains(error_of(life.store().add(numbered_context(5))), "cannot write"));
      EXPECT_FALSE(life.store().find("context-0").has_value())
          << "an answer, though not a good one";
    }
    EXPECT_TRUE(taken.insert(life.take(context)).second);
    ASSERT_TRUE(wait_until([&] { return !life.store().health().is_behind; }));
    EXPECT_TRUE(life.store().add(numbered_context(5)));
    EXPECT_EQ(life.take(5), 2 * kEpochLen) << "after a failure all that is read is in doubt";
    Life::see(context, 5);
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(taken.insert(life.take(context)).second);
    life.close();
  }
  Life next(directory);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(taken.insert(next.take(0)).second);
}

// Goal: a change that the disk refused does not leave a store that refuses all changes.
TEST(StoreThread, RefusedChangeIsRecoveredFromWithoutTraffic) {
  StoreDirectory directory(1);
  Life life(directory);
  {
    const FullDisk full;
    EXPECT_FALSE(life.store().add(numbered_context(1)));
  }
  EXPECT_TRUE(wait_until([&] { return life.store().add(numbered_context(2)).has_value(); }));
  EXPECT_EQ(life.take(2), 2 * kEpochLen);
  EXPECT_EQ(life.take(0), kEpochLen);
  life.close();
}

// Goal: of a change that failed nobody knows whether it is in the database, so the context is not
// used until the database has been read again, and its numbers and window are not gone on with.
TEST(StoreThread, ContextOfAFailedChangeComesBackAsTheDatabaseHasIt) {
  const auto expect_back = [](const std::function<Result<void>(Store&)>& change) {
    StoreDirectory directory(2);
    Life life(directory);
    uint64_t last = 0;
    // So few that no more are asked for: what fails first is the change.
    for (int i = 0; i < 10; ++i) last = life.take(0);
    Life::see(*life.find(0), 5);
    {
      const FullDisk full;
      EXPECT_FALSE(change(life.store()));
      EXPECT_EQ(life.find(0), nullptr);
      EXPECT_NE(life.find(1), nullptr);
    }
    ASSERT_TRUE(wait_until([&] { return life.find(0) != nullptr; }));
    EXPECT_GT(life.take(0), last);
    EXPECT_FALSE(life.find(0)->window().is_set());
    EXPECT_TRUE(life.store().remove("context-0"));
    EXPECT_TRUE(life.store().add(numbered_context(0)));
    EXPECT_GT(life.take(0), last);
  };
  expect_back([](Store& store) { return store.remove("context-0"); });
  expect_back([](Store& store) { return store.set_enabled("context-0", false); });
  expect_back([](Store& store) { return store.replace(numbered_context(0)); });
}

// Goal: a recovery that gets no further than the database believes nothing that stands there: the
// numbers that came with the epoch are not in it. Method: a directory where the new epoch's file is
// written.
TEST(StoreThread, NothingIsBelievedBeforeTheNewEpochIsThere) {
  StoreDirectory directory(1);
  Life life(directory);
  uint64_t last = 0;
  for (int i = 0; i < 10; ++i) last = life.take(0);
  const std::string in_the_way = directory.path_of("epoch.a.new");
  {
    const FullDisk full;
    EXPECT_FALSE(life.store().remove("context-0"));
    ASSERT_EQ(mkdir(in_the_way.c_str(), 0700), 0);
  }
  const uint64_t num_failures = life.store().health().num_failures;
  ASSERT_TRUE(wait_until([&] { return life.store().health().num_failures > num_failures + 2; }));
  EXPECT_EQ(life.find(0), nullptr);
  ASSERT_EQ(rmdir(in_the_way.c_str()), 0);
  ASSERT_TRUE(wait_until([&] { return life.find(0) != nullptr; }));
  EXPECT_GT(life.take(0), last);
}

// Goal: a context whose numbers lie above the store's epoch is not used before the store has gone
// there, and trying again uses up no epoch. Method: a directory where the epoch's file is written.
TEST(StoreThread, ContextIsNotUsedBeforeTheEpochItNeeds) {
  StoreDirectory directory(1);
  const NewContext high{numbered_context(1),
                        {.sequence_floor = 1000 * kEpochLen + 7, .window = nullptr}};
  Life life(directory);
  const std::string in_the_way = directory.path_of("epoch.a.new");
  ASSERT_EQ(mkdir(in_the_way.c_str(), 0700), 0);
  EXPECT_FALSE(life.store().add({&high, 1}));
  ASSERT_TRUE(wait_until([&] { return life.store().health().num_failures > 2; }));
  EXPECT_EQ(life.find(1), nullptr);
  ASSERT_EQ(rmdir(in_the_way.c_str()), 0);
  ASSERT_TRUE(wait_until([&] { return life.find(1) != nullptr; }));
  EXPECT_EQ(life.take(1), 1000 * kEpochLen + 7);
  EXPECT_EQ(life.epoch(), 1000u);
  life.close();
}

// Goal: a stop while the disk fails ends, with an error, and the next start is in doubt.
TEST(StoreThread, StopWhileTheDiskFailsIsNotClean) {
  StoreDirectory directory(1);
  {
    Life life(directory);
    Life::see(*life.find(0), 5);
    for (int i = 0; i < 20; ++i) life.take(0);
    const FullDisk full;
    static_cast<void>(life.store().add(numbered_context(1)));
    EXPECT_FALSE(life.store().close());
  }
  Life life(directory);
  EXPECT_EQ(life.epoch(), 2u);
  EXPECT_FALSE(life.find(0)->window().is_set());
}

// Goal: with its thread gone, a store answers. Method: tasks and a stop at once.
TEST(StoreThread, TasksThatComeTooLateAreRefused) {
  StoreDirectory directory(2);
  for (int round = 0; round < 5; ++round) {
    const auto opened = OpenedStore::open(directory.path(), OpenMode::kServe, directory.options());
    ASSERT_TRUE(opened);
    Quiescence readers(1);
    oscore::ContextTable table(7);
    auto thread = StoreThread::start(**opened, table, readers, {nullptr}, StoreThread::Load::kAll);
    ASSERT_TRUE(thread);
    std::thread asker([&] {
      while ((*thread)->run([]() -> Result<int> { return 1; })) continue;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    (*thread)->stop();
    asker.join();
    EXPECT_FALSE((*thread)->run([]() -> Result<int> { return 1; }));
  }
}

}  // namespace
}  // namespace osprey::storage
