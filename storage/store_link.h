// One worker's link to the store: a ring for each thing it may ask for, and one back.
//
//   worker --numbers--> store thread     answered in the context itself (oscore::ReservedNumbers)
//   worker --fetches--> store thread --fetched--> worker
//
// Thread: the inherited functions by the worker, the others by the store's thread.
#pragma once

#include <atomic>
#include <functional>

#include "framework/base/short_bytes.h"
#include "framework/base/spsc_ring.h"
#include "framework/oscore/context_store.h"
#include "storage/wakeup.h"

namespace osprey::storage {

class StoreLink final : public oscore::SequenceSource, public oscore::ContextFetcher {
 public:
  static constexpr size_t kMaxNumberRequests = 4096;
  static constexpr size_t kMaxFetches = 1024;

  struct NumbersRequest {
    oscore::SecurityContext* context = nullptr;
    uint64_t used_limit = 0;  // what it has so far
  };
  struct FetchRequest {
    Ticket ticket = 0;
    ShortBytes<cose::kMaxIdLen> kid;
    bool has_kid_context = false;
    ShortBytes<255> kid_context;
  };

  // `wake_worker`: called by the store's thread after it has given tickets back.
  StoreLink(Wakeup& store, const std::atomic<bool>& has_all, std::function<void()> wake_worker)
      : store_(store), has_all_(has_all), wake_worker_(std::move(wake_worker)) {}

  std::optional<oscore::SequenceRange> reserve_sender_sequence(
      oscore::SecurityContext& context) override;
  bool expect_need(oscore::SecurityContext& context) override;

  bool has_all() const override { return has_all_.load(std::memory_order_acquire); }
  // The kid of `option` has at most kMaxIdLen bytes (CHECK).
  bool fetch(Ticket ticket, const oscore::OscoreOption& option) override;
  bool has_fetched() const override { return !fetched_.empty(); }
  size_t take_fetched(std::span<Ticket> tickets) override;

  bool has_requests() const { return !numbers_.empty() || !fetches_.empty(); }
  template <typename Use>
  bool pop_numbers(Use use) {
    return numbers_.pop(use);
  }
  template <typename Use>
  bool pop_fetch(Use use) {
    return fetches_.pop(use);
  }
  void give_back(Ticket ticket);
  void wake_worker() const {
    if (wake_worker_) wake_worker_();
  }

 private:
  Wakeup& store_;
  const std::atomic<bool>& has_all_;
  std::function<void()> wake_worker_;
  SpscRing<NumbersRequest> numbers_{kMaxNumberRequests};
  SpscRing<FetchRequest> fetches_{kMaxFetches};
  SpscRing<Ticket> fetched_{2 * kMaxFetches};  // room for all that are asked for and not yet taken
};

}  // namespace osprey::storage
