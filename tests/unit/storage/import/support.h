// What the import tests share: contexts to compare, and what an import gave.
#pragma once

#include <string>
#include <vector>

#include "storage/import/import.h"
#include "tests/unit/storage/support.h"

namespace osprey::storage {

constexpr std::string_view kSecretHex = "c0ffee0102030405060708090a0b0c0d";

inline void expect_same(const oscore::ContextParameters& a, const oscore::ContextParameters& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(to_hex(a.master_secret.reveal()), to_hex(b.master_secret.reveal()));
  EXPECT_EQ(a.master_salt, b.master_salt);
  EXPECT_EQ(a.id_context, b.id_context);
  EXPECT_EQ(a.sender_id, b.sender_id);
  EXPECT_EQ(a.recipient_id, b.recipient_id);
  EXPECT_EQ(a.aead, b.aead);
  EXPECT_EQ(a.hkdf, b.hkdf);
  EXPECT_EQ(a.replay_window_size, b.replay_window_size);
}

// Every parameter other than its default.
inline oscore::ContextParameters full_context() {
  oscore::ContextParameters parameters = numbered_context(77);
  parameters.master_salt = {0x9e, 0x7c, 0x00, 0xff};
  parameters.id_context = {{0x37, 0xcb, 0x2c}};
  parameters.aead = cose::find_aead("AES-CCM-16-128-256");
  parameters.hkdf = cose::find_hkdf("HKDF SHA-512");
  parameters.replay_window_size = 48;
  return parameters;
}

struct Imported {
  std::vector<ImportedContext> contexts;
  std::string error = "(no error)";
};

inline Imported import_all(const ImportSource& source) {
  Imported imported;
  const auto done = import_contexts(source, [&](ImportedContext context) -> Result<void> {
    imported.contexts.push_back(std::move(context));
    return {};
  });
  if (!done) imported.error = error_of(done);
  return imported;
}

// No error repeats six or more letters of the secret.
inline void expect_no_secret(const std::string& error) {
  for (size_t i = 0; i + 6 <= kSecretHex.size(); ++i) {
    EXPECT_EQ(error.find(kSecretHex.substr(i, 6)), std::string::npos) << error;
  }
}

}  // namespace osprey::storage
