#include "storage/epoch_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "storage/sha256.h"
#include "tests/unit/storage/power_cut.h"
#include "tests/unit/storage/support.h"

namespace osprey::storage {
namespace {

constexpr int64_t kCreated = 1'800'000'000;
constexpr StoreId kId = {0x05, 0x9e, 0x41};

DirectoryPtr open_directory(const std::string& path, FileCalls& calls = FileCalls::system()) {
  auto directory = Directory::open(path, calls);
  EXPECT_TRUE(directory) << error_of(directory);
  return *directory;
}

// A store's directory whose epoch is `epoch` in both copies.
void make_epoch(const TempDirectory& directory, uint32_t epoch) {
  auto file = EpochFile::create(open_directory(directory.path()), kId, kCreated);
  ASSERT_TRUE(file) << error_of(file);
  const auto raised = file->raise_to(epoch, kCreated);
  ASSERT_TRUE(raised) << error_of(raised);
}

// What a start would raise to, or the error's text.
Result<uint32_t> next_start(const std::string& path, int64_t now_s = kCreated) {
  const auto file = EpochFile::open(open_directory(path));
  if (!file) return tl::unexpected(file.error());
  return file->next_epoch(now_s);
}

TEST(EpochFile, NewStoreHasUsedUpEpochZero) {
  const TempDirectory directory;
  make_epoch(directory, 0);
  EXPECT_EQ(next_start(directory.path()), 1u);
}

TEST(EpochFile, CreateRefusesWhenThereIsAnEpoch) {
  const TempDirectory directory;
  make_epoch(directory, 7);
  const auto file = EpochFile::create(open_directory(directory.path()), kId, kCreated);
  EXPECT_NE(error_of(file).find("has epoch files already"), std::string::npos) << error_of(file);
  EXPECT_EQ(next_start(directory.path()), 8u);
}

TEST(EpochFile, RaisedEpochComesBack) {
  const TempDirectory directory;
  make_epoch(directory, 41);
  const auto file = EpochFile::open(open_directory(directory.path()));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->epoch(), 41u);
}

TEST(EpochFile, RaiseNeverLowers) {
  const TempDirectory directory;
  make_epoch(directory, 41);
  auto file = EpochFile::open(open_directory(directory.path()));
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->raise_to(3, kCreated));
  EXPECT_EQ(file->epoch(), 41u);
  EXPECT_EQ(next_start(directory.path()), 42u);
}

