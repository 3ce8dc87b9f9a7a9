#include "tests/unit/storage/import/support.h"

namespace osprey::storage {
namespace {

// Which of the numbers 0 to 99 a window of `size` accepts after it was filled.
std::vector<uint64_t> accepted(const ImportedWindow& imported, size_t size) {
  oscore::ReplayWindow window(size);
  imported.fill(window);
  std::vector<uint64_t> numbers;
  for (uint64_t piv = 0; piv < 100; ++piv) {
    if (window.may_accept(piv)) numbers.push_back(piv);
  }
  return numbers;
}

// `first` to 99 without `seen`.
std::vector<uint64_t> all_but(uint64_t first, const std::vector<uint64_t>& seen) {
  std::vector<uint64_t> numbers;
  for (uint64_t piv = first; piv < 100; ++piv) {
    if (std::find(seen.begin(), seen.end(), piv) == seen.end()) numbers.push_back(piv);
  }
  return numbers;
}

TEST(ImportedWindow, OfANewContextAcceptsAll) { EXPECT_EQ(accepted({}, 32), all_but(0, {})); }

TEST(ImportedWindow, RefusesWhatWasSeenAndWhatIsBelow) {
  EXPECT_EQ(accepted({.first = 0, .seen = {true, false, true}}, 32), all_but(1, {2}));
  EXPECT_EQ(accepted({.first = 40, .seen = {false, true, false, true}}, 32), all_but(40, {41, 43}));
  EXPECT_EQ(accepted({.first = 40, .seen = {}}, 32), all_but(40, {}));
}

TEST(ImportedWindow, ALargeOneFills) {
  std::vector<bool> seen(64, true);
  seen[10] = false;
  EXPECT_EQ(accepted({.first = 5, .seen = seen}, 64), all_but(15, std::vector<uint64_t>([] {
                                                                std::vector<uint64_t> above;
                                                                for (uint64_t i = 16; i < 69; ++i) {
                                                                  above.push_back(i);
                                                                }
                                                                return above;
                                                              }())));
}

// Goal: nothing that was seen is accepted, when our window is smaller than the source's.
TEST(ImportedWindow, ASmallerOneForgetsToTheSafeSide) {
  EXPECT_EQ(accepted({.first = 10, .seen = {true, false, false, false, true}}, 2),
            all_but(13, {14}));
}

TEST(ImportedWindow, ReachesTheLastNumber) {
  oscore::ReplayWindow window;
  ImportedWindow{.first = oscore::kMaxSequenceNumber - 1, .seen = {false, true}}.fill(window);
  EXPECT_TRUE(window.may_accept(oscore::kMaxSequenceNumber - 1));
  EXPECT_FALSE(window.may_accept(oscore::kMaxSequenceNumber));
}

}  // namespace
}  // namespace osprey::storage
