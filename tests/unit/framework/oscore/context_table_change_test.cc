// The table while it changes: contexts come and go, alone and under the eyes of readers.
#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "framework/oscore/context_table.h"

namespace osprey::oscore {
namespace {

constexpr uint64_t kHashKey = 0x1234;

using Octets = std::vector<uint8_t>;

// The IDs of a context, and what a request says.
struct Ids {
  Octets kid;
  std::optional<Octets> id_context;
  bool is_strict = false;
  bool operator<(const Ids& other) const {
    return std::tie(kid, id_context, is_strict) <
           std::tie(other.kid, other.id_context, other.is_strict);
  }
};

// Keys of its own for every context, derived from nothing: deriving is what takes the time.
std::unique_ptr<SecurityContext> context_with(const Ids& ids) {
  static uint64_t last_key = 0;
  ContextParameters parameters;
  parameters.name = std::to_string(++last_key);
  parameters.recipient_id = ids.kid;
  parameters.id_context = ids.id_context;
  parameters.require_kid_context = ids.is_strict;
  DerivedKeys keys;
  const auto fill = [&](MutableBytes key) { std::memcpy(key.data(), &last_key, sizeof last_key); };
  fill(keys.sender_key.space(parameters.aead->key_len));
  fill(keys.recipient_key.space(parameters.aead->key_len));
  keys.common_iv = Nonce(Octets(parameters.aead->nonce_len));
  return std::make_unique<SecurityContext>(parameters, keys);
}

std::set<const SecurityContext*> candidates(const ContextTable& table, const Octets& kid,
                                            const std::optional<Octets>& kid_context) {
  OscoreOption option;
  option.kid = kid;
  if (kid_context) option.kid_context = *kid_context;
  std::set<const SecurityContext*> found;
  while (const SecurityContext* context = table.find(option, found.size())) {
    if (!found.insert(context).second) ADD_FAILURE() << "candidate met twice";
  }
  return found;
}

using Found = std::set<const SecurityContext*>;

class ContextTableChange : public ::testing::Test {
 protected:
  SecurityContext* add(const Ids& ids) { return *table_.add(context_with(ids)); }
  Found with(uint8_t kid, std::optional<Octets> kid_context = std::nullopt) {
    return candidates(table_, {kid}, kid_context);
  }
  ContextTable table_{kHashKey, 4};
};

TEST_F(ContextTableChange, WhatWasRemovedIsNotFoundAndNothingElseIsMissed) {
  SecurityContext* none = add({{1}, std::nullopt});
  SecurityContext* lax = add({{1}, Octets{0xaa}});
  SecurityContext* strict = add({{1}, Octets{0xaa}, true});
  EXPECT_EQ(with(1), (Found{none, lax}));
  EXPECT_EQ(with(1, Octets{0xaa}), (Found{lax, strict}));

  const auto removed = table_.remove(*lax);
  EXPECT_EQ(removed.get(), lax);
  EXPECT_EQ(with(1), (Found{none}));
  EXPECT_EQ(with(1, Octets{0xaa}), (Found{strict}));
  table_.remove(*strict);
  EXPECT_EQ(with(1, Octets{0xaa}), Found());
  table_.remove(*none);
  EXPECT_EQ(with(1), Found());
  EXPECT_EQ(table_.size(), 0u);
}

// First, in the middle, last: in the order in which they hang together and in that of at().
TEST_F(ContextTableChange, AnyOfSeveralWithEqualIdsCanGo) {
  for (size_t gone = 0; gone < 4; ++gone) {
    ContextTable table(kHashKey);
    Found left;
    for (size_t i = 0; i < 4; ++i) left.insert(*table.add(context_with({{1}, Octets{0xaa}})));
    SecurityContext& context = table.at(gone);
    left.erase(&context);
    const auto removed = table.remove(context);
    EXPECT_EQ(candidates(table, {1}, std::nullopt), left);
    EXPECT_EQ(candidates(table, {1}, Octets{0xaa}), left);
    Found all;
    for (size_t i = 0; i < table.size(); ++i) all.insert(&table.at(i));
    EXPECT_EQ(all, left);
  }
}

// As a worker does that holds it in the batch at hand.
TEST_F(ContextTableChange, FromARemovedContextAReaderWalksOn) {
  add({{1}, std::nullopt});
  SecurityContext* middle = add({{1}, std::nullopt});
  add({{1}, std::nullopt});
  const auto removed = table_.remove(*middle);
  EXPECT_EQ(with(1).size(), 2u);
  EXPECT_EQ(removed->recipient_id()[0], 1);
}

TEST_F(ContextTableChange, TheSameKeysMayComeBackOnceTheyAreGone) {
  const Ids ids{{1}, std::nullopt};
  auto context = context_with(ids);
  SecurityContext* first = *table_.add(std::move(context));
  context = table_.remove(*first);
  EXPECT_TRUE(table_.add(std::move(context)).has_value());
  EXPECT_EQ(with(1), (Found{first}));
}

TEST_F(ContextTableChange, RemovingPutsTheLastInTheGap) {
  SecurityContext* a = add({{1}, std::nullopt});
  SecurityContext* b = add({{2}, std::nullopt});
  SecurityContext* c = add({{3}, std::nullopt});
  table_.remove(*a);
  EXPECT_EQ(&table_.at(0), c);
  EXPECT_EQ(&table_.at(1), b);
  table_.remove(*b);
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_EQ(&table_.at(0), c);
}

TEST_F(ContextTableChange, RemovingWhatIsNotInTheTableIsABug) {
  const auto stranger = context_with({{1}, std::nullopt});
  EXPECT_DEATH(table_.remove(*stranger), "CHECK failed");
  add({{1}, std::nullopt});
  EXPECT_DEATH(table_.remove(*stranger), "CHECK failed");
}

struct OwnerRow {
  const char* what;
  Ids first;
  Ids second;
  bool shares;  // one request can mean both
};

const OwnerRow kOwnerRows[] = {
    {"no ID Context", {{1}, std::nullopt}, {{1}, std::nullopt}, true},
    {"one has one", {{1}, std::nullopt}, {{1}, Octets{0xaa}}, true},
    {"the other has", {{1}, Octets{0xaa}}, {{1}, std::nullopt}, true},
    {"different ones", {{1}, Octets{0xaa}}, {{1}, Octets{0xbb}}, true},
    {"equal ones, strict", {{1}, Octets{0xaa}, true}, {{1}, Octets{0xaa}, true}, true},
    {"equal ones, one strict", {{1}, Octets{0xaa}, true}, {{1}, Octets{0xaa}}, true},
    {"different ones, strict", {{1}, Octets{0xaa}, true}, {{1}, Octets{0xbb}, true}, false},
    {"different ones, one strict", {{1}, Octets{0xaa}, true}, {{1}, Octets{0xbb}}, false},
    {"none, and strict", {{1}, std::nullopt}, {{1}, Octets{0xaa}, true}, false},
    {"strict without ID Context", {{1}, std::nullopt, true}, {{1}, std::nullopt}, true},
};

TEST_F(ContextTableChange, WhoeverHasTheSameRecipientIdHasTheSameOwner) {
  for (const OwnerRow& row : kOwnerRows) {
    SCOPED_TRACE(row.what);
    for (WorkerIndex owner = 0; owner < 4; ++owner) {  // that the first one has by then
      ContextTable table(kHashKey, 4);
      SecurityContext* first = *table.add(context_with(row.first));
      EXPECT_EQ(first->owner(), kNoWorker);
      first->claim(owner);
      SecurityContext* second = *table.add(context_with(row.second));
      EXPECT_EQ(first->owner(), owner);
      EXPECT_EQ(second->owner(), owner);
      EXPECT_EQ(first->shares_ids(), row.shares);
      EXPECT_EQ(second->shares_ids(), row.shares);
    }
    ContextTable table(kHashKey, 4);  // nobody claimed yet
    const SecurityContext* first = *table.add(context_with(row.first));
    const SecurityContext* second = *table.add(context_with(row.second));
    EXPECT_LT(first->owner(), 4);
    EXPECT_EQ(second->owner(), first->owner());
  }
}

// "b" is alone with its IDs, and so is "c", until "a" connects them.
TEST_F(ContextTableChange, AContextThatConnectsTwoFindsThemWithOneOwner) {
  const SecurityContext* b = add({{1}, Octets{0xbb}});
  const SecurityContext* c = add({{1}, Octets{0xcc}, true});
  const SecurityContext* a = add({{1}, Octets{0xcc}});
  EXPECT_EQ(a->owner(), b->owner());
  EXPECT_EQ(a->owner(), c->owner());
  EXPECT_TRUE(b->shares_ids());
  EXPECT_TRUE(c->shares_ids());
}

TEST_F(ContextTableChange, OthersKeepTheirFreedom) {
  add({{1}, std::nullopt});
  add({{1}, std::nullopt});
  EXPECT_EQ(add({{2}, std::nullopt})->owner(), kNoWorker);
}

TEST_F(ContextTableChange, HashedOwnersUseAllWorkers) {
  std::set<WorkerIndex> owners;
  for (uint8_t kid = 0; kid < 100; ++kid) {
    add({{kid}, std::nullopt});
    owners.insert(add({{kid}, std::nullopt})->owner());
  }
  EXPECT_EQ(owners.size(), 4u);
}

// All of one short Recipient ID, told apart by their ID Context: neither adding nor finding one may
// walk along the others. 100,000 would take minutes if it did.
TEST_F(ContextTableChange, ManyContextsOfOneKidDoNotStandInEachOthersWay) {
  constexpr uint32_t kContexts = 100'000;
  for (uint32_t i = 0; i < kContexts; ++i) {
    const Octets id_context = {static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8),
                               static_cast<uint8_t>(i >> 16)};
    SecurityContext* added = add({{1}, id_context, i % 2 == 0});
    EXPECT_EQ(with(1, id_context), Found{added});
  }
}

// Goal: whatever comes and goes, the table says what a plain model says. Method: random steps over
// few kids and ID Contexts, so that many share theirs; the seed is fixed.
TEST_F(ContextTableChange, AgreesWithAModelOverRandomSteps) {
  std::mt19937 random(8613);
  std::multimap<Octets, SecurityContext*> model;  // by kid
  const auto pick = [&](uint32_t below) { return static_cast<uint8_t>(random() % below); };
  const auto some_kid = [&] { return pick(8) == 0 ? Octets{} : Octets{pick(200), pick(10)}; };
  const auto some_id_context = [&] {
    return pick(2) == 0 ? std::nullopt : std::optional(Octets(pick(3), 0xaa));
  };
  const auto expected = [&](const Octets& kid, const std::optional<Octets>& kid_context) {
    Found found;
    const auto [begin, end] = model.equal_range(kid);
    for (auto it = begin; it != end; ++it) {
      const auto own = it->second->id_context();
      const bool is_meant = kid_context ? own && equal(*own, *kid_context)
                                        : !own || !it->second->requires_kid_context();
      if (is_meant) found.insert(it->second);
    }
    return found;
  };
  for (int step = 0; step < 100'000; ++step) {
    // Waves: the table fills up, then empties almost.
    const bool fills = step / 5000 % 2 == 0;
    const auto action = pick(4);
    if (action == 0 || (action == 1 && fills)) {
      const Ids ids{some_kid(), some_id_context(), pick(2) == 0};
      model.emplace(ids.kid, add(ids));
    } else if (action == 1 || action == 2) {
      if (table_.size() == 0) continue;
      SecurityContext& context = table_.at(random() % table_.size());
      const Bytes id = context.recipient_id();
      const Octets kid(id.begin(), id.end());
      auto [it, end] = model.equal_range(kid);
      it = std::find_if(it, end, [&](const auto& entry) { return entry.second == &context; });
      ASSERT_NE(it, end);
      model.erase(it);
      table_.remove(context);
    } else {
      const Octets kid = some_kid();
      const auto kid_context = some_id_context();
      ASSERT_EQ(candidates(table_, kid, kid_context), expected(kid, kid_context));
    }
    ASSERT_EQ(table_.size(), model.size());
  }
  for (size_t i = 0; i < table_.size(); ++i) {  // one owner for each Recipient ID, at the end too
    const Bytes id = table_.at(i).recipient_id();
    const auto [begin, end] = model.equal_range(Octets(id.begin(), id.end()));
    if (std::next(begin) == end) continue;
    for (auto it = begin; it != end; ++it) ASSERT_EQ(it->second->owner(), begin->second->owner());
  }
}

// A reader that looks up every kid over and over, and what it saw.
class Reader {
 public:
  Reader(const ContextTable& table, Quiescence& readers, size_t number, size_t num_kids)
      : table_(table), readers_(readers), number_(number), num_kids_(num_kids) {}