TEST(EpochFile, FilesArePrivate) {
  const TempDirectory directory;
  make_epoch(directory, 1);
  for (const char* name : {"epoch.a", "epoch.b"}) {
    struct stat status {};
    ASSERT_EQ(stat(directory.path_of(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
  }
}

TEST(EpochFile, OneCopyIsEnoughAndTheOtherIsMendedByTheNextRaise) {
  const std::string kWorse[] = {"", "short", std::string(114, '\0'), std::string(5000, 'x')};
  for (const char* hurt : {"epoch.a", "epoch.b"}) {
    for (const std::string& content : kWorse) {
      const TempDirectory directory;
      make_epoch(directory, 9);
      write_text(directory.path_of(hurt), content);
      auto file = EpochFile::open(open_directory(directory.path()));
      ASSERT_TRUE(file) << error_of(file);
      EXPECT_EQ(file->epoch(), 9u);
      ASSERT_TRUE(file->raise_to(10, kCreated));

      const char* other = hurt == std::string("epoch.a") ? "epoch.b" : "epoch.a";
      std::filesystem::remove(directory.path_of(other));
      EXPECT_EQ(next_start(directory.path()), 11u);
    }
    const TempDirectory directory;
    make_epoch(directory, 9);
    std::filesystem::remove(directory.path_of(hurt));
    EXPECT_EQ(next_start(directory.path()), 10u);
  }
}

// Goal: no single damaged byte makes a copy say another epoch. Method: flip each byte of one copy,
// then of both, in several ways.
TEST(EpochFile, EachFlippedByteIsNoticed) {
  const TempDirectory directory;
  make_epoch(directory, 9);
  const std::string good_a = read_text(directory.path_of("epoch.a"));
  const std::string good_b = read_text(directory.path_of("epoch.b"));
  ASSERT_EQ(good_a.size(), good_b.size());
  const auto flipped = [](std::string text, size_t i, int mask) {
    text[i] = static_cast<char>(text[i] ^ mask);
    return text;
  };
  for (size_t i = 0; i < good_a.size(); ++i) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      write_text(directory.path_of("epoch.a"), flipped(good_a, i, mask));
      write_text(directory.path_of("epoch.b"), good_b);
      EXPECT_EQ(next_start(directory.path()), 10u) << "a, byte " << i;

      write_text(directory.path_of("epoch.b"), flipped(good_b, i, mask));
      const auto neither = next_start(directory.path());
      EXPECT_NE(error_of(neither).find("epoch.a is damaged and epoch.b is damaged"),
                std::string::npos)
          << error_of(neither);

      write_text(directory.path_of("epoch.a"), good_a);
      EXPECT_EQ(next_start(directory.path()), 10u) << "b, byte " << i;
    }
  }
}

TEST(EpochFile, EachCutLengthIsNoticed) {
  const TempDirectory directory;
  make_epoch(directory, 9);
  const std::string good = read_text(directory.path_of("epoch.a"));
  for (size_t len = 0; len < good.size(); ++len) {
    write_text(directory.path_of("epoch.a"), good.substr(0, len));
    EXPECT_EQ(next_start(directory.path()), 10u);
    write_text(directory.path_of("epoch.b"), good.substr(0, len));
    EXPECT_FALSE(next_start(directory.path()));
    write_text(directory.path_of("epoch.b"), good);
  }
  write_text(directory.path_of("epoch.a"), good + "x");
  std::filesystem::remove(directory.path_of("epoch.b"));
  EXPECT_FALSE(next_start(directory.path()));
}

TEST(EpochFile, WithoutACopyTheErrorSaysWhyAndWhatMends) {
  const TempDirectory directory;
  const auto none = next_start(directory.path());
  EXPECT_EQ(error_of(none),
            "the store " + directory.path() +
                " does not know any more which sequence numbers it used: epoch.a is missing and "
                "epoch.b is missing\n  to mend: put one of the two files back from a copy made "
                "after the last start; if there is none, give every context new keys in a new "
                "store (mv " +
                directory.path() + " " + directory.path() + ".lost && osprey store init --store " +
                directory.path() + ")");
}

TEST(EpochFile, OlderCopyOfOneIsOverruledByTheOther) {
  for (const char* old : {"epoch.a", "epoch.b"}) {
    const TempDirectory directory;
    make_epoch(directory, 3);
    const std::string saved = read_text(directory.path_of(old));
    auto file = EpochFile::open(open_directory(directory.path()));
    ASSERT_TRUE(file && file->raise_to(8, kCreated));
    write_text(directory.path_of(old), saved);
    EXPECT_EQ(next_start(directory.path()), 9u);
  }
}

TEST(EpochFile, CopiesSwappedAreTheSame) {
  const TempDirectory directory;
  make_epoch(directory, 3);
  std::filesystem::rename(directory.path_of("epoch.a"), directory.path_of("x"));
  std::filesystem::rename(directory.path_of("epoch.b"), directory.path_of("epoch.a"));
  std::filesystem::rename(directory.path_of("x"), directory.path_of("epoch.b"));
  EXPECT_EQ(next_start(directory.path()), 4u);
}

// Goal: a snapshot of the whole machine, put back, does not repeat the epochs of the time between,
// if they were not taken faster than the clock gives them.
TEST(EpochFile, ClockLiftsARestoredCopy) {
  const TempDirectory directory;
  make_epoch(directory, 3);
  const struct {
    int64_t later_s;
    uint32_t epoch;
  } kCases[] = {
      {-1'000'000, 4},  {0, 4},       {599, 4},         {3 * 600, 7},
      {5 * 600 - 1, 8}, {5 * 600, 9}, {144 * 600, 148}, {int64_t{kMaxEpoch - 4} * 600, kMaxEpoch},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(next_start(directory.path(), kCreated + c.later_s), c.epoch) << c.later_s;
  }
}

TEST(EpochFile, ClockFarAheadDoesNotUseUpTheEpochs) {
  const TempDirectory directory;
  make_epoch(directory, 3);
  const auto far = next_start(directory.path(), kCreated + int64_t{kMaxEpoch - 3} * 600);
  EXPECT_NE(error_of(far).find("set the clock (date)"), std::string::npos) << error_of(far);
  EXPECT_EQ(next_start(directory.path()), 4u);
}

TEST(EpochFile, StoreMadeBeforeTheClockWasSetStartsOnceItIs) {
  const TempDirectory directory;
  ASSERT_TRUE(EpochFile::create(open_directory(directory.path()), kId, 60));
  EXPECT_EQ(next_start(directory.path(), 90), 1u);
  EXPECT_EQ(next_start(directory.path(), kEarliestNowS + 7 * 600), 8u);
}

TEST(EpochFile, CopiesOfTwoLivesTakeTheHigherEpochAndTheOlderClock) {
  const TempDirectory directory;
  const TempDirectory other;
  make_epoch(directory, 3);
  auto file = EpochFile::create(open_directory(other.path()), kId, kCreated - 6000);
  ASSERT_TRUE(file);
  write_text(directory.path_of("epoch.b"), read_text(other.path_of("epoch.b")));
  EXPECT_EQ(next_start(directory.path()), 14u);
}

TEST(EpochFile, LastEpochIsUsedAndThenNoMore) {
  const TempDirectory directory;
  make_epoch(directory, kMaxEpoch - 1);
  auto file = EpochFile::open(open_directory(directory.path()));
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->adopt(kCreated));  // the allowance was used up, too
  EXPECT_EQ(file->epoch(), kMaxEpoch);
  EXPECT_NE(error_of(next_start(directory.path())).find("has used up its sequence numbers"),
            std::string::npos);
  EXPECT_NE(error_of(file->adopt(kCreated)).find("no epochs left"), std::string::npos);
  EXPECT_FALSE(file->raise_to(kMaxEpoch + 1, kCreated));
  EXPECT_EQ(file->epoch(), kMaxEpoch);
}

