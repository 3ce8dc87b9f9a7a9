// The files of an aiocoap context directory (class FilesystemSecurityContext of aiocoap 0.4):
//
//   settings.json, secret.json       the context's parameters; either file may hold any of them
//   sequence.json                    {"next-to-send": 10, "received": {"index": 0, "bitfield": 5}}
//
//   key           value                                  when it is left out
//   secret        bytes                                  needed
//   salt          bytes                                  empty
//   sender-id     bytes                                  needed
//   recipient-id  bytes                                  needed
//   id-context    bytes, or null without a suffix        none
//   algorithm     name of COSE (and its number, here)    "AES-CCM-16-64-128"
//   kdf-hashfun   "sha256", "sha384", "sha512"           "sha256"
//   window        a number                               32
//
// Bytes have a suffix: "sender-id_hex": "01", or "sender-id_ascii": "client". aiocoap's own text
// calls the file of secrets secrets.json, its code secret.json; both are read here.
//
// Where aiocoap is silent, this is not: keys that it would ignore, and one key twice, are refused.
// So is a Sender ID that equals the Recipient ID (RFC 8613 §3.3). Pure.
#pragma once

#include <optional>
#include <string>

#include "framework/base/result.h"
#include "storage/context_lines.h"
#include "storage/import/imported_context.h"

namespace osprey::storage {

struct AiocoapFiles {
  std::optional<SecretText> secret;
  std::optional<SecretText> secrets;
  std::optional<SecretText> settings;
  std::optional<SecretText> sequence;
};

// `path` is the directory's, for messages, and becomes the source.
//
// Own numbers below next-to-send may have been used. The window counts only if it stands in
// sequence.json: aiocoap writes "unknown" instead when it takes the first request, and the window
// again when it stops in order (null in it, if it never had one). Without a sequence.json nobody
// can tell, so there is none.
Result<ImportedContext> parse_aiocoap(const AiocoapFiles& files, const std::string& name,
                                      const std::string& path);

// The files of `parameters`, secret.json with the secret and the salt. The window is "unknown":
// aiocoap will ask for an Echo. Refused without Reveal::kYes, as aiocoap could not load the rest.
Result<AiocoapFiles> write_aiocoap(const oscore::ContextParameters& parameters,
                                   uint64_t next_to_send, Reveal reveal);

}  // namespace osprey::storage
