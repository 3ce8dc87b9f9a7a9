#include "apps/osprey/import_groups.h"

namespace osprey::cli {

Result<void> ImportGroups::take(storage::ImportedContext context) {
  storage::NewContext next{std::move(context.parameters), {}};
  next.brought.sequence_floor = context.sequence_floor;
  if (context.window) {
    context.window->fill(windows_.emplace_back(next.parameters.replay_window_size));
    next.brought.window = &windows_.back();
  }
  group_.push_back(std::move(next));
  sources_.push_back(std::move(context.source));
  return group_.size() < ContextEditor::kMaxGroup ? Result<void>() : flush();
}

Result<void> ImportGroups::flush() {
  if (group_.empty()) return {};
  Result<void> done;
  if (store_.add(group_)) {
    num_added_ += group_.size();
  } else {
    done = add_one_by_one();
  }
  group_.clear();
  sources_.clear();
  windows_.clear();
  return done;
}

Result<void> ImportGroups::add_one_by_one() {
  for (size_t i = 0; i < group_.size(); ++i) {
    auto added = store_.add({&group_[i], 1});
    if (added) {
      ++num_added_;
      continue;
    }
    if (refusals_.size() == kMaxRefusals) {
      return fail("more than " + std::to_string(kMaxRefusals) + " contexts were refused");
    }
    refusals_.push_back({sources_[i], std::move(added.error())});
  }
  return {};
}

}  // namespace osprey::cli
