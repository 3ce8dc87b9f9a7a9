// Quiescence: when may a writer free what it took out of a structure that readers walk without
// locks? Once each reader has begun a new turn, or is outside.
//
//   reader   enter --- looks things up --- enter --- looks things up --- leave   (asleep)
//   writer        unpublish, begin_grace               has_passed, free
//
// A reader keeps nothing that it looked up beyond its next enter or leave. Readers never wait.
//
// Memory order. Two things have to be true when has_passed says yes:
//  - What a reader did before is over. Each enter and leave is a release store to the reader's
//    slot and has_passed loads it with acquire, so its last look happens before the free.
//  - What it does next misses what was unpublished. If it announced the ticket's number, it had
//    read that number with acquire, and begin_grace released it after the unpublishing. If its
//    slot said "outside", it may be entering at this moment: then its announcement and its next
//    look, and the writer's unpublishing and its look at the slot, are the two halves of a store
//    buffering pattern. With a sequentially consistent fence in the middle of each half, the
//    reader misses the thing or the writer sees the reader.
// Thread: enter and leave by the reader of that number; the rest by one writer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "framework/base/check.h"

namespace osprey {

class Quiescence {
 public:
  using Ticket = uint64_t;

  // Readers are numbered from 0, and outside at first.
  explicit Quiescence(size_t num_readers)
      : num_readers_(num_readers), slots_(std::make_unique<Slot[]>(num_readers)) {}

  // Begins a turn: drops whatever the last one held; from here on the reader sees everything that
  // was published before. A fence, so for each batch and not for each packet.
  void enter(size_t reader) {
    DCHECK(reader < num_readers_);
    slots_[reader].entered_at.store(now_.load(std::memory_order_acquire),
                                    std::memory_order_release);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }

  // Holds nothing until it enters again.
  void leave(size_t reader) {
    DCHECK(reader < num_readers_);
    slots_[reader].entered_at.store(kOutside, std::memory_order_release);
  }

  // After something was unpublished: it may be freed once the ticket has passed. One ticket serves
  // for any number of things; a passed ticket stays passed.
  [[nodiscard]] Ticket begin_grace() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return now_.fetch_add(1, std::memory_order_acq_rel) + 1;
  }

  // True once every reader has entered after begin_grace, or is outside.
  bool has_passed(Ticket ticket) const {
    for (size_t reader = 0; reader < num_readers_; ++reader) {
      if (slots_[reader].entered_at.load(std::memory_order_acquire) < ticket) return false;
    }
    return true;
  }

  size_t num_readers() const { return num_readers_; }

 private:
  static constexpr Ticket kOutside = UINT64_MAX;  // later than every ticket

  // One line for each reader, which alone writes it.
  struct alignas(64) Slot {
    std::atomic<Ticket> entered_at = kOutside;
  };

  alignas(64) std::atomic<Ticket> now_ = 0;  // the newest ticket; the writer writes
  alignas(64) const size_t num_readers_;
  std::unique_ptr<Slot[]> slots_;
};

}  // namespace osprey
