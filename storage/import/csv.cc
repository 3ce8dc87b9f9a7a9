#include "storage/import/csv.h"

#include <algorithm>
#include <array>

#include "framework/base/check.h"
#include "storage/import/csv_line.h"
#include "storage/import/value_reader.h"
#include "storage/words.h"

namespace osprey::storage {
namespace {

constexpr std::array<std::string_view, 11> kColumns = {
    "name",          "master_secret",       "master_salt",     "id_context",
    "sender_id",     "recipient_id",        "algorithm",       "hkdf",
    "replay_window", "require_kid_context", "sender_sequence",
};
constexpr std::array<std::string_view, 4> kNeeded = {"name", "master_secret", "sender_id",
                                                     "recipient_id"};
constexpr std::array<HkdfName, 3> kHkdfNames = {{
    {"HKDF SHA-256", cose::Hash::kSha256},
    {"HKDF SHA-384", cose::Hash::kSha384},
    {"HKDF SHA-512", cose::Hash::kSha512},
}};

// The ID Context of no bytes; not hex, so nothing else.
constexpr std::string_view kEmptyIdContext = "empty";

// What spreadsheets put before the first line of UTF-8.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool contains(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void read_id_context(ValueReader& reader, std::optional<std::vector<uint8_t>>& id_context,
                     std::string_view text) {
  id_context.emplace();
  if (text == kEmptyIdContext) return;
  reader.bytes(*id_context, "id_context", Encoding::kHex, text, kMaxIdContextLen);
}

// Takes the value of one column.
void read_value(ValueReader& reader, ImportedContext& context, std::string_view key,
                std::string_view text) {
  oscore::ContextParameters& to = context.parameters;
  if (key == "name") to.name = text;
  if (key == "master_secret") reader.secret(to.master_secret, key, Encoding::kHex, text);
  if (key == "sender_id") reader.bytes(to.sender_id, key, Encoding::kHex, text, cose::kMaxIdLen);
  if (key == "recipient_id") {
    reader.bytes(to.recipient_id, key, Encoding::kHex, text, cose::kMaxIdLen);
  }
  if (text.empty()) return;  // the default; the four above have none
  if (key == "master_salt") {
    reader.bytes(to.master_salt, key, Encoding::kHex, text, kMaxSaltLen);
  }
  if (key == "id_context") read_id_context(reader, to.id_context, text);
  if (key == "algorithm") reader.aead(to.aead, key, text);
  if (key == "hkdf") reader.hkdf(to.hkdf, key, text, kHkdfNames);
  if (key == "replay_window") reader.replay_window(to.replay_window_size, key, text);
  if (key == "require_kid_context") reader.flag(to.require_kid_context, key, text);
  if (key == "sender_sequence") reader.sequence(context.sequence_floor, key, text);
}

std::string id_context_text(const oscore::ContextParameters& parameters) {
  if (!parameters.id_context) return {};
  return parameters.id_context->empty() ? std::string(kEmptyIdContext)
                                        : to_hex(*parameters.id_context);
}

}  // namespace

Result<CsvColumns> CsvColumns::parse(std::string_view line, const std::string& place) {
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  const auto names = split_csv_line(line, place);
  if (!names) return tl::unexpected(names.error());
  CsvColumns columns;
  for (const std::string_view name : *names) {
    const auto* known = std::find(kColumns.begin(), kColumns.end(), name);
    if (known == kColumns.end()) return fail_unknown_key(place, name, kColumns);
    if (contains(columns.keys_, name)) {
      return fail(place + ": column " + in_quotes(name) + " stands there twice",
                  "leave one of them out");
    }
    columns.keys_.push_back(*known);
  }
  for (const std::string_view needed : kNeeded) {
    if (!contains(columns.keys_, needed)) {
      return fail(place + ": there is no column " + in_quotes(needed),
                  "the first line names the columns: name,master_secret,sender_id,recipient_id");
    }
  }
  return columns;
}

Result<ImportedContext> CsvColumns::parse_row(std::string_view line,
                                              const std::string& place) const {
  const auto values = split_csv_line(line, place);
  if (!values) return tl::unexpected(values.error());
  if (values->size() != keys_.size()) {
    return fail(place + ": " + std::to_string(values->size()) + " values for " +
                    std::to_string(keys_.size()) + " columns",
                "one value for each column; empty is the default");
  }
  ImportedContext context;
  context.source = place;
  ValueReader reader(place);
  for (size_t i = 0; i < keys_.size(); ++i) read_value(reader, context, keys_[i], (*values)[i]);
  if (reader.error()) return tl::unexpected(*reader.error());
  return checked(std::move(context));
}

std::string write_csv_header() {
  std::string line;
  for (const std::string_view column : kColumns) {
    line += (line.empty() ? "" : ",") + std::string(column);
  }
  return line;
}

SecretText write_csv_row(const oscore::ContextParameters& parameters, uint64_t sender_sequence,
                         Reveal reveal) {
  CHECK(check_writable(parameters).has_value());
  SecretText line;
  line.reserve(512);
  append_csv_value(line, parameters.name);
  line += ',';
  if (reveal == Reveal::kYes) {
    append_hex(line, parameters.master_secret.reveal());
  } else {
    line += kHiddenSecret;
  }
  for (const std::string& value : {
           to_hex(parameters.master_salt),
           id_context_text(parameters),
           to_hex(parameters.sender_id),
           to_hex(parameters.recipient_id),
           std::string(parameters.aead->name),
           std::string(parameters.hkdf->name),
           std::to_string(parameters.replay_window_size),
           std::string(parameters.require_kid_context ? "true" : "false"),
           std::to_string(sender_sequence),
       }) {
    line += ',';
    append_csv_value(line, value);
  }
  return line;
}

}  // namespace osprey::storage
