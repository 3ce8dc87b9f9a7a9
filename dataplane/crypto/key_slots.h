// What an engine has prepared of keys, by their serial: a direct-mapped table of fixed size.
//
// Two keys that meet in one slot take turns, at the cost of preparing them again. While a burst is
// in flight the slots that it uses may not change: lock them by the burst's number.
// Memory is the kernel's zero pages until a slot is used, and zeroised in the end.
// Thread: one.
#pragma once

#include <bit>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include "framework/base/check.h"
#include "framework/base/secret.h"

namespace osprey {

template <typename Prepared>
class KeySlots {
 public:
  struct alignas(64) Slot {
    Prepared prepared;
    uint64_t serial;  // of the key; 0: none
    uint64_t burst;   // the last one that used it
  };

  // Rounded up to a power of two.
  explicit KeySlots(size_t num_slots) : mask_(std::bit_ceil(num_slots) - 1) {
    static_assert(std::is_trivially_copyable_v<Prepared>);
    size_t space = (mask_ + 1) * sizeof(Slot) + alignof(Slot);
    memory_.reset(std::calloc(space, 1));
    CHECK(memory_ != nullptr);
    void* aligned = memory_.get();
    slots_ =
        static_cast<Slot*>(std::align(alignof(Slot), (mask_ + 1) * sizeof(Slot), aligned, space));
  }
  ~KeySlots() {
    for (size_t i = 0; i <= mask_; ++i) {
      if (slots_[i].serial != 0) {
        zeroise({reinterpret_cast<uint8_t*>(&slots_[i]), sizeof(Slot)});
      }
    }
  }
  KeySlots(const KeySlots&) = delete;
  KeySlots& operator=(const KeySlots&) = delete;

  Slot& at(uint64_t serial) { return slots_[serial & mask_]; }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  size_t mask_;
  std::unique_ptr<void, Free> memory_;
  Slot* slots_ = nullptr;
};

}  // namespace osprey