TEST(EpochFile, CopiesOfDifferentStoresAreRefused) {
  const TempDirectory directory;
  const TempDirectory other;
  make_epoch(directory, 3);
  ASSERT_TRUE(EpochFile::create(open_directory(other.path()), StoreId{7}, kCreated));
  write_text(directory.path_of("epoch.b"), read_text(other.path_of("epoch.b")));
  EXPECT_NE(error_of(next_start(directory.path())).find("belong to different stores"),
            std::string::npos);
}

bool is_in_place(const std::string& path) {
  const auto file = EpochFile::open(open_directory(path));
  EXPECT_TRUE(file) << error_of(file);
  return file && file->is_in_place();
}

void copy_directory(const std::string& from, const std::string& to) {
  for (const char* name : {"epoch.a", "epoch.b"}) {
    write_text(to + "/" + name, read_text(from + "/" + name));
  }
}

// Goal: a store is told from a copy of it (I1). Method: copy it elsewhere; put an older copy back
// over the files, in place and by removing them first; move it, which is no copy.
TEST(EpochFile, ACopyIsNotTheStore) {
  const TempDirectory directory;
  make_epoch(directory, 3);
  EXPECT_TRUE(is_in_place(directory.path()));

  const TempDirectory copy;
  copy_directory(directory.path(), copy.path());
  EXPECT_FALSE(is_in_place(copy.path()));

  auto file = EpochFile::open(open_directory(directory.path()));
  ASSERT_TRUE(file && file->raise_to(4, kCreated));
  copy_directory(copy.path(), directory.path());
  EXPECT_FALSE(is_in_place(directory.path()));
  ASSERT_TRUE(file->raise_to(5, kCreated));
  EXPECT_TRUE(is_in_place(directory.path()));
  for (const char* name : {"epoch.a", "epoch.b"}) {
    std::filesystem::remove(directory.path_of(name));
  }
  copy_directory(copy.path(), directory.path());
  EXPECT_FALSE(is_in_place(directory.path()));

  const TempDirectory above;
  ASSERT_TRUE(file->raise_to(6, kCreated));
  std::filesystem::rename(directory.path(), above.path_of("moved"));
  EXPECT_TRUE(is_in_place(above.path_of("moved")));
  std::filesystem::rename(above.path_of("moved"), directory.path());
}

