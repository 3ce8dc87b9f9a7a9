// A client with one exchange's worth of everything, and the server's end it talks to, in memory.
#pragma once

#include "framework/client/exchange.h"
#include "tests/unit/support/contexts.h"
#include "tests/unit/support/exchange.h"

namespace osprey::test {

inline ByteVector copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

// The server's end: opens requests, and seals or forges what goes back.
class FakeServer {
 public:
  explicit FakeServer(std::unique_ptr<oscore::SecurityContext> context)
      : context_(std::move(context)) {}

  // Opens a request that must verify; it is the one that is answered from now on.
  const coap::Message& take(Bytes datagram) {
    datagram_ = copy(datagram);
    opened_ = open_request(*context_, datagram_, identity_);
    CHECK(opened_.verdict == oscore::Verdict::kOk);
    return opened_.inner;
  }

  // Header of an answer to the request taken last.
  Built answer(coap::Code code, coap::Type type = coap::Type::kAck) {
    Built built(code, type);
    built.token(to_hex(opened_.outer.token));
    built.message_id(type == coap::Type::kAck ? opened_.outer.message_id : next_message_id_++);
    return built;
  }

  ByteVector sealed(Built built) {
    return seal_response(*context_, numbers_, identity_, built.message()).datagram;
  }
  ByteVector content(std::string_view payload, coap::Type type = coap::Type::kAck) {
    return sealed(answer(coap::Code::kContent, type).payload(payload));
  }
  // The challenge of RFC 8613 B.1.2.
  ByteVector challenge(std::string_view echo, coap::Type type = coap::Type::kAck) {
    return sealed(
        answer(coap::Code::kUnauthorized, type).option(coap::option::kEcho, as_bytes(echo)));
  }
  // What anybody on the way can write.
  ByteVector plain(coap::Code code, std::string_view diagnostic = {},
                   coap::Type type = coap::Type::kAck) {
    return unsealed(answer(code, type).payload(diagnostic));
  }
  // Empty ACK or RST to the request taken last.
  ByteVector empty(coap::Type type) const {
    ByteVector datagram = {static_cast<uint8_t>(0x40 | static_cast<uint8_t>(type) << 4), 0};
    datagram.push_back(static_cast<uint8_t>(opened_.outer.message_id >> 8));
    datagram.push_back(static_cast<uint8_t>(opened_.outer.message_id));
    return datagram;
  }

  static ByteVector unsealed(Built built) {
    ByteVector datagram(kMaxDatagram);
    Writer writer(datagram);
    coap::write_message(writer, built.message());
    datagram.resize(writer.size());
    return datagram;
  }

 private:
  std::unique_ptr<oscore::SecurityContext> context_;
  OneRange numbers_;
  ByteVector datagram_;
  Opened opened_;
  oscore::RequestIdentity identity_;
  uint16_t next_message_id_ = 0x7000;
};

struct ClientWorld {
  explicit ClientWorld(uint64_t seed = 1) : random(seed) {}

  client::Request get(coap::Type type = coap::Type::kCon) const {
    client::Request request;
    request.type = type;
    request.options = path;
    return request;
  }

  std::unique_ptr<oscore::SecurityContext> context = client_context();
  OneRange numbers;
  OpensslEngine engine{1};
  client::Random random;
  client::MessageIds message_ids{random};
  client::ClientEnd end{*context, numbers, engine, message_ids, random};
  FakeServer server{fresh_server_context()};
  const ByteVector path = {0xb1, 'a'};  // Uri-Path "a"
};

}  // namespace osprey::test
