// What all requests of one client to one server share. Everything is borrowed from the caller,
// and belongs to one thread.
#pragma once

#include "framework/client/random.h"
#include "framework/oscore/aead_engine.h"
#include "framework/oscore/context.h"
#include "framework/oscore/context_store.h"

namespace osprey::client {

// Message IDs towards one endpoint, from a random start (RFC 7252 §4.4). One object for each pair
// of own port and server: it repeats after 65,536 messages.
class MessageIds {
 public:
  explicit MessageIds(Random& random) : next_(static_cast<uint16_t>(random.next())) {}

  uint16_t take() { return next_++; }

 private:
  uint16_t next_;
};

struct ClientEnd {
  oscore::SecurityContext& context;
  oscore::SequenceSource& sequence;
  oscore::AeadEngine& engine;
  MessageIds& message_ids;
  Random& random;
};

}  // namespace osprey::client