  void run(const std::atomic<bool>& is_over) {
    for (uint64_t turn = 0; !is_over.load(std::memory_order_relaxed); ++turn) {
      readers_.enter(number_);
      for (int i = 0; i < 64; ++i) look_up(next_kid_ = (next_kid_ + 1) % num_kids_);
      if (turn % 8 == 0) readers_.leave(number_);
      if (turn % 4 == 0) std::this_thread::yield();
    }
    readers_.leave(number_);
  }

  uint64_t num_wrong = 0;
  uint64_t num_missed = 0;  // of the even kids, which never go
  uint64_t num_found = 0;

 private:
  void look_up(size_t number) {
    const std::array<uint8_t, 2> kid = {static_cast<uint8_t>(number >> 8),
                                        static_cast<uint8_t>(number)};
    OscoreOption option;
    option.kid = kid;
    size_t nth = 0;
    for (; nth < kMaxContextCandidates; ++nth) {
      SecurityContext* context = table_.find(option, nth);
      if (context == nullptr) break;
      num_wrong += !equal(context->recipient_id(), kid);
      num_wrong += context->name().empty();
      // Written by the owner alone: TSan tells if there are two.
      if (context->claim(static_cast<WorkerIndex>(number_)) == number_) {
        context->challenges().spend(0, 0);
      }
    }
    num_found += nth;
    num_missed += nth == 0 && number % 2 == 0;
  }

