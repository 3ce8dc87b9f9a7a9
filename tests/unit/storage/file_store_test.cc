#include "storage/file_store.h"

#include <sys/wait.h>

#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include "storage/context_lines.h"
#include "tests/unit/storage/power_cut.h"
#include "tests/unit/storage/support.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;
using oscore::SecurityContext;
using oscore::SequenceRange;
using ContextPtr = std::unique_ptr<SecurityContext>;
using StorePtr = std::unique_ptr<FileStore>;

constexpr int64_t kCreated = 1'800'000'000;
constexpr uint64_t kRange = uint64_t{1} << 20;

StoreOptions options_at(int64_t now_s, FileCalls& calls = FileCalls::system()) {
  return {.now_s = now_s, .calls = &calls};
}

std::vector<ContextParameters> numbered_contexts(uint32_t first, uint32_t count) {
  std::vector<ContextParameters> contexts;
  for (uint32_t i = 0; i < count; ++i) contexts.push_back(numbered_context(first + i));
  return contexts;
}

// A store in its own directory with `count` contexts, numbered from 0.
class StoreDirectory {
 public:
  explicit StoreDirectory(uint32_t count = 0) {
    const auto made = FileStore::init(path(), options_at(kCreated));
    EXPECT_TRUE(made) << error_of(made);
    if (count == 0) return;
    EXPECT_TRUE(open(OpenMode::kProvision)->add(numbered_contexts(0, count)));
  }

  const std::string& path() const { return directory_.path(); }
  std::string path_of(const std::string& name) const { return directory_.path_of(name); }
  std::string contexts() const { return read_text(path_of("contexts.jsonl")); }
  StorePtr open(OpenMode mode, FileCalls& calls = FileCalls::system()) const {
    auto store = FileStore::open(path(), mode, options_at(kCreated, calls));
    EXPECT_TRUE(store) << error_of(store);
    return store ? std::move(*store) : nullptr;
  }
  std::string open_error(OpenMode mode) const {
    return error_of(FileStore::open(path(), mode, options_at(kCreated)));
  }

 private:
  TempDirectory directory_;
};

std::vector<ContextPtr> load_all(FileStore& store) {
  std::vector<ContextPtr> contexts;
  const auto loaded = store.load([&](ContextPtr context) -> Result<void> {
    contexts.push_back(std::move(context));
    return {};
  });
  EXPECT_TRUE(loaded) << error_of(loaded);
  return contexts;
}

size_t count_contexts(const std::string& path) {
  size_t count = 0;
  const auto store = FileStore::open(path, OpenMode::kInspect);
  EXPECT_TRUE(store) << error_of(store);
  if (!store) return 0;
  const auto read = (*store)->for_each([&](const ContextParameters&) -> Result<void> {
    ++count;
    return {};
  });
  EXPECT_TRUE(read) << error_of(read);
  return count;
}

