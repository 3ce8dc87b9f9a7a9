#include "storage/context_lines.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "framework/base/check.h"
#include "framework/base/nearest.h"
#include "framework/oscore/option.h"
#include "storage/masked_json.h"
#include "storage/secret_hex.h"
#include "storage/words.h"

namespace osprey::storage {
namespace {

using Json = nlohmann::json;
using oscore::ContextParameters;

constexpr std::array<std::string_view, 1> kSecretKeys = {"master_secret"};
constexpr std::string_view kSecretKey = kSecretKeys[0];
constexpr std::array<std::string_view, 11> kExportedKeys = {
    "name",          "master_secret",       "master_salt",     "id_context",
    "sender_id",     "recipient_id",        "algorithm",       "hkdf",
    "replay_window", "require_kid_context", "sender_sequence",
};
// The last key is for lines between stores: a store's own line never has it.
constexpr auto kKeys = std::span(kExportedKeys).first<10>();

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

  void secret(MasterSecret& out, std::string_view text) {
    const Json* json = value(kSecretKey, true);
    if (json == nullptr) return;
    if (json->is_string() && !json->get_ref<const std::string&>().empty()) {
      return refuse(kSecretKey, "expected the key itself without escapes");
    }
    if (text == kHiddenSecret) {
      return refuse(kSecretKey, "was left out when this line was written",
                    "write it with --reveal");
    }
    if (!json->is_string() || !read_secret_hex(out, text)) {
      refuse(kSecretKey, "expected hex digits in quotes, two for each byte, for 1 to " +
                             std::to_string(MasterSecret::kMaxLen) + " bytes");
    }
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

  uint64_t sender_sequence() {
    const Json* json = value("sender_sequence");
    if (json == nullptr) return 0;
    constexpr uint64_t kMax = oscore::kMaxSequenceNumber + 1;
    if (json->is_number_unsigned() && *json <= kMax) return json->get<uint64_t>();
    refuse("sender_sequence", "expected a number from 0 to " + std::to_string(kMax));
    return 0;
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
    const std::vector<std::string_view> names = names_of(algorithms);
    const std::string_view meant =
        json.is_string() ? nearest(json.get_ref<const std::string&>(), names) : std::string_view();
    refuse(key, "expected one of " + joined(names),
           meant.empty() ? std::string() : "write " + in_quotes(key) + ": " + in_quotes(meant));
  }

  const Json& object_;
  size_t line_number_;
  std::optional<Error> error_;
};

// `name` as JSON writes it, quotes included; nothing when it is not UTF-8.
std::optional<std::string> json_name(const std::string& name) {
  try {
    return Json(name).dump();
  } catch (const Json::type_error&) {
    return std::nullopt;
  }
}

Result<Json> parse_line_object(const MaskedJson& masked, std::span<const std::string_view> keys,
                               const std::string& where) {
  const JsonForm form{.keys = keys,
                      .rule = "one object per line",
                      .example = "{\"name\": \"...\", ...}",
                      .numbers = "algorithm and replay_window are the only numbers"};
  return parse_object(masked, form, where);
}

// `sender_sequence`: where that key's value goes; without it, the key is unknown.
Result<ContextParameters> parse_line(std::string_view line, size_t line_number,
                                     uint64_t* sender_sequence) {
  const std::string where = "line " + std::to_string(line_number);
  if (line.size() > kMaxContextLineLen) {
    return fail(where + ": longer than " + std::to_string(kMaxContextLineLen) + " bytes",
                "one object per line");
  }
  const MaskedJson masked = mask_secret(line, kSecretKeys);
  const std::span<const std::string_view> all = kExportedKeys;
  const auto object = parse_line_object(masked, sender_sequence == nullptr ? kKeys : all, where);
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
  if (sender_sequence != nullptr) *sender_sequence = fields.sender_sequence();
  if (fields.error()) return tl::unexpected(*fields.error());
  if (const auto checked = check_writable(parameters); !checked) {
    return fail(where + ": " + checked.error().cause, checked.error().mend);
  }
  return parameters;
}

// Writes one object, key by key.
class LineWriter {
 public:
  LineWriter() { line_.reserve(512); }

  void plain(std::string_view key, std::string_view value) {
    line_ += line_.empty() ? "{\"" : ", \"";
    line_ += key;
    line_ += "\": ";
    line_ += value;
  }
  void text(std::string_view key, std::string_view value) {
    plain(key, "\"");
    line_ += value;
    line_ += '"';
  }
  void hex(std::string_view key, Bytes bytes) {
    plain(key, "\"");
    append_hex(line_, bytes);
    line_ += '"';
  }
  SecretText end() {
    line_ += '}';
    CHECK(line_.size() <= kMaxContextLineLen);
    return std::move(line_);
  }

 private:
  SecretText line_;
};

void write_keys(LineWriter& line, const ContextParameters& parameters, Reveal reveal) {
  CHECK(check_writable(parameters).has_value());
  line.plain("name", *json_name(parameters.name));
  if (reveal == Reveal::kYes) {
    line.hex(kSecretKey, parameters.master_secret.reveal());
  } else {
    line.text(kSecretKey, kHiddenSecret);
  }
  line.hex("master_salt", parameters.master_salt);
  if (parameters.id_context) {
    line.hex("id_context", *parameters.id_context);
  } else {
    line.plain("id_context", "null");
  }
  line.hex("sender_id", parameters.sender_id);
  line.hex("recipient_id", parameters.recipient_id);
  line.text("algorithm", parameters.aead->name);
  line.text("hkdf", parameters.hkdf->name);
  line.plain("replay_window", std::to_string(parameters.replay_window_size));
  line.plain("require_kid_context", parameters.require_kid_context ? "true" : "false");
}

}  // namespace

Result<ContextParameters> parse_context_line(std::string_view line, size_t line_number) {
  return parse_line(line, line_number, nullptr);
}

Result<ContextParameters> parse_exported_line(std::string_view line, size_t line_number,
                                              uint64_t& sender_sequence) {
  return parse_line(line, line_number, &sender_sequence);
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
  LineWriter line;
  write_keys(line, parameters, reveal);
  return line.end();
}

SecretText write_exported_line(const ContextParameters& parameters, uint64_t sender_sequence,
                               Reveal reveal) {
  LineWriter line;
  write_keys(line, parameters, reveal);
  line.plain("sender_sequence", std::to_string(sender_sequence));
  return line.end();
}

}  // namespace osprey::storage
