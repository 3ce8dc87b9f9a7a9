#include "framework/oscore/replay_window.h"

#include <algorithm>
#include <bit>

#include "framework/base/check.h"

namespace osprey::oscore {
namespace {

constexpr uint32_t kWordBits = 64;

}  // namespace

ReplayWindow::ReplayWindow(size_t size)
    : capacity_(std::max<uint32_t>(kWordBits, std::bit_ceil(static_cast<uint32_t>(size)))),
      size_(static_cast<uint16_t>(size)) {
  CHECK(size >= 1 && size <= kMaxReplayWindow);
  if (capacity_ > kWordBits) more_ = std::make_unique<uint64_t[]>(capacity_ / kWordBits);
}

void ReplayWindow::initialise_empty() {
  fill(0);
  next_ = 0;
  is_set_ = true;
}

void ReplayWindow::initialise_at(uint64_t piv) {
  fill(~uint64_t{0});
  next_ = piv + 1;
  is_set_ = true;
}

bool ReplayWindow::may_accept(uint64_t piv) const {
  if (!is_set_) return false;
  if (piv >= next_) return true;
  return next_ - piv <= size_ && !bit(piv);
}

bool ReplayWindow::try_record(uint64_t piv) {
  if (!may_accept(piv)) return false;
  if (piv >= next_) move_to(piv);
  set_bit(piv);
  return true;
}

void ReplayWindow::restore(uint64_t next, std::span<const uint64_t> words) {
  CHECK(words.size() == num_words());
  std::copy(words.begin(), words.end(), ring());
  next_ = next;
  is_set_ = true;
}

// Forgets what the ring held for the numbers that now enter the window.
void ReplayWindow::move_to(uint64_t piv) {
  if (piv - next_ >= capacity_) {
    fill(0);
  } else {
    for (uint64_t entering = next_; entering <= piv; ++entering) clear_bit(entering);
  }
  next_ = piv + 1;
}

bool ReplayWindow::bit(uint64_t piv) const {
  const uint64_t at = piv & (capacity_ - 1);
  return (ring()[at / kWordBits] >> (at % kWordBits) & 1) != 0;
}

void ReplayWindow::set_bit(uint64_t piv) {
  const uint64_t at = piv & (capacity_ - 1);
  ring()[at / kWordBits] |= uint64_t{1} << (at % kWordBits);
}

void ReplayWindow::clear_bit(uint64_t piv) {
  const uint64_t at = piv & (capacity_ - 1);
  ring()[at / kWordBits] &= ~(uint64_t{1} << (at % kWordBits));
}

void ReplayWindow::fill(uint64_t word) { std::fill_n(ring(), num_words(), word); }

size_t ReplayWindow::num_words() const { return capacity_ / kWordBits; }

}  // namespace osprey::oscore
