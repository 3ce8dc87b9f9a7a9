#include "storage/words.h"

#include "framework/base/nearest.h"
#include "storage/secret_hex.h"

namespace osprey::storage {
namespace {

std::string unknown_key_text(std::string_view key) {
  constexpr size_t kMaxShownLen = 24;
  if (key.size() > kMaxShownLen || (key.size() >= 8 && is_hex(key))) return "unknown key";
  for (const char c : key) {
    if (c < 0x20 || c > 0x7e) return "unknown key";
  }
  return "unknown key " + in_quotes(key);
}

}  // namespace

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string joined(std::span<const std::string_view> words) {
  std::string all;
  for (const std::string_view word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  return all;
}

tl::unexpected<Error> fail_unknown_key(const std::string& where, std::string_view key,
                                       std::span<const std::string_view> known) {
  const std::string_view meant = nearest(key, known);
  return fail(where + ": " + unknown_key_text(key),
              meant.empty() ? "the keys are " + joined(known) : "write " + in_quotes(meant));
}

}  // namespace osprey::storage
