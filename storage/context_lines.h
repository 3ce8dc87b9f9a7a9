// One context as one line of JSON, as people and tools write it (JSON Lines):
//
//   {"name": "sensor-1", "master_secret": "0102030405060708090a0b0c0d0e0f10",
//    "sender_id": "01", "recipient_id": "02"}                                  (on one line)
//
//   key                  value                                          when it is left out
//   name                 1 to 128 bytes of text, unique in its store    needed
//   master_secret        hex, 1 to 64 bytes                             needed
//   master_salt          hex, at most 255 bytes                         empty
//   id_context           hex, at most 255 bytes, or null                null: none ("" is another)
//   sender_id            hex, may be empty                              needed
//   recipient_id         hex, may be empty                              needed
//   algorithm            name or number of COSE                         "AES-CCM-16-64-128"
//   hkdf                 "HKDF SHA-256", "HKDF SHA-384" or so           "HKDF SHA-256"
//   replay_window        1 to 4096                                      32
//   require_kid_context  true or false                                  false
//
// A line that goes from one store to another has one key more, which a store's own line has not:
//
//   sender_sequence      0 to 2^40: own numbers below may be used up    0
//
// Pure. How long IDs may be depends on the algorithm: SecurityContext::derive checks that.
// Secrets (I7): no error says any value but names; and the JSON library, which frees its memory as
// it is, never sees the master secret.
#pragma once

#include <cstddef>
#include <string_view>

#include "framework/base/result.h"
#include "framework/oscore/context.h"
#include "storage/secret_text.h"

namespace osprey::storage {

// A line without its end, bytes. Above what the longest values take, names in escapes included.
inline constexpr size_t kMaxContextLineLen = 4096;
inline constexpr size_t kMaxContextNameLen = 128;
inline constexpr size_t kMaxSaltLen = 255;
inline constexpr size_t kMaxIdContextLen = 255;

// Errors begin with "line N" and name the key and what it wants.
Result<oscore::ContextParameters> parse_context_line(std::string_view line, size_t line_number);

// As parse_context_line, of a line between stores.
Result<oscore::ContextParameters> parse_exported_line(std::string_view line, size_t line_number,
                                                      uint64_t& sender_sequence);

// What a line can hold: name, salt and ID Context within their bounds, the name UTF-8 without
// control characters. What passes comes back from its line as it was.
Result<void> check_writable(const oscore::ContextParameters& parameters);

enum class Reveal : bool { kNo, kYes };

// Without an end of line. With Reveal::kNo the secret is left out and the line is for people: it
// does not parse. `parameters` must be writable (CHECK).
SecretText write_context_line(const oscore::ContextParameters& parameters, Reveal reveal);
// The same with sender_sequence.
SecretText write_exported_line(const oscore::ContextParameters& parameters,
                               uint64_t sender_sequence, Reveal reveal);

}  // namespace osprey::storage
