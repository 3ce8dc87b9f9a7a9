// Protects one message (RFC 8613 §8.1, §8.3), in two steps around the AEAD:
//
//   begin_protect_*   splits the options, writes the datagram with the plaintext in place, sets up
//                     nonce, AAD and the AeadJob
//   engine.seal(jobs) one call for as many messages as there are
//
// There is no third step: when the job is done the datagram is. A batch is many begins and one
// seal; a single message is a batch of one (`protect_*`).
//
//   datagram: header | token | outer options with OSCORE | ff | code, inner options, ff payload |
//   tag
#pragma once

#include "framework/coap/message.h"
#include "framework/oscore/aad.h"
#include "framework/oscore/aead_engine.h"
#include "framework/oscore/context_store.h"
#include "framework/oscore/request_identity.h"
#include "framework/oscore/verdict.h"

namespace osprey::oscore {

// One message between begin and the AEAD call. The job points in here, so it stays where it is.
struct Sealing {
  Sealing() = default;
  Sealing(const Sealing&) = delete;
  Sealing& operator=(const Sealing&) = delete;

  Nonce nonce;
  AadBuffer aad;
  AeadJob job;
  size_t datagram_len = 0;  // bytes of `out` that are the message once the job is done
};

// §8.1. `message`: the unprotected request; its options must not hold an OSCORE option. `out` may
// be the memory that header and token of `message` were parsed from, but not hold its options or
// payload. Takes one sequence number and sets `identity` for the responses.
// kOk, kNoSequenceNumber, kResponseTooLong (does not fit `out`), kBadOscoreOption (nested).
Verdict begin_protect_request(SecurityContext& context, SequenceSource& source,
                              const coap::Message& message, MutableBytes out, Sealing& sealing,
                              RequestIdentity& identity);

// §8.3. Under the request's nonce if `identity` still has it, else with an own Partial IV.
Verdict begin_protect_response(SecurityContext& context, SequenceSource& source,
                               RequestIdentity& identity, const coap::Message& message,
                               MutableBytes out, Sealing& sealing);

// Single messages: begin and seal. On kOk `out_len` bytes of `out` are the datagram.
Verdict protect_request(AeadEngine& engine, SecurityContext& context, SequenceSource& source,
                        const coap::Message& message, MutableBytes out, size_t& out_len,
                        RequestIdentity& identity);
Verdict protect_response(AeadEngine& engine, SecurityContext& context, SequenceSource& source,
                         RequestIdentity& identity, const coap::Message& message, MutableBytes out,
                         size_t& out_len);

}  // namespace osprey::oscore
