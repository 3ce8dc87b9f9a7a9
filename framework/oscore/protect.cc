#include "framework/oscore/protect.h"

#include "framework/oscore/code_style.h"

namespace osprey::oscore {
namespace {

using coap::OptionWriter;

struct OptionSurvey {
  bool has_observe = false;
  bool has_oscore = false;
};

OptionSurvey survey(const coap::Message& message) {
  OptionSurvey survey;
  coap::OptionReader options = message.option_reader();
  while (const auto option = options.next()) {
    survey.has_observe |= option->number == coap::option::kObserve;
    survey.has_oscore |= option->number == coap::option::kOscore;
  }
  return survey;
}

// Of the options that may stand in both places only Observe is written outside: a proxy needs it
// (§4.1.3.5). Max-Age, Block, Echo and the rest concern the two endpoints.
bool goes_outside(uint16_t number) {
  return number == coap::option::kObserve ||
         coap::oscore_class(number) == coap::OscoreClass::kOuter;
}

bool goes_inside(uint16_t number) {
  return coap::oscore_class(number) != coap::OscoreClass::kOuter;
}

// The options that stay outside, with the OSCORE option in its place among them.
void write_outer_options(Writer& writer, const coap::Message& message, Bytes oscore_value) {
  OptionWriter outer(writer);
  bool written = false;
  coap::OptionReader options = message.option_reader();
  while (const auto option = options.next()) {
    if (!goes_outside(option->number)) continue;
    if (!written && option->number > coap::option::kOscore) {
      outer.opaque(coap::option::kOscore, oscore_value);
      written = true;
    }
    outer.opaque(option->number, option->value);
  }
  if (!written) outer.opaque(coap::option::kOscore, oscore_value);
}

// §5.3: code, class E options delta-coded among themselves, payload.
void write_plaintext(Writer& writer, const coap::Message& message) {
  writer.u8(static_cast<uint8_t>(message.code));
  OptionWriter inner(writer);
  coap::OptionReader options = message.option_reader();
  while (const auto option = options.next()) {
    if (!goes_inside(option->number)) continue;
    // In a notification the inner Observe is empty: the client orders by Partial IV (§4.1.3.5.2).
    const bool is_notification =
        option->number == coap::option::kObserve && coap::is_response(message.code);
    inner.opaque(option->number, is_notification ? Bytes() : option->value);
  }
  coap::write_payload(writer, message.payload);
}

// Writes the datagram with its plaintext and points the job at it. False if it does not fit.
bool write_datagram(const SecurityContext& context, const coap::Message& message,
                    coap::Code outer_code, const OscoreOption& option, MutableBytes out,
                    Sealing& sealing) {
  std::array<uint8_t, kMaxOptionLen> value;
  Writer value_writer(value);
  write_oscore_option(value_writer, option);
  if (!value_writer.ok()) return false;

  const size_t tag_len = context.aead().tag_len;
  if (out.size() < tag_len) return false;
  Writer writer(out.first(out.size() - tag_len));
  coap::write_header(writer, message.type, outer_code, message.message_id, message.token);
  write_outer_options(writer, message, value_writer.written());
  writer.u8(coap::kPayloadMarker);
  const size_t text_at = writer.size();
  write_plaintext(writer, message);
  if (!writer.ok()) return false;

  sealing.job.text = out.data() + text_at;
  sealing.job.text_len = static_cast<uint32_t>(writer.size() - text_at);
  sealing.datagram_len = writer.size() + tag_len;
  return true;
}

void set_up_job(const SecurityContext& context, Sealing& sealing, const RequestIdentity& identity) {
  const Bytes aad = write_aad(sealing.aad, context.aead(), identity.kid(), identity.partial_iv());
  sealing.job.key = &context.sender_key();
  sealing.job.nonce = sealing.nonce.view().data();
  sealing.job.aad = aad.data();
  sealing.job.aad_len = static_cast<uint32_t>(aad.size());
}

Verdict seal_one(AeadEngine& engine, Verdict begun, Sealing& sealing, size_t& out_len) {
  if (begun != Verdict::kOk) return begun;
  engine.seal(std::span(&sealing.job, 1));
  out_len = sealing.datagram_len;
  return Verdict::kOk;
}

}  // namespace

Verdict begin_protect_request(SecurityContext& context, SequenceSource& source,
                              const coap::Message& message, MutableBytes out, Sealing& sealing,
                              RequestIdentity& identity) {
  const OptionSurvey options = survey(message);
  if (options.has_oscore) return Verdict::kBadOscoreOption;   // §4.1.3.6: no nesting
  const auto number = take_sequence_number(context, source);  // step 3
  if (!number) return Verdict::kNoSequenceNumber;
  const PartialIv partial_iv = encode_partial_iv(*number);
  sealing.nonce = context.sender_nonce().nonce(partial_iv.view());
  identity =
      RequestIdentity(context.sender_id(), partial_iv.view(), sealing.nonce, NonceReuse::kNever);

  OscoreOption option;
  option.partial_iv = partial_iv.view();
  option.kid = context.sender_id();
  option.kid_context = context.id_context();
  const auto outer_code = outer_request_code(options.has_observe);
  if (!write_datagram(context, message, outer_code, option, out, sealing)) {
    return Verdict::kResponseTooLong;
  }
  set_up_job(context, sealing, identity);  // step 2
  return Verdict::kOk;
}

Verdict begin_protect_response(SecurityContext& context, SequenceSource& source,
                               RequestIdentity& identity, const coap::Message& message,
                               MutableBytes out, Sealing& sealing) {
  const OptionSurvey options = survey(message);
  if (options.has_oscore) return Verdict::kBadOscoreOption;
  OscoreOption option;
  PartialIv partial_iv;
  if (const auto request_nonce = identity.take_nonce()) {  // step 3: A
    sealing.nonce = *request_nonce;
  } else {  // step 3: B
    const auto number = take_sequence_number(context, source);
    if (!number) return Verdict::kNoSequenceNumber;
    partial_iv = encode_partial_iv(*number);
    sealing.nonce = context.sender_nonce().nonce(partial_iv.view());
    option.partial_iv = partial_iv.view();
  }
  const auto outer_code = outer_response_code(options.has_observe);
  if (!write_datagram(context, message, outer_code, option, out, sealing)) {
    return Verdict::kResponseTooLong;
  }
  set_up_job(context, sealing, identity);  // step 2
  return Verdict::kOk;
}

Verdict protect_request(AeadEngine& engine, SecurityContext& context, SequenceSource& source,
                        const coap::Message& message, MutableBytes out, size_t& out_len,
                        RequestIdentity& identity) {
  Sealing sealing;
  const Verdict begun = begin_protect_request(context, source, message, out, sealing, identity);
  return seal_one(engine, begun, sealing, out_len);
}

Verdict protect_response(AeadEngine& engine, SecurityContext& context, SequenceSource& source,
                         RequestIdentity& identity, const coap::Message& message, MutableBytes out,
                         size_t& out_len) {
  Sealing sealing;
  const Verdict begun = begin_protect_response(context, source, identity, message, out, sealing);
  return seal_one(engine, begun, sealing, out_len);
}

}  // namespace osprey::oscore
