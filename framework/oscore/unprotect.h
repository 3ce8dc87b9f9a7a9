// Verifies and decrypts one message (RFC 8613 §8.2, §8.4), in three steps around the AEAD:
//
//   begin_unprotect_*   look at the window, set up nonce, AAD and the AeadJob
//   engine.open(jobs)   one call for as many messages as there are, in place
//   finish_unprotect_*  tag, replay window or Echo (B.1.2), inner message
//
// A batch is many begins, one open, many finishes; a single message is a batch of one.
#pragma once

#include "framework/coap/message.h"
#include "framework/oscore/aad.h"
#include "framework/oscore/aead_engine.h"
#include "framework/oscore/context.h"
#include "framework/oscore/echo.h"
#include "framework/oscore/request_identity.h"
#include "framework/oscore/verdict.h"

namespace osprey::oscore {

// One message between begin and finish. The job points in here, so it stays where it is.
struct Opening {
  Opening() = default;
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;

  Nonce nonce;
  AadBuffer aad;
  AeadJob job;
};

// §8.2 steps 3 to 5. `option` has kid and Partial IV (fits_request). `ciphertext`: the payload of
// the outer message with its tag, decrypted in place later. Changes nothing in the context.
// kOk, kReplay, kBadTag (too short to hold a code and a tag).
Verdict begin_unprotect_request(const SecurityContext& context, const OscoreOption& option,
                                MutableBytes ciphertext, Opening& opening);

// §8.2 steps 6 and 7, and B.1.2 while the window is unset.
//
//   kOk              fresh: `inner` goes to the application
//   kInnerFormat     fresh, but does not parse
//   kChallenged      window unset and no valid Echo inside: answer with a challenge
//   kChallengeLimit  the same, but say nothing (ChallengeBudget)
//   kReplay, kBadTag
//
// `identity` is set for the first three. `inner` borrows the plaintext; its type, Message ID and
// token are left alone.
Verdict finish_unprotect_request(SecurityContext& context, const OscoreOption& option,
                                 const Opening& opening, EchoMaker& echo, TimeNs now,
                                 coap::Message& inner, RequestIdentity& identity);

// §8.4 steps 3 to 5: nonce of the request, or of the Partial IV in `option`.
Verdict begin_unprotect_response(const SecurityContext& context, const RequestIdentity& identity,
                                 const OscoreOption& option, MutableBytes ciphertext,
                                 Opening& opening);

// §8.4 steps 6 and 7. kOk, kBadTag, kInnerFormat.
Verdict finish_unprotect_response(const Opening& opening, coap::Message& inner);

// The whole unprotected message, as if it had never been sealed: inner code, options and payload,
// and those outer options that OSCORE does not protect (class U). An option that stands in both
// places is taken from inside. For people and tests; the data path reads `inner` as it is.
void write_unprotected(Writer& writer, const coap::Message& outer, const coap::Message& inner);

}  // namespace osprey::oscore
