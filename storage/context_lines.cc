#include "storage/context_lines.h"

#include <algorithm>
#include <array>
#include <set>

#include <nlohmann/json.hpp>

#include "framework/base/check.h"
#include "framework/base/nearest.h"

namespace osprey::storage {
namespace {

using Json = nlohmann::json;
using oscore::ContextParameters;

constexpr std::string_view kSecretKey = "master_secret";
constexpr std::array<std::string_view, 10> kKeys = {
    "name",         "master_secret", "master_salt", "id_context",    "sender_id",
    "recipient_id", "algorithm",     "hkdf",        "replay_window", "require_kid_context",
};

// What stands in a line that was written without its secret.
constexpr std::string_view kHidden = "(hidden)";

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// A line with its master secret taken out: what is left may go to a library.
struct Masked {
  std::string text;         // the line, with "" where the secret was
  std::string_view secret;  // points into the line
  size_t secret_at = 0;     // where it was cut out of `text`
};

// One past the closing quote of the string that opens at `open`; the end of the line if it is cut.
size_t string_end(std::string_view line, size_t open) {
  for (size_t i = open + 1; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      return i + 1;
    }
  }
  return line.size();
}

// Where the string begins that is the value of the key which ended at `i`; npos if there is none.
size_t value_string(std::string_view line, size_t i) {
  while (i < line.size() && is_space(line[i])) ++i;
  if (i >= line.size() || line[i] != ':') return std::string_view::npos;
  ++i;
  while (i < line.size() && is_space(line[i])) ++i;
  return i < line.size() && line[i] == '"' ? i : std::string_view::npos;
}

Masked mask_secret(std::string_view line) {
  Masked masked;
  size_t copied = 0;
  size_t i = 0;
  while ((i = line.find('"', i)) != std::string_view::npos) {
    const size_t open = i;
    i = string_end(line, open);
    if (line.substr(open + 1, i - open - 1) != std::string(kSecretKey) + "\"") continue;
    const size_t value = value_string(line, i);
    if (value == std::string_view::npos) continue;
    i = string_end(line, value);
    const bool is_closed = i > value + 1 && line[i - 1] == '"';
    masked.text.append(line.substr(copied, value + 1 - copied));
    masked.secret = line.substr(value + 1, i - value - 1 - (is_closed ? 1 : 0));
    masked.secret_at = masked.text.size();
    copied = is_closed ? i - 1 : i;
  }
  masked.text.append(line.substr(std::min(copied, line.size())));
  return masked;
}

// Takes one object's values by key, and keeps the first error.
class Fields {
 public:
  Fields(const Json& object, size_t line_number) : object_(object), line_number_(line_number) {}

  const std::optional<Error>& error() const { return error_; }

  const Json* value(std::string_view key, bool is_needed = false) {
    const auto found = object_.find(key);
    if (found != object_.end()) return &*found;
    if (is_needed) refuse(key, "is missing", "add it to the line");
    return nullptr;
  }

  std::string name() {
    const Json* json = value("name", true);
    if (json == nullptr) return {};
    if (!json->is_string()) return refuse("name", "expected text in quotes"), std::string();
    return json->get<std::string>();
  }

  std::vector<uint8_t> hex(std::string_view key, size_t max_len, bool is_needed = false) {
    const Json* json = value(key, is_needed);
    if (json == nullptr) return {};
    const auto bytes =
        json->is_string() ? from_hex(json->get_ref<const std::string&>()) : std::nullopt;
    if (!bytes || bytes->size() > max_len) {
      refuse(key, "expected hex digits in quotes, two for each byte, for at most " +
                      std::to_string(max_len) + " bytes");
      return {};
    }
    return *bytes;
  }

  void secret(Secret<oscore::kMaxMasterSecretLen>& out, std::string_view text) {
    const Json* json = value(kSecretKey, true);
    if (json == nullptr) return;
    if (json->is_string() && !json->get_ref<const std::string&>().empty()) {
      return refuse(kSecretKey, "expected the key itself without escapes");
    }
    if (text == kHidden) {
      return refuse(kSecretKey, "was left out when this line was written",
                    "write it with --reveal");
    }
    // from_hex leaves what it had when it meets something else; so it never does.
    auto bytes = json->is_string() && is_hex(text) ? from_hex(text) : std::nullopt;
    if (!bytes || bytes->empty() || bytes->size() > out.kMaxLen) {
      refuse(kSecretKey, "expected hex digits in quotes, two for each byte, for 1 to " +
                             std::to_string(out.kMaxLen) + " bytes");
    } else {
      out = Secret<oscore::kMaxMasterSecretLen>(*bytes);
    }
    if (bytes) zeroise(*bytes);
  }