TEST(EpochFile, OneCopyInPlaceIsEnough) {
  for (const char* old : {"epoch.a", "epoch.b"}) {
    const TempDirectory directory;
    make_epoch(directory, 3);
    const std::string saved = read_text(directory.path_of(old));
    auto file = EpochFile::open(open_directory(directory.path()));
    ASSERT_TRUE(file && file->raise_to(8, kCreated));
    write_text(directory.path_of(old), saved);
    EXPECT_TRUE(is_in_place(directory.path()));
    EXPECT_EQ(next_start(directory.path()), 9u);
  }
}

// Goal: an adopted copy never meets the other life of the store. Method: the other life takes every
// epoch that its allowance gives it, at several times after the copy was made.
TEST(EpochFile, AnAdoptedCopyBeginsAboveWhatTheStoreCanHaveReached) {
  for (const int64_t later_s : {0, 599, 600, 86'400, 365 * 86'400}) {
    const TempDirectory original;
    const TempDirectory copy;
    make_epoch(original, 3);
    copy_directory(original.path(), copy.path());

    auto file = EpochFile::open(open_directory(original.path()));
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->raise_to(kEpochAllowance - 2, kCreated));  // five are left
    while (const auto next = file->next_epoch(kCreated + later_s)) {
      if (*next + 1'000 < kEpochAllowance + 2 * later_s / 600) {
        ASSERT_TRUE(file->raise_to(*next + 900, kCreated + later_s));  // many at once
      } else {
        ASSERT_TRUE(file->raise_to(*next, kCreated + later_s));
      }
    }
    const uint32_t reached = file->epoch();
    EXPECT_GE(reached, kEpochAllowance + later_s / 600);
    auto adopted = EpochFile::open(open_directory(copy.path()));
    ASSERT_TRUE(adopted && adopted->adopt(kCreated + later_s));
    EXPECT_TRUE(is_in_place(copy.path()));
    EXPECT_GT(adopted->epoch(), reached);
    EXPECT_TRUE(adopted->next_epoch(kCreated + later_s)) << "a new allowance";
  }
}

// Goal: an older copy that is put back twice begins anew twice. Method: adopt it, go on for a
// while, put the same copy back, adopt it again; another store's notes in that place do not count.
TEST(EpochFile, AnAdoptedLifeIsNotMetByTheNext) {
  const TempDirectory directory;
  const TempDirectory copy;
  make_epoch(directory, 3);
  copy_directory(directory.path(), copy.path());
  uint32_t reached = 3;
  for (int i = 0; i < 3; ++i) {
    for (const char* name : {"epoch.a", "epoch.b"}) {
      std::filesystem::remove(directory.path_of(name));
    }
    copy_directory(copy.path(), directory.path());
    auto file = EpochFile::open(open_directory(directory.path()));
    ASSERT_TRUE(file && file->adopt(kCreated));
    EXPECT_GT(file->epoch(), reached);
    reached = file->epoch() + kEpochAllowance;
    ASSERT_TRUE(file->raise_to(reached, kCreated));
  }
  std::filesystem::remove(directory.path_of("epoch.a"));
  std::filesystem::remove(directory.path_of("epoch.b"));
  auto other = EpochFile::create(open_directory(directory.path()), StoreId{9}, kCreated);
  ASSERT_TRUE(other && other->adopt(kCreated));
  EXPECT_EQ(other->epoch(), kEpochAllowance + 1);
}

// Goal: epochs are not taken faster than their bound, and a wait or an adoption gives new ones.
TEST(EpochFile, MoreThanTheAllowanceIsRefused) {
  const TempDirectory directory;
  make_epoch(directory, kEpochAllowance);
  const auto refused = next_start(directory.path(), kCreated + 599);
  EXPECT_NE(error_of(refused).find("osprey store adopt --store " + directory.path()),
            std::string::npos)
      << error_of(refused);
  EXPECT_EQ(next_start(directory.path(), kCreated + 600), kEpochAllowance + 2);
  auto file = EpochFile::open(open_directory(directory.path()));
  ASSERT_TRUE(file && file->adopt(kCreated));
  EXPECT_EQ(next_start(directory.path()), kEpochAllowance + 2);
}

