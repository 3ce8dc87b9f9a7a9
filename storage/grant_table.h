// Which epoch each sender key got its numbers from last: one range for each key and epoch, whoever
// asks and however often a context is derived (I1).
//
// Keyed by a hash of what the Sender Key comes from. Two keys with one hash share an entry, which
// is safe: they only need more epochs.
// Thread: find by any thread at any time; add by one thread at a time. Nothing is ever removed.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <deque>
#include <vector>

namespace osprey::storage {

class GrantTable {
 public:
  using Epoch = std::atomic<uint32_t>;

  // `expected`: about how many entries there will be; more are slower to find.
  explicit GrantTable(size_t expected)
      : buckets_(std::bit_ceil(2 * expected + 1024)), mask_(buckets_.size() - 1) {}

  // nullptr when `key` was never added.
  Epoch* find(uint64_t key) const {
    Entry* entry = buckets_[key & mask_].load(std::memory_order_acquire);
    while (entry != nullptr && entry->key != key) entry = entry->next;
    return entry == nullptr ? nullptr : &entry->epoch;
  }

  // An entry that is there already stays as it is. A new one has epoch 0.
  void add(uint64_t key) {
    if (find(key) != nullptr) return;
    std::atomic<Entry*>& bucket = buckets_[key & mask_];
    entries_.emplace_back(key, bucket.load(std::memory_order_relaxed));
    bucket.store(&entries_.back(), std::memory_order_release);
  }

 private:
  struct Entry {
    Entry(uint64_t key_in, Entry* next_in) : key(key_in), next(next_in) {}
    const uint64_t key;
    Entry* const next;
    Epoch epoch = 0;
  };

  std::vector<std::atomic<Entry*>> buckets_;
  uint64_t mask_;
  std::deque<Entry> entries_;  // never moves an entry
};

}  // namespace osprey::storage
