#include "framework/oscore/unprotect.h"

#include "framework/base/crash_point.h"
#include "framework/base/fault.h"

namespace osprey::oscore {
namespace {

void set_up_job(const AeadKey& key, Bytes request_kid, Bytes request_piv, MutableBytes ciphertext,
                Opening& opening) {
  const Bytes aad = write_aad(opening.aad, key.algorithm(), request_kid, request_piv);
  opening.job.key = &key;
  opening.job.nonce = opening.nonce.view().data();
  opening.job.aad = aad.data();
  opening.job.aad_len = static_cast<uint32_t>(aad.size());
  opening.job.text = ciphertext.data();
  opening.job.text_len = static_cast<uint32_t>(ciphertext.size() - key.algorithm().tag_len);
  opening.job.ok = false;
}

// Code byte and tag are the least there can be (§5.3).
bool holds_code_and_tag(const SecurityContext& context, Bytes ciphertext) {
  return ciphertext.size() > context.aead().tag_len;
}

bool parse_plaintext(const Opening& opening, coap::Message& inner) {
  const Bytes plaintext(opening.job.text, opening.job.text_len);
  coap::ParseError error = coap::ParseError::kNone;
  inner.code = static_cast<coap::Code>(plaintext[0]);
  inner.options = {};
  inner.payload = {};
  return coap::parse_options_and_payload(plaintext.subspan(1), inner, error);
}

bool has_valid_echo(const coap::Message& inner, const SecurityContext& context, EchoMaker& echo,
                    TimeNs now) {
  coap::OptionReader options = inner.option_reader();
  while (const auto option = options.next()) {
    if (option->number == coap::option::kEcho) {
      if (FAULT(kAnyEcho)) return true;
      return echo.verify(option->value, context.recipient_key().serial(), now);
    }
  }
  return false;
}

bool record(ReplayWindow& window, uint64_t piv) {
  if (FAULT(kNotRecorded)) return true;
  return window.try_record(piv) || FAULT(kNoSecondLook) || FAULT(kRecordBeforeAuthentication);
}

// As a server would that trusts what nobody vouches for.
void record_too_early(const SecurityContext& context, uint64_t piv) {
  static_cast<void>(const_cast<SecurityContext&>(context).window().try_record(piv));
}

}  // namespace

Verdict begin_unprotect_request(const SecurityContext& context, const OscoreOption& option,
                                MutableBytes ciphertext, Opening& opening) {
  DCHECK(fits_request(option));
  const uint64_t piv = read_uint(option.partial_iv);
  if (context.window().is_set() && !context.window().may_accept(piv)) {  // step 3
    return Verdict::kReplay;
  }
  if (!holds_code_and_tag(context, ciphertext)) return Verdict::kBadTag;
  if (FAULT(kRecordBeforeAuthentication)) record_too_early(context, piv);
  opening.nonce = context.recipient_nonce().nonce(option.partial_iv);  // step 5
  set_up_job(context.recipient_key(), *option.kid, option.partial_iv, ciphertext, opening);
  return Verdict::kOk;
}

Verdict finish_unprotect_request(SecurityContext& context, const OscoreOption& option,
                                 const Opening& opening, EchoMaker& echo, TimeNs now,
                                 coap::Message& inner, RequestIdentity& identity) {
  if (!opening.job.ok) return Verdict::kBadTag;  // step 6; the window stays as it is
  CRASH_POINT(kRequestDecrypted);
  const uint64_t piv = read_uint(option.partial_iv);
  const bool parsed = parse_plaintext(opening, inner);  // step 7
  const auto identify = [&](NonceReuse reuse) {
    identity = RequestIdentity(*option.kid, option.partial_iv, opening.nonce, reuse);
  };

  if (context.window().is_set()) {
    if (!record(context.window(), piv)) return Verdict::kReplay;  // step 6, second look
    CRASH_POINT(kWindowRecorded);
    identify(NonceReuse::kOnce);
    return parsed ? Verdict::kOk : Verdict::kInnerFormat;
  }

  if (parsed && has_valid_echo(inner, context, echo, now)) {  // B.1.2: the second request
    context.window().initialise_at(piv);
    CRASH_POINT(kWindowInitialised);
    identify(NonceReuse::kOnce);
    return Verdict::kOk;
  }
  if (!context.challenges().spend(piv, now)) return Verdict::kChallengeLimit;
  // It may be a replay, whose nonce a response has used before.
  identify(FAULT(kChallengeReusesNonce) ? NonceReuse::kOnce : NonceReuse::kNever);
  return Verdict::kChallenged;
}

Verdict begin_unprotect_response(const SecurityContext& context, const RequestIdentity& identity,
                                 const OscoreOption& option, MutableBytes ciphertext,
                                 Opening& opening) {
  if (!holds_code_and_tag(context, ciphertext)) return Verdict::kBadTag;
  opening.nonce = option.partial_iv.empty() ? identity.nonce_to_verify()
                                            : context.recipient_nonce().nonce(option.partial_iv);
  set_up_job(context.recipient_key(), identity.kid(), identity.partial_iv(), ciphertext, opening);
  return Verdict::kOk;
}

Verdict finish_unprotect_response(const Opening& opening, coap::Message& inner) {
  if (!opening.job.ok) return Verdict::kBadTag;
  return parse_plaintext(opening, inner) ? Verdict::kOk : Verdict::kInnerFormat;
}

void write_unprotected(Writer& writer, const coap::Message& outer, const coap::Message& inner) {
  coap::write_header(writer, outer.type, inner.code, outer.message_id, outer.token);
  coap::OptionWriter merged(writer);
  coap::OptionReader inside = inner.option_reader();
  coap::OptionReader outside = outer.option_reader();
  const auto next_outside = [&] {
    auto option = outside.next();
    while (option && (coap::oscore_class(option->number) != coap::OscoreClass::kOuter ||
                      option->number == coap::option::kOscore)) {
      option = outside.next();
    }
    return option;
  };
  auto from_inside = inside.next();
  auto from_outside = next_outside();
  while (from_inside || from_outside) {
    if (from_inside && from_outside && from_inside->number == from_outside->number) {
      from_outside = next_outside();
    } else if (!from_outside || (from_inside && from_inside->number < from_outside->number)) {
      merged.opaque(from_inside->number, from_inside->value);
      from_inside = inside.next();
    } else {
      merged.opaque(from_outside->number, from_outside->value);
      from_outside = next_outside();
    }
  }
  coap::write_payload(writer, inner.payload);
}

}  // namespace osprey::oscore