TEST(EpochFile, TheAllowanceComesBackWithTime) {
  const TempDirectory directory;
  make_epoch(directory, kEpochAllowance - 1);  // one is left
  auto file = EpochFile::open(open_directory(directory.path()));
  ASSERT_TRUE(file);
  const int64_t later = kCreated + 3 * 600 + 599;  // four are left
  for (int i = 0; i < 4; ++i) {
    const auto next = file->next_epoch(later);
    ASSERT_TRUE(next) << i << ": " << error_of(next);
    ASSERT_TRUE(file->raise_to(*next, later));
  }
  EXPECT_FALSE(file->next_epoch(later));
  EXPECT_TRUE(file->next_epoch(later + 1)) << "what is over of the ten minutes is not forgotten";
}

// What a start at `now_s` takes the last stop for; 0: in doubt.
uint64_t stop_token(const std::string& path, int64_t now_s = kCreated) {
  const auto file = EpochFile::open(open_directory(path));
  EXPECT_TRUE(file) << error_of(file);
  return file ? file->stop_token(now_s) : 0;
}

TEST(EpochFile, ACleanStopCountsForOneStart) {
  const TempDirectory directory;
  make_epoch(directory, 3);
  EXPECT_EQ(stop_token(directory.path()), 0u);
  auto file = EpochFile::open(open_directory(directory.path()));
  ASSERT_TRUE(file && file->mark_clean_stop(77, kCreated));
  EXPECT_EQ(stop_token(directory.path()), 77u);
  EXPECT_EQ(stop_token(directory.path()), 77u) << "looking takes nothing away";
  auto next = EpochFile::open(open_directory(directory.path()));
  ASSERT_TRUE(next && next->consume_clean_stop(kCreated));
  EXPECT_EQ(stop_token(directory.path()), 0u);
  EXPECT_EQ(next->epoch(), 3u);
}

// Goal: any doubt about a clean stop takes it away.
TEST(EpochFile, ACleanStopInDoubtIsNone) {
  const auto stopped = [](const TempDirectory& directory) {
    make_epoch(directory, 3);
    auto file = EpochFile::open(open_directory(directory.path()));
    ASSERT_TRUE(file && file->mark_clean_stop(77, kCreated));
  };
  {
    const TempDirectory directory;
    stopped(directory);
    EXPECT_EQ(stop_token(directory.path(), kCreated - 1), 0u) << "the clock went back";
    EXPECT_EQ(stop_token(directory.path(), kCreated + kCleanStopTrustS), 77u);
    EXPECT_EQ(stop_token(directory.path(), kCreated + kCleanStopTrustS + 1), 0u) << "too long ago";
  }
  for (const char* name : {"epoch.a", "epoch.b"}) {
    const TempDirectory directory;
    stopped(directory);
    const std::string good = read_text(directory.path_of(name));
    write_text(directory.path_of(name), "damaged");
    EXPECT_EQ(stop_token(directory.path()), 0u) << name;
    std::filesystem::remove(directory.path_of(name));
    EXPECT_EQ(stop_token(directory.path()), 0u) << name;
    write_text(directory.path_of(name), good);
    EXPECT_EQ(stop_token(directory.path()), 0u) << name << " was put back";
  }
  {
    const TempDirectory directory;
    stopped(directory);
    auto file = EpochFile::open(open_directory(directory.path()));
    ASSERT_TRUE(file && file->raise_to(3, kCreated));
    EXPECT_EQ(stop_token(directory.path()), 0u) << "a raise forgets it";
  }
}

// A copy whose checksum is right, with one field changed.
std::string resealed(std::string copy, size_t at, std::string_view bytes) {
  copy.replace(at, bytes.size(), bytes);
  copy.resize(copy.size() - 32);
  const Sha256 sum = sha256({as_bytes(copy)});
  return copy + std::string(as_text(sum));
}

