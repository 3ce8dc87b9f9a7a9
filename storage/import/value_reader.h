// Values of formats that are text: reads each into its place, and keeps the first error.
//
// What a value may be is the same whatever the format calls its key. Errors name place and key, and
// repeat no value but names of algorithms (I7).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/result.h"
#include "framework/cose/algorithm.h"
#include "storage/secret_hex.h"

namespace osprey::storage {

enum class Encoding {
  kHex,
  kAscii,  // the characters themselves, 7 bits
  kBytes,  // the characters themselves, whatever they are
};

// What a format calls the HKDF of a COSE hash.
struct HkdfName {
  std::string_view name;
  cose::Hash hash;
};

class ValueReader {
 public:
  // `place` begins every error: "server.conf: line 3".
  explicit ValueReader(std::string place) : place_(std::move(place)) {}

  const std::optional<Error>& error() const { return error_; }

  void bytes(std::vector<uint8_t>& out, std::string_view key, Encoding encoding,
             std::string_view text, size_t max_len);
  void secret(MasterSecret& out, std::string_view key, Encoding encoding, std::string_view text);
  // COSE's name or number.
  void aead(const cose::AeadAlgorithm*& out, std::string_view key, std::string_view text);
  void hkdf(const cose::HkdfAlgorithm*& out, std::string_view key, std::string_view text,
            std::span<const HkdfName> names);
  void replay_window(size_t& out, std::string_view key, std::string_view text);
  void sequence(uint64_t& out, std::string_view key, std::string_view text);
  void flag(bool& out, std::string_view key, std::string_view text);

  // `what` follows the key: "is missing", "expected ...".
  void refuse(std::string_view key, std::string_view what, std::string mend = {});

 private:
  void number(uint64_t& out, std::string_view key, std::string_view text, uint64_t min,
              uint64_t max);
  void refuse_word(std::string_view key, std::string_view word,
                   std::span<const std::string_view> known);

  std::string place_;
  std::optional<Error> error_;
};

// A whole number and nothing else; nothing when it is not one, or does not fit.
template <typename Number>
std::optional<Number> number_of(std::string_view text);

}  // namespace osprey::storage
