// Which store it is: the epoch's copies and the database say it, so that parts of two are not
// mixed.
#pragma once

#include <array>
#include <cstdint>

namespace osprey::storage {

using StoreId = std::array<uint8_t, 16>;

}  // namespace osprey::storage
