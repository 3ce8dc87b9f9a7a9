// How far a context's own numbers are reserved (RFC 8613 B.1.1), as the database holds it:
//
//   version (1) | next (6) | limit (6)
//
// Big endian; both are at most 2^40. Numbers from `limit` up were never used. After a clean stop
// nor were those from `next` up; otherwise `next` is where the range began, and all of it counts
// as used.
#pragma once

#include <cstddef>
#include <cstdint>

#include "framework/base/result.h"
#include "framework/base/writer.h"

namespace osprey::storage {

struct SequenceRecord {
  uint64_t next = 0;
  uint64_t limit = 0;

  bool operator==(const SequenceRecord&) const = default;
};

inline constexpr size_t kSequenceRecordLen = 1 + 6 + 6;

// next <= limit <= 2^40 (CHECK).
void write_sequence_record(Writer& out, const SequenceRecord& record);

Result<SequenceRecord> parse_sequence_record(Bytes value);

}  // namespace osprey::storage
