#include "storage/masked_json.h"

#include <algorithm>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "storage/words.h"

namespace osprey::storage {
namespace {

using Json = nlohmann::json;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// One past the closing quote of the string that opens at `open`; the end of the JSON if it is cut.
size_t string_end(std::string_view json, size_t open) {
  for (size_t i = open + 1; i < json.size(); ++i) {
    if (json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      return i + 1;
    }
  }
  return json.size();
}

// Where the string begins that is the value of the key which ended at `i`; npos if there is none.
size_t value_string(std::string_view json, size_t i) {
  while (i < json.size() && is_space(json[i])) ++i;
  if (i >= json.size() || json[i] != ':') return std::string_view::npos;
  ++i;
  while (i < json.size() && is_space(json[i])) ++i;
  return i < json.size() && json[i] == '"' ? i : std::string_view::npos;
}

bool is_closed(std::string_view json, size_t open, size_t end) {
  return end > open + 1 && json[end - 1] == '"';
}

// "column 5", or "line 2, column 5" if there are lines. Columns are bytes and count from 1.
std::string position_text(const MaskedJson& masked, size_t byte) {
  const size_t at = std::min(std::max<size_t>(byte, 1), masked.text.size() + 1) - 1;
  const auto line =
      std::count(masked.text.begin(), masked.text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  const size_t line_end = at == 0 ? SecretText::npos : masked.text.rfind('\n', at - 1);
  const size_t line_begin = line_end == SecretText::npos ? 0 : line_end + 1;
  size_t column = at - line_begin + 1;
  if (masked.secret_at >= line_begin && at >= masked.secret_at) column += masked.secret.size();
  const std::string text = "column " + std::to_string(column);
  return line == 0 ? text : "line " + std::to_string(line + 1) + ", " + text;
}

}  // namespace

MaskedJson mask_secret(std::string_view json, std::span<const std::string_view> secret_keys) {
  MaskedJson masked;
  size_t copied = 0;
  size_t i = 0;
  while ((i = json.find('"', i)) != std::string_view::npos) {
    const size_t open = i;
    i = string_end(json, open);
    if (!is_closed(json, open, i)) continue;
    if (!is_one_of(json.substr(open + 1, i - open - 2), secret_keys)) continue;
    const size_t value = value_string(json, i);
    if (value == std::string_view::npos) continue;
    i = string_end(json, value);
    const size_t secret_end = is_closed(json, value, i) ? i - 1 : i;
    masked.text.append(json.substr(copied, value + 1 - copied));
    masked.secret = json.substr(value + 1, secret_end - value - 1);
    masked.secret_at = masked.text.size();
    copied = secret_end;
  }
  masked.text.append(json.substr(copied));
  return masked;
}

Result<Json> parse_object(const MaskedJson& masked, const JsonForm& form,
                          const std::string& where) {
  std::set<std::string> keys;
  std::optional<std::string> twice;
  const auto note_key = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth != 1 || event != Json::parse_event_t::key) return true;
    const auto& key = parsed.get_ref<const std::string&>();
    if (!keys.insert(key).second && !twice) twice = key;
    return true;
  };
  Json object;
  try {
    object = Json::parse(masked.text, note_key);
  } catch (const Json::parse_error& error) {
    // what() repeats what it found, which may be part of a secret; the place does not.
    return fail(where + ": not JSON from " + position_text(masked, error.byte) + " on",
                std::string(form.rule) + ", " + std::string(form.example));
  } catch (const Json::out_of_range&) {
    return fail(where + ": a number is too large", std::string(form.numbers));
  }
  if (!object.is_object()) {
    return fail(where + ": expected one JSON object", std::string(form.example));
  }
  if (twice && is_one_of(*twice, form.keys)) {
    return fail(where + ": key " + in_quotes(*twice) + " stands there twice",
                "leave one of them out");
  }
  for (const auto& [key, value] : object.items()) {
    if (!is_one_of(key, form.keys)) return fail_unknown_key(where, key, form.keys);
  }
  return object;
}

}  // namespace osprey::storage
