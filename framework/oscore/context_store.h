// What oscore/ needs of storage: contexts at start, and own sequence numbers that survive a crash.
// Implementations: storage/.
#pragma once

#include <functional>
#include <memory>
#include <optional>

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
  // returned. Never blocks: nothing when none is ready yet; ask again with a later message.
  // Thread: the context's owner.
  virtual std::optional<SequenceRange> reserve_sender_sequence(const SecurityContext& context) = 0;
};

class ContextStore : public SequenceSource {
 public:
  // Hands every stored context to `take`, derived, with an unset window and no numbers reserved.
  // Control path.
  virtual Result<void> load(
      const std::function<Result<void>(std::unique_ptr<SecurityContext>)>& take) = 0;
};

// The next own number of `context`, reserving more when its range is used up.
[[nodiscard]] inline std::optional<uint64_t> take_sequence_number(SecurityContext& context,
                                                                  SequenceSource& source) {
  if (const auto number = context.sequence().take()) return number;
  const auto range = source.reserve_sender_sequence(context);
  if (!range) return std::nullopt;
  context.sequence().reserve(*range);
  return context.sequence().take();
}

}  // namespace osprey::oscore
