// What oscore/ and pipeline/ need of storage while messages flow: own sequence numbers that survive
// a crash, and contexts that are not in memory yet. Implementation: storage/.
//
// Each worker has its own link to the store; no call blocks or allocates.
#pragma once

#include <optional>
#include <span>

#include "framework/base/result.h"
#include "framework/oscore/context.h"

namespace osprey::oscore {

// Where a context's own numbers come from (I1).
class SequenceSource {
 public:
  SequenceSource() = default;
  SequenceSource(const SequenceSource&) = delete;
  SequenceSource& operator=(const SequenceSource&) = delete;
  virtual ~SequenceSource() = default;

  // A range above every number that was ever handed out for `context`, durable before it is
  // returned. Nothing when none is ready yet; ask again with a later message.
  // Thread: the context's owner.
  virtual std::optional<SequenceRange> reserve_sender_sequence(SecurityContext& context) = 0;

  // Half of the range of `context` is used up: a source that needs time starts now. False when it
  // cannot take this in; it is told again with the next message.
  virtual bool expect_need(SecurityContext& /*context*/) { return true; }
};

// Brings contexts into the table that a start has not loaded yet.
class ContextFetcher {
 public:
  using Ticket = uint32_t;

  ContextFetcher() = default;
  ContextFetcher(const ContextFetcher&) = delete;
  ContextFetcher& operator=(const ContextFetcher&) = delete;
  virtual ~ContextFetcher() = default;

  // True once every stored context has been brought in: what the table lacks then does not exist.
  virtual bool has_all() const = 0;

  // Asks for every context that `option` (with a kid of at most kMaxIdLen) can mean. False when the
  // queue is full. As soon as the table has what there is, take_fetched gives `ticket` back.
  virtual bool fetch(Ticket ticket, const OscoreOption& option) = 0;

  // True if take_fetched has something to give.
  virtual bool has_fetched() const = 0;

  // Tickets that are done, at most as many as fit. Returns how many.
  virtual size_t take_fetched(std::span<Ticket> tickets) = 0;
};

// The next own number of `context`, reserving more when its range is used up.
[[nodiscard]] inline std::optional<uint64_t> take_sequence_number(SecurityContext& context,
                                                                  SequenceSource& source) {
  SenderSequence& sequence = context.sequence();
  auto number = sequence.take();
  if (!number) {
    const auto range = source.reserve_sender_sequence(context);
    if (!range) return std::nullopt;
    sequence.reserve(*range);
    number = sequence.take();
  }
  if (sequence.is_low() && source.expect_need(context)) sequence.note_low();
  return number;
}

}  // namespace osprey::oscore
