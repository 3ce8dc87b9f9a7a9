// The store over its lives: what goes on after a clean stop, what a crash costs, and that nothing
// which is lost, damaged or put back makes a number or a request count twice (I1, I2).
#include "storage/store.h"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "storage/epoch_file.h"
#include "tests/unit/storage/store_world.h"

namespace osprey::storage {
namespace {

namespace fs = std::filesystem;
using oscore::ContextParameters;
using oscore::SecurityContext;

// A copy of `from`, with its modes; what was at `to` goes away.
void copy_tree(const std::string& from, const std::string& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

// --- making and opening ---

TEST(StoreInit, MakesPrivateFiles) {
  const TempDirectory directory;
  const std::string path = directory.path_of("deep/er/store");
  const auto made = Store::init(path);
  ASSERT_TRUE(made) << error_of(made);
  const std::pair<std::string, mode_t> kModes[] = {{"", 0700},         {"/db", 0700},
                                                   {"/epoch.a", 0600}, {"/epoch.b", 0600},
                                                   {"/kek", 0400},     {"/lock", 0600}};
  for (const auto& [name, mode] : kModes) {
    struct stat status {};
    ASSERT_EQ(stat((path + name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777, mode) << name;
  }
  EXPECT_TRUE(contains(error_of(Store::init(path)), "there is a store at"));
  EXPECT_TRUE(Store::open(path + "/", OpenMode::kServe));
}

// Goal: an init that fails anywhere can be made again, or is whole. Method: its calls fail from
// each of them on; where there are many ways to go on, only that one.
TEST(StoreInit, CutShortCanBeMadeAgain) {
  for (int first = 0;; ++first) {
    const TempDirectory directory;
    const std::string path = directory.path_of("store");
    FailingCalls calls;
    StoreOptions options;
    options.calls = &calls;
    calls.fail(first, first % 2 == 0 ? 1 : INT32_MAX / 2, EIO);
    const auto made = Store::init(path, options);
    if (made) {
      EXPECT_GT(first, 20);
      break;
    }
    EXPECT_TRUE(contains(error_of(made), "Input/output error")) << error_of(made);
    if (Store::open(path, OpenMode::kServe)) continue;
    const auto again = Store::init(path);
    ASSERT_TRUE(again) << first << ": " << error_of(again);
    if (first % 4 != 0) continue;
    const auto store = Store::open(path, OpenMode::kServe);
    ASSERT_TRUE(store) << first << ": " << error_of(store);
  }
}

TEST(StoreInit, StoreThatLostItsEpochIsNotMadeAnew) {
  const StoreDirectory directory(1);
  fs::remove(directory.path_of("epoch.a"));
  fs::remove(directory.path_of("epoch.b"));
  const std::string lost = "does not know any more which sequence numbers it used";
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kServe), lost));
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kProvision), lost));
  EXPECT_TRUE(contains(error_of(Store::init(directory.path())), lost));
  // Its contexts can still be looked at.
  EXPECT_EQ(directory.open(OpenMode::kInspect)->num_contexts(), 1u);
}

TEST(Store, MissingThingsAreNamedWithWhatMendsThem) {
  const TempDirectory nothing;
  const std::string init = "\n  to mend: osprey store init --store ";
  EXPECT_EQ(error_of(Store::open(nothing.path_of("no"), OpenMode::kInspect)),
            "there is no store at " + nothing.path_of("no") + init + nothing.path_of("no"));
  EXPECT_EQ(error_of(Store::open(nothing.path(), OpenMode::kServe)),
            nothing.path() + " is not a store" + init + nothing.path());
}

TEST(Store, LooseModesAreRefusedWithTheCommand) {
  const StoreDirectory directory;
  ASSERT_EQ(chmod(directory.path().c_str(), 0750), 0);
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kServe), "chmod 700 " + directory.path()));
}

TEST(Store, OneProcessServesAndOthersMayLook) {
  const StoreDirectory directory(1);
  Life life(directory);
  const std::string in_use = "is in use by process " + std::to_string(getpid());
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kServe), in_use));
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kProvision), in_use));
  EXPECT_TRUE(contains(error_of(Store::adopt(directory.path())), in_use));
  EXPECT_EQ(directory.open(OpenMode::kInspect)->num_contexts(), 1u);
}

