#include "framework/client/whole_representation.h"

#include <algorithm>

namespace osprey::client {

struct WholeRepresentation::BlockOptions {
  bool has_block2 = false;
  std::optional<Block> block2;  // nothing if it can't be read
  ShortBytes<8> etag;

  explicit BlockOptions(const coap::Message& answer) {
    coap::OptionReader options = answer.option_reader();
    while (const auto option = options.next()) {
      if (option->number == coap::option::kETag && option->value.size() <= etag.kMaxLen) {
        etag = ShortBytes<8>(option->value);
      }
      if (option->number != coap::option::kBlock2) continue;
      has_block2 = true;
      block2 = Block::decode(option->value);
    }
  }
};

Bytes WholeRepresentation::start(ClientEnd& end, const Request& request, TimeNs now) {
  end_ = &end;
  state_ = State::kActive;
  fault_ = Fault::kNone;
  response_ = {};
  body_.clear();
  etag_ = {};
  has_restarted_ = is_due_ = false;
  is_counted_ = true;
  blocks_ = challenges_ = retransmissions_ = 0;

  request_ = request;
  Writer writer(plain_);
  writer.bytes(request.options);
  writer.bytes(request.payload);
  // What is too long for this copy is too long for the exchange, which says so.
  if (writer.ok()) {
    request_.options = writer.written().first(request.options.size());
    request_.payload = writer.written().subspan(request.options.size());
  }
  return ask(std::nullopt, now);
}

// The request's options with this Block2 in its place among them.
Bytes WholeRepresentation::write_options(const std::optional<Block>& block,
                                         MutableBytes space) const {
  if (!block) return request_.options;
  Writer writer(space);
  coap::OptionWriter merged(writer);
  bool written = false;
  coap::OptionReader options(request_.options);
  while (const auto option = options.next()) {
    if (option->number == coap::option::kBlock2) continue;
    if (!written && option->number > coap::option::kBlock2) {
      merged.uint(coap::option::kBlock2, block->encode());
      written = true;
    }
    merged.opaque(option->number, option->value);
  }
  if (!written) merged.uint(coap::option::kBlock2, block->encode());
  CHECK(writer.ok());
  return writer.written();
}

Bytes WholeRepresentation::ask(std::optional<Block> block, TimeNs now) {
  std::array<uint8_t, kMaxDatagram + 8> options;  // 8: Block2 and its successor's header
  Request request = request_;
  request.options = write_options(block, options);
  const bool repeats_payload =
      request.method == coap::Code::kGet || request.method == coap::Code::kFetch;
  if (block && block->number > 0 && !repeats_payload) request.payload = {};
  is_due_ = false;
  is_counted_ = false;
  const Bytes datagram = exchange_.start(*end_, request, now);
  follow();
  return datagram;
}

TimeNs WholeRepresentation::deadline() const {
  if (state_ != State::kActive) return kNever;
  return is_due_ ? 0 : exchange_.deadline();
}

Bytes WholeRepresentation::on_time(TimeNs now) {
  if (state_ != State::kActive) return {};
  if (is_due_) return ask(next_, now);
  const Bytes datagram = exchange_.on_time(now);
  follow();
  return datagram;
}

// A copy of the last block's answer is for the exchange too, which acknowledges it again.
Bytes WholeRepresentation::on_datagram(Bytes datagram, TimeNs now) {
  const Bytes reply = exchange_.on_datagram(datagram, now);
  if (is_counted_) return reply;
  follow();
  if (reply.empty() && is_due_) return ask(next_, now);
  return reply;
}

// Looks whether the exchange has come to an end, and goes on from there.
void WholeRepresentation::follow() {
  if (state_ != State::kActive || exchange_.state() == State::kActive) return;
  challenges_ += exchange_.challenges();
  retransmissions_ += exchange_.retransmissions();
  is_counted_ = true;
  if (exchange_.state() == State::kFailed) return fail(Fault::kExchange);
  const coap::Message& answer = exchange_.response();
  const BlockOptions options(answer);
  if (answer.code != coap::Code::kContent && body_.empty() && !options.has_block2) {
    return finish(answer);
  }
  if (!coap::is_success(answer.code)) return finish(answer);
  take_block(answer, options);
}

void WholeRepresentation::take_block(const coap::Message& answer, const BlockOptions& options) {
  ++blocks_;
  if (!options.has_block2 && body_.empty()) return finish(answer);
  if (!options.block2) return fail(Fault::kBadBlock);
  const Block& block = *options.block2;
  if (!body_.empty() && !(options.etag == etag_)) return begin_again();
  const bool fits =
      block.offset() == body_.size() && (body_.empty() || block.size() <= next_->size()) &&
      (block.more ? answer.payload.size() == block.size() : answer.payload.size() <= block.size());
  if (!fits) return fail(Fault::kBadBlock);
  if (answer.payload.size() > max_body_ - body_.size()) return fail(Fault::kTooLarge);
  etag_ = options.etag;
  body_.insert(body_.end(), answer.payload.begin(), answer.payload.end());
  if (!block.more) return finish(answer);
  next_ = Block{block.number + 1, false, block.size_exponent};
  is_due_ = true;
}

// The representation changed under our hands: its blocks don't belong together.
void WholeRepresentation::begin_again() {
  if (has_restarted_) return fail(Fault::kChanging);
  has_restarted_ = true;
  body_.clear();
  etag_ = {};
  next_ = Block{0, false, next_->size_exponent};
  is_due_ = true;
}

void WholeRepresentation::finish(const coap::Message& answer) {
  response_ = answer;
  if (coap::is_success(answer.code) && !body_.empty()) response_.payload = body_;
  state_ = State::kAnswered;
}

void WholeRepresentation::fail(Fault fault) {
  fault_ = fault;
  state_ = State::kFailed;
}

std::string WholeRepresentation::failure_text() const {
  switch (fault_) {
    case Fault::kNone: return "no failure";
    case Fault::kExchange: return exchange_.failure().text();
    case Fault::kTooLarge:
      return "the representation is larger than " + std::to_string(max_body_) + " bytes";
    case Fault::kChanging: return "the representation kept changing while it was read";
    case Fault::kBadBlock: return "the server's blocks do not fit together";
  }
  return "unknown failure";
}

}  // namespace osprey::client
