// For targets that parse a context, write it and parse it again: nothing may have changed.
#pragma once

#include "framework/base/check.h"
#include "framework/oscore/context.h"

namespace osprey::fuzz {

inline void check_same(const oscore::ContextParameters& a, const oscore::ContextParameters& b) {
  CHECK(a.name == b.name);
  CHECK(equal(a.master_secret.reveal(), b.master_secret.reveal()));
  CHECK(a.master_salt == b.master_salt);
  CHECK(a.id_context == b.id_context);
  CHECK(a.sender_id == b.sender_id);
  CHECK(a.recipient_id == b.recipient_id);
  CHECK(a.aead == b.aead);
  CHECK(a.hkdf == b.hkdf);
  CHECK(a.replay_window_size == b.replay_window_size);
  CHECK(a.require_kid_context == b.require_kid_context);
}

}  // namespace osprey::fuzz
