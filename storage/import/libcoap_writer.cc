#include <algorithm>

#include "storage/import/libcoap_conf.h"
#include "storage/import/libcoap_words.h"

namespace osprey::storage {
namespace {

// The largest window that libcoap keeps. A smaller window refuses more; it accepts nothing twice.
constexpr size_t kMaxLibcoapWindow = 63;

std::string_view hkdf_number(const cose::HkdfAlgorithm& hkdf) {
  for (const HkdfName& name : libcoap_hkdf_names()) {
    if (name.hash == hkdf.hash) return name.name;
  }
  return {};
}

void append_bytes(SecretText& text, std::string_view keyword, Bytes bytes) {
  text += keyword;
  text += ",hex,\"";
  append_hex(text, bytes);
  text += "\"\n";
}

void append_entry(SecretText& text, std::string_view keyword_and_encoding, std::string_view value) {
  text += keyword_and_encoding;
  text += ',';
  text += value;
  text += '\n';
}

}  // namespace

Result<SecretText> write_libcoap_conf(const oscore::ContextParameters& parameters, Reveal reveal) {
  const std::string where = "context " + parameters.name + ": ";
  if (reveal == Reveal::kNo) {
    return fail(where + "a libcoap configuration holds the master secret",
                "write it with --reveal");
  }
  const std::string_view hkdf = hkdf_number(*parameters.hkdf);
  if (hkdf.empty()) {
    return fail(where + "libcoap has no number for " + std::string(parameters.hkdf->name),
                "use HKDF SHA-256 or HKDF SHA-512 at both ends");
  }
  SecretText text;
  text.reserve(2048);  // both salt and ID Context of 255 bytes, in hex
  append_bytes(text, "master_secret", parameters.master_secret.reveal());
  if (!parameters.master_salt.empty()) append_bytes(text, "master_salt", parameters.master_salt);
  if (parameters.id_context) append_bytes(text, "id_context", *parameters.id_context);
  append_bytes(text, "sender_id", parameters.sender_id);
  append_bytes(text, "recipient_id", parameters.recipient_id);
  append_entry(text, "aead_alg,integer", std::to_string(parameters.aead->number));
  append_entry(text, "hkdf_alg,integer", hkdf);
  append_entry(text, "replay_window,integer",
               std::to_string(std::min(parameters.replay_window_size, kMaxLibcoapWindow)));
  return text;
}

std::string write_libcoap_sequence(uint64_t next) { return std::to_string(next) + "\n"; }

}  // namespace osprey::storage