// Asks until there is a range: what a worker does from message to message.
SequenceRange reserve_soon(FileStore& store, const SecurityContext& context) {
  for (;;) {
    if (const auto range = store.reserve_sender_sequence(context)) return *range;
    std::this_thread::yield();
  }
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// --- making and opening ---

TEST(FileStoreInit, MakesPrivateFiles) {
  const TempDirectory directory;
  const std::string path = directory.path_of("deep/er/store");
  const auto made = FileStore::init(path);
  ASSERT_TRUE(made) << error_of(made);
  const std::pair<std::string, mode_t> kModes[] = {{path, 0700},
                                                   {path + "/contexts.jsonl", 0600},
                                                   {path + "/epoch.a", 0600},
                                                   {path + "/epoch.b", 0600},
                                                   {path + "/lock", 0600}};
  for (const auto& [name, mode] : kModes) {
    struct stat status {};
    ASSERT_EQ(stat(name.c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777, mode) << name;
  }
  EXPECT_TRUE(contains(error_of(FileStore::init(path)), "there is a store at"));
  EXPECT_TRUE(FileStore::open(path + "/", OpenMode::kServe));
}

TEST(FileStoreInit, NeverStartsFromEpochZeroAgain) {
  const StoreDirectory directory;
  directory.open(OpenMode::kServe);
  std::filesystem::remove(directory.path_of("contexts.jsonl"));
  EXPECT_TRUE(FileStore::init(directory.path(), options_at(kCreated)));
  EXPECT_EQ(directory.open(OpenMode::kServe)->health().epoch, 2u);
}

TEST(FileStore, MissingThingsAreNamedWithWhatMendsThem) {
  const TempDirectory nothing;
  EXPECT_EQ(error_of(FileStore::open(nothing.path_of("no"), OpenMode::kInspect)),
            "there is no store at " + nothing.path_of("no") +
                "\n  to mend: osprey store init --store " + nothing.path_of("no"));
  EXPECT_EQ(
      error_of(FileStore::open(nothing.path(), OpenMode::kServe)),
      nothing.path() + " is not a store\n  to mend: osprey store init --store " + nothing.path());

  const StoreDirectory no_contexts;
  std::filesystem::remove(no_contexts.path_of("contexts.jsonl"));
  EXPECT_TRUE(contains(no_contexts.open_error(OpenMode::kServe), "contexts.jsonl is missing"));

  const StoreDirectory no_epoch(1);
  std::filesystem::remove(no_epoch.path_of("epoch.a"));
  EXPECT_TRUE(no_epoch.open(OpenMode::kServe));
  std::filesystem::remove(no_epoch.path_of("epoch.a"));
  std::filesystem::remove(no_epoch.path_of("epoch.b"));
  EXPECT_TRUE(contains(no_epoch.open_error(OpenMode::kServe),
                       "does not know any more which sequence numbers it used"));
  // Its contexts can still be looked at.
  EXPECT_EQ(count_contexts(no_epoch.path()), 1u);
}

TEST(FileStore, LooseModesAreRefusedWithTheCommand) {
  const StoreDirectory directory(1);
  const std::string file = directory.path_of("contexts.jsonl");
  ASSERT_EQ(chmod(file.c_str(), 0644), 0);
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kInspect), "chmod 600 " + file));
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  ASSERT_EQ(chmod(directory.path().c_str(), 0750), 0);
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kServe), "chmod 700 " + directory.path()));
}

TEST(FileStore, OneProcessServesAndOthersMayLook) {
  const StoreDirectory directory(1);
  const auto serving = directory.open(OpenMode::kServe);
  const std::string in_use = "is in use by process " + std::to_string(getpid());
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kServe), in_use));
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kProvision), in_use));
  EXPECT_EQ(count_contexts(directory.path()), 1u);
}

TEST(FileStore, OnlyServingTakesAnEpoch) {
  const StoreDirectory directory(1);
  const std::string before = read_text(directory.path_of("epoch.a"));
  directory.open(OpenMode::kProvision);
  directory.open(OpenMode::kInspect);
  EXPECT_EQ(read_text(directory.path_of("epoch.a")), before);
  directory.open(OpenMode::kServe);
  EXPECT_NE(read_text(directory.path_of("epoch.a")), before);
}

TEST(FileStore, BrokenLinesAreFoundBeforeAnEpochIsSpent) {
  const StoreDirectory directory(1);
  const std::string before = read_text(directory.path_of("epoch.a"));
  write_text(directory.path_of("contexts.jsonl"), directory.contexts() + "\n{\"name\": \"half");
  EXPECT_TRUE(contains(directory.open_error(OpenMode::kServe),
                       directory.path_of("contexts.jsonl") + ": line 3: not JSON"));
  EXPECT_EQ(read_text(directory.path_of("epoch.a")), before);
}

// --- contexts ---

TEST(FileStore, ContextsComeBackInOrderUnsetAndWithoutNumbers) {
  const StoreDirectory directory(5);
  const auto store = directory.open(OpenMode::kServe);
  const auto contexts = load_all(*store);
  ASSERT_EQ(contexts.size(), 5u);
  for (uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(contexts[i]->name(), "context-" + std::to_string(i));
    EXPECT_FALSE(contexts[i]->window().is_set());
    EXPECT_EQ(contexts[i]->sequence().limit(), 0u);
  }
}

