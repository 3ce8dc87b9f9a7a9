#include "framework/base/nearest.h"

#include <string>

#include <gtest/gtest.h>

namespace osprey {
namespace {

TEST(EditDistance, CountsTheFewestEdits) {
  const std::tuple<const char*, const char*, size_t> rows[] = {
      {"", "", 0},
      {"", "abc", 3},
      {"abc", "", 3},
      {"listen", "listen", 0},
      {"listen", "Listen", 0},
      {"listen", "lsten", 1},
      {"listen", "listten", 1},
      {"listen", "lixten", 1},
      {"listen", "lisetn", 1},
      {"workers", "wrokesr", 2},
      {"kitten", "sitting", 3},
      {"ab", "ba", 1},
      {"level", "path", 5},
  };
  for (const auto& [a, b, distance] : rows) {
    EXPECT_EQ(edit_distance(a, b), distance) << a << ", " << b;
    EXPECT_EQ(edit_distance(b, a), distance) << b << ", " << a;
  }
}

TEST(Nearest, NamesTheKeyThatWasMeant) {
  constexpr std::string_view kKnown[] = {"listen", "workers", "path", "level"};
  EXPECT_EQ(nearest("lisen", kKnown), "listen");
  EXPECT_EQ(nearest("LISTEN", kKnown), "listen");
  EXPECT_EQ(nearest("worker", kKnown), "workers");
  EXPECT_EQ(nearest("pth", kKnown), "path");
  EXPECT_EQ(nearest("listen", kKnown).data(), kKnown[0].data());
}

TEST(Nearest, SaysNothingRatherThanNonsense) {
  constexpr std::string_view kKnown[] = {"listen", "workers", "path", "level"};
  for (const std::string_view word : {"", "x", "storage", "tcp_port"}) {
    EXPECT_EQ(nearest(word, kKnown), "") << word;
  }
  EXPECT_EQ(nearest("listen", {}), "");
  EXPECT_EQ(nearest(std::string(100'000, 'l'), kKnown), "");
}

TEST(Nearest, TheFirstOfEqualsIsTaken) {
  constexpr std::string_view kKnown[] = {"cat", "car", "cab"};
  EXPECT_EQ(nearest("caz", kKnown), "cat");
}

}  // namespace
}  // namespace osprey
