// What a port counts beside the packets of the line, as a name and a number.
#pragma once

#include <cstdint>
#include <string_view>

namespace osprey {

struct Tally {
  std::string_view name;
  uint64_t count = 0;
};

}  // namespace osprey