TEST(FileStore, BlankLinesAndAMissingLastEndAreFine) {
  const StoreDirectory directory(2);
  std::string text = directory.contexts();
  text.pop_back();
  write_text(directory.path_of("contexts.jsonl"), "\n  \r\n" + text);
  EXPECT_EQ(count_contexts(directory.path()), 2u);
  ASSERT_TRUE(directory.open(OpenMode::kProvision)->add(numbered_context(2)));
  EXPECT_EQ(count_contexts(directory.path()), 3u);
}

TEST(FileStore, DuplicatesAreRefusedNamingBothLines) {
  const StoreDirectory directory(2);
  const std::string text = directory.contexts();
  write_text(directory.path_of("contexts.jsonl"), text + "\n" + text);
  EXPECT_EQ(directory.open_error(OpenMode::kServe),
            directory.path_of("contexts.jsonl") +
                ": context \"context-0\" is there twice: line 1 and line 4\n  to mend: rename one "
                "of the two, or remove it");

  const struct {
    std::function<void(ContextParameters&)> change;
    const char* error;
  } kCases[] = {
      {[](auto& p) { p.name = "context-0"; },
       "context \"context-0\" is there twice: line 1 and new"},
      {[](auto& p) { p.recipient_id = {9}; },
       "context \"other\" (new) has the same Sender Key as context \"context-0\" (line 1): both "
       "would use the same nonces"},
      {[](auto& p) { p.sender_id = {9}; },
       "context \"other\" (new) has the same Recipient Key as context \"context-0\" (line 1): each "
       "would accept what the other has seen"},
  };
  write_text(directory.path_of("contexts.jsonl"), text);
  for (const auto& c : kCases) {
    ContextParameters parameters = numbered_context(0);
    parameters.name = "other";
    c.change(parameters);
    const std::string error = error_of(directory.open(OpenMode::kProvision)->add(parameters));
    EXPECT_TRUE(contains(error, c.error)) << error;
  }
  EXPECT_EQ(directory.contexts(), text);

  // Both ends of one context may lie in one store: they use different keys.
  ContextParameters other_end = numbered_context(0);
  other_end.name = "other end";
  std::swap(other_end.sender_id, other_end.recipient_id);
  EXPECT_TRUE(directory.open(OpenMode::kProvision)->add(other_end));
}

TEST(FileStore, AddRefusesWhatCouldNotBeLoaded) {
  const StoreDirectory directory(1);
  const std::string text = directory.contexts();
  const std::function<void(ContextParameters&)> kBad[] = {
      [](auto& p) { p.name = ""; },
      [](auto& p) { p.name = "a\nb"; },
      [](auto& p) { p.master_secret = {}; },
      [](auto& p) { p.master_salt.assign(256, 0); },
      [](auto& p) { p.id_context.emplace(256, uint8_t{0}); },
      [](auto& p) { p.sender_id.assign(8, 1); },
      [](auto& p) { p.aead = cose::find_aead("AES-CCM-64-64-128"); },  // IDs of one byte at most
      [](auto& p) { p.recipient_id = p.sender_id; },
      [](auto& p) { p.replay_window_size = 0; },
      [](auto& p) { p.replay_window_size = 5000; },
  };
  const auto store = directory.open(OpenMode::kProvision);
  for (const auto& spoil : kBad) {
    std::vector<ContextParameters> contexts = numbered_contexts(1, 3);
    spoil(contexts[1]);
    EXPECT_FALSE(store->add(contexts));
  }
  EXPECT_EQ(directory.contexts(), text);
  EXPECT_TRUE(store->add(numbered_contexts(1, 3)));
  EXPECT_EQ(count_contexts(directory.path()), 4u);
}

TEST(FileStore, HandEditsAreKeptByAdd) {
  const StoreDirectory directory(1);
  const auto store = directory.open(OpenMode::kProvision);
  std::string text = directory.contexts();
  text += "\n";
  text += write_context_line(numbered_context(1), Reveal::kYes);
  write_text(directory.path_of("contexts.jsonl"), text);
  ASSERT_TRUE(store->add(numbered_context(2)));
  EXPECT_TRUE(directory.contexts().starts_with(text + "\n"));
  EXPECT_EQ(count_contexts(directory.path()), 3u);
}

