// The fields that several records have in common. Big endian.
//
//   short bytes     length (1) | bytes, 0 to 255
//   optional bytes  0, or 1 | short bytes
//   number          6: an own or a peer's sequence number, or one past the last of its 40 bits
#pragma once

#include <optional>

#include "framework/base/check.h"
#include "framework/base/reader.h"
#include "framework/base/writer.h"
#include "framework/oscore/option.h"

namespace osprey::storage {

inline constexpr size_t kMaxShortLen = 255;
inline constexpr size_t kNumberLen = 6;
inline constexpr uint64_t kMaxNumber = oscore::kMaxSequenceNumber + 1;

// At most kMaxShortLen bytes (CHECK).
inline void write_short(Writer& out, Bytes bytes) {
  CHECK(bytes.size() <= kMaxShortLen);
  out.u8(static_cast<uint8_t>(bytes.size()));
  out.bytes(bytes);
}

// The parts of the reader that were read stay read when the field is cut: a record is parsed whole
// or not at all.
inline std::optional<Bytes> read_short(Reader& reader) {
  const auto len = reader.u8();
  if (!len) return std::nullopt;
  return reader.take(*len);
}

inline void write_optional(Writer& out, std::optional<Bytes> bytes) {
  out.u8(bytes ? 1 : 0);
  if (bytes) write_short(out, *bytes);
}

// False when the field is cut or begins with another number.
[[nodiscard]] inline bool read_optional(std::optional<Bytes>& out, Reader& reader) {
  out.reset();
  const auto is_there = reader.u8();
  if (!is_there || *is_there > 1) return false;
  if (*is_there == 1) out = read_short(reader);
  return out.has_value() == (*is_there == 1);
}

// At most kMaxNumber (CHECK).
inline void write_number(Writer& out, uint64_t number) {
  CHECK(number <= kMaxNumber);
  out.uint(number, kNumberLen);
}

inline std::optional<uint64_t> read_number(Reader& reader) {
  const auto number = reader.uint(kNumberLen);
  if (!number || *number > kMaxNumber) return std::nullopt;
  return number;
}

}  // namespace osprey::storage
