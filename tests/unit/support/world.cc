#include "tests/unit/support/world.h"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/unit/support/hex.h"

namespace osprey::test {
namespace {

using coap::Code;
using oscore::Verdict;
using pipeline::Packet;

ByteVector copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

bool is_printable(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b >= 0x20 && b < 0x7f; });
}

std::string payload_text(Bytes payload) {
  if (payload.empty()) return {};
  if (!is_printable(payload)) return " " + osprey::to_hex(payload);
  return " '" + std::string(as_text(payload)) + "'";
}

void answer_with_payload(const Request& request, Response& response) {
  response.content(ContentFormat::kOctetStream, request.payload());
}

}  // namespace

std::string describe(Bytes datagram) {
  const auto [error, message] = coap::parse(datagram);
  if (error != coap::ParseError::kNone) return "malformed " + osprey::to_hex(datagram);
  const std::array<uint8_t, 2> message_id = {static_cast<uint8_t>(message.message_id >> 8),
                                             static_cast<uint8_t>(message.message_id)};
  std::string text = std::string(type_name(message.type)) + " " + code_text(message.code) +
                     " mid=" + osprey::to_hex(message_id);
  if (!message.token.empty()) text += " token=" + osprey::to_hex(message.token);
  coap::OptionReader options = message.option_reader();
  while (const auto option = options.next()) {
    text += " " + std::to_string(option->number) + "=" + osprey::to_hex(option->value);
  }
  return text + payload_text(message.payload);
}

Built request_to(std::string_view path, Code code, coap::Type type) {
  Built built(code, type);
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    built.option(coap::option::kUriPath, as_bytes(path.substr(0, end)));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return built;
}

std::string Served::text() const { return has_reply ? describe(reply) : "silence"; }

Client::Client(const Shared& shared) : shared_(shared), context_(client_context(shared)) {}

Client::Request Client::request(Built message, uint64_t piv) {
  const auto sender = client_context(shared_);
  OneRange number({piv, piv + 1});
  Request request;
  Sealed sealed = seal_request(*sender, number, message.message(), request.identity);
  CHECK(sealed.verdict == Verdict::kOk);
  request.datagram = std::move(sealed.datagram);
  next_piv_ = std::max(next_piv_, piv + 1);
  return request;
}

Client::Request Client::request_with(Bytes plaintext, coap::Type type) {
  const oscore::PartialIv partial_iv = oscore::encode_partial_iv(next_piv_++);
  const oscore::Nonce nonce = context_->sender_nonce().nonce(partial_iv.view());
  const size_t tag_len = context_->aead().tag_len;
  ByteVector ciphertext = copy(plaintext);
  ciphertext.resize(plaintext.size() + tag_len);

  oscore::AadBuffer aad_space;
  const Bytes aad =
      oscore::write_aad(aad_space, context_->aead(), context_->sender_id(), partial_iv.view());
  oscore::AeadJob job;
  job.key = &context_->sender_key();
  job.nonce = nonce.view().data();
  job.aad = aad.data();
  job.aad_len = static_cast<uint32_t>(aad.size());
  job.text = ciphertext.data();
  job.text_len = static_cast<uint32_t>(plaintext.size());
  OpensslEngine(8).seal({&job, 1});

  oscore::OscoreOption option;
  option.partial_iv = partial_iv.view();
  option.kid = context_->sender_id();
  option.kid_context = context_->id_context();
  std::array<uint8_t, oscore::kMaxOptionLen> value_space;
  Writer value(value_space);
  write_oscore_option(value, option);
  Built outer = Built(Code::kPost, type)
                    .option(coap::option::kOscore, value.written())
                    .payload(as_text(ciphertext));
  ByteVector space(kMaxDatagram);
  Writer writer(space);
  write_message(writer, outer.message());
  CHECK(writer.ok());
  return {copy(writer.written()),
          {context_->sender_id(), partial_iv.view(), nonce, oscore::NonceReuse::kNever}};
}

Opened Client::open(const Request& request, const Served& served) const {
  return open_response(*context_, request.identity, served.reply);
}

std::string Client::text(const Request& request, const Served& served) const {
  if (!served.has_reply) return "silence";
  const bool is_protected =
      option_value(parsed(served.reply).options, coap::option::kOscore).has_value();
  if (!is_protected) return "unprotected " + describe(served.reply);
  const Opened opened = open(request, served);
  if (opened.verdict != Verdict::kOk) return std::string(info(opened.verdict).name);
  return describe(opened.unprotected);
}

std::optional<oscore::SequenceRange> Numbers::reserve_sender_sequence(
    oscore::SecurityContext& context) {
  if (has_none) return std::nullopt;
  uint64_t& next = next_[context.name()];
  const oscore::SequenceRange range{next, next + grant_len_};
  next = range.limit;
  return range;
}