  const ContextTable& table_;
  Quiescence& readers_;
  const size_t number_;
  const size_t num_kids_;
  size_t next_kid_ = 0;
};

// Goal: workers look up while the writer adds, replaces, removes, grows and frees, and meet nothing
// that is wrong, freed or owned by two. Method: even kids stay, odd ones come and go; contexts and
// arrays are freed after their grace period. Run under TSan and ASan as well.
TEST(ContextTableThreads, ReadersNeverMeetWhatWasFreed) {
  constexpr size_t kKids = 512;
  constexpr int kSteps = 20'000;
  ContextTable table(kHashKey, 2);
  Quiescence quiescence(2);
  const auto ids = [](size_t number) {
    return Ids{{static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)}, std::nullopt};
  };
  for (size_t kid = 0; kid < kKids; kid += 2) ASSERT_TRUE(table.add(context_with(ids(kid))));

  std::atomic<bool> is_over = false;
  std::array<Reader, 2> readers = {Reader(table, quiescence, 0, kKids),
                                   Reader(table, quiescence, 1, kKids)};
  std::vector<std::thread> threads;
  for (Reader& reader : readers) {
    threads.emplace_back([&] { reader.run(is_over); });
  }

  struct Removed {
    std::unique_ptr<SecurityContext> context;
    Quiescence::Ticket ticket;
  };
  std::deque<Removed> removed;
  std::array<std::vector<SecurityContext*>, kKids> present;  // of the odd kids
  std::mt19937 random(1);
  for (int step = 0; step < kSteps; ++step) {
    const size_t kid = random() % kKids | 1;
    if (present[kid].size() < random() % 4) {
      present[kid].push_back(*table.add(context_with(ids(kid))));
    } else if (!present[kid].empty()) {
      auto context = table.remove(*present[kid].front());
      present[kid].erase(present[kid].begin());
      removed.push_back({std::move(context), quiescence.begin_grace()});
    }
    while (!removed.empty() && quiescence.has_passed(removed.front().ticket)) removed.pop_front();
    if (step % 64 == 0) {
      table.reclaim(quiescence);
      std::this_thread::yield();
    }
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  for (const Reader& reader : readers) {
    EXPECT_EQ(reader.num_wrong, 0u);
    EXPECT_EQ(reader.num_missed, 0u);
    EXPECT_GT(reader.num_found, 0u);
  }
}

// Goal: an index that grows loses nothing for a moment. Method: readers look up the same kids while
// thousands of others come in.
TEST(ContextTableThreads, GrowthIsNotSeen) {
  constexpr size_t kKids = 64;  // all of which stay; see Reader
  ContextTable table(kHashKey, 2);
  Quiescence quiescence(2);
  for (size_t kid = 0; kid < kKids; ++kid) {
    ASSERT_TRUE(table.add(context_with({{0, static_cast<uint8_t>(kid)}, std::nullopt})));
  }
  std::atomic<bool> is_over = false;
  std::array<Reader, 2> readers = {Reader(table, quiescence, 0, kKids),
                                   Reader(table, quiescence, 1, kKids)};
  std::vector<std::thread> threads;
  for (Reader& reader : readers) {
    threads.emplace_back([&] { reader.run(is_over); });
  }
  for (uint32_t i = 0; i < 20'000; ++i) {
    const Octets kid = {1, static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8)};
    ASSERT_TRUE(table.add(context_with({kid, std::nullopt})));
    if (i % 1000 == 0) table.reclaim(quiescence);
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  for (const Reader& reader : readers) EXPECT_EQ(reader.num_wrong + reader.num_missed, 0u);
}

}  // namespace
}  // namespace osprey::oscore
