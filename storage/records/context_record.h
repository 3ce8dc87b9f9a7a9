// One context, as the database holds it under its context_key:
//
//   version (1) | flags (1) | aead (4) | hkdf (1) | replay window (2)
//   name | sender_id | recipient_id (short bytes each) | id_context (optional bytes) |
//   master_salt (short bytes)
//   wrapped: master_secret (short bytes) | sender_key | recipient_key | common_iv
//
//   flags         1: enabled; 2: a request must carry the ID Context
//   aead          its number at COSE
//   hkdf          1: HKDF SHA-256; 2: SHA-384; 3: SHA-512
//   sender_key, recipient_key, common_iv   as long as the aead demands
//
// Big endian; short and optional bytes as in fields.h. The wrap (key_wrap.h) also authenticates the
// database's key and all that stands before it: who can write to the files but lacks the KEK can
// neither change a context nor give it another one's keys.
//
// Derived keys are stored so that a start derives nothing; the master secret, so that a context
// can be exported.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "framework/base/result.h"
#include "framework/base/writer.h"
#include "framework/oscore/context.h"
#include "storage/context_lines.h"
#include "storage/key_wrap.h"
#include "storage/records/context_key.h"

namespace osprey::storage {

struct ContextRecord {
  oscore::ContextParameters parameters;
  oscore::DerivedKeys keys;
  bool enabled = true;
};

// The parts of a record, each at its longest.
inline constexpr size_t kContextHeaderLen = 1 + 1 + 4 + 1 + 2;
inline constexpr size_t kMaxContextClearLen = kContextHeaderLen + (1 + kMaxContextNameLen) +
                                              2 * (1 + cose::kMaxIdLen) +
                                              (1 + 1 + kMaxIdContextLen) + (1 + kMaxSaltLen);
inline constexpr size_t kMaxContextSecretLen =
    (1 + oscore::kMaxMasterSecretLen) + 2 * cose::kMaxKeyLen + cose::kMaxNonceLen;
inline constexpr size_t kMaxContextRecordLen =
    kMaxContextClearLen + kMaxContextSecretLen + KeyWrap::kOverhead;
static_assert(kMaxContextSecretLen <= KeyWrap::kMaxSecretLen);

// `record.parameters` must pass check_parameters and check_writable (CHECKed where it is cheap),
// and `key` be its context_key.
void write_context_record(Writer& out, const ContextRecord& record, KeyWrap& wrap, Bytes key);

// What comes back passes check_parameters. Errors name the context, if its name can still be read.
Result<ContextRecord> parse_context_record(Bytes key, Bytes value, KeyWrap& wrap);

// The name alone, borrowed from `value`, and unauthenticated. Nothing when it cannot be read.
std::optional<std::string_view> parse_context_name(Bytes value);

}  // namespace osprey::storage