TEST(FileStore, ManyContextsAtOnceAreOneWrite) {
  FailingCalls counted;
  const StoreDirectory directory;
  const uint32_t kCount = 20'000;
  const auto contexts = numbered_contexts(0, kCount);
  {
    const auto store = directory.open(OpenMode::kProvision, counted);
    const int before = counted.calls();
    ASSERT_TRUE(store->add(contexts));
    EXPECT_LE(counted.calls() - before, 6);
  }
  EXPECT_EQ(count_contexts(directory.path()), kCount);
}

TEST(FileStore, FailedAddLeavesTheContextsAsTheyWere) {
  int first = 0;
  for (;; ++first) {
    const StoreDirectory directory(2);
    FailingCalls calls;
    const auto store = directory.open(OpenMode::kProvision, calls);
    calls.fail(first, 1, ENOSPC);
    const auto added = store->add(numbered_context(2));
    if (added) break;
    EXPECT_TRUE(contains(error_of(added), "No space left on device")) << error_of(added);
    const size_t count = count_contexts(directory.path());
    EXPECT_TRUE(count == 2 || count == 3);
    const auto again = store->add(numbered_context(2));
    EXPECT_EQ(again.has_value(), count == 2);
    EXPECT_EQ(count_contexts(directory.path()), 3u);
  }
  EXPECT_GE(first, 6);
}

// Goal: a power cut while contexts are added leaves all the old ones or all the new ones too, and a
// store that starts. Once add() has returned, the new ones are there.
TEST(FileStore, PowerCutWhileAddingLeavesAStoreThatStarts) {
  const StoreDirectory original(2);
  for (int cut_at = 0;; ++cut_at) {
    const TempDirectory directory;
    std::filesystem::copy(original.path(), directory.path());
    for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
      ASSERT_EQ(chmod(file.path().c_str(), 0600), 0);
    }
    PowerCutCalls calls(directory.path(), cut_at);
    bool is_added = false;
    try {
      auto store =
          FileStore::open(directory.path(), OpenMode::kProvision, options_at(kCreated, calls));
      ASSERT_TRUE(store);
      is_added = (*store)->add(numbered_contexts(2, 3)).has_value();
    } catch (const PowerCut&) {
    }
    calls.for_each_survivor([&](const std::string& survivor) {
      const size_t count = count_contexts(survivor);
      EXPECT_TRUE(count == 5 || (count == 2 && !is_added)) << count;
      const auto store = FileStore::open(survivor, OpenMode::kServe, options_at(kCreated));
      EXPECT_TRUE(store) << error_of(store);
      EXPECT_FALSE(std::filesystem::exists(survivor + "/contexts.jsonl.new"));
    });
    if (!calls.was_cut()) break;
  }
}

TEST(FileStoreInit, PowerCutLeavesWhatInitFinishes) {
  for (int cut_at = 0;; ++cut_at) {
    const TempDirectory directory;
    PowerCutCalls calls(directory.path(), cut_at);
    try {
      EXPECT_TRUE(FileStore::init(directory.path(), options_at(kCreated, calls)));
    } catch (const PowerCut&) {
    }
    calls.for_each_survivor([&](const std::string& survivor) {
      if (!FileStore::open(survivor, OpenMode::kServe, options_at(kCreated))) {
        const auto again = FileStore::init(survivor, options_at(kCreated));
        EXPECT_TRUE(again) << error_of(again);
      }
      const auto store = FileStore::open(survivor, OpenMode::kServe, options_at(kCreated));
      EXPECT_TRUE(store) << error_of(store);
    });
    if (!calls.was_cut()) break;
  }
}

// --- numbers ---

