// What the database says about itself, in one record:
//
//   format version (4) | store id (16) | KEK id (8) | epoch (4) | epoch of doubt (4) |
//   stop token (8) | number of contexts (8)
//
// Big endian. In every version the first four bytes are the version, so that a newer one is told
// from a damaged one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "framework/base/result.h"
#include "framework/base/writer.h"
#include "storage/key_wrap.h"
#include "storage/store_id.h"

namespace osprey::storage {

// Of the database as a whole, all records together.
inline constexpr uint32_t kFormatVersion = 1;

struct MetaRecord {
  uint32_t format_version = kFormatVersion;
  StoreId store_id{};
  KekId kek_id{};
  uint32_t epoch = 0;  // the highest that numbers in the database belong to
  // That of the last start that continued no clean stop: windows and exact numbers that were saved
  // before it count for nothing. 0 before the first.
  uint32_t epoch_of_doubt = 0;
  uint64_t stop_token = 0;  // of the last clean stop (epoch_file.h); 0: none
  uint64_t num_contexts = 0;

  bool operator==(const MetaRecord&) const = default;
};

inline constexpr size_t kMetaRecordLen = 4 + 16 + 8 + 4 + 4 + 8 + 8;

// The format version is this one, the epochs at most kMaxEpoch (CHECK).
void write_meta_record(Writer& out, const MetaRecord& record);

// Errors: damage; a newer format, naming both versions.
Result<MetaRecord> parse_meta_record(Bytes value);

}  // namespace osprey::storage
