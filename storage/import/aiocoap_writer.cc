#include "storage/import/aiocoap_files.h"
#include "storage/import/aiocoap_words.h"

namespace osprey::storage {
namespace {

// Writes one object; its strings need no escapes.
class Object {
 public:
  Object() { text_.reserve(1024); }

  void plain(std::string_view key, std::string_view value) {
    text_ += text_.empty() ? "{\"" : ",\n \"";
    text_ += key;
    text_ += "\": ";
    text_ += value;
  }
  void quoted(std::string_view key, std::string_view value) {
    plain(key, "\"");
    text_ += value;
    text_ += '"';
  }
  void hex(std::string_view key, Bytes bytes) {
    plain(key, "\"");
    append_hex(text_, bytes);
    text_ += '"';
  }
  SecretText end() {
    text_ += "}\n";
    return std::move(text_);
  }

 private:
  SecretText text_;
};

std::string_view hashfun(const cose::HkdfAlgorithm& hkdf) {
  for (const HkdfName& name : aiocoap_hkdf_names()) {
    if (name.hash == hkdf.hash) return name.name;
  }
  return {};
}

SecretText secret_json(const oscore::ContextParameters& parameters) {
  Object object;
  object.hex("secret_hex", parameters.master_secret.reveal());
  object.hex("salt_hex", parameters.master_salt);
  return object.end();
}

SecretText settings_json(const oscore::ContextParameters& parameters) {
  Object object;
  object.hex("sender-id_hex", parameters.sender_id);
  object.hex("recipient-id_hex", parameters.recipient_id);
  if (parameters.id_context) object.hex("id-context_hex", *parameters.id_context);
  object.quoted("algorithm", parameters.aead->name);
  object.quoted("kdf-hashfun", hashfun(*parameters.hkdf));
  object.plain("window", std::to_string(parameters.replay_window_size));
  return object.end();
}

SecretText sequence_json(uint64_t next_to_send) {
  Object object;
  object.plain("next-to-send", std::to_string(next_to_send));
  object.quoted("received", "unknown");
  return object.end();
}

}  // namespace

Result<AiocoapFiles> write_aiocoap(const oscore::ContextParameters& parameters,
                                   uint64_t next_to_send, Reveal reveal) {
  if (reveal == Reveal::kNo) {
    return fail("context " + parameters.name + ": an aiocoap directory holds the master secret",
                "write it with --reveal");
  }
  AiocoapFiles files;
  files.secret = secret_json(parameters);
  files.settings = settings_json(parameters);
  files.sequence = sequence_json(next_to_send);
  return files;
}

}  // namespace osprey::storage
