// OSCORE configuration files of libcoap (its manual page coap-oscore-conf(5)), of versions 4.3.1
// on:
//
//   master_secret,hex,"0102030405060708090a0b0c0d0e0f10"
//   sender_id,ascii,"server"
//   recipient_id,ascii,"client"
//
//   keyword                     encoding       when it is left out
//   master_secret               hex, ascii     needed
//   master_salt                 hex, ascii     empty
//   id_context                  hex, ascii     none
//   sender_id                   hex, ascii     needed
//   recipient_id                hex, ascii     needed; may stand there again
//   aead_alg                    integer, text  10
//   hkdf_alg                    integer, text  -10
//   replay_window               integer        32
//   ssn_freq                    integer        1
//   rfc8613_b_1_2               bool           true; here it is always on
//   rfc8613_b_2, break_sender_key, break_recipient_key
//                               bool           false, and nothing else is taken
//
// One file with several recipient_ids is several contexts with one Sender Key: libcoap counts one
// sequence for all of them. A store keeps a sequence for each context, so it must take but one of
// them (ContextIndex refuses the second).
//
// libcoap stops reading at a line that it does not understand, and ignores a last line that has no
// end: it would run with other keys than the file says, so either is refused here. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "framework/base/result.h"
#include "storage/context_lines.h"
#include "storage/import/imported_context.h"

namespace osprey::storage {

// Longest configuration taken, bytes.
inline constexpr size_t kMaxLibcoapConfLen = size_t{64} << 10;

struct LibcoapConf {
  std::vector<ImportedContext> contexts;  // one for each recipient_id; no floor, no window
  uint64_t ssn_freq = 1;                  // own numbers between two writes of the sequence file
};

// `name` names the context; of several, each is called NAME-RECIPIENT, in hex. `path` is for
// messages.
Result<LibcoapConf> parse_libcoap_conf(std::string_view text, const std::string& name,
                                       const std::string& path);

// The floor that a sequence file stands for (coap-client and coap-server, -E CONF,SEQUENCE).
Result<uint64_t> parse_libcoap_sequence(std::string_view text, uint64_t ssn_freq,
                                        const std::string& path);

// A configuration with its secret: without Reveal::kYes there is none, as libcoap could not read
// it. Refused too when libcoap has no number for the HKDF.
Result<SecretText> write_libcoap_conf(const oscore::ContextParameters& parameters, Reveal reveal);
std::string write_libcoap_sequence(uint64_t next);

}  // namespace osprey::storage