  const cose::AeadAlgorithm* aead(const cose::AeadAlgorithm* fallback) {
    const Json* json = value("algorithm");
    if (json == nullptr) return fallback;
    const cose::AeadAlgorithm* found = nullptr;
    if (json->is_string()) {
      found = cose::find_aead(json->get_ref<const std::string&>());
    } else if (json->is_number_integer() && *json >= INT32_MIN && *json <= INT32_MAX) {
      found = cose::find_aead(json->get<int32_t>());
    }
    if (found == nullptr) refuse_name("algorithm", *json, cose::aead_algorithms());
    return found;
  }

  const cose::HkdfAlgorithm* hkdf(const cose::HkdfAlgorithm* fallback) {
    const Json* json = value("hkdf");
    if (json == nullptr) return fallback;
    const cose::HkdfAlgorithm* found =
        json->is_string() ? cose::find_hkdf(json->get_ref<const std::string&>()) : nullptr;
    if (found == nullptr) refuse_name("hkdf", *json, cose::hkdf_algorithms());
    return found;
  }

  size_t replay_window(size_t fallback) {
    const Json* json = value("replay_window");
    if (json == nullptr) return fallback;
    if (json->is_number_unsigned() && *json >= 1u && *json <= kMaxReplayWindow) {
      return json->get<size_t>();
    }
    refuse("replay_window", "expected a number from 1 to " + std::to_string(kMaxReplayWindow));
    return fallback;
  }

  bool flag(std::string_view key) {
    const Json* json = value(key);
    if (json == nullptr) return false;
    if (!json->is_boolean()) return refuse(key, "expected true or false"), false;
    return json->get<bool>();
  }

 private:
  void refuse(std::string_view key, const std::string& what, std::string mend = {}) {
    if (error_) return;
    error_ = Error{"line " + std::to_string(line_number_) + ": key " + in_quotes(key) + " " + what,
                   std::move(mend)};
    // "key X: expected ..." reads better with a colon; "key X is missing" without.
    if (what.starts_with("expected")) {
      error_->cause.insert(error_->cause.size() - what.size() - 1, ":");
    }
  }

  template <typename Algorithms>
  void refuse_name(std::string_view key, const Json& json, Algorithms algorithms) {
    std::vector<std::string_view> names;
    std::string all;
    for (const auto& algorithm : algorithms) {
      names.push_back(algorithm.name);
      all += (all.empty() ? "" : ", ") + std::string(algorithm.name);
    }
    const std::string_view meant =
        json.is_string() ? nearest(json.get_ref<const std::string&>(), names) : std::string_view();
    refuse(key, "expected one of " + all,
           meant.empty() ? std::string() : "write " + in_quotes(key) + ": " + in_quotes(meant));
  }

  const Json& object_;
  size_t line_number_;
  std::optional<Error> error_;
};

// A key that nobody knows may be a value in the wrong place: one that looks like a secret is not
// repeated.
std::string unknown_key_text(std::string_view key) {
  constexpr size_t kMaxShownLen = 24;
  if (key.size() > kMaxShownLen || (key.size() >= 8 && is_hex(key))) return "unknown key";
  for (const char c : key) {
    if (c < 0x20 || c > 0x7e) return "unknown key";
  }
  return "unknown key " + in_quotes(key);
}

std::string all_keys() {
  std::string all;
  for (const std::string_view key : kKeys) all += (all.empty() ? "" : ", ") + std::string(key);
  return all;
}

tl::unexpected<Error> fail_unknown_key(const std::string& where, std::string_view key) {
  const std::string_view meant = nearest(key, kKeys);
  return fail(where + unknown_key_text(key),
              meant.empty() ? "the keys are " + all_keys() : "write " + in_quotes(meant));
}

// The library keeps the last of two equal keys and says nothing.
Result<Json> parse_object(const Masked& masked, const std::string& where) {
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
    size_t column = std::max<size_t>(error.byte, 1);
    if (column > masked.secret_at) column += masked.secret.size();
    return fail(where + "not JSON from column " + std::to_string(column) + " on",
                "one object per line, {\"name\": \"...\", ...}");
  } catch (const Json::out_of_range&) {
    return fail(where + "a number is too large",
                "algorithm and replay_window are the only numbers");
  }
  if (!object.is_object()) {
    return fail(where + "expected one JSON object", "{\"name\": \"...\", ...}");
  }
  if (twice && std::find(kKeys.begin(), kKeys.end(), *twice) != kKeys.end()) {
    return fail(where + "key " + in_quotes(*twice) + " stands there twice",
                "leave one of them out");
  }
  for (const auto& [key, value] : object.items()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      return fail_unknown_key(where, key);
    }
  }
  return object;
}

