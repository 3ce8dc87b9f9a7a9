// A representation that comes in blocks, as one (RFC 7959 §2.4, inside OSCORE: RFC 8613
// §4.1.3.4.1).
//
//   start -> Exchange -> 2.05 Block2 0 more -> Exchange asking for block 1 -> ... -> body whole
//
// Used exactly like an Exchange, and as pure: each block is one protected request of its own. An
// answer without Block2, and every error, is the result as it is.
//
// Watched over: blocks follow each other without gaps and are full but for the last; the server may
// make them smaller once (§2.4), never larger; the ETag stays the same, or all starts over, once;
// the body stays below a limit.
// Memory: the body's vector grows; it is kept for the next start.
// Thread: that of its ClientEnd.
#pragma once

#include <optional>
#include <vector>

#include "framework/client/exchange.h"
#include "framework/server/block.h"

namespace osprey::client {

inline constexpr size_t kDefaultMaxBody = 16 << 20;  // bytes

class WholeRepresentation {
 public:
  using State = Exchange::State;

  enum class Fault : uint8_t {
    kNone,
    kExchange,  // exchange().failure() tells
    kTooLarge,  // more than max_body bytes
    kChanging,  // the ETag changed twice
    kBadBlock,  // a block out of order, of the wrong length, or without a readable Block2
  };

  explicit WholeRepresentation(size_t max_body = kDefaultMaxBody) : max_body_(max_body) {}

  // As in Exchange; `request.options` has no Block2 beyond one that asks for a size (NUM 0). The
  // timeout is that of each block. GET and FETCH repeat their payload with each block; other
  // methods ask for the rest without it (§3.3), as it would be executed again.
  [[nodiscard]] Bytes start(ClientEnd& end, const Request& request, TimeNs now);
  [[nodiscard]] Bytes on_datagram(Bytes datagram, TimeNs now);
  [[nodiscard]] Bytes on_time(TimeNs now);
  void on_unreachable(TimeNs now) { exchange_.on_unreachable(now); }

  State state() const { return state_; }
  TimeNs deadline() const;

  // Once answered: code and options of the last block, the payload whole. Borrowed until the next
  // start.
  const coap::Message& response() const { return response_; }
  Fault fault() const { return fault_; }
  std::string failure_text() const;

  // The exchange of the block under way.
  const Exchange& exchange() const { return exchange_; }

  // Since start, over all blocks.
  uint32_t blocks() const { return blocks_; }
  uint32_t challenges() const { return challenges_ + running_challenges(); }
  uint32_t retransmissions() const { return retransmissions_ + running_retransmissions(); }

 private:
  struct BlockOptions;

  uint32_t running_challenges() const { return is_counted_ ? 0 : exchange_.challenges(); }
  uint32_t running_retransmissions() const { return is_counted_ ? 0 : exchange_.retransmissions(); }

  Bytes ask(std::optional<Block> block, TimeNs now);
  Bytes write_options(const std::optional<Block>& block, MutableBytes space) const;
  void follow();
  void take_block(const coap::Message& answer, const BlockOptions& options);
  void begin_again();
  void finish(const coap::Message& answer);
  void fail(Fault fault);

  const size_t max_body_;
  Exchange exchange_;
  ClientEnd* end_ = nullptr;
  State state_ = State::kIdle;
  Fault fault_ = Fault::kNone;

  std::array<uint8_t, kMaxDatagram> plain_;
  Request request_;  // its options and payload point into plain_

  std::vector<uint8_t> body_;
  ShortBytes<8> etag_;
  bool has_restarted_ = false;
  std::optional<Block> next_;  // to be asked for by on_time, which is due at once
  bool is_due_ = false;

  coap::Message response_;
  uint32_t blocks_ = 0;
  uint32_t challenges_ = 0;  // of the exchanges before the one under way
  uint32_t retransmissions_ = 0;
  bool is_counted_ = true;  // the exchange's figures are in the two above
};

}  // namespace osprey::client