TEST(FileStore, OnlyServingHandsOutNumbers) {
  const StoreDirectory directory(1);
  for (const OpenMode mode : {OpenMode::kProvision, OpenMode::kInspect}) {
    const auto store = directory.open(mode);
    const auto contexts = load_all(*store);
    EXPECT_FALSE(store->reserve_sender_sequence(*contexts[0]));
    EXPECT_EQ(store->health().epoch, 0u);
  }
}

TEST(FileStore, EveryContextGetsTheEpochsRangeOnce) {
  const StoreDirectory directory(3);
  const auto store = directory.open(OpenMode::kServe);
  const auto contexts = load_all(*store);
  for (const auto& context : contexts) {
    const auto range = store->reserve_sender_sequence(*context);
    ASSERT_TRUE(range);
    EXPECT_EQ(range->first, kRange);
    EXPECT_EQ(range->limit, 2 * kRange);
  }
  EXPECT_EQ(store->health().epoch, 1u);
  // Used up: nothing at once, the next epoch soon, and the others keep what they have.
  EXPECT_EQ(reserve_soon(*store, *contexts[0]).first, 2 * kRange);
  EXPECT_EQ(store->health().epoch, 2u);
  EXPECT_EQ(store->reserve_sender_sequence(*contexts[1])->first, 2 * kRange);
}

TEST(FileStore, NumbersGoOnWhenTheRangeIsUsedUp) {
  const StoreDirectory directory(1);
  const auto store = directory.open(OpenMode::kServe);
  const auto contexts = load_all(*store);
  uint64_t last = 0;
  uint64_t waits = 0;
  for (uint64_t taken = 0; taken < kRange + 10;) {
    const auto number = oscore::take_sequence_number(*contexts[0], *store);
    if (!number) {
      ++waits;
      std::this_thread::yield();
      continue;
    }
    ASSERT_GT(*number, last);
    last = *number;
    ++taken;
  }
  EXPECT_EQ(last, 2 * kRange + 9);
  EXPECT_GT(waits, 0u);
}

// Goal: deriving a context twice does not repeat its numbers.
TEST(FileStore, SecondLoadGetsOtherNumbers) {
  const StoreDirectory directory(1);
  const auto store = directory.open(OpenMode::kServe);
  const auto first = load_all(*store);
  const auto second = load_all(*store);
  EXPECT_EQ(reserve_soon(*store, *first[0]).first, kRange);
  EXPECT_EQ(reserve_soon(*store, *second[0]).first, 2 * kRange);
}

TEST(FileStore, ContextsAddedWhileServingGetNumbers) {
  const StoreDirectory directory;
  const auto store = directory.open(OpenMode::kServe);
  ASSERT_TRUE(store->add(numbered_context(0)));
  const auto context = SecurityContext::derive(numbered_context(0));
  EXPECT_EQ(store->reserve_sender_sequence(**context)->first, kRange);
}

TEST(FileStore, ContextsWrittenByHandAfterTheStartGetNumbersWhenLoaded) {
  const StoreDirectory directory(1);
  const auto store = directory.open(OpenMode::kServe);
  std::string text = directory.contexts();
  text += write_context_line(numbered_context(1), Reveal::kYes);
  write_text(directory.path_of("contexts.jsonl"), text);
  const auto contexts = load_all(*store);
  ASSERT_EQ(contexts.size(), 2u);
  EXPECT_EQ(store->reserve_sender_sequence(*contexts[1])->first, kRange);
}

TEST(FileStore, ContextOfAnotherStoreIsABug) {
  const StoreDirectory directory;
  EXPECT_DEATH(
      {
        const auto store = directory.open(OpenMode::kServe);
        const auto stranger = SecurityContext::derive(numbered_context(0));
        static_cast<void>(store->reserve_sender_sequence(**stranger));
      },
      "granted != nullptr");
}

TEST(FileStore, RestoredDirectoryStartsAboveByTheClock) {
  const StoreDirectory directory(1);
  const std::string old_a = read_text(directory.path_of("epoch.a"));
  const std::string old_b = read_text(directory.path_of("epoch.b"));
  const auto epoch_at = [&](int64_t later_s) {
    const auto store =
        FileStore::open(directory.path(), OpenMode::kServe, options_at(kCreated + later_s));
    return store ? (*store)->health().epoch : 0;
  };
  EXPECT_EQ(epoch_at(100 * 600), 100u);
  write_text(directory.path_of("epoch.a"), old_a);
  write_text(directory.path_of("epoch.b"), old_b);
  EXPECT_EQ(epoch_at(101 * 600), 101u);
}

