#include "storage/epoch_file.h"

#include <algorithm>
#include <fstream>
#include <tuple>
#include <utility>
#include <vector>

#include "framework/base/check.h"
#include "framework/base/crash_point.h"
#include "framework/base/reader.h"
#include "framework/base/writer.h"
#include "storage/import/durable_file.h"
#include "storage/sha256.h"

namespace osprey::storage {
namespace {

constexpr std::array kCopyNames = {"epoch.a", "epoch.b"};
constexpr std::string_view kMagic = "OSPEPOCH";
constexpr uint16_t kVersion = 2;
constexpr size_t kSumLen = 32;
constexpr size_t kCopyLen = 8 + 2 + 16 + 4 + 4 + 6 * 8 + kSumLen;
constexpr size_t kMaxCopyLen = 4096;  // room for newer versions

using Counted = std::tuple<uint32_t, int64_t>;  // allowance, until when

enum class CopyState : uint8_t { kMissing, kDamaged, kNewer, kWhole };

struct Copy {
  CopyState state = CopyState::kMissing;
  StoreId store_id{};
  uint32_t epoch = 0;
  uint32_t allowance = 0;
  int64_t counted_s = 0;
  int64_t written_s = 0;
  uint64_t stop_token = 0;
  uint64_t generation = 0;
  FileIdentity identity{};  // of the file it was written into
  bool in_place = false;    // and that is where it was found
};

Copy parse_copy(Bytes bytes) {
  const Copy damaged{.state = CopyState::kDamaged};
  if (bytes.size() < kSumLen) return damaged;
  const Bytes sum = bytes.last(kSumLen);
  Reader reader(bytes.first(bytes.size() - kSumLen));
  if (!equal(sum, sha256({reader.rest()}))) return damaged;

  const auto magic = reader.take(kMagic.size());
  if (!magic || as_text(*magic) != kMagic) return damaged;
  const auto version = reader.u16();
  if (!version) return damaged;
  if (*version > kVersion) return {.state = CopyState::kNewer};
  if (*version != kVersion || bytes.size() != kCopyLen) return damaged;

  const auto number = [&](size_t len) { return read_uint(*reader.take(len)); };
  Copy copy{.state = CopyState::kWhole};
  std::ranges::copy(*reader.take(copy.store_id.size()), copy.store_id.begin());
  copy.epoch = static_cast<uint32_t>(number(4));
  copy.allowance = static_cast<uint32_t>(number(4));
  copy.counted_s = static_cast<int64_t>(number(8));
  copy.written_s = static_cast<int64_t>(number(8));
  copy.stop_token = number(8);
  copy.generation = number(8);
  copy.identity.inode = number(8);
  copy.identity.birth_ns = static_cast<int64_t>(number(8));
  const bool makes_sense = copy.epoch <= kMaxEpoch && copy.allowance <= kMaxEpoch &&
                           copy.counted_s >= 0 && copy.written_s >= 0;
  return makes_sense ? copy : damaged;
}

SecretBytes copy_bytes(const Copy& copy) {
  CHECK(copy.epoch <= kMaxEpoch && copy.allowance <= kMaxEpoch);
  SecretBytes bytes(kCopyLen);
  Writer writer(bytes);
  writer.bytes(as_bytes(kMagic));
  writer.u16(kVersion);
  writer.bytes(copy.store_id);
  writer.uint(copy.epoch, 4);
  writer.uint(copy.allowance, 4);
  writer.uint(static_cast<uint64_t>(copy.counted_s), 8);
  writer.uint(static_cast<uint64_t>(copy.written_s), 8);
  writer.uint(copy.stop_token, 8);
  writer.uint(copy.generation, 8);
  writer.uint(copy.identity.inode, 8);
  writer.uint(static_cast<uint64_t>(copy.identity.birth_ns), 8);
  const Sha256 sum = sha256({writer.written()});
  writer.bytes(sum);
  CHECK(writer.ok() && writer.size() == kCopyLen);
  return bytes;
}

Result<Copy> read_copy(const Directory& directory, const char* name) {
  const auto file = directory.open_file(name, O_RDONLY);
  if (!file) return tl::unexpected(file.error());
  if (!*file) return Copy{};
  // The disk may refuse to give the bytes back, or there may be far too many: damage, too.
  const auto content = directory.read(name, kMaxCopyLen);
  if (!content || !*content) return Copy{.state = CopyState::kDamaged};
  Copy copy = parse_copy(as_bytes(std::string_view(**content)));
  const auto identity = directory.identity(name);
  copy.in_place = identity && *identity && **identity == copy.identity;
  return copy;
}

// Where a life in this state can be at `now_s` at most: the clock gives one epoch in ten minutes,
// and as many more to the allowance.
int64_t reach(uint32_t epoch, uint32_t allowance, int64_t counted_s, int64_t now_s) {
  const int64_t steps = std::max<int64_t>(now_s - counted_s, 0) / kEpochFloorStepS;
  return int64_t{epoch} + allowance + 2 * steps;
}

std::string adoptions_path(const Directory& directory) { return directory.path() + ".adopted"; }

const char* state_text(CopyState state) {
  switch (state) {
    case CopyState::kMissing: return "missing";
    case CopyState::kDamaged: return "damaged";
    case CopyState::kNewer: return "of a newer version";
    case CopyState::kWhole: return "whole";
  }
  return "";
}

// Numbers may have been used that nobody remembers: only new keys are certain (RFC 8613 §7.2.1).
tl::unexpected<Error> fail_no_copy(const Directory& directory, const std::array<Copy, 2>& copies) {
  const std::string dir = shell_word(directory.path());
  std::string cause = "the store " + directory.path() +
                      " does not know any more which sequence numbers it used: epoch.a is " +
                      state_text(copies[0].state) + " and epoch.b is " +
                      state_text(copies[1].state);
  return fail(std::move(cause),
              "put one of the two files back from a copy made after the last start; if there is "
              "none, give every context new keys in a new store (mv " +
                  dir + " " + shell_word(directory.path() + ".lost") +
                  " && osprey store init --store " + dir + ")");
}

}  // namespace

Result<bool> EpochFile::exists(const Directory& directory) {
  for (const char* name : kCopyNames) {
    const auto file = directory.open_file(name, O_RDONLY);
    if (!file) return tl::unexpected(file.error());
    if (*file) return true;
  }
  return false;
}

Result<EpochFile> EpochFile::create(DirectoryPtr directory, const StoreId& id, int64_t now_s) {
  const auto found = exists(*directory);
  if (!found) return tl::unexpected(found.error());
  if (*found) return fail(directory->path() + " has epoch files already");
  EpochFile file(std::move(directory));
  file.store_id_ = id;
  file.counted_s_ = std::max(now_s, kEarliestNowS);
  file.in_place_ = true;
  if (auto written = file.raise_to(0, now_s); !written) {
    return tl::unexpected(std::move(written.error()));
  }
  return file;
}

Result<EpochFile> EpochFile::open(DirectoryPtr directory) {
  std::array<Copy, 2> copies;
  for (size_t i = 0; i < copies.size(); ++i) {
    auto copy = read_copy(*directory, kCopyNames[i]);
    if (!copy) return tl::unexpected(std::move(copy.error()));
    if (copy->state == CopyState::kNewer) {
      return fail(directory->path_of(kCopyNames[i]) + " was written by a newer Osprey",
                  "use that version, or a newer one");
    }
    copies[i] = *copy;
  }
  const auto is_whole = [](const Copy& copy) { return copy.state == CopyState::kWhole; };
  if (std::none_of(copies.begin(), copies.end(), is_whole)) return fail_no_copy(*directory, copies);
  if (is_whole(copies[0]) && is_whole(copies[1]) && copies[0].store_id != copies[1].store_id) {
    return fail("epoch.a and epoch.b in " + directory->path() + " belong to different stores",
                "put the right one back, or remove the wrong one");
  }

  EpochFile file(std::move(directory));
  file.counted_s_ = INT64_MAX;
  file.allowance_ = 0;
  for (const Copy& copy : copies) {
    if (!is_whole(copy)) continue;
    file.store_id_ = copy.store_id;
    file.epoch_ = std::max(file.epoch_, copy.epoch);
    file.allowance_ = std::max(file.allowance_, copy.allowance);
    file.counted_s_ = std::min(file.counted_s_, copy.counted_s);  // what was counted least
    file.written_s_ = std::max(file.written_s_, copy.written_s);
    file.generation_ = std::max(file.generation_, copy.generation);
    file.in_place_ |= copy.in_place;
  }
  for (size_t i = 0; i < copies.size(); ++i) {
    file.is_current_[i] =
        is_whole(copies[i]) && copies[i].in_place && copies[i].epoch == file.epoch_;
  }
  const bool agree = file.is_current_[0] && file.is_current_[1] &&
                     copies[0].stop_token == copies[1].stop_token &&
                     copies[0].generation == copies[1].generation;
  file.stop_token_ = agree ? copies[0].stop_token : 0;
  return file;
}

uint64_t EpochFile::stop_token(int64_t now_s) const {
  const int64_t age_s = now_s - written_s_;
  return age_s >= 0 && age_s <= kCleanStopTrustS ? stop_token_ : 0;
}

// None for a clock that went back.
int64_t EpochFile::steps_until(int64_t now_s) const {
  return std::max<int64_t>(now_s - counted_s_, 0) / kEpochFloorStepS;
}

Result<uint32_t> EpochFile::next_epoch(int64_t now_s, uint32_t database_epoch) const {
  const std::string dir = shell_word(directory_->path());
  const uint32_t used = std::max(epoch_, database_epoch);
  if (used >= kMaxEpoch) {
    return fail("the store " + directory_->path() + " has used up its sequence numbers (epoch " +
                    std::to_string(used) + ", the last one)",
                "give every context new keys in a new store (osprey store init --store DIR)");
  }
  // Taken at its word, a clock that is years ahead would use up all numbers at once.
  const int64_t steps = steps_until(now_s);
  if (steps >= kMaxEpoch - used) {
    return fail("the clock says that the store " + directory_->path() + " was last used " +
                    std::to_string((now_s - counted_s_) / 86'400) +
                    " days ago, longer than its sequence numbers last",
                "set the clock (date); if it is right, give every context new keys in a new store "
                "(osprey store init --store DIR)");
  }
  // Whoever adopts a copy reckons with no more.
  if (int64_t{used} + 1 - epoch_ > allowance_ + steps) {
    return fail(
        "the store " + directory_->path() +
            " takes new epochs far more often than one in ten minutes: it crashes and starts "
            "again and again, or a context uses up its numbers",
        "wait ten minutes; or look for the reason in the server's log, then: osprey store "
        "adopt --store " +
            dir);
  }
  return static_cast<uint32_t>(used + 1 + steps);
}

// The clock's epochs cost nothing; the others are taken from the allowance.
void EpochFile::count_until(int64_t now_s, uint32_t epoch) {
  const int64_t steps = steps_until(now_s);
  const int64_t beyond = std::max<int64_t>(int64_t{epoch} - epoch_ - steps, 0);
  const int64_t left = std::min<int64_t>(allowance_ + steps, kEpochAllowance) - beyond;
  allowance_ = static_cast<uint32_t>(std::max<int64_t>(left, 0));
  counted_s_ += steps * kEpochFloorStepS;
}

Result<void> EpochFile::raise_to(uint32_t at_least, int64_t now_s) {
  if (at_least > kMaxEpoch) {
    return fail("the store " + directory_->path() + " has used up its sequence numbers",
                "give every context new keys in a new store (osprey store init --store DIR)");
  }
  const bool is_done = at_least <= epoch_ && stop_token_ == 0 && is_current_[0] && is_current_[1];
  if (is_done) return {};
  const uint32_t epoch = std::max(at_least, epoch_);
  const Counted before{allowance_, counted_s_};
  count_until(now_s, epoch);
  auto written = write_both(epoch, 0, now_s);
  if (!written) std::tie(allowance_, counted_s_) = before;
  return written;
}

Result<void> EpochFile::mark_clean_stop(uint64_t stop_token, int64_t now_s) {
  CHECK(stop_token != 0);
  return write_both(epoch_, stop_token, now_s);
}

Result<void> EpochFile::consume_clean_stop(int64_t now_s) { return write_both(epoch_, 0, now_s); }

// Noted before it is used: an adoption that was cut short costs epochs and nothing else.
Result<void> EpochFile::adopt(int64_t now_s) {
  const auto highest = highest_reach(now_s);
  if (!highest) return tl::unexpected(highest.error());
  const int64_t epoch = *highest + 1;
  if (epoch > kMaxEpoch) {
    return fail("the store " + directory_->path() + " has no epochs left to begin anew with",
                "give every context new keys in a new store (osprey store init --store DIR)");
  }
  epoch_ = static_cast<uint32_t>(epoch);
  count_until(now_s, epoch_);
  allowance_ = kEpochAllowance;
  if (auto noted = note_adoption(); !noted) return noted;
  return write_both(epoch_, 0, now_s);
}

// The highest epoch that this store, or any life of it that was adopted here, can be in by now.
Result<int64_t> EpochFile::highest_reach(int64_t now_s) const {
  int64_t highest = reach(epoch_, allowance_, counted_s_, now_s);
  std::ifstream file(adoptions_path(*directory_), std::ios::binary);
  std::array<char, kCopyLen> bytes;
  while (file.read(bytes.data(), kCopyLen)) {
    const Copy copy = parse_copy(as_bytes(std::string_view(bytes.data(), bytes.size())));
    if (copy.state != CopyState::kWhole) {
      return fail(adoptions_path(*directory_) + " is damaged",
                  "put it back from a copy; if there is none, give every context new keys in a new "
                  "store (osprey store init --store DIR)");
    }
    if (copy.store_id != store_id_) continue;  // of another store that was here before
    highest = std::max(highest, reach(copy.epoch, copy.allowance, copy.counted_s, now_s));
  }
  return highest;
}

Result<void> EpochFile::note_adoption() const {
  const SecretBytes note = copy_bytes({.state = CopyState::kWhole,
                                       .store_id = store_id_,
                                       .epoch = epoch_,
                                       .allowance = allowance_,
                                       .counted_s = counted_s_,
                                       .written_s = written_s_,
                                       .stop_token = 0,
                                       .generation = generation_,
                                       .identity = {},
                                       .in_place = false});
  constexpr mode_t kMode = 0600;
  return append_durably(adoptions_path(*directory_), note, kMode);
}

Result<void> EpochFile::write_both(uint32_t epoch, uint64_t stop_token, int64_t now_s) {
  ++generation_;
  written_s_ = std::max({now_s, written_s_, counted_s_});  // the clock may have been wrong
  stop_token_ = 0;                                         // until both say it
  // The worse copy first: at no moment is the better one all there is and being replaced.
  const size_t first = is_current_[0] && !is_current_[1] ? 1 : 0;
  CRASH_POINT(kEpochBeforeFirstCopy);
  if (auto written = write_copy(first, epoch, stop_token); !written) return written;
  CRASH_POINT(kEpochBetweenCopies);
  if (auto written = write_copy(1 - first, epoch, stop_token); !written) return written;
  CRASH_POINT(kEpochWritten);
  epoch_ = epoch;
  stop_token_ = stop_token;
  in_place_ = true;
  is_current_ = {true, true};
  return {};
}

Result<void> EpochFile::write_copy(size_t copy, uint32_t epoch, uint64_t stop_token) {
  // Until it is done nobody knows what this copy says.
  is_current_[copy] = false;
  return directory_->replace(kCopyNames[copy], [&](const FileIdentity& identity) {
    return copy_bytes({.state = CopyState::kWhole,
                       .store_id = store_id_,
                       .epoch = epoch,
                       .allowance = allowance_,
                       .counted_s = counted_s_,
                       .written_s = written_s_,
                       .stop_token = stop_token,
                       .generation = generation_,
                       .identity = identity,
                       .in_place = true});
  });
}

}  // namespace osprey::storage