TEST(Store, FailingDiskAtTheStartIsAnErrorOrHarmless) {
  StoreDirectory directory(1);
  int first = 0;
  for (;; ++first) {
    { Life crashed(directory); }
    FailingCalls calls;
    calls.fail(first, INT32_MAX / 2, EIO);
    const auto store = Store::open(directory.path(), OpenMode::kServe, directory.options(calls));
    if (store) break;
    EXPECT_TRUE(contains(error_of(store), "Input/output error")) << error_of(store);
  }
  EXPECT_GE(first, 13);  // the lock, and two copies: open, write, write, fsync, rename, fsync
}

// --- clean stops ---

TEST(Store, CleanStopIsContinuedExactly) {
  StoreDirectory directory(4);
  {
    Life life(directory);
    EXPECT_EQ(life.epoch(), 1u) << "a new store is as one that was stopped";
    for (uint64_t i = 0; i < 100; ++i) EXPECT_EQ(life.take(0), kEpochLen + i);
    EXPECT_EQ(life.take(1), kEpochLen);
    for (const uint64_t piv : {100, 101, 103, 107}) Life::see(*life.find(0), piv);
    Life::see(*life.find(1), 5);
    life.close();
  }
  for (uint64_t round = 1; round < 4; ++round) {
    Life life(directory);
    EXPECT_EQ(life.epoch(), 1u);
    EXPECT_EQ(life.take(0), kEpochLen + 99 + round);
    EXPECT_EQ(life.take(1), kEpochLen + round);
    EXPECT_EQ(life.take(2), kEpochLen + round - 1);
    const auto& window = life.find(0)->window();
    for (uint64_t piv = 90; piv < 120; ++piv) {
      const bool is_new = piv > 101 && piv != 103 && piv != 107;
      EXPECT_EQ(window.may_accept(piv), is_new) << piv;
    }
    EXPECT_TRUE(life.find(1)->window().may_accept(6));
    EXPECT_FALSE(life.find(1)->window().may_accept(5));
    EXPECT_FALSE(life.find(3)->window().is_set());
    life.close();
  }
}

// Goal: the mark of a clean stop is good for one start (I2).
TEST(Store, CleanStopCountsForOneStart) {
  StoreDirectory directory(1);
  {
    Life life(directory);
    EXPECT_EQ(life.take(0), kEpochLen);
    Life::see(*life.find(0), 5);
    life.close();
  }
  {
    Life life(directory);
    EXPECT_TRUE(life.find(0)->window().is_set());
    EXPECT_EQ(life.take(0), kEpochLen + 1);
  }
  Life life(directory);
  EXPECT_EQ(life.epoch(), 2u);
  EXPECT_FALSE(life.find(0)->window().is_set());
  EXPECT_EQ(life.take(0), 2 * kEpochLen);
}

// Goal: what was saved before a crash stays worthless, also over the clean stops after it.
TEST(Store, WindowsOfBeforeACrashNeverComeBack) {
  StoreDirectory directory(2);
  {
    Life life(directory);
    for (uint32_t i = 0; i < 2; ++i) Life::see(*life.find(i), 5);
    life.close();
  }
  { Life crashed(directory); }
  for (int round = 0; round < 3; ++round) {
    Life life(directory);
    EXPECT_EQ(life.epoch(), 2u);
    EXPECT_EQ(life.find(0)->window().is_set(), round > 0);
    EXPECT_FALSE(life.find(1)->window().is_set());
    if (round == 0) Life::see(*life.find(0), 50);
    life.close();
  }
}

