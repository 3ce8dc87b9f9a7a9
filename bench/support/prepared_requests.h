// Requests sealed ahead of time, so that while the clock runs the driver only sends and receives.
//
//   NON POST /echo, 64 bytes of payload, token = number of the request (4 bytes)
//
// Request i belongs to context i mod the number of contexts: neighbours never share a context, and
// a window in flight smaller than the number of contexts keeps each context's requests in order.
#pragma once

#include <memory>
#include <vector>

#include "framework/base/bytes.h"
#include "framework/base/result.h"
#include "framework/oscore/aead_engine.h"
#include "framework/oscore/context_store.h"
#include "framework/oscore/request_identity.h"

namespace osprey::bench {

using Contexts = std::vector<oscore::SecurityContext*>;

inline constexpr size_t kPayloadLen = 64;
// Source ports send every Message ID once: a server may take a second one for a duplicate
// (RFC 7252 §4.4).
inline constexpr size_t kIdsPerPort = 1 << 16;

// POST's inner options: Uri-Path "echo".
std::vector<uint8_t> echo_options();

class PreparedRequests {
 public:
  // `num_ports` source ports take turns, so consecutive Message IDs of one port are that far apart.
  static Result<PreparedRequests> seal(const Contexts& contexts, oscore::SequenceSource& source,
                                       oscore::AeadEngine& engine, size_t count, size_t num_ports);

  size_t size() const { return identities_.size(); }
  Bytes datagram(size_t i) const { return Bytes(bytes_).subspan(i * kRoom, lens_[i]); }
  oscore::SecurityContext& context(size_t i) const { return *contexts_[i % contexts_.size()]; }

  // The request that `datagram` repeats the token of; size() if it is no response to any.
  size_t index_of(Bytes datagram) const;

  // True if `response` opens as the answer to request i and holds the first `answer_len` bytes of
  // its payload. Decrypts in place.
  bool is_answer(size_t i, MutableBytes response, oscore::AeadEngine& engine,
                 size_t answer_len = kPayloadLen) const;
  // True if `response` is request i as it was sent.
  bool is_echo(size_t i, Bytes response) const { return equal(datagram(i), response); }

 private:
  static constexpr size_t kRoom = 128;  // bytes for each datagram

  explicit PreparedRequests(const Contexts& contexts) : contexts_(contexts) {}

  const Contexts& contexts_;
  std::vector<uint8_t> bytes_;
  std::vector<uint8_t> lens_;
  std::vector<oscore::RequestIdentity> identities_;
};

}  // namespace osprey::bench