TEST(EpochFile, NewerVersionIsRefusedEvenInOneCopy) {
  const TempDirectory directory;
  make_epoch(directory, 9);
  const std::string good = read_text(directory.path_of("epoch.a"));
  for (const char* name : {"epoch.a", "epoch.b"}) {
    write_text(directory.path_of(name), resealed(good, 8, std::string_view("\0\3", 2)));
    const auto newer = next_start(directory.path());
    EXPECT_NE(error_of(newer).find(std::string(name) + " was written by a newer Osprey"),
              std::string::npos)
        << error_of(newer);
    write_text(directory.path_of(name), good);
  }
}

TEST(EpochFile, NonsenseWithARightChecksumIsDamage) {
  const std::pair<size_t, std::string> kFields[] = {
      {0, "EPOCHOSP"},
      {8, std::string(2, '\0')},                 // version 0
      {26, std::string("\x00\x10\x00\x00", 4)},  // epoch 2^20
      {30, std::string("\x00\x10\x00\x00", 4)},  // allowance 2^20
      {34, "\xff"},                              // created before 1970
      {42, "\xff"},                              // written before 1970
  };
  for (const auto& [at, bytes] : kFields) {
    const TempDirectory directory;
    make_epoch(directory, 9);
    const std::string good = read_text(directory.path_of("epoch.a"));
    write_text(directory.path_of("epoch.a"), resealed(good, at, bytes));
    EXPECT_EQ(next_start(directory.path()), 10u);
    std::filesystem::remove(directory.path_of("epoch.b"));
    EXPECT_FALSE(next_start(directory.path()));
  }
}

TEST(EpochFile, LooseModesAreRefusedWithTheCommand) {
  for (const char* name : {"epoch.a", "epoch.b"}) {
    for (const mode_t mode : {0640, 0604, 0660, 0602, 0610}) {
      const TempDirectory directory;
      make_epoch(directory, 9);
      ASSERT_EQ(chmod(directory.path_of(name).c_str(), mode), 0);
      EXPECT_EQ(error_of(next_start(directory.path())),
                directory.path_of(name) + " holds keys, and others may get at it\n  to mend: " +
                    "chmod 600 " + directory.path_of(name));
    }
  }
  for (const mode_t mode : {0750, 0701, 0770, 0755}) {
    const TempDirectory directory;
    ASSERT_EQ(chmod(directory.path().c_str(), mode), 0);
    EXPECT_EQ(error_of(Directory::open(directory.path())),
              directory.path() + " holds keys, and others may get at it\n  to mend: chmod 700 " +
                  directory.path());
  }
}

// Goal: each call that can fail is reported, the epoch stays, and the next attempt mends it.
TEST(EpochFile, EachFailingCallIsReportedAndNothingIsLost) {
  int first = 0;
  for (;; ++first) {
    const TempDirectory directory;
    make_epoch(directory, 9);
    FailingCalls calls;
    auto file = EpochFile::open(open_directory(directory.path(), calls));
    ASSERT_TRUE(file);
    calls.fail(first, 1, ENOSPC);
    const auto raised = file->raise_to(10, kCreated);
    if (raised) break;
    EXPECT_NE(error_of(raised).find("No space left on device"), std::string::npos);
    EXPECT_NE(error_of(raised).find("to mend: free space"), std::string::npos);
    EXPECT_EQ(file->epoch(), 9u);
    EXPECT_GE(next_start(directory.path()).value(), 10u);
    ASSERT_TRUE(file->raise_to(10, kCreated));
    EXPECT_EQ(file->epoch(), 10u);
    for (const char* lost : {"epoch.a", "epoch.b"}) {
      const std::string saved = read_text(directory.path_of(lost));
      std::filesystem::remove(directory.path_of(lost));
      EXPECT_EQ(next_start(directory.path()), 11u);
      write_text(directory.path_of(lost), saved);
    }
  }
  EXPECT_GE(first, 12);  // two copies: open, write, write, fsync, rename, fsync
}

// A start and another raise in one run. Returns the highest epoch that could have been used.
uint32_t start_and_raise(const std::string& path, FileCalls& calls) {
  uint32_t used = 0;
  try {
    auto file = EpochFile::open(open_directory(path, calls));
    EXPECT_TRUE(file) << error_of(file);
    const auto first = file->next_epoch(kCreated);
    for (const uint32_t epoch : {first.value(), *first + 1}) {
      const auto raised = file->raise_to(epoch, kCreated);
      EXPECT_TRUE(raised) << error_of(raised);
      used = file->epoch();
    }
  } catch (const PowerCut&) {
  }
  return used;
}

