// A JSON object with its secret taken out before a library sees it (I7): the JSON library frees its
// memory as it is, and its errors repeat what it could not read.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "framework/base/result.h"
#include "storage/secret_text.h"

namespace osprey::storage {

struct MaskedJson {
  SecretText text;          // with "" where the secret was; what is no JSON may hide one still
  std::string_view secret;  // between its quotes, escapes as they stand; points into the JSON
  size_t secret_at = 0;     // where it was cut out of `text`
};

// Takes out the string that is the value of any of `secret_keys`; of several, `secret` is the last.
// A key spelled with escapes is not found: its value is still there for the caller to refuse.
MaskedJson mask_secret(std::string_view json, std::span<const std::string_view> secret_keys);

// What an object of one kind looks like, for error texts.
struct JsonForm {
  std::span<const std::string_view> keys;  // all that may stand in it
  std::string_view rule;                   // "one object per line"
  std::string_view example;                // "{"name": "...", ...}"
  std::string_view numbers;                // "replay_window is the only number"
};

// One object, none of its keys unknown and none there twice (the library would keep the last and
// say nothing). Errors begin with `where`, and repeat no values.
Result<nlohmann::json> parse_object(const MaskedJson& masked, const JsonForm& form,
                                    const std::string& where);

}  // namespace osprey::storage
