#include "apps/osprey/import_groups.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/unit/storage/support.h"

namespace osprey::cli {
namespace {

// Keeps the names of what it gets, all or none; refuses those that begin with "bad".
class Recorder final : public ContextEditor {
 public:
  Result<void> add(std::span<const storage::NewContext> group) override {
    sizes.push_back(group.size());
    for (const auto& each : group) {
      if (each.parameters.name.starts_with("bad")) return fail(each.parameters.name + " is bad");
    }
    for (const auto& each : group) {
      names.insert(each.parameters.name);
      if (each.brought.window != nullptr) windows.push_back(each.brought.window->next());
      floors.push_back(each.brought.sequence_floor);
    }
    return {};
  }
  Result<void> replace(const oscore::ContextParameters&) override { return {}; }
  Result<void> remove(const std::string&) override { return {}; }
  Result<void> set_enabled(const std::string&, bool) override { return {}; }
  Result<void> close() override { return {}; }
  std::string place() const override { return "here"; }

  std::vector<size_t> sizes;
  std::set<std::string> names;
  std::vector<uint64_t> windows;
  std::vector<uint64_t> floors;
};

storage::ImportedContext imported(const std::string& name, uint32_t number) {
  storage::ImportedContext context;
  context.parameters = storage::numbered_context(number);
  context.parameters.name = name;
  context.sequence_floor = number;
  context.source = "file: line " + std::to_string(number);
  return context;
}

TEST(ImportGroups, AddsFullGroupsAndTheRestAtTheEnd) {
  Recorder recorder;
  ImportGroups groups(recorder);
  for (uint32_t i = 0; i < 2500; ++i) {
    ASSERT_TRUE(groups.take(imported("c" + std::to_string(i), i)));
  }
  ASSERT_TRUE(groups.flush());
  ASSERT_TRUE(groups.flush());
  EXPECT_EQ(recorder.sizes, (std::vector<size_t>{1000, 1000, 500}));
  EXPECT_EQ(recorder.names.size(), 2500u);
  EXPECT_EQ(recorder.floors.back(), 2499u);
  EXPECT_EQ(groups.num_added(), 2500u);
}

TEST(ImportGroups, OfARefusedGroupTheOthersAreInAndEachRefusedOneIsNamed) {
  Recorder recorder;
  ImportGroups groups(recorder);
  for (const auto& [name, number] : {std::pair("a", 1u), {"bad-1", 2u}, {"b", 3u}, {"bad-2", 4u}}) {
    ASSERT_TRUE(groups.take(imported(name, number)));
  }
  ASSERT_TRUE(groups.flush());
  EXPECT_EQ(recorder.names, (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(groups.num_added(), 2u);
  ASSERT_EQ(groups.refusals().size(), 2u);
  EXPECT_EQ(groups.refusals()[0].source, "file: line 2");
  EXPECT_EQ(groups.refusals()[0].error.cause, "bad-1 is bad");
  EXPECT_EQ(groups.refusals()[1].source, "file: line 4");
}

TEST(ImportGroups, GivesUpWhenTooManyAreRefused) {
  Recorder recorder;
  ImportGroups groups(recorder);
  Result<void> taken;
  uint32_t number = 0;
  while (taken && number < 10'000) taken = groups.take(imported("bad", number++));
  EXPECT_EQ(storage::error_of(taken), "more than 1000 contexts were refused");
  EXPECT_EQ(number, 2000u);
}

TEST(ImportGroups, WindowsGoWithTheirContexts) {
  Recorder recorder;
  ImportGroups groups(recorder);
  for (uint32_t i = 0; i < 3; ++i) {
    auto context = imported("c" + std::to_string(i), i);
    if (i != 1) context.window = storage::ImportedWindow{10 * i, {true}};
    ASSERT_TRUE(groups.take(std::move(context)));
  }
  ASSERT_TRUE(groups.flush());
  EXPECT_EQ(recorder.windows, (std::vector<uint64_t>{1, 21}));
}

}  // namespace
}  // namespace osprey::cli