TEST(FileStore, LastEpochRunsOutWithAReason) {
  const StoreDirectory directory(1);
  const auto last = FileStore::open(directory.path(), OpenMode::kServe,
                                    options_at(kCreated + int64_t{kMaxEpoch} * 600));
  ASSERT_TRUE(last) << error_of(last);
  const auto contexts = load_all(**last);
  const auto range = (*last)->reserve_sender_sequence(*contexts[0]);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->limit, uint64_t{1} << 40);
  contexts[0]->sequence().reserve(*range);  // fits
  while ((*last)->health().failed_raises == 0) {
    EXPECT_FALSE((*last)->reserve_sender_sequence(*contexts[0]));
    std::this_thread::yield();
  }
  EXPECT_TRUE(contains((*last)->health().last_failure, "has used up its sequence numbers"));
}

// Goal: while the disk refuses, nothing is handed out, the reason can be read, and it goes on by
// itself when the disk is back. Method: each call of a raise fails for a while.
TEST(FileStore, FailingDiskYieldsNothingAndThenGoesOn) {
  for (const int error : {ENOSPC, EIO}) {
    const StoreDirectory directory(1);
    FailingCalls calls;
    const auto store = directory.open(OpenMode::kServe, calls);
    const auto contexts = load_all(*store);
    EXPECT_EQ(reserve_soon(*store, *contexts[0]).first, kRange);
    calls.fail(3, INT32_MAX / 2, error);
    while (store->health().failed_raises < 2) {
      ASSERT_FALSE(store->reserve_sender_sequence(*contexts[0]));
      std::this_thread::yield();
    }
    EXPECT_EQ(store->health().epoch, 1u);
    EXPECT_TRUE(contains(store->health().last_failure,
                         error == ENOSPC ? "No space left on device" : "Input/output error"));
    calls.recover();
    EXPECT_EQ(reserve_soon(*store, *contexts[0]).first, 2 * kRange);
  }
}

TEST(FileStore, FailingDiskAtTheStartIsAnError) {
  const StoreDirectory directory(1);
  int first = 0;
  for (;; ++first) {
    FailingCalls calls;
    calls.fail(first, INT32_MAX / 2, EIO);
    const auto store =
        FileStore::open(directory.path(), OpenMode::kServe, options_at(kCreated, calls));
    if (store) break;
    EXPECT_TRUE(contains(error_of(store), "Input/output error")) << error_of(store);
  }
  EXPECT_GE(first, 13);  // the lock, and two copies: open, write, write, fsync, rename, fsync
}

// --- threads ---

// Goal: workers reserve at once, each for its own contexts, while the control thread adds contexts
// and reads the health. Every context's ranges go up and never overlap. TSan watches.
TEST(FileStore, WorkersReserveAtOnce) {
  constexpr size_t kPerWorker = 8;
  constexpr int kRounds = 40;
  const StoreDirectory directory(2 * kPerWorker);
  const auto store = directory.open(OpenMode::kServe);
  const auto contexts = load_all(*store);
  const auto work = [&](size_t worker) {
    std::array<uint64_t, kPerWorker> limits{};
    for (int round = 0; round < kRounds; ++round) {
      for (size_t i = 0; i < kPerWorker; ++i) {
        const auto range = reserve_soon(*store, *contexts[worker * kPerWorker + i]);
        EXPECT_GE(range.first, limits[i]);
        EXPECT_EQ(range.limit, range.first + kRange);
        limits[i] = range.limit;
      }
    }
  };
  std::thread one(work, 0);
  std::thread two(work, 1);
  for (uint32_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(store->add(numbered_context(1000 + i)));
    EXPECT_EQ(store->health().failed_raises, 0u);
  }
  one.join();
  two.join();
  EXPECT_GE(store->health().epoch, static_cast<uint32_t>(kRounds));
}

