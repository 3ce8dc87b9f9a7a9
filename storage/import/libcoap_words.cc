#include "storage/import/libcoap_words.h"

#include <array>

#include "storage/words.h"

namespace osprey::storage {
namespace {

constexpr std::string_view kBytes = "hex or ascii";
constexpr std::string_view kNumber = "integer";
constexpr std::string_view kNumberOrName = "integer or text";
constexpr std::string_view kFlag = "bool";

constexpr std::string_view kNoBrokenKeys = "is for tests of libcoap itself";
constexpr std::string_view kNotSupported = "is not supported";
constexpr std::string_view kOwnLine = "write the ID that is in it as a line of its own";
constexpr std::string_view kLeaveOut = "leave it out";
constexpr std::string_view kEchoWill =
    "leave it out: an Echo exchange makes the window anew (RFC 8613 B.1.2)";

constexpr std::array kKeywords = {
    LibcoapKeyword{"master_secret", kBytes, {}, {}},
    LibcoapKeyword{"master_salt", kBytes, {}, {}},
    LibcoapKeyword{"id_context", kBytes, {}, {}},
    LibcoapKeyword{"sender_id", kBytes, {}, {}},
    LibcoapKeyword{"recipient_id", kBytes, {}, {}},
    LibcoapKeyword{"aead_alg", kNumberOrName, {}, {}},
    LibcoapKeyword{"hkdf_alg", kNumberOrName, {}, {}},
    LibcoapKeyword{"replay_window", kNumber, {}, {}},
    LibcoapKeyword{"ssn_freq", kNumber, {}, {}},
    LibcoapKeyword{"rfc8613_b_1_2", kFlag, {}, {}},
    LibcoapKeyword{"rfc8613_b_2", kFlag, "is not supported (RFC 8613 B.2)",
                   "set it to false at both ends"},
    LibcoapKeyword{"break_sender_key", kFlag, kNoBrokenKeys, kLeaveOut},
    LibcoapKeyword{"break_recipient_key", kFlag, kNoBrokenKeys, kLeaveOut},
    // Of versions after 4.3.5.
    LibcoapKeyword{"complex_sender", {}, kNotSupported, kOwnLine},
    LibcoapKeyword{"complex_recipient", {}, kNotSupported, kOwnLine},
    LibcoapKeyword{"silent_server", {}, kNotSupported, kLeaveOut},
    LibcoapKeyword{"last_seq", {}, kNotSupported, kEchoWill},
    LibcoapKeyword{"sliding_window", {}, kNotSupported, kEchoWill},
};

constexpr std::array<HkdfName, 4> kHkdfNames = {{
    {"-10", cose::Hash::kSha256},
    {"direct+HKDF-SHA-256", cose::Hash::kSha256},
    {"-11", cose::Hash::kSha512},
    {"direct+HKDF-SHA-512", cose::Hash::kSha512},
}};

}  // namespace

bool LibcoapKeyword::has_encoding(std::string_view encoding) const {
  if (encodings == kBytes) return encoding == "hex" || encoding == "ascii";
  if (encodings == kNumberOrName) return encoding == "integer" || encoding == "text";
  return encoding == encodings;
}

const LibcoapKeyword* find_libcoap_keyword(std::string_view name) {
  for (const LibcoapKeyword& keyword : kKeywords) {
    if (keyword.name == name) return &keyword;
  }
  return nullptr;
}

std::vector<std::string_view> libcoap_keyword_names() {
  return names_of(std::span<const LibcoapKeyword>(kKeywords));
}

std::span<const HkdfName> libcoap_hkdf_names() { return kHkdfNames; }

}  // namespace osprey::storage
