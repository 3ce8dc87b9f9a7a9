#include "storage/import/aiocoap_files.h"

#include <array>
#include <map>

#include <nlohmann/json.hpp>

#include "storage/import/aiocoap_sequence.h"
#include "storage/import/aiocoap_words.h"
#include "storage/import/value_reader.h"
#include "storage/masked_json.h"
#include "storage/words.h"

namespace osprey::storage {
namespace {

using Json = nlohmann::json;
using oscore::ContextParameters;

// All that may stand in a file.
constexpr std::array<std::string_view, 14> kKeys = {
    "secret_hex",       "secret_ascii",     "salt_hex",           "salt_ascii", "sender-id_hex",
    "sender-id_ascii",  "recipient-id_hex", "recipient-id_ascii", "id-context", "id-context_hex",
    "id-context_ascii", "algorithm",        "kdf-hashfun",        "window",
};
// What holds a secret, or would if aiocoap knew it.
constexpr std::array<std::string_view, 4> kSecretKeys = {"secret_hex", "secret_ascii", "secret",
                                                         "secret_b64"};
constexpr JsonForm kForm{.keys = kKeys,
                         .rule = "one object",
                         .example = "{\"sender-id_hex\": \"01\", ...}",
                         .numbers = "algorithm and window are the only numbers"};

struct Key {
  std::string_view base;  // "sender-id"
  Encoding encoding = Encoding::kHex;
};

Key split_suffix(std::string_view key) {
  if (key.ends_with("_hex")) return {key.substr(0, key.size() - 4), Encoding::kHex};
  if (key.ends_with("_ascii")) return {key.substr(0, key.size() - 6), Encoding::kAscii};
  return {key};
}

// Puts together what stands in two files.
class Parameters {
 public:
  explicit Parameters(std::string path) : path_(std::move(path)) {}

  Result<void> take(const char* file, const std::optional<SecretText>& text);
  Result<ContextParameters> end() &&;

 private:
  Result<void> note(std::string_view base, const char* file);
  void read(ValueReader& reader, std::string_view key, const Json& value);
  void read_text(ValueReader& reader, std::string_view key, std::string_view text);
  void read_secret(ValueReader& reader, std::string_view key, const Json& value,
                   std::string_view secret);

  std::string path_;
  ContextParameters parameters_;
  std::map<std::string, const char*, std::less<>> files_;  // where each key was, without suffix
};

Result<void> Parameters::take(const char* file, const std::optional<SecretText>& text) {
  if (!text) return {};
  const std::string place = path_ + "/" + file;
  const MaskedJson masked = mask_secret(*text, kSecretKeys);
  const Result<Json> object = parse_object(masked, kForm, place);
  if (!object) return tl::unexpected(object.error());
  ValueReader reader(place);
  for (const auto& [key, value] : object->items()) {
    const std::string_view base = split_suffix(key).base;
    if (const auto noted = note(base, file); !noted) return noted;
    if (base == "secret") {
      read_secret(reader, key, value, masked.secret);
    } else {
      read(reader, key, value);
    }
  }
  if (reader.error()) return tl::unexpected(*reader.error());
  return {};
}

Result<void> Parameters::note(std::string_view base, const char* file) {
  const auto [other, is_new] = files_.emplace(base, file);
  if (is_new) return {};
  if (other->second == file) {
    return fail(path_ + "/" + file + ": " + std::string(base) + " stands there twice",
                "leave one of them out");
  }
  return fail(path_ + ": " + std::string(base) + " stands in " + other->second + " and in " + file +
                  ", which aiocoap refuses",
              "leave it in one of them");
}

void Parameters::read_secret(ValueReader& reader, std::string_view key, const Json& value,
                             std::string_view secret) {
  // What is still there was not masked, as its key has escapes; and escapes in the value would
  // need the library to undo.
  const bool is_masked = value.is_string() && value.get_ref<const std::string&>().empty();
  if (!is_masked || secret.find('\\') != std::string_view::npos) {
    return reader.refuse(key, "expected text in quotes without escapes");
  }
  reader.secret(parameters_.master_secret, key, split_suffix(key).encoding, secret);
}

void Parameters::read(ValueReader& reader, std::string_view key, const Json& value) {
  if (key == "id-context" && value.is_null()) return;  // Python's None: there is none
  if (key == "window") {
    // What dump() makes of text has quotes, of a fraction a dot: the reader refuses both.
    return reader.replay_window(parameters_.replay_window_size, key, value.dump());
  }
  if (key == "algorithm" && value.is_number_integer()) {
    return reader.aead(parameters_.aead, key, value.dump());
  }
  if (!value.is_string()) return reader.refuse(key, "expected text in quotes");
  read_text(reader, key, value.get_ref<const std::string&>());
}

void Parameters::read_text(ValueReader& reader, std::string_view key, std::string_view text) {
  const auto [base, encoding] = split_suffix(key);
  ContextParameters& to = parameters_;
  if (key == "id-context") return reader.refuse(key, "expected the suffix _hex or _ascii");
  if (key == "algorithm") return reader.aead(to.aead, key, text);
  if (key == "kdf-hashfun") return reader.hkdf(to.hkdf, key, text, aiocoap_hkdf_names());
  if (base == "salt") reader.bytes(to.master_salt, key, encoding, text, kMaxSaltLen);
  if (base == "sender-id") reader.bytes(to.sender_id, key, encoding, text, cose::kMaxIdLen);
  if (base == "recipient-id") reader.bytes(to.recipient_id, key, encoding, text, cose::kMaxIdLen);
  if (base == "id-context") {
    reader.bytes(to.id_context.emplace(), key, encoding, text, kMaxIdContextLen);
  }
}

Result<ContextParameters> Parameters::end() && {
  for (const char* needed : {"secret", "sender-id", "recipient-id"}) {
    if (!files_.contains(needed)) {
      return fail(path_ + ": there is no " + std::string(needed) + " in its JSON files",
                  "add it, as in {\"" + std::string(needed) + "_hex\": \"...\"}");
    }
  }
  return std::move(parameters_);
}

}  // namespace

Result<ImportedContext> parse_aiocoap(const AiocoapFiles& files, const std::string& name,
                                      const std::string& path) {
  Parameters parameters(path);
  const auto taken =
      parameters.take(kAiocoapSecret, files.secret)
          .and_then([&] { return parameters.take(kAiocoapSecrets, files.secrets); })
          .and_then([&] { return parameters.take(kAiocoapSettings, files.settings); });
  if (!taken) return tl::unexpected(taken.error());
  auto whole = std::move(parameters).end();
  if (!whole) return tl::unexpected(whole.error());

  ImportedContext context;
  context.parameters = std::move(*whole);
  context.parameters.name = name;
  context.source = path;
  if (files.sequence) {
    auto sequence = parse_aiocoap_sequence(*files.sequence, path + "/" + kAiocoapSequence);
    if (!sequence) return tl::unexpected(sequence.error());
    context.sequence_floor = sequence->next_to_send;
    context.window = std::move(sequence->received);
  }
  return checked(std::move(context));
}

}  // namespace osprey::storage
