// Collects imported contexts into groups, one synced write each. Of a group that is refused, each
// context is tried on its own, so that it is known which one it was, and the others are in.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "apps/osprey/context_editor.h"
#include "storage/import/import.h"

namespace osprey::cli {

class ImportGroups {
 public:
  static constexpr size_t kMaxRefusals = 1000;  // more, and it is given up

  struct Refusal {
    std::string source;
    Error error;
  };

  // Borrowed.
  explicit ImportGroups(ContextEditor& store) : store_(store) {}

  // Errors: too many were refused.
  Result<void> take(storage::ImportedContext context);
  // Last: what was taken and did not fill a group.
  Result<void> flush();

  uint64_t num_added() const { return num_added_; }
  const std::vector<Refusal>& refusals() const { return refusals_; }

 private:
  Result<void> add_one_by_one();

  ContextEditor& store_;
  std::vector<storage::NewContext> group_;
  std::vector<std::string> sources_;          // of each in the group
  std::deque<oscore::ReplayWindow> windows_;  // that the group points to
  uint64_t num_added_ = 0;
  std::vector<Refusal> refusals_;
};

}  // namespace osprey::cli