TEST(Store, WhatIsInDoubtTakesANewEpoch) {
  const struct {
    const char* name;
    int64_t later_s;
    bool continues;
    uint32_t epoch;
  } kCases[] = {{"at once", 0, true, 1},
                {"ten minutes later", 600, true, 1},
                {"later than that", 601, false, 3},
                {"the clock went back", -1, false, 2},
                {"a day later", 86'400, false, 146}};
  for (const auto& c : kCases) {
    StoreDirectory directory(1);
    {
      Life life(directory);
      life.take(0);
      Life::see(*life.find(0), 5);
      life.close();
    }
    directory.now_s += c.later_s;
    Life life(directory);
    EXPECT_EQ(life.epoch(), c.epoch) << c.name;
    EXPECT_EQ(life.find(0)->window().is_set(), c.continues) << c.name;
    EXPECT_EQ(life.take(0), c.continues ? kEpochLen + 1 : c.epoch * kEpochLen) << c.name;
  }
}

TEST(Store, ProvisioningLeavesAStoppedStoreContinuableAndACrashedOneInDoubt) {
  StoreDirectory directory(1);
  const auto add = [](uint32_t number) {
    return [number](Store& store) { return store.add(numbered_context(number)); };
  };
  {
    Life life(directory);
    life.take(0);
    Life::see(*life.find(0), 5);
    life.close();
  }
  directory.provision(add(1));
  directory.provision(add(2));
  {
    Life life(directory);
    EXPECT_EQ(life.epoch(), 1u);
    EXPECT_EQ(life.take(0), kEpochLen + 1);
    EXPECT_TRUE(life.find(0)->window().is_set());
  }
  directory.provision(add(3));
  {
    Life life(directory);
    EXPECT_EQ(life.epoch(), 2u);
    EXPECT_FALSE(life.find(0)->window().is_set());
    life.close();
  }
  // Who provisions and crashes leaves it in doubt.
  ASSERT_TRUE(directory.open(OpenMode::kProvision)->add(numbered_context(4)));
  Life life(directory);
  EXPECT_EQ(life.epoch(), 3u);
  EXPECT_NE(life.find(4), nullptr);
}

TEST(Store, LookingTakesNothing) {
  StoreDirectory directory(1);
  const std::string before = read_text(directory.path_of("epoch.a"));
  for (int i = 0; i < 2; ++i) {
    const auto store = directory.open(OpenMode::kInspect);
    EXPECT_EQ(store->num_contexts(), 1u);
    EXPECT_TRUE(store->close());
  }
  EXPECT_EQ(read_text(directory.path_of("epoch.a")), before);
  Life life(directory);
  EXPECT_EQ(life.epoch(), 1u);
}

// --- numbers that are used up ---

TEST(Store, NumbersGoOnInTheNextEpochWithoutDoubt) {
  StoreDirectory directory(2);
  uint64_t last = 0;
  {
    Life life(directory);
    SecurityContext* context = life.find(0);
    Life::see(*life.find(1), 5);
    for (uint64_t taken = 0; taken < kEpochLen + 100;) {
      const auto number = oscore::take_sequence_number(*context, life.link());
      if (!number) {
        std::this_thread::yield();
        continue;
      }
      ASSERT_EQ(*number, kEpochLen + taken);
      last = *number;
      ++taken;
    }
    EXPECT_LE(life.store().health().num_reservations, 40u) << "chunks grow";
    EXPECT_EQ(life.take(1), kEpochLen);
    life.close();
  }
  Life life(directory);
  EXPECT_EQ(life.epoch(), 2u);
  EXPECT_EQ(life.take(0), last + 1);
  EXPECT_EQ(life.take(1), kEpochLen + 1) << "goes on in the epoch it is in";
  EXPECT_TRUE(life.find(1)->window().is_set());
}

TEST(Store, UsedUpAllowanceIsRefusedUntilTheClockGivesMore) {
  StoreDirectory directory(1);
  {
    // Starts after crashes, without the database's part of them.
    auto file = EpochFile::open(*Directory::open(directory.path()));
    ASSERT_TRUE(file);
    const auto raised = file->raise_to(file->epoch() + file->allowance(), directory.now_s);
    ASSERT_TRUE(raised) << error_of(raised);
    EXPECT_EQ(file->allowance(), 0u);
  }
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kServe), "far more often than one in ten"));
  EXPECT_TRUE(directory.open(OpenMode::kInspect));
  directory.now_s += 600;
  Life life(directory);
  EXPECT_GT(life.epoch(), 16'384u);
}

