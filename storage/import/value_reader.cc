#include "storage/import/value_reader.h"

#include <algorithm>
#include <charconv>

#include "framework/base/limits.h"
#include "framework/base/nearest.h"
#include "storage/import/imported_context.h"
#include "storage/words.h"

namespace osprey::storage {
namespace {

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

// "hex digits, two for each byte", and how many bytes.
std::string expected_text(Encoding encoding, const std::string& num_bytes) {
  switch (encoding) {
    case Encoding::kHex:
      return "expected hex digits, two for each byte, for " + num_bytes + " bytes";
    case Encoding::kAscii: return "expected " + num_bytes + " ASCII characters";
    case Encoding::kBytes: return "expected " + num_bytes + " characters";
  }
  return {};
}

std::optional<std::vector<uint8_t>> decoded(Encoding encoding, std::string_view text) {
  if (encoding == Encoding::kHex) return from_hex(text);
  if (encoding == Encoding::kAscii && !is_ascii(text)) return std::nullopt;
  const Bytes bytes = as_bytes(text);
  return std::vector<uint8_t>(bytes.begin(), bytes.end());
}

// False, and `out` as it was, for anything but 1 to 64 bytes.
bool read_secret(MasterSecret& out, Encoding encoding, std::string_view text) {
  if (encoding == Encoding::kHex) return read_secret_hex(out, text);
  if (encoding == Encoding::kAscii && !is_ascii(text)) return false;
  if (text.empty() || text.size() > MasterSecret::kMaxLen) return false;
  out = MasterSecret(as_bytes(text));
  return true;
}

}  // namespace

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}
template std::optional<int32_t> number_of(std::string_view);
template std::optional<uint64_t> number_of(std::string_view);

void ValueReader::bytes(std::vector<uint8_t>& out, std::string_view key, Encoding encoding,
                        std::string_view text, size_t max_len) {
  auto bytes = decoded(encoding, text);
  if (!bytes || bytes->size() > max_len) {
    return refuse(key, expected_text(encoding, "at most " + std::to_string(max_len)));
  }
  out = std::move(*bytes);
}

void ValueReader::secret(MasterSecret& out, std::string_view key, Encoding encoding,
                         std::string_view text) {
  if (text == kHiddenSecret) {
    return refuse(key, "was left out when this was written", "write it with --reveal");
  }
  if (!read_secret(out, encoding, text)) {
    refuse(key, expected_text(encoding, "1 to " + std::to_string(MasterSecret::kMaxLen)));
  }
}

void ValueReader::aead(const cose::AeadAlgorithm*& out, std::string_view key,
                       std::string_view text) {
  const auto number = number_of<int32_t>(text);
  const cose::AeadAlgorithm* found = number ? cose::find_aead(*number) : cose::find_aead(text);
  if (found == nullptr) return refuse_word(key, text, names_of(cose::aead_algorithms()));
  out = found;
}

void ValueReader::hkdf(const cose::HkdfAlgorithm*& out, std::string_view key, std::string_view text,
                       std::span<const HkdfName> names) {
  for (const HkdfName& each : names) {
    if (each.name != text) continue;
    for (const cose::HkdfAlgorithm& algorithm : cose::hkdf_algorithms()) {
      if (algorithm.hash == each.hash) out = &algorithm;
    }
    return;
  }
  refuse_word(key, text, names_of(names));
}

void ValueReader::replay_window(size_t& out, std::string_view key, std::string_view text) {
  uint64_t size = out;
  number(size, key, text, 1, kMaxReplayWindow);
  out = size;
}

void ValueReader::sequence(uint64_t& out, std::string_view key, std::string_view text) {
  number(out, key, text, 0, kMaxSequenceFloor);
}

void ValueReader::flag(bool& out, std::string_view key, std::string_view text) {
  if (text != "true" && text != "false") return refuse(key, "expected true or false");
  out = text == "true";
}

void ValueReader::number(uint64_t& out, std::string_view key, std::string_view text, uint64_t min,
                         uint64_t max) {
  const auto number = number_of<uint64_t>(text);
  if (!number || *number < min || *number > max) {
    return refuse(key,
                  "expected a number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  out = *number;
}

void ValueReader::refuse_word(std::string_view key, std::string_view word,
                              std::span<const std::string_view> known) {
  const std::string_view meant = nearest(word, known);
  refuse(key, "expected one of " + joined(known),
         meant.empty() ? std::string() : "write " + std::string(meant));
}

void ValueReader::refuse(std::string_view key, std::string_view what, std::string mend) {
  if (error_) return;
  // "key X: expected ..." reads better with a colon; "key X is missing" without.
  const std::string_view colon = what.starts_with("expected") ? ": " : " ";
  error_ = Error{place_ + ": key " + in_quotes(key), std::move(mend)};
  error_->cause.append(colon).append(what);
}

}  // namespace osprey::storage
