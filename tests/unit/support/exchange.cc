#include "tests/unit/support/exchange.h"

#include "framework/base/limits.h"
#include "tests/unit/support/hex.h"

namespace osprey::test {
namespace {

using coap::Message;
using oscore::RequestIdentity;
using oscore::SecurityContext;
using oscore::Verdict;

ByteVector copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

ByteVector nonce_of(const oscore::AeadJob& job) {
  return copy({job.nonce, job.key->algorithm().nonce_len});
}

Sealed finish_sealing(Verdict begun, oscore::Sealing& sealing, Bytes out) {
  Sealed sealed;
  sealed.verdict = begun;
  if (begun != Verdict::kOk) return sealed;
  oscore::AeadJob& job = sealing.job;
  sealed.nonce = nonce_of(job);
  sealed.aad = copy({job.aad, job.aad_len});
  sealed.key = copy(job.key->reveal());
  sealed.plaintext = copy({job.text, job.text_len});
  OpensslEngine engine(8);
  engine.seal({&job, 1});
  CHECK(job.text + job.text_len + job.key->algorithm().tag_len ==
        out.data() + sealing.datagram_len);
  sealed.ciphertext = copy({job.text, job.text_len + size_t{job.key->algorithm().tag_len}});
  sealed.datagram = copy(out.first(sealing.datagram_len));
  sealed.oscore_option =
      copy(*option_value(parsed(sealed.datagram).options, coap::option::kOscore));
  return sealed;
}

struct Incoming {
  oscore::OscoreOption option;
  oscore::Opening opening;
};

void start_opening(Opened& opened, Incoming& incoming, Bytes datagram) {
  opened.outer = parsed(datagram);
  const auto value = option_value(opened.outer.options, coap::option::kOscore);
  CHECK(value.has_value());
  CHECK(parse_oscore_option(*value, incoming.option) == oscore::OptionError::kNone);
  opened.memory = copy(opened.outer.payload);
}

void run_opening(Opened& opened, Incoming& incoming) {
  oscore::AeadJob& job = incoming.opening.job;
  opened.nonce = nonce_of(job);
  opened.aad = copy({job.aad, job.aad_len});
  opened.key = copy(job.key->reveal());
  OpensslEngine engine(8);
  engine.open({&job, 1});
  opened.plaintext = copy({job.text, job.text_len});
}

void write_down(Opened& opened) {
  ByteVector space(2 * kMaxDatagram);
  Writer writer(space);
  oscore::write_unprotected(writer, opened.outer, opened.inner);
  CHECK(writer.ok());
  opened.unprotected = copy(writer.written());
}

}  // namespace

Message parsed(Bytes datagram) {
  const auto result = coap::parse(datagram);
  CHECK(result.error == coap::ParseError::kNone);
  return result.message;
}

std::string options_text(Bytes options) {
  std::string text;
  coap::OptionReader reader(options);
  while (const auto option = reader.next()) {
    if (!text.empty()) text += ' ';
    text += std::to_string(option->number) + "=" + osprey::to_hex(option->value);
  }
  return text;
}

std::optional<Bytes> option_value(Bytes options, uint16_t number) {
  coap::OptionReader reader(options);
  while (const auto option = reader.next()) {
    if (option->number == number) return option->value;
  }
  return std::nullopt;
}

Built::Built(coap::Code code, coap::Type type) {
  message_.code = code;
  message_.type = type;
  message_.message_id = 0x1234;
}

Built& Built::option(uint16_t number, Bytes value) {
  options_.emplace_back(number, copy(value));
  return *this;
}

Built& Built::payload(std::string_view text) {
  payload_ = copy(as_bytes(text));
  return *this;
}

Built& Built::token(std::string_view hex_text) {
  token_ = hex(hex_text);
  return *this;
}

Built& Built::message_id(uint16_t message_id) {
  message_.message_id = message_id;
  return *this;
}

Built& Built::type(coap::Type type) {
  message_.type = type;
  return *this;
}

const Message& Built::message() {
  encoded_options_.resize(70'000);
  Writer writer(encoded_options_);
  coap::OptionWriter options(writer);
  for (const auto& [number, value] : options_) options.opaque(number, value);
  CHECK(writer.ok());
  message_.token = token_;
  message_.options = writer.written();
  message_.payload = payload_;
  return message_;
}

Sealed seal_request(SecurityContext& context, oscore::SequenceSource& source,
                    const Message& message, RequestIdentity& identity) {
  ByteVector out(kMaxDatagram);
  oscore::Sealing sealing;
  const Verdict begun = begin_protect_request(context, source, message, out, sealing, identity);
  return finish_sealing(begun, sealing, out);
}

Sealed seal_response(SecurityContext& context, oscore::SequenceSource& source,
                     RequestIdentity& identity, const Message& message) {
  ByteVector out(kMaxDatagram);
  oscore::Sealing sealing;
  const Verdict begun = begin_protect_response(context, source, identity, message, out, sealing);
  return finish_sealing(begun, sealing, out);
}

oscore::EchoKey echo_key(uint8_t fill) {
  return oscore::EchoKey(ByteVector(oscore::kEchoKeyLen, fill));
}

Opened open_request(SecurityContext& context, Bytes datagram, oscore::EchoMaker& echo, TimeNs now,
                    RequestIdentity& identity) {
  Opened opened;
  Incoming incoming;
  start_opening(opened, incoming, datagram);
  CHECK(fits_request(incoming.option));
  opened.verdict =
      begin_unprotect_request(context, incoming.option, opened.memory, incoming.opening);
  if (opened.verdict != Verdict::kOk) return opened;
  run_opening(opened, incoming);
  opened.verdict = finish_unprotect_request(context, incoming.option, incoming.opening, echo, now,
                                            opened.inner, identity);
  if (opened.verdict == Verdict::kOk || opened.verdict == Verdict::kChallenged) write_down(opened);
  return opened;
}

Opened open_request(SecurityContext& context, Bytes datagram, RequestIdentity& identity) {
  CHECK(context.window().is_set());
  oscore::EchoMaker echo(echo_key(0x5a));
  return open_request(context, datagram, echo, kNow, identity);
}

Opened open_response(SecurityContext& context, const RequestIdentity& identity, Bytes datagram) {
  Opened opened;
  Incoming incoming;
  start_opening(opened, incoming, datagram);
  opened.verdict =
      begin_unprotect_response(context, identity, incoming.option, opened.memory, incoming.opening);
  if (opened.verdict != Verdict::kOk) return opened;
  run_opening(opened, incoming);
  opened.verdict = finish_unprotect_response(incoming.opening, opened.inner);
  if (opened.verdict == Verdict::kOk) write_down(opened);
  return opened;
}

}  // namespace osprey::test
