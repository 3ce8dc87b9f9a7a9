#include "storage/grant_table.h"

#include <thread>

#include <gtest/gtest.h>

namespace osprey::storage {
namespace {

TEST(GrantTable, FindsWhatWasAddedAndNothingElse) {
  GrantTable table(4);
  for (uint64_t key = 0; key < 10'000; ++key) table.add(key * 0x9e3779b97f4a7c15);
  for (uint64_t key = 0; key < 10'000; ++key) {
    ASSERT_NE(table.find(key * 0x9e3779b97f4a7c15), nullptr);
  }
  EXPECT_EQ(table.find(1), nullptr);
}

TEST(GrantTable, AddingAgainKeepsTheEntry) {
  GrantTable table(1);
  table.add(5);
  GrantTable::Epoch* granted = table.find(5);
  granted->store(7);
  table.add(5);
  EXPECT_EQ(table.find(5), granted);
  EXPECT_EQ(granted->load(), 7u);
}

// Goal: looking up needs no lock while entries are added. Method: both at once; TSan watches.
TEST(GrantTable, LookUpsGoOnWhileEntriesAreAdded) {
  GrantTable table(1);
  table.add(0);
  std::thread reader([&] {
    for (uint64_t key = 0; key < 20'000;) {
      if (table.find(key) != nullptr) ++key;
    }
  });
  for (uint64_t key = 0; key < 20'000; ++key) table.add(key);
  reader.join();
}

}  // namespace
}  // namespace osprey::storage
