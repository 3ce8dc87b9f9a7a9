#include "apps/osprey/explain_oscore.h"

#include <algorithm>

#include "dataplane/crypto/openssl_engine.h"
#include "framework/oscore/unprotect.h"

namespace osprey::cli {
namespace {

using oscore::ContextParameters;
using oscore::OscoreOption;
using oscore::SecurityContext;
using oscore::Verdict;

bool is_for_server(const coap::Message& outer) { return coap::is_request(outer.code); }

// The two procedures have the same steps under different numbers.
struct Steps {
  const char *decode, *find, *decrypt, *restore;
};
constexpr Steps kRequestSteps = {"RFC 8613 8.2 step 2 (decode the OSCORE option)",
                                 "RFC 8613 8.2 step 2 (find the security context)",
                                 "RFC 8613 8.2 step 6 (decrypt and verify)",
                                 "RFC 8613 8.2 step 7 (restore the message)"};
constexpr Steps kResponseSteps = {"RFC 8613 8.4 step 2 (decode the OSCORE option)",
                                  "RFC 8613 8.4 step 2 (find the security context)",
                                  "RFC 8613 8.4 step 5 (decrypt and verify)",
                                  "RFC 8613 8.4 step 6 (restore the message)"};
const Steps& steps_of(const coap::Message& outer) {
  return is_for_server(outer) ? kRequestSteps : kResponseSteps;
}

Outcome failed(const char* step, std::string reason, std::vector<std::string> causes) {
  return {false, step, std::move(reason), "", std::move(causes)};
}

// What the server answers, by the verdict its pipeline would come to.
Outcome with_answer(Outcome outcome, const coap::Message& outer, Verdict verdict) {
  if (!is_for_server(outer)) {
    outcome.answer = "none: the client ignores it and goes on waiting (step 8)";
    return outcome;
  }
  const oscore::VerdictInfo& row = oscore::info(verdict);
  outcome.answer =
      verdict == Verdict::kInnerFormat
          ? "4.00 Bad Request, protected"
          : code_name(row.code) + " \"" + std::string(row.diagnostic) + "\", unprotected";
  return outcome;
}

// Nothing unless there is exactly one.
std::optional<Bytes> find_option_value(const coap::Message& message) {
  std::optional<Bytes> value;
  coap::OptionReader options = message.option_reader();
  while (const auto option = options.next()) {
    if (option->number != coap::option::kOscore) continue;
    if (value) return std::nullopt;
    value = option->value;
  }
  return value;
}

// Which stored context, seen from the end that opens the message.
struct Candidate {
  ContextParameters parameters;
  bool is_stored_view = true;  // false: the store belongs to the message's sender
};

ContextParameters seen_from(const ContextParameters& from, bool mirror) {
  ContextParameters view = from.duplicate();
  if (mirror) std::swap(view.sender_id, view.recipient_id);
  return view;
}

// `option`: that of the request. §3.3: a kid context must be the ID Context; without one any will
// do.
bool fits(const ContextParameters& server_view, const OscoreOption& option) {
  if (!equal(server_view.recipient_id, *option.kid)) return false;
  if (!option.kid_context) return !server_view.require_kid_context;
  return server_view.id_context && equal(*server_view.id_context, *option.kid_context);
}

struct Search {
  std::vector<Candidate> candidates;
  size_t looked_at = 0;
  std::string error;
};

// Both views of every stored context are tried: the store may be that of either end.
Search find_candidates(const storage::Store& store, const std::optional<std::string>& name,
                       const OscoreOption& request_option, bool for_server) {
  Search search;
  const auto done = store.for_each([&](const storage::StoredContext& context) -> Result<void> {
    const ContextParameters& stored = context.record.parameters;
    if (name && stored.name != *name) return {};
    ++search.looked_at;
    for (const bool mirror : {false, true}) {
      const ContextParameters server_view = seen_from(stored, mirror);
      if (!fits(server_view, request_option)) continue;
      if (search.candidates.size() == kMaxContextCandidates) return {};
      search.candidates.push_back({seen_from(server_view, !for_server), mirror != for_server});
    }
    return {};
  });
  if (!done) search.error = done.error().cause;
  return search;
}

struct Attempt {
  Verdict verdict = Verdict::kBadTag;
  Json tree = Json::object();
};

// Opens a copy of the ciphertext under `parameters`, without any window.
Attempt open_with(ContextParameters parameters, const coap::Message& outer,
                  const OscoreOption& option, const OscoreOption& request_option) {
  Attempt attempt;
  const auto context = SecurityContext::derive(parameters);
  if (!context) return attempt;
  std::vector<uint8_t> text(outer.payload.begin(), outer.payload.end());
  oscore::Opening opening;
  const auto request_nonce = (*context)->sender_nonce().nonce(request_option.partial_iv);
  const oscore::RequestIdentity identity(*request_option.kid, request_option.partial_iv,
                                         request_nonce, oscore::NonceReuse::kNever);
  attempt.verdict = is_for_server(outer)
                        ? begin_unprotect_request(**context, option, text, opening)
                        : begin_unprotect_response(**context, identity, option, text, opening);
  if (attempt.verdict != Verdict::kOk) return attempt;
  attempt.tree["algorithm"] = (*context)->aead().name;
  attempt.tree["nonce"] = to_hex(opening.nonce.view());
  std::array<uint8_t, oscore::kMaxAadLen> external;
  Writer writer(external);
  oscore::write_external_aad(writer, (*context)->aead(), *request_option.kid,
                             request_option.partial_iv);
  attempt.tree["external_aad"] = to_hex(writer.written());
  attempt.tree["aad"] = to_hex(Bytes(opening.job.aad, opening.job.aad_len));
  OpensslEngine engine(1);
  engine.open(std::span(&opening.job, 1));
  coap::Message inner;
  attempt.verdict = finish_unprotect_response(opening, inner);
  if (!opening.job.ok) return attempt;
  const Bytes plaintext(opening.job.text, opening.job.text_len);
  attempt.tree["plaintext"] = to_hex(plaintext);
  Json message = {{"code", code_name(static_cast<coap::Code>(plaintext[0]))}};
  const DecodedBody body = decode_body(plaintext.subspan(1), 1, message);
  if (!body.ok) {
    message["fails"] = body.reason;
    message["fails_at"] = body.failed_at;
  }
  attempt.tree["inner_message"] = std::move(message);
  return attempt;
}

// What a wrong setting would look like: the same context with one thing changed. Empty if none of
// the tried ones opens the message.
std::string find_mismatch(const ContextParameters& parameters, const coap::Message& outer,
                          const OscoreOption& option, const OscoreOption& request_option) {
  const auto opens = [&](auto change) {
    ContextParameters changed = seen_from(parameters, false);
    change(changed);
    return open_with(std::move(changed), outer, option, request_option).verdict == Verdict::kOk;
  };
  for (const auto& aead : cose::aead_algorithms()) {
    if (opens([&](ContextParameters& p) { p.aead = &aead; })) {
      return "the sender uses algorithm " + std::string(aead.name);
    }
  }
  for (const auto& hkdf : cose::hkdf_algorithms()) {
    if (opens([&](ContextParameters& p) { p.hkdf = &hkdf; })) {
      return "the sender uses " + std::string(hkdf.name);
    }
  }
  if (opens([](ContextParameters& p) { p.master_salt.clear(); })) {
    return "the sender uses no master salt";
  }
  if (opens([](ContextParameters& p) { p.id_context.reset(); })) {
    return "the sender uses no ID Context";
  }
  return {};
}

Outcome decryption_failed(const Candidate& candidate, const coap::Message& outer,
                          const OscoreOption& option, const OscoreOption& request_option) {
  Outcome outcome =
      failed(steps_of(outer).decrypt,
             "the tag does not verify under context " + candidate.parameters.name, {});
  const std::string mismatch = find_mismatch(candidate.parameters, outer, option, request_option);
  if (!mismatch.empty()) {
    outcome.likely_causes = {mismatch};
  } else {
    outcome.likely_causes = {
        "master secret, master salt or ID Context differ between the two ends",
        "the datagram was changed or cut short on its way, or when it was copied"};
    if (!is_for_server(outer)) {
      outcome.likely_causes.emplace_back("--request is not the request this response answers");
    }
  }
  return with_answer(std::move(outcome), outer, Verdict::kBadTag);
}

Outcome no_context(const coap::Message& outer, const OscoreOption& request_option,
                   const Search& search, const std::optional<std::string>& name) {
  std::string what = "no context for kid " + to_hex(*request_option.kid);
  if (request_option.kid->empty()) what = "no context for the empty kid";
  if (request_option.kid_context) what += " and kid context " + to_hex(*request_option.kid_context);
  if (name && search.looked_at == 0) what = "the store has no context " + *name;
  Outcome outcome = failed(steps_of(outer).find, what,
                           {"the sender uses another Sender ID than the one provisioned here",
                            "the ID Contexts of the two ends differ, or one end has none",
                            name ? "another context of this store is meant: leave out --context"
                                 : "the context is in another store"});
  return with_answer(std::move(outcome), outer, Verdict::kNoContext);
}

struct Options {
  OscoreOption own;
  OscoreOption request;  // kid and Partial IV of the request, for both kinds
};

// Empty if the option can be used.
std::string option_fault(const coap::Message& outer, OscoreOption& option) {
  const auto value = find_option_value(outer);
  if (!value) return "the OSCORE option must not be repeated";
  const auto error = oscore::parse_oscore_option(*value, option);
  if (error != oscore::OptionError::kNone) return std::string(oscore::option_error_text(error));
  if (is_for_server(outer) && !oscore::fits_request(option)) {
    return "a request needs a kid and a Partial IV without leading zeros";
  }
  return {};
}

Outcome read_option(const coap::Message& outer, OscoreOption& option) {
  const std::string fault = option_fault(outer, option);
  if (fault.empty()) return {true, "", "", "", {}};
  const bool is_repeated = !find_option_value(outer).has_value();
  return with_answer(failed(steps_of(outer).decode, fault,
                            {"the sender's OSCORE is broken, or newer than RFC 8613",
                             "the datagram was changed on its way, or when it was copied"}),
                     outer,
                     is_repeated ? Verdict::kUnknownCriticalOption : Verdict::kBadOscoreOption);
}

Outcome read_options(const coap::Message& outer, const coap::Message* request, Options& options) {
  Outcome outcome = read_option(outer, options.own);
  if (!outcome.ok || is_for_server(outer)) {
    options.request = options.own;
    return outcome;
  }
  const bool has_request = request != nullptr && is_for_server(*request) &&
                           option_fault(*request, options.request).empty();
  if (has_request) return outcome;
  return failed(kResponseSteps.find,
                "a response is opened with its request's kid and Partial IV, which are not in it",
                {"give the datagram of its OSCORE request with --request HEX"});
}

}  // namespace

Outcome explain_option(const coap::Message& outer) {
  OscoreOption option;
  return read_option(outer, option);
}

Outcome explain_oscore(const coap::Message& outer, const coap::Message* request,
                       const storage::Store& store, const std::optional<std::string>& name,
                       Json& tree) {
  Options options;
  const Outcome read = read_options(outer, request, options);
  if (!read.ok) return read;
  const Search search = find_candidates(store, name, options.request, is_for_server(outer));
  if (!search.error.empty()) return failed(steps_of(outer).find, search.error, {});
  if (search.candidates.empty()) return no_context(outer, options.request, search, name);

  tree["request_kid"] = to_hex(*options.request.kid);
  tree["request_partial_iv"] = to_hex(options.request.partial_iv);
  tree["attempts"] = Json::array();
  Outcome last;
  for (const Candidate& candidate : search.candidates) {
    Attempt attempt =
        open_with(seen_from(candidate.parameters, false), outer, options.own, options.request);
    Json shown = {{"context", candidate.parameters.name},
                  {"store_belongs_to", candidate.is_stored_view ? "receiver" : "sender"}};
    shown.update(attempt.tree);
    tree["attempts"].push_back(std::move(shown));
    if (attempt.verdict == Verdict::kOk) return {true, "", "", "", {}};
    if (attempt.verdict == Verdict::kInnerFormat) {
      return with_answer(failed(steps_of(outer).restore,
                                "it decrypts, but code, options and payload inside do not parse",
                                {"the sender's CoAP is broken: it sealed a malformed message"}),
                         outer, Verdict::kInnerFormat);
    }
    last = decryption_failed(candidate, outer, options.own, options.request);
  }
  return last;
}

}  // namespace osprey::cli
