#include "storage/records/window_record.h"

#include "framework/oscore/option.h"
#include "tests/unit/storage/records/support.h"

namespace osprey::storage {
namespace {

using oscore::ReplayWindow;

constexpr size_t kSizes[] = {1, 2, 32, 63, 64, 65, 128, 1000, 4096};
constexpr uint32_t kDoubt = 0x01020304;

std::vector<uint8_t> bytes_of(const ReplayWindow& window, uint32_t epoch_of_doubt = kDoubt) {
  return written([&](Writer& out) { write_window_record(out, window, epoch_of_doubt); });
}

// A window that has seen some numbers up to about `newest`.
ReplayWindow used_window(size_t size, uint64_t newest, Random& random) {
  ReplayWindow window(size);
  window.initialise_empty();
  for (uint64_t piv = newest - std::min<uint64_t>(newest, 2 * size); piv <= newest; ++piv) {
    if (random.flag()) static_cast<void>(window.try_record(piv));
  }
  static_cast<void>(window.try_record(newest));
  return window;
}

TEST(WindowRecord, IsTheseBytes) {
  ReplayWindow window(32);
  window.initialise_empty();
  ASSERT_TRUE(window.try_record(0));
  ASSERT_TRUE(window.try_record(9));
  EXPECT_EQ(to_hex(bytes_of(window)),
            "01"
            "01020304"
            "0020"
            "00000000000a"
            "0000000000000201");
}

TEST(WindowRecord, RestoredWindowAcceptsWhatTheSavedOneDid) {
  Random random(3);
  for (const size_t size : kSizes) {
    for (const uint64_t newest :
         {uint64_t{0}, uint64_t{5}, uint64_t{100'000}, oscore::kMaxSequenceNumber}) {
      const ReplayWindow saved = used_window(size, newest, random);
      const auto bytes = bytes_of(saved);
      EXPECT_LE(bytes.size(), kMaxWindowRecordLen);
      ReplayWindow restored(size);
      ASSERT_TRUE(restore_window(restored, bytes, kDoubt)) << size;
      const uint64_t first = newest - std::min<uint64_t>(newest, 3 * size);
      for (uint64_t piv = first; piv <= newest + 2; ++piv) {
        ASSERT_EQ(restored.may_accept(piv), saved.may_accept(piv)) << size << ": " << piv;
      }
      EXPECT_EQ(bytes_of(restored), bytes);
    }
  }
}

// A window that is not restored stays unset, so that B.1.2 sets it.
void expect_refused(size_t size, Bytes bytes, uint32_t epoch_of_doubt = kDoubt) {
  ReplayWindow window(size);
  EXPECT_FALSE(restore_window(window, bytes, epoch_of_doubt)) << size << ": " << to_hex(bytes);
  EXPECT_FALSE(window.is_set());
}

TEST(WindowRecord, CountsOnlyWhileNothingWasLostSince) {
  Random random(4);
  const auto bytes = bytes_of(used_window(32, 100, random));
  expect_refused(32, bytes, kDoubt + 1);
  expect_refused(32, bytes, kDoubt - 1);
  // A store that never started has no windows, whatever a record says.
  expect_refused(32, bytes_of(used_window(32, 100, random), 0), 0);
}

TEST(WindowRecord, AnotherSizeIsNotRestored) {
  Random random(5);
  const auto bytes = bytes_of(used_window(32, 100, random));
  for (const size_t size : {1, 31, 33, 64, 128}) expect_refused(size, bytes);
}

TEST(WindowRecord, CutOrLongerIsNotRestored) {
  Random random(6);
  for (const size_t size : {size_t{32}, size_t{128}}) {
    auto bytes = bytes_of(used_window(size, 100, random));
    for (size_t len = 0; len < bytes.size(); ++len) expect_refused(size, Bytes(bytes).first(len));
    bytes.push_back(0);
    expect_refused(size, bytes);
  }
}

TEST(WindowRecord, OtherVersionsAndNumbersAreNotRestored) {
  Random random(7);
  auto version = bytes_of(used_window(32, 100, random));
  version[0] = 2;
  expect_refused(32, version);
  auto next = bytes_of(used_window(32, 100, random));
  std::ranges::copy(std::vector<uint8_t>{1, 0, 0, 0, 0, 1}, next.begin() + 7);  // 2^40 + 1
  expect_refused(32, next);
}

TEST(WindowRecord, AWindowThatIsRefusedStaysAsItWas) {
  ReplayWindow window(32);
  window.initialise_at(7);
  EXPECT_FALSE(restore_window(window, Bytes(), kDoubt));
  EXPECT_FALSE(window.may_accept(7));
  EXPECT_TRUE(window.may_accept(8));
}

TEST(WindowRecordDeathTest, SavingAnUnsetWindowIsABug) {
  EXPECT_DEATH(bytes_of(ReplayWindow(32)), "CHECK failed");
}

}  // namespace
}  // namespace osprey::storage
