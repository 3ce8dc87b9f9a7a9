// Who uses a Sender Key, or used it, as the database holds it under its sender_key_digest:
//
//   1 | the database's key of the context that uses it
//   2 | floor (6): the context is gone; own numbers below may have been used
//
// Big endian. A Sender Key is never forgotten: a context that comes back with it goes on at the
// floor (I1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>

#include "framework/base/result.h"
#include "framework/base/writer.h"
#include "storage/records/context_key.h"

namespace osprey::storage {

struct LiveSender {
  ContextKey context_key;
};

struct RetiredSender {
  uint64_t floor = 0;  // at most 2^40
};

using SenderRecord = std::variant<LiveSender, RetiredSender>;

inline constexpr size_t kMaxSenderRecordLen = 1 + kMaxContextKeyLen;

// The floor is at most 2^40, the key a whole one (CHECK).
void write_sender_record(Writer& out, const SenderRecord& record);

Result<SenderRecord> parse_sender_record(Bytes value);

}  // namespace osprey::storage
