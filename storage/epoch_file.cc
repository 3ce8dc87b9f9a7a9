#include "storage/epoch_file.h"

#include <algorithm>
#include <utility>

#include "framework/base/check.h"
#include "framework/base/reader.h"
#include "framework/base/writer.h"
#include "storage/sha256.h"

namespace osprey::storage {
namespace {

constexpr std::array kCopyNames = {"epoch.a", "epoch.b"};
constexpr std::string_view kMagic = "OSPEPOCH";
constexpr uint16_t kVersion = 1;
constexpr size_t kSumLen = 32;
constexpr size_t kCopyLen = 8 + 2 + 4 + 8 + 8 + kSumLen;
constexpr size_t kMaxCopyLen = 4096;  // room for newer versions

enum class CopyState : uint8_t { kMissing, kDamaged, kNewer, kWhole };

struct Copy {
  CopyState state = CopyState::kMissing;
  uint32_t epoch = 0;
  int64_t created_s = 0;
  uint64_t generation = 0;
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

  Copy copy{.state = CopyState::kWhole};
  copy.epoch = static_cast<uint32_t>(read_uint(*reader.take(4)));
  copy.created_s = static_cast<int64_t>(read_uint(*reader.take(8)));
  copy.generation = read_uint(*reader.take(8));
  return copy.epoch <= kMaxEpoch && copy.created_s >= 0 ? copy : damaged;
}

std::array<uint8_t, kCopyLen> copy_bytes(const Copy& copy) {
  CHECK(copy.epoch <= kMaxEpoch);
  std::array<uint8_t, kCopyLen> bytes{};
  Writer writer(bytes);
  writer.bytes(as_bytes(kMagic));
  writer.u16(kVersion);
  writer.uint(copy.epoch, 4);
  writer.uint(static_cast<uint64_t>(copy.created_s), 8);
  writer.uint(copy.generation, 8);
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
  return parse_copy(as_bytes(std::string_view(**content)));
}

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

Result<EpochFile> EpochFile::create(DirectoryPtr directory, int64_t now_s) {
  const auto found = exists(*directory);
  if (!found) return tl::unexpected(found.error());
  if (*found) return fail(directory->path() + " has epoch files already");
  EpochFile file(std::move(directory));
  file.created_s_ = std::max(now_s, kEarliestNowS);
  if (auto written = file.raise_to(0); !written) return tl::unexpected(std::move(written.error()));
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

  EpochFile file(std::move(directory));
  file.created_s_ = INT64_MAX;
  for (const Copy& copy : copies) {
    if (!is_whole(copy)) continue;
    file.epoch_ = std::max(file.epoch_, copy.epoch);
    file.generation_ = std::max(file.generation_, copy.generation);
    // They differ only when somebody mixed two stores; the older one has the higher floor.
    file.created_s_ = std::min(file.created_s_, copy.created_s);
  }
  for (size_t i = 0; i < copies.size(); ++i) {
    file.is_current_[i] = is_whole(copies[i]) && copies[i].epoch == file.epoch_;
  }
  return file;
}

Result<uint32_t> EpochFile::epoch_for_start(int64_t now_s) const {
  const int64_t floor = std::max<int64_t>(now_s - created_s_, 0) / kEpochFloorStepS;
  if (epoch_ >= kMaxEpoch) {
    return fail("the store " + directory_->path() + " has used up its sequence numbers (epoch " +
                    std::to_string(epoch_) + ", the last one)",
                "give every context new keys in a new store (osprey store init --store DIR)");
  }
  // Taken at its word, a clock that is years ahead would use up all numbers at once.
  if (floor > kMaxEpoch) {
    return fail("the clock says that the store " + directory_->path() + " was made " +
                    std::to_string((now_s - created_s_) / 86'400) +
                    " days ago, longer than its sequence numbers last",
                "set the clock (date); if it is right, give every context new keys in a new store "
                "(osprey store init --store DIR)");
  }
  return std::max(epoch_ + 1, static_cast<uint32_t>(floor));
}

Result<void> EpochFile::raise_to(uint32_t at_least) {
  if (at_least > kMaxEpoch) {
    return fail("the store " + directory_->path() + " has used up its sequence numbers",
                "give every context new keys in a new store (osprey store init --store DIR)");
  }
  if (at_least <= epoch_ && is_current_[0] && is_current_[1]) return {};
  const uint32_t epoch = std::max(at_least, epoch_);
  ++generation_;
  // The worse copy first: at no moment is the better one all there is and being replaced.
  const size_t first = is_current_[0] && !is_current_[1] ? 1 : 0;
  for (const size_t copy : {first, 1 - first}) {
    if (auto written = write_copy(copy, epoch); !written) return written;
  }
  epoch_ = epoch;
  is_current_ = {true, true};
  return {};
}

Result<void> EpochFile::write_copy(size_t copy, uint32_t epoch) {
  // Until it is done nobody knows what this copy says.
  is_current_[copy] = false;
  const auto bytes = copy_bytes({.state = CopyState::kWhole,
                                 .epoch = epoch,
                                 .created_s = created_s_,
                                 .generation = generation_});
  return directory_->replace(kCopyNames[copy], bytes);
}

}  // namespace osprey::storage
