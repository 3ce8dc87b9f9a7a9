// SHA-256 over several runs of bytes.
#pragma once

#include <array>
#include <initializer_list>

#include "framework/base/bytes.h"

namespace osprey::storage {

using Sha256 = std::array<uint8_t, 32>;

Sha256 sha256(std::initializer_list<Bytes> parts);

}  // namespace osprey::storage