void copy_files(const std::string& from, const std::string& to) {
  std::filesystem::copy(from, to);
  for (const auto& entry : std::filesystem::directory_iterator(to)) {
    ASSERT_EQ(chmod(entry.path().c_str(), 0600), 0);
  }
}

// Cuts the power at each call of a run that begins with the files of `path`, where epochs up to
// `used_before` were used; checks what each survivor would start with, and goes on from there.
int cut_everywhere(const std::string& path, uint32_t used_before, int depth) {
  int survivors = 0;
  for (int cut_at = 0;; ++cut_at) {
    const TempDirectory directory;
    copy_files(path, directory.path());
    PowerCutCalls calls(directory.path(), cut_at);
    const uint32_t used = std::max(used_before, start_and_raise(directory.path(), calls));
    survivors += calls.for_each_survivor([&](const std::string& survivor) {
      const auto next = next_start(survivor);
      ASSERT_TRUE(next) << "call " << cut_at << ": " << error_of(next);
      EXPECT_GT(*next, used) << "call " << cut_at;
      if (depth > 0) survivors += cut_everywhere(survivor, used, depth - 1);
    });
    if (!calls.was_cut()) return survivors;
  }
}

// Goal: whatever a power cut leaves, the next start's epoch is above every one that was used; also
// when the power goes again during that start. Method: PowerCutCalls, every call, every survivor.
TEST(EpochFile, PowerCutAtAnyMomentIsSafe) {
  const TempDirectory directory;
  make_epoch(directory, 5);
  EXPECT_GT(cut_everywhere(directory.path(), 5, 1), 500);
}

TEST(EpochFile, PowerCutWhileMendingACopyIsSafe) {
  for (const char* hurt : {"epoch.a", "epoch.b"}) {
    const TempDirectory directory;
    make_epoch(directory, 4);
    const std::string old = read_text(directory.path_of(hurt));
    auto file = EpochFile::open(open_directory(directory.path()));
    ASSERT_TRUE(file && file->raise_to(5, kCreated));
    write_text(directory.path_of(hurt), "damaged");
    cut_everywhere(directory.path(), 5, 0);
    write_text(directory.path_of(hurt), old);
    cut_everywhere(directory.path(), 5, 0);
    std::filesystem::remove(directory.path_of(hurt));
    cut_everywhere(directory.path(), 5, 0);
  }
}

// Goal: the tests above can fail. Method: a writer that forgets the fsync of the file, one that
// forgets the directory's, and one that uses the epoch after its first copy and loses that copy.
class ForgetfulCalls : public FileCalls {
 public:
  ForgetfulCalls(PowerCutCalls& calls, bool forget_files) : calls_(calls), files_(forget_files) {}
  int open_at(int directory, const char* name, int flags, mode_t mode) override {
    return calls_.open_at(directory, name, flags, mode);
  }
  ssize_t write(int file, Bytes bytes) override { return calls_.write(file, bytes); }
  int fsync(int file) override {
    struct stat status {};
    fstat(file, &status);
    return S_ISDIR(status.st_mode) == files_ ? calls_.fsync(file) : 0;
  }
  int rename_at(int directory, const char* from, const char* to) override {
    return calls_.rename_at(directory, from, to);
  }

 private:
  PowerCutCalls& calls_;
  bool files_;
};

TEST(PowerCut, FindsAForgottenSync) {
  for (const bool forget_files : {true, false}) {
    const TempDirectory directory;
    make_epoch(directory, 5);
    PowerCutCalls calls(directory.path(), INT32_MAX);
    ForgetfulCalls forgetful(calls, forget_files);
    const uint32_t used = start_and_raise(directory.path(), forgetful);
    int wrong = 0;
    calls.for_each_survivor([&](const std::string& survivor) {
      const auto next = next_start(survivor);
      if (!next || *next <= used) ++wrong;
    });
    EXPECT_GT(wrong, 0);
  }
}

}  // namespace
}  // namespace osprey::storage