// --- copies ---

// The whole directory, as cp -a makes it.
class Copied {
 public:
  explicit Copied(const StoreDirectory& original) { copy_tree(original.path(), path()); }
  std::string path() const { return directory_.path_of("copy"); }
  Result<std::unique_ptr<Store>> open(const StoreDirectory& clock) const {
    return Store::open(path(), OpenMode::kServe, clock.options());
  }
  uint32_t adopted_epoch(const StoreDirectory& clock) const {
    const auto adopted = Store::adopt(path(), clock.options());
    EXPECT_TRUE(adopted) << error_of(adopted);
    auto file = EpochFile::open(*Directory::open(path()));
    return file ? file->epoch() : 0;
  }

 private:
  TempDirectory directory_;
};

TEST(Store, CopyIsRefusedUntilItIsAdopted) {
  StoreDirectory directory(1);
  {
    Life life(directory);
    life.take(0);
    Life::see(*life.find(0), 5);
    life.close();
  }
  const Copied copy(directory);
  for (const OpenMode mode : {OpenMode::kServe, OpenMode::kProvision}) {
    EXPECT_TRUE(contains(error_of(Store::open(copy.path(), mode, directory.options())),
                         "osprey store adopt --store " + copy.path()));
  }
  EXPECT_TRUE(Store::open(copy.path(), OpenMode::kInspect, directory.options()));
  EXPECT_GT(copy.adopted_epoch(directory), kEpochAllowance);
  Quiescence readers(1);
  oscore::ContextTable table(7);
  const auto store = copy.open(directory);  // ends before what it has borrowed
  ASSERT_TRUE(store) << error_of(store);
  ASSERT_TRUE((*store)->serve(table, readers, {nullptr}));
  ASSERT_TRUE(wait_until([&] { return (*store)->link(0).has_all(); }));
  EXPECT_FALSE(table.at(0).window().is_set());
  EXPECT_GT(table.at(0).sequence().next(), kEpochAllowance * kEpochLen);
  // The original is what it was.
  Life life(directory);
  EXPECT_EQ(life.take(0), kEpochLen + 1);
}

// Goal: an adopted copy begins above all that the original reached meanwhile, however often it
// started, also while time went by. Method: the original takes all that it is given.
TEST(Store, AdoptedCopyIsAboveWhateverTheOriginalReached) {
  for (const int64_t later_s : {0, 599, 600, 86'400, 30 * 86'400}) {
    StoreDirectory directory(1);
    { Life crashed(directory); }
    const Copied copy(directory);
    auto original = EpochFile::open(*Directory::open(directory.path()));
    ASSERT_TRUE(original);
    // In two steps of time, with as many starts in each as it is let.
    for (const int64_t part : {2, 1}) {
      const int64_t now_s = directory.now_s + later_s / part;
      while (const auto next = original->next_epoch(now_s)) {
        // A thousand at once, for the test's sake.
        const uint32_t thousand = original->epoch() + std::min(original->allowance(), 1000u);
        ASSERT_TRUE(original->raise_to(std::max(*next, thousand), now_s));
      }
    }
    directory.now_s += later_s;
    EXPECT_GT(copy.adopted_epoch(directory), original->epoch()) << later_s;
  }
}

// --- parts put back, lost or damaged ---

// Stops cleanly with numbers of ten contexts used and windows set. What was used is in `used`.
void use_and_stop(const StoreDirectory& directory, std::map<uint32_t, uint64_t>& used) {
  Life life(directory);
  for (uint32_t i = 0; i < 10; ++i) {
    for (uint32_t n = 0; n < 3 + 8 * i; ++n) {
      const uint64_t number = life.take(i);
      if (used.contains(i)) {
        ASSERT_GT(number, used[i]);
      }
      used[i] = number;
    }
    if (life.find(i)->window().is_set()) {
      Life::see(*life.find(i), life.find(i)->window().next());
    } else {
      Life::see(*life.find(i), 1000);
    }
  }
  life.close();
}