// Goal: even two workers that both believe to own a context never get one range.
TEST(FileStore, TwoThreadsOnOneContextNeverGetOneRange) {
  const StoreDirectory directory(1);
  const auto store = directory.open(OpenMode::kServe);
  const auto contexts = load_all(*store);
  std::array<std::vector<uint64_t>, 2> firsts;
  const auto work = [&](size_t worker) {
    for (int i = 0; i < 60; ++i) {
      firsts[worker].push_back(reserve_soon(*store, *contexts[0]).first);
    }
  };
  std::thread one(work, 0);
  std::thread two(work, 1);
  one.join();
  two.join();
  std::vector<uint64_t> all = firsts[0];
  all.insert(all.end(), firsts[1].begin(), firsts[1].end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

// --- kills ---

// Ends the process, without any clean-up, at the `die_at`-th call.
class DyingCalls : public FileCalls {
 public:
  explicit DyingCalls(int die_at) : left_(die_at) {}
  int open_at(int directory, const char* name, int flags, mode_t mode) override {
    if ((flags & O_CREAT) != 0) step();
    return FileCalls::open_at(directory, name, flags, mode);
  }
  ssize_t write(int file, Bytes bytes) override { return step(), FileCalls::write(file, bytes); }
  int fsync(int) override { return step(), 0; }
  int rename_at(int directory, const char* from, const char* to) override {
    return step(), FileCalls::rename_at(directory, from, to);
  }

 private:
  void step() {
    if (left_-- == 0) _exit(9);
  }
  std::atomic<int> left_;
};

// What a killed child tells: the numbers it could have used, before it uses them.
struct Used {
  uint32_t context;
  SequenceRange range;
};

// The child's life: serve, take ranges, and die somewhere. Returns only by _exit.
[[noreturn]] void serve_and_die(const std::string& path, int report, uint32_t seed) {
  std::mt19937 random(seed);
  // Odd rounds die in the middle of a raise, even ones between two.
  DyingCalls calls(seed % 2 == 1 ? static_cast<int>(random() % 60) : INT32_MAX);
  const auto store = FileStore::open(path, OpenMode::kServe, options_at(kCreated, calls));
  if (!store) _exit(2);
  std::vector<ContextPtr> contexts;
  const auto loaded = (*store)->load([&](ContextPtr context) -> Result<void> {
    contexts.push_back(std::move(context));
    return {};
  });
  if (!loaded) _exit(3);
  const uint32_t ranges = random() % 8;
  for (uint32_t i = 0; i < ranges; ++i) {
    const auto context = static_cast<uint32_t>(random() % contexts.size());
    const Used used{context, reserve_soon(**store, *contexts[context])};
    if (write(report, &used, sizeof used) != sizeof used) _exit(4);
  }
  _exit(0);
}

// Goal: no number is handed out twice over any number of kills. Method: 200 children on one store,
// each killed at a random moment; every range they got is above all earlier ones of its context.
TEST(FileStore, NumbersAreNeverRepeatedAcross200Kills) {
  const StoreDirectory directory(3);
  std::map<uint32_t, uint64_t> limits;
  int killed = 0;
  for (uint32_t round = 0; round < 200; ++round) {
    int report[2];
    ASSERT_EQ(pipe(report), 0);
    const pid_t child = fork();
    if (child == 0) serve_and_die(directory.path(), report[1], round);
    close(report[1]);
    Used used{};
    while (read(report[0], &used, sizeof used) == sizeof used) {
      ASSERT_GE(used.range.first, limits[used.context]) << "round " << round;
      ASSERT_EQ(used.range.limit, used.range.first + kRange);
      limits[used.context] = used.range.limit;
    }
    close(report[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9) << WEXITSTATUS(status);
    if (WEXITSTATUS(status) == 9) ++killed;
  }
  EXPECT_GT(killed, 20);
  EXPECT_EQ(limits.size(), 3u);
}

}  // namespace
}  // namespace osprey::storage
