#include "bench/micro/world.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace osprey::bench {
namespace {

using oscore::ContextParameters;
using oscore::SecurityContext;
using pipeline::Packets;

std::vector<uint8_t> number_bytes(size_t i, size_t len) {
  std::vector<uint8_t> bytes(len);
  Writer(bytes).uint(i, len);
  return bytes;
}

std::unique_ptr<SecurityContext> derived(ContextParameters parameters) {
  auto context = SecurityContext::derive(std::move(parameters));
  CHECK(context.has_value());
  return std::move(*context);
}

oscore::EchoKey echo_key() {
  oscore::EchoKey key;
  std::ranges::fill(key.space(oscore::kEchoKeyLen), uint8_t{7});
  return key;
}

std::unique_ptr<oscore::AeadEngine> engine_for(const WorldShape& shape, size_t num_contexts) {
  auto engine = make_engine(shape.engine, num_contexts);
  CHECK(engine.has_value());
  return std::move(*engine);
}

}  // namespace

ContextParameters client_parameters(size_t i, const cose::AeadAlgorithm& algorithm) {
  ContextParameters parameters;
  parameters.name = "context-" + std::to_string(i);
  parameters.master_secret = Secret<oscore::kMaxMasterSecretLen>(number_bytes(i + 1, 8));
  parameters.sender_id = number_bytes(i, 3);
  parameters.recipient_id = {0x5e};
  parameters.aead = &algorithm;
  return parameters;
}

std::unique_ptr<SecurityContext> client_context(size_t i, const cose::AeadAlgorithm& algorithm) {
  return derived(client_parameters(i, algorithm));
}

std::unique_ptr<SecurityContext> server_context(size_t i, const cose::AeadAlgorithm& algorithm) {
  ContextParameters parameters = client_parameters(i, algorithm);
  std::swap(parameters.sender_id, parameters.recipient_id);
  auto context = derived(std::move(parameters));
  context->window().initialise_empty();
  return context;
}

class World::NoSiblings final : public pipeline::Handoff {
 public:
  bool give(oscore::WorkerIndex /*owner*/, const pipeline::Packet& /*packet*/) override {
    return false;
  }
};

World::World(const WorldShape& shape)
    : shape_(shape),
      client_engine_(engine_for(shape, 1)),
      engine_(engine_for(shape, shape.num_contexts)),
      echo_(echo_key()),
      no_siblings_(std::make_unique<NoSiblings>()),
      line_(parts()) {
  const cose::AeadAlgorithm& aead = *cose::find_aead(shape.aead);
  // One end after the other, as in two processes: engines place keys by their serial.
  table_.expect(shape.num_contexts);
  for (size_t i = 0; i < shape.num_contexts; ++i) {
    CHECK(table_.add(server_context(i, aead)).has_value());
  }
  for (size_t i = 0; i < shape.num_contexts; ++i) {
    owned_clients_.push_back(client_context(i, aead));
    clients_.push_back(owned_clients_.back().get());
  }
  std::ranges::shuffle(clients_, std::mt19937_64(1));
  router_.add("echo").post([len = shape.answer_len](const Request& request, Response& response) {
    response.content(ContentFormat::kOctetStream, request.payload().first(len));
  });
  CHECK(router_.finish().has_value());
  auto sealed = PreparedRequests::seal(clients_, numbers_, *client_engine_,
                                       shape.num_contexts * shape.requests_per_context, 1);
  CHECK(sealed.has_value());
  requests_ = std::make_unique<PreparedRequests>(std::move(*sealed));
}

World::~World() = default;

pipeline::LineParts World::parts() {
  pipeline::LineParts parts;
  parts.contexts = &table_;
  parts.router = &router_;
  parts.sequence_source = &numbers_;
  parts.engine = engine_.get();
  parts.echo = &echo_;
  parts.handoff = no_siblings_.get();
  return parts;
}

Packets World::receive(size_t count) {
  if (next_ + count > requests_->size()) {
    // From the start again: the windows forget, at a cost below a nanosecond per request.
    for (size_t i = 0; i < table_.size(); ++i) table_.at(i).window().initialise_empty();
    next_ = 0;
  }
  for (size_t i = 0; i < count; ++i) {
    Slot& slot = slots_[i];
    const Bytes datagram = requests_->datagram(next_ + i);
    std::memcpy(slot.buffer.data(), datagram.data(), datagram.size());
    slot.data = slot.buffer.data();
    slot.capacity = slot.buffer.size();
    slot.response = &slot.own_response;
    begin_packet(slot, datagram.size());
    batch_[i] = &slot;
  }
  next_ += count;
  num_received_ = count;
  return Packets(batch_).first(count);
}

bool World::are_answered() {
  for (size_t i = 0; i < num_received_; ++i) {
    Slot& slot = slots_[i];
    const size_t request = next_ - num_received_ + i;
    if (!slot.has_reply) return false;
    if (!requests_->is_answer(request, {slot.data, slot.len}, *client_engine_, shape_.answer_len))
      return false;
  }
  return true;
}

}  // namespace osprey::bench