TEST(Store, OlderDatabasePutBackTakesANewEpoch) {
  StoreDirectory directory(10);
  std::map<uint32_t, uint64_t> used;
  use_and_stop(directory, used);
  const TempDirectory kept;
  copy_tree(directory.path_of("db"), kept.path_of("db"));
  use_and_stop(directory, used);
  copy_tree(kept.path_of("db"), directory.path_of("db"));
  // Who provisions it meanwhile makes it no better.
  directory.provision([](Store& store) { return store.remove("context-9"); });
  directory.provision([](Store& store) { return store.add(numbered_context(9)); });
  Life life(directory);
  EXPECT_EQ(life.epoch(), 2u);
  for (uint32_t i = 0; i < 10; ++i) {
    EXPECT_GT(life.take(i), used[i]);
    EXPECT_FALSE(life.find(i)->window().is_set());
  }
}

TEST(Store, OlderEpochFilesPutBackAreRefusedAndAdoptedAbove) {
  StoreDirectory directory(1);
  const std::string a = read_text(directory.path_of("epoch.a"));
  const std::string b = read_text(directory.path_of("epoch.b"));
  for (int i = 0; i < 5; ++i) Life crashed(directory);
  write_text(directory.path_of("epoch.a"), a);
  // One of two: the other one is whole.
  { EXPECT_EQ(Life(directory).epoch(), 6u); }
  fs::remove(directory.path_of("epoch.a"));
  fs::remove(directory.path_of("epoch.b"));
  write_text(directory.path_of("epoch.a"), a);
  write_text(directory.path_of("epoch.b"), b);
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kServe), "osprey store adopt"));
  ASSERT_TRUE(Store::adopt(directory.path(), directory.options()));
  EXPECT_GT(Life(directory).epoch(), 16'384u);
}

TEST(Store, PartsOfAnotherStoreAreRefused) {
  StoreDirectory one(1);
  StoreDirectory other(1);
  const TempDirectory kept;
  copy_tree(one.path(), kept.path_of("one"));
  for (const char* name : {"epoch.a", "epoch.b"}) {
    fs::rename(other.path_of(name), one.path_of(name));
  }
  EXPECT_TRUE(contains(one.open_error(OpenMode::kServe), "belong to different stores"));
  EXPECT_TRUE(contains(one.open_error(OpenMode::kProvision), "belong to different stores"));

  StoreDirectory third(1);
  fs::rename(third.path_of("kek"), third.path_of("kek.own"));
  fs::copy(other.path_of("kek"), third.path_of("kek"));
  for (const OpenMode mode : {OpenMode::kServe, OpenMode::kProvision, OpenMode::kInspect}) {
    EXPECT_TRUE(contains(third.open_error(mode), "another key-encryption key"));
  }
  fs::remove(third.path_of("kek"));
  EXPECT_TRUE(contains(third.open_error(OpenMode::kServe), "kek"));
  fs::rename(third.path_of("kek.own"), third.path_of("kek"));
  EXPECT_EQ(Life(third).epoch(), 1u);
}

// What the damage tests do to a file; what is done to tables only elsewhere tells nothing new.
struct Damage {
  const char* name;
  bool to_tables_only;
  std::function<void(const std::string& path)> inflict;
};

void flip(const std::string& path, double where) {
  std::string content = read_text(path);
  if (content.empty()) return;
  content[static_cast<size_t>(where * static_cast<double>(content.size() - 1))] ^= 0x10;
  write_text(path, content);
}

const Damage kDamages[] = {
    {"first byte flipped", true, [](const std::string& path) { flip(path, 0); }},
    {"byte flipped early", true, [](const std::string& path) { flip(path, 0.2); }},
    {"byte flipped in the middle", false, [](const std::string& path) { flip(path, 0.5); }},
    {"byte flipped late", true, [](const std::string& path) { flip(path, 0.8); }},
    {"last byte flipped", false, [](const std::string& path) { flip(path, 1); }},
    {"half", false,
     [](const std::string& path) { fs::resize_file(path, fs::file_size(path) / 2); }},
    {"a byte short", true,
     [](const std::string& path) {
       if (fs::file_size(path) > 0) fs::resize_file(path, fs::file_size(path) - 1);
     }},
    {"empty", false, [](const std::string& path) { fs::resize_file(path, 0); }},
    {"removed", false, [](const std::string& path) { fs::remove(path); }},
};

