#include "framework/base/nearest.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace osprey {
namespace {

TEST(EditDistance, CountsEdits) {
  const struct {
    const char* a;
    const char* b;
    size_t distance;
  } kCases[] = {
      {"", "", 0},         {"a", "", 1},
      {"", "abc", 3},      {"name", "name", 0},
      {"name", "Name", 0}, {"nmae", "name", 1},
      {"nam", "name", 1},  {"names", "name", 1},
      {"mame", "name", 1}, {"sender", "recipient", 7},
      {"ab", "ba", 1},     {"abc", "cba", 2},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(edit_distance(c.a, c.b), c.distance) << c.a << " " << c.b;
    EXPECT_EQ(edit_distance(c.b, c.a), c.distance) << c.b << " " << c.a;
  }
}

TEST(Nearest, NamesTheWordThatWasMeantOrNone) {
  constexpr std::array<std::string_view, 4> kKnown = {"listen", "workers", "path", "id"};
  const std::pair<std::string, std::string_view> kCases[] = {
      {"lisen", "listen"},
      {"Listen", "listen"},
      {"worker", "workers"},
      {"wrokers", "workers"},
      {"pth", "path"},
      {"ix", "id"},
      {"colour", ""},
      {"", ""},
      {"xy", ""},
      {std::string(65, 'l'), ""},
  };
  for (const auto& [word, meant] : kCases) EXPECT_EQ(nearest(word, kKnown), meant) << word;
  EXPECT_EQ(nearest("listen", {}), "");
}

}  // namespace
}  // namespace osprey