// `name` as JSON writes it, quotes included; nothing when it is not UTF-8.
std::optional<std::string> json_name(const std::string& name) {
  try {
    return Json(name).dump();
  } catch (const Json::type_error&) {
    return std::nullopt;
  }
}

void append_hex(SecretText& out, Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  for (const uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0x0f];
  }
  out += '"';
}

}  // namespace

Result<ContextParameters> parse_context_line(std::string_view line, size_t line_number) {
  const std::string where = "line " + std::to_string(line_number) + ": ";
  if (line.size() > kMaxContextLineLen) {
    return fail(where + "longer than " + std::to_string(kMaxContextLineLen) + " bytes",
                "one object per line");
  }
  const Masked masked = mask_secret(line);
  const Result<Json> object = parse_object(masked, where);
  if (!object) return tl::unexpected(object.error());

  ContextParameters parameters;
  Fields fields(*object, line_number);
  parameters.name = fields.name();
  fields.secret(parameters.master_secret, masked.secret);
  parameters.master_salt = fields.hex("master_salt", kMaxSaltLen);
  const Json* id_context = fields.value("id_context");
  if (id_context != nullptr && !id_context->is_null()) {
    parameters.id_context = fields.hex("id_context", kMaxIdContextLen);
  }
  parameters.sender_id = fields.hex("sender_id", cose::kMaxIdLen, true);
  parameters.recipient_id = fields.hex("recipient_id", cose::kMaxIdLen, true);
  parameters.aead = fields.aead(parameters.aead);
  parameters.hkdf = fields.hkdf(parameters.hkdf);
  parameters.replay_window_size = fields.replay_window(parameters.replay_window_size);
  parameters.require_kid_context = fields.flag("require_kid_context");
  if (fields.error()) return tl::unexpected(*fields.error());
  if (const auto checked = check_writable(parameters); !checked) {
    return fail(where + checked.error().cause, checked.error().mend);
  }
  return parameters;
}

Result<void> check_writable(const ContextParameters& parameters) {
  const std::string& name = parameters.name;
  if (name.empty() || name.size() > kMaxContextNameLen) {
    return fail("key \"name\": expected 1 to " + std::to_string(kMaxContextNameLen) + " bytes");
  }
  const auto is_control = [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), is_control) || !json_name(name)) {
    return fail("key \"name\": expected UTF-8 text without control characters");
  }
  if (parameters.master_salt.size() > kMaxSaltLen) {
    return fail("context " + name + ": the master salt has more than " +
                std::to_string(kMaxSaltLen) + " bytes");
  }
  if (parameters.id_context && parameters.id_context->size() > kMaxIdContextLen) {
    return fail("context " + name + ": the ID Context has more than " +
                std::to_string(kMaxIdContextLen) + " bytes");
  }
  return {};
}

SecretText write_context_line(const ContextParameters& parameters, Reveal reveal) {
  CHECK(check_writable(parameters).has_value());
  SecretText line;
  line.reserve(512);
  const auto key = [&](std::string_view name) {
    line += line.empty() ? "{\"" : ", \"";
    line += name;
    line += "\": ";
  };
  const auto text = [&](std::string_view name, std::string_view value) {
    key(name);
    line += '"';
    line += value;
    line += '"';
  };
  const auto hex = [&](std::string_view name, Bytes bytes) {
    key(name);
    append_hex(line, bytes);
  };
  key("name");
  line += std::string_view(*json_name(parameters.name));
  if (reveal == Reveal::kYes) {
    hex(kSecretKey, parameters.master_secret.reveal());
  } else {
    text(kSecretKey, kHidden);
  }
  hex("master_salt", parameters.master_salt);
  if (parameters.id_context) {
    hex("id_context", *parameters.id_context);
  } else {
    key("id_context");
    line += "null";
  }
  hex("sender_id", parameters.sender_id);
  hex("recipient_id", parameters.recipient_id);
  text("algorithm", parameters.aead->name);
  text("hkdf", parameters.hkdf->name);
  key("replay_window");
  line += std::string_view(std::to_string(parameters.replay_window_size));
  key("require_kid_context");
  line += parameters.require_kid_context ? "true" : "false";
  line += '}';
  CHECK(line.size() <= kMaxContextLineLen);
  return line;
}

}  // namespace osprey::storage