void WatchfulEngine::open(std::span<oscore::AeadJob> jobs) {
  num_opened_ += jobs.size();
  engine_.open(jobs);
}

void WatchfulEngine::seal(std::span<oscore::AeadJob> jobs) {
  engine_.seal(jobs);
  for (const oscore::AeadJob& job : jobs) {
    const cose::AeadAlgorithm& algorithm = job.key->algorithm();
    auto key_and_nonce = std::pair(copy(job.key->reveal()), copy({job.nonce, algorithm.nonce_len}));
    const auto [sealed, is_new] = sealed_.try_emplace(
        std::move(key_and_nonce), copy({job.text, job.text_len + size_t{algorithm.tag_len}}));
    EXPECT_TRUE(is_new) << "sealed twice under nonce " << osprey::to_hex(sealed->first.second);
  }
}

bool NoHandoff::give(oscore::WorkerIndex owner, const Packet& /*packet*/) {
  ADD_FAILURE() << "handed over to worker " << owner;
  return false;
}

World::World(std::vector<Shared> shared)
    : shared_(std::move(shared)), slots_(std::make_unique<std::array<Slot, kBatchMax>>()) {
  for (const Shared& each : shared_) clients_.emplace_back(each);
  add_resources();
  start();
  for (size_t i = 0; i < shared_.size(); ++i) context(i).window().initialise_empty();
}

void World::restart() { start(); }

void World::start() {
  ++num_starts_;
  server_ = std::make_unique<Server>(num_starts_, echo_key(num_starts_));
  for (const Shared& each : shared_) {
    const auto added = server_->contexts.add(server_context(each));
    CHECK(added.has_value());
  }
  pipeline::LineParts parts;
  parts.contexts = &server_->contexts;
  parts.router = &router_;
  parts.sequence_source = &numbers_;
  parts.engine = &engine_;
  parts.echo = &server_->echo;
  parts.handoff = &handoff_;
  parts.message_id_offset = kMessageIdOffset;
  server_->line = std::make_unique<pipeline::Line>(parts);
}

Handler World::counted(Handler handler) {
  return [this, handler = std::move(handler)](const Request& request, Response& response) {
    ++num_handled_;
    handler(request, response);
  };
}

void World::add_resources() {
  const Handler echo = counted(answer_with_payload);
  const auto say = [this](std::string_view text) {
    return counted([text](const Request&, Response& response) {
      response.content(ContentFormat::kTextPlain, text);
    });
  };
  router_.add("hello").get(say("Hello!"));
  router_.add("echo").post(echo).put(echo).fetch(echo);
  router_.add("plain")
      .get(echo)
      .post(echo)
      .put(echo)
      .del(echo)
      .fetch(echo)
      .patch(echo)
      .ipatch(echo)
      .access(Access::kPlainAllowed);
  router_.add("plain/x").get(say("x")).access(Access::kPlainAllowed);
  router_.add("throw").get(counted([](const Request&, Response& response) {
    response.content(ContentFormat::kTextPlain, "half done");
    throw std::runtime_error("the application's secret");
  }));
}

std::vector<Served> World::serve(const std::vector<ByteVector>& datagrams) {
  if (!std::exchange(is_router_finished_, true)) CHECK(router_.finish().has_value());
  CHECK(datagrams.size() <= kBatchMax);
  std::vector<Packet*> batch;
  for (size_t i = 0; i < datagrams.size(); ++i) {
    Slot& slot = (*slots_)[i];
    CHECK(datagrams[i].size() <= slot.buffer.size());
    std::copy(datagrams[i].begin(), datagrams[i].end(), slot.buffer.begin());
    slot.packet.data = slot.buffer.data();
    slot.packet.capacity = slot.buffer.size();
    slot.packet.response = &slot.response;
    begin_packet(slot.packet, datagrams[i].size());
    batch.push_back(&slot.packet);
  }
  server_->line->serve(batch, now);
  std::vector<Served> served;
  for (size_t i = 0; i < datagrams.size(); ++i) {
    const Packet& packet = (*slots_)[i].packet;
    EXPECT_NE(packet.verdict, Verdict::kOk) << "datagram " << i << " is still on its way";
    served.push_back({packet.verdict, packet.has_reply, {}});
    if (packet.has_reply) served.back().reply = copy(packet.datagram());
  }
  return served;
}

uint64_t World::count(Verdict verdict) const {
  return server_->line->counters()[static_cast<size_t>(verdict)].read();
}

uint64_t World::count_all() const {
  uint64_t sum = 0;
  for (const Counter& counter : server_->line->counters()) sum += counter.read();
  return sum;
}

}  // namespace osprey::test
