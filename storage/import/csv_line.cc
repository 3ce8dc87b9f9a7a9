#include "storage/import/csv_line.h"

#include <optional>

namespace osprey::storage {
namespace {

// Takes a value in quotes from the front of `line`; two quotes inside stand for one (RFC 4180 §2,
// rule 7). Nothing when the closing quote is missing.
std::optional<SecretText> take_quoted(std::string_view& line) {
  SecretText value;
  value.reserve(line.size());
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] != '"') {
      value += line[i];
    } else if (i + 1 < line.size() && line[i + 1] == '"') {
      value += '"';
      ++i;
    } else {
      line.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

SecretText take_plain(std::string_view& line) {
  const std::string_view value = line.substr(0, line.find(','));
  line.remove_prefix(value.size());
  return SecretText(value);
}

}  // namespace

Result<std::vector<SecretText>> split_csv_line(std::string_view line, const std::string& place) {
  std::vector<SecretText> values;
  for (;;) {
    const std::string number = std::to_string(values.size() + 1);
    if (line.starts_with('"')) {
      auto value = take_quoted(line);
      if (!value) {
        return fail(place + ": the quote that opens value " + number + " does not close",
                    "a value in quotes ends on its line; a quote inside is written \"\"");
      }
      values.push_back(std::move(*value));
      if (!line.empty() && line.front() != ',') {
        return fail(place + ": value " + number + " goes on after its closing quote",
                    "a quote inside is written \"\"");
      }
    } else {
      values.push_back(take_plain(line));
      if (values.back().find('"') != SecretText::npos) {
        return fail(place + ": value " + number + " has a quote in it",
                    "put the value in quotes, and write \"\" for the quote");
      }
    }
    if (line.empty()) return values;
    line.remove_prefix(1);  // the comma
  }
}

void append_csv_value(SecretText& line, std::string_view value) {
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

}  // namespace osprey::storage