std::vector<std::string> database_files(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

// Serves what could be opened, for as long as it takes to see what can be had from it, and expects
// every number to lie above `used` and every window to refuse what it saw.
void expect_nothing_twice(std::unique_ptr<Store> opened, const std::map<uint32_t, uint64_t>& used) {
  Quiescence readers(1);
  oscore::ContextTable table(7);
  const std::unique_ptr<Store> served = std::move(opened);  // ends before what it has borrowed
  Store& store = *served;
  ASSERT_TRUE(store.serve(table, readers, {nullptr}));
  // All is loaded, or the disk fails: what is damaged stays damaged.
  EXPECT_TRUE(
      wait_until([&] { return store.link(0).has_all() || store.health().num_failures > 0; }));
  for (const auto& [number, last] : used) {
    static_cast<void>(store.bring_in("context-" + std::to_string(number)));
    oscore::OscoreOption option;
    const ContextParameters parameters = numbered_context(number);
    option.kid = parameters.recipient_id;
    SecurityContext* context = table.find(option);
    if (context == nullptr) continue;
    for (int i = 0; i < 3; ++i) {
      const auto next = oscore::take_sequence_number(*context, store.link(0));
      if (next) {
        EXPECT_GT(*next, last) << number;
      }
    }
    EXPECT_FALSE(context->window().may_accept(1000)) << number;
  }
}

// Goal: damage of a database that was stopped cleanly is refused with a reason, or costs the epoch,
// or does no harm: no number comes again. Method: each file of it, each damage; a start that took
// no new epoch leaves the rest of the store as it was, so that the next one finds it stopped.
TEST(Store, DamagedDatabaseOfACleanStopRepeatsNothing) {
  StoreDirectory directory(10);
  const TempDirectory kept;
  std::map<uint32_t, uint64_t> used;
  uint64_t token = 0;
  uint32_t epoch = 0;
  const auto stop_cleanly = [&] {
    use_and_stop(directory, used);
    copy_tree(directory.path_of("db"), kept.path_of("db"));
    const auto file = EpochFile::open(*Directory::open(directory.path()));
    token = file->stop_token(directory.now_s);
    epoch = file->epoch();
    ASSERT_NE(token, 0u);
  };
  stop_cleanly();
  int num_refused = 0;
  int num_continued = 0;
  for (const Damage& damage : kDamages) {
    for (const std::string& name : database_files(kept.path_of("db"))) {
      if (!fs::exists(kept.path_of("db/" + name))) continue;  // of the stop before
      if (damage.to_tables_only && !name.ends_with(".sst")) continue;
      SCOPED_TRACE(name + ": " + damage.name);
      copy_tree(kept.path_of("db"), directory.path_of("db"));
      damage.inflict(directory.path_of("db/" + name));
      auto store = Store::open(directory.path(), OpenMode::kServe, directory.options());
      auto file = EpochFile::open(*Directory::open(directory.path()));
      ASSERT_TRUE(file);
      if (!store) {
        EXPECT_GT(error_of(store).size(), 40u);
        ++num_refused;
        ASSERT_EQ(file->stop_token(directory.now_s), token);
        continue;
      }
      if (file->epoch() == epoch) ++num_continued;
      expect_nothing_twice(std::move(*store), used);
      if (HasFailure()) return;
      store->reset();
      copy_tree(kept.path_of("db"), directory.path_of("db"));
      file = EpochFile::open(*Directory::open(directory.path()));
      if (file->epoch() == epoch) {
        ASSERT_TRUE(file->mark_clean_stop(token, directory.now_s));
      } else {
        stop_cleanly();
      }
    }
  }
  EXPECT_GT(num_refused, 10);
  EXPECT_GT(num_continued, 0) << "a file that nobody reads";
}

// Goal: damage of a database whose server crashed is refused with a reason or starts above.
TEST(Store, DamagedDatabaseOfACrashIsRefusedOrStartsAbove) {
  StoreDirectory directory(10);
  const TempDirectory kept;
  std::map<uint32_t, uint64_t> used;
  use_and_stop(directory, used);
  {
    Life crashed(directory);
    for (auto& [number, last] : used) {
      for (int i = 0; i < 40; ++i) last = crashed.take(number);
    }
    copy_tree(directory.path_of("db"), kept.path_of("db"));
  }
  int num_refused = 0;
  int num_opened = 0;
  const std::vector<std::string> names = database_files(kept.path_of("db"));
  for (const Damage& damage : kDamages) {
    for (const std::string& name : names) {
      // Files of tables are the same as after a clean stop, and tested there.
      if (name.ends_with(".sst") || name.starts_with("OPTIONS")) continue;
      SCOPED_TRACE(name + ": " + damage.name);
      copy_tree(kept.path_of("db"), directory.path_of("db"));
      damage.inflict(directory.path_of("db/" + name));
      const uint32_t before = EpochFile::open(*Directory::open(directory.path()))->epoch();
      auto store = Store::open(directory.path(), OpenMode::kServe, directory.options());
      if (!store) {
        EXPECT_GT(error_of(store).size(), 40u);
        ++num_refused;
        continue;
      }
      ++num_opened;
      EXPECT_GT(EpochFile::open(*Directory::open(directory.path()))->epoch(), before);
      expect_nothing_twice(std::move(*store), used);
    }
  }
  EXPECT_GT(num_refused, 5);
  EXPECT_GT(num_opened, 0);
}

// Goal: no own number comes twice, over any lives. Method: random steps of using, provisioning,
// stopping and crashing on one store, and a set of all numbers that were ever taken.
TEST(Store, RandomLivesNeverRepeatANumber) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
  StoreDirectory directory(4);
  std::set<std::pair<uint32_t, uint64_t>> taken;
  std::map<uint32_t, std::set<uint64_t>> accepted;

  const auto change = [&](Store& store) -> Result<void> {
    const auto number = static_cast<uint32_t>(random() % 4);
    const std::string name = "context-" + std::to_string(number);
    const auto stored = store.find(name);
    if (!stored) return tl::unexpected(stored.error());
    if (!*stored) return store.add(numbered_context(number));
    switch (random() % 4) {
      case 0: return store.remove(name);
      case 1: return store.replace(numbered_context(number));
      default: return store.set_enabled(name, !(**stored).record.enabled);
    }
  };
  for (int life_number = 0; life_number < 40; ++life_number) {
    if (chance(30)) {
      const auto store = directory.open(OpenMode::kProvision);
      for (auto i = random() % 3; i > 0; --i) ASSERT_TRUE(change(*store));
      if (chance(70)) {
        ASSERT_TRUE(store->close());
      }
    }
    if (chance(10)) directory.now_s += static_cast<int64_t>(random() % 2000) - 200;
    Life life(directory, chance(50) ? Store::Load::kAll : Store::Load::kOnDemand);
    for (auto step = random() % 8; step > 0; --step) {
      if (chance(20)) {
        ASSERT_TRUE(change(life.store()));
      }
      const auto number = static_cast<uint32_t>(random() % 4);
      const auto brought = life.store().bring_in("context-" + std::to_string(number));
      if (!brought) continue;
      SecurityContext& context = **brought;
      for (auto i = random() % 90; i > 0; --i) {
        ASSERT_TRUE(taken.emplace(number, life.take(context)).second) << number;
      }
      for (const uint64_t piv : accepted[number]) {
        ASSERT_FALSE(context.window().may_accept(piv)) << number << ", " << piv;
      }
      const uint64_t piv = accepted[number].empty() ? 0 : *accepted[number].rbegin();
      Life::see(context, piv + 1 + random() % 3);
      accepted[number].insert(context.window().next() - 1);
    }
    if (chance(60)) life.close();
  }
  EXPECT_GT(taken.size(), 1000u);
}

}  // namespace
}  // namespace osprey::storage
