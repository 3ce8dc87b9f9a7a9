// tests/vectors/oscore-extra.json without its B.2 part: all twelve AEADs, three hashes, ID
// Contexts, Observe, block-wise, outer options, the B.1.2 scenario, and messages that must not
// verify.
//
// Every context derived at both ends; every message sealed by one end and opened by the other,
// with each value between compared.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "framework/oscore/context_table.h"
#include "framework/oscore/derive.h"
#include "tests/unit/support/contexts.h"
#include "tests/unit/support/exchange.h"
#include "tests/unit/support/vectors.h"

namespace osprey::oscore {
namespace {

using test::any;
using test::check_fields;
using test::hex;
using test::Json;
using test::OneRange;
using test::Opened;
using test::optional_hex;
using test::parsed;
using test::same;
using test::same_bytes;
using test::Sealed;

// Renewal of contexts by random ID Contexts (Appendix B.2) is not in these tests.
const std::set<std::string> kContextsOfB2 = {"b2-1", "b2-2", "b2-3"};
const std::set<std::string> kScenarios = {"algorithms", "hkdf",          "id context", "observe",
                                          "b.1.2",      "outer options", "block-wise"};

// Their outer options are not those that our protect writes: a proxy or an attacker added some.
const std::set<std::string> kWithForeignOuterOptions = {
    "outer/injected-e", "outer/injected-observe", "outer/no-response", "outer/resp-maxage"};

ContextParameters parameters(const Json& context, const char* sender, const char* recipient) {
  ContextParameters parameters;
  parameters.name = context.at("id");
  parameters.master_secret = Secret<kMaxMasterSecretLen>(hex(context.at("master_secret")));
  parameters.master_salt = hex(context.at("master_salt"));
  parameters.id_context = optional_hex(context.at("id_context"));
  parameters.sender_id = hex(context.at(sender));
  parameters.recipient_id = hex(context.at(recipient));
  parameters.aead = cose::find_aead(context.at("aead_alg").get<int32_t>());
  parameters.hkdf = cose::find_hkdf(context.at("hkdf").get<std::string>());
  return parameters;
}

std::unique_ptr<SecurityContext> client_of(const Json& context) {
  return test::derived(parameters(context, "client_id", "server_id"));
}

std::unique_ptr<SecurityContext> server_of(const Json& context) {
  return test::derived(parameters(context, "server_id", "client_id"));
}

std::vector<uint8_t> info(const SecurityContext& context, Bytes id, std::string_view type) {
  MasterInput input;
  input.aead = &context.aead();
  input.id_context = context.id_context();
  std::vector<uint8_t> space(300);
  Writer writer(space);
  const size_t len = type == "Key" ? context.aead().key_len : context.aead().nonce_len;
  write_info(writer, input, id, type, len);
  space.resize(writer.size());
  return space;
}

std::vector<uint8_t> external_aad(const SecurityContext& context, const RequestIdentity& request) {
  std::vector<uint8_t> space(32);
  Writer writer(space);
  write_external_aad(writer, context.aead(), request.kid(), request.partial_iv());
  space.resize(writer.size());
  return space;
}

class OscoreExtra : public ::testing::Test {
 protected:
  const Json& find(const char* list, const std::string& id) const {
    for (const Json& entry : file_.at(list)) {
      if (entry.at("id") == id) return entry;
    }
    throw std::out_of_range(id);
  }
  const Json& context(const std::string& id) const { return find("contexts", id); }
  const Json& message(const std::string& id) const { return find("messages", id); }

  const Json file_ = test::load_vectors("oscore-extra");
};

TEST_F(OscoreExtra, EveryContextIsDerivedAtBothEnds) {
  size_t num_run = 0;
  for (const Json& entry : file_.at("contexts")) {
    SCOPED_TRACE(entry.at("id"));
    const auto client = client_of(entry);
    const auto server = server_of(entry);
    check_fields(entry, {{"id", any()},
                         {"title", any()},
                         {"aead_alg", same(client->aead().number)},
                         {"hkdf", same(parameters(entry, "client_id", "server_id").hkdf->name)},
                         {"master_secret", any()},
                         {"master_salt", any()},
                         {"id_context", same_bytes(client->id_context())},
                         {"client_id", same_bytes(client->sender_id())},
                         {"server_id", same_bytes(server->sender_id())},
                         {"client_key_info", same_bytes(info(*client, client->sender_id(), "Key"))},
                         {"client_key", same_bytes(client->sender_key().reveal())},
                         {"server_key_info", same_bytes(info(*server, server->sender_id(), "Key"))},
                         {"server_key", same_bytes(server->sender_key().reveal())},
                         {"common_iv_info", same_bytes(info(*client, {}, "IV"))},
                         {"common_iv", same_bytes(client->common_iv())}});
    EXPECT_EQ(to_hex(client->recipient_key().reveal()), entry.at("server_key"));
    EXPECT_EQ(to_hex(server->recipient_key().reveal()), entry.at("client_key"));
    EXPECT_EQ(to_hex(server->common_iv()), entry.at("common_iv"));
    ++num_run;
  }
  EXPECT_EQ(num_run, file_.at("counts").at("contexts"));
}

// Seals a message of either direction at `sender`; `request` is what it answers, or what it sets.
Sealed seal(const Json& entry, SecurityContext& sender, RequestIdentity& request) {
  const auto unprotected = hex(entry.at("unprotected_coap"));
  const Json& number = entry.at("sender_sequence_number");
  OneRange numbers(OneRange::from(number.is_null() ? 0 : number.get<uint64_t>()));
  if (entry.at("direction") == "c2s") {
    return test::seal_request(sender, numbers, parsed(unprotected), request);
  }
  EXPECT_EQ(entry.at("direction"), "s2c");
  if (!number.is_null()) static_cast<void>(request.take_nonce());  // as if used by a former one
  return test::seal_response(sender, numbers, request, parsed(unprotected));
}

void expect_sealed(const Json& entry, const Sealed& sealed, const SecurityContext& sender,
                   const RequestIdentity& request) {
  ASSERT_EQ(sealed.verdict, Verdict::kOk);
  const bool is_foreign = kWithForeignOuterOptions.count(entry.at("id")) != 0;
  const auto protected_coap = is_foreign ? any() : same_bytes(sealed.datagram);
  check_fields(entry, {{"id", any()},
                       {"scenario", any()},
                       {"context", same(sender.name())},
                       {"direction", any()},
                       {"title", any()},
                       {"answers", any()},
                       {"unprotected_coap", any()},
                       {"sender_sequence_number", any()},
                       {"request_kid", same_bytes(request.kid())},
                       {"request_piv", same_bytes(request.partial_iv())},
                       {"external_aad", same_bytes(external_aad(sender, request))},
                       {"aad", same_bytes(sealed.aad)},
                       {"nonce", same_bytes(sealed.nonce)},
                       {"key", same_bytes(sealed.key)},
                       {"plaintext", same_bytes(sealed.plaintext)},
                       {"ciphertext", same_bytes(sealed.ciphertext)},
                       {"oscore_option", same_bytes(sealed.oscore_option)},
                       {"outer_code", same(parsed(sealed.datagram).code)},
                       {"protected_coap", protected_coap},
                       {"checked_by", any()}});
}

// The inner Observe of a notification is empty whatever the application's was (§4.1.3.5.2).
Json options_expected(const coap::Message& unprotected) {
  Json options = test::options_json(unprotected.options);
  for (Json& option : options) {
    if (coap::is_response(unprotected.code) && option.at(0) == coap::option::kObserve) {
      option.at(1) = "";
    }
  }
  return options;
}

void expect_opened(const Json& entry, const Opened& opened) {
  ASSERT_EQ(opened.verdict, Verdict::kOk);
  EXPECT_EQ(to_hex(opened.nonce), entry.at("nonce"));
  EXPECT_EQ(to_hex(opened.key), entry.at("key"));
  EXPECT_EQ(to_hex(opened.aad), entry.at("aad"));
  EXPECT_EQ(to_hex(opened.plaintext), entry.at("plaintext"));
  EXPECT_EQ(static_cast<int>(opened.outer.code), entry.at("outer_code"));
  EXPECT_EQ(to_hex(opened.outer.payload), entry.at("ciphertext"));
  const auto expected_bytes = hex(entry.at("unprotected_coap"));
  const auto expected = parsed(expected_bytes);
  const auto ours = parsed(opened.unprotected);
  EXPECT_EQ(ours.type, expected.type);
  EXPECT_EQ(ours.code, expected.code);
  EXPECT_EQ(ours.message_id, expected.message_id);
  EXPECT_EQ(to_hex(ours.token), to_hex(expected.token));
  EXPECT_EQ(test::options_json(ours.options), options_expected(expected));
  EXPECT_EQ(to_hex(ours.payload), to_hex(expected.payload));
}

TEST_F(OscoreExtra, EveryMessageIsProtectedAndUnprotected) {
  size_t num_run = 0, num_of_b2 = 0;
  for (const Json& entry : file_.at("messages")) {
    SCOPED_TRACE(entry.at("id"));
    if (entry.at("scenario") == "b.2") {
      EXPECT_EQ(kContextsOfB2.count(entry.at("context")), 1u);
      ++num_of_b2;
      continue;
    }
    EXPECT_EQ(kScenarios.count(entry.at("scenario")), 1u) << entry.at("scenario");
    const auto client = client_of(context(entry.at("context")));
    const auto server = server_of(context(entry.at("context")));
    server->window().initialise_empty();
    const auto datagram = hex(entry.at("protected_coap"));
    RequestIdentity at_client, at_server;
    if (entry.at("direction") == "c2s") {
      EXPECT_TRUE(entry.at("answers").is_null());
      expect_sealed(entry, seal(entry, *client, at_client), *client, at_client);
      expect_opened(entry, test::open_request(*server, datagram, at_server));
    } else {
      const Sealed request = seal(message(entry.at("answers")), *client, at_client);
      ASSERT_EQ(test::open_request(*server, request.datagram, at_server).verdict, Verdict::kOk);
      expect_sealed(entry, seal(entry, *server, at_server), *server, at_server);
      expect_opened(entry, test::open_response(*client, at_client, datagram));
    }
    ++num_run;
  }
  EXPECT_EQ(num_of_b2, 5u);
  EXPECT_EQ(num_run + num_of_b2, file_.at("counts").at("messages"));
}

// Goal: one observation as one run of the same two contexts, not message by message: the first
// notification uses the request's nonce, later ones own numbers in order.
TEST_F(OscoreExtra, AnObservationRunsThroughOnOnePairOfContexts) {
  const auto client = client_of(context("obs"));
  const auto server = server_of(context("obs"));
  server->window().initialise_empty();
  OneRange client_numbers(OneRange::from(3)), server_numbers;
  RequestIdentity at_client, at_server;
  const auto registration = hex(message("obs/register").at("unprotected_coap"));
  const Sealed request =
      test::seal_request(*client, client_numbers, parsed(registration), at_client);
  EXPECT_EQ(to_hex(request.datagram), message("obs/register").at("protected_coap"));
  ASSERT_EQ(test::open_request(*server, request.datagram, at_server).verdict, Verdict::kOk);
  for (const char* id : {"obs/first", "obs/second", "obs/third", "obs/error"}) {
    const auto unprotected = hex(message(id).at("unprotected_coap"));
    const Sealed sealed =
        test::seal_response(*server, server_numbers, at_server, parsed(unprotected));
    EXPECT_EQ(to_hex(sealed.datagram), message(id).at("protected_coap")) << id;
    expect_opened(message(id), test::open_response(*client, at_client, sealed.datagram));
  }
}

// Appendix B.1.2 after a restart. The vectors' Echo is not a value that this server could have
// issued, so the repeated request is ours; all other datagrams are the vectors'.
TEST_F(OscoreExtra, ReplayWindowIsRecoveredByEcho) {
  const auto client = client_of(context("b12"));
  const auto server = server_of(context("b12"));  // its window is unset
  OneRange client_numbers(OneRange::from(42)), server_numbers(OneRange::from(1000));
  EchoMaker echo(test::echo_key(9));
  const auto open = [&](Bytes datagram, RequestIdentity& identity) {
    return test::open_request(*server, datagram, echo, test::kNow, identity);
  };

  RequestIdentity first_at_client, first_at_server;
  const auto request_1 = hex(message("b12/req1").at("unprotected_coap"));
  const Sealed sealed_1 =
      test::seal_request(*client, client_numbers, parsed(request_1), first_at_client);
  EXPECT_EQ(to_hex(sealed_1.datagram), message("b12/req1").at("protected_coap"));
  EXPECT_EQ(open(sealed_1.datagram, first_at_server).verdict, Verdict::kChallenged);

  const auto challenge = hex(message("b12/challenge").at("unprotected_coap"));
  const Sealed sealed_challenge =
      test::seal_response(*server, server_numbers, first_at_server, parsed(challenge));
  EXPECT_EQ(to_hex(sealed_challenge.datagram), message("b12/challenge").at("protected_coap"));
  expect_opened(message("b12/challenge"),
                test::open_response(*client, first_at_client, sealed_challenge.datagram));

  // Someone else's Echo is challenged once more, and nothing is marked as received.
  RequestIdentity at_client, at_server;
  const auto with_foreign_echo = hex(message("b12/req2").at("protected_coap"));
  EXPECT_EQ(open(with_foreign_echo, at_server).verdict, Verdict::kChallenged);
  EXPECT_FALSE(server->window().is_set());

  const EchoValue value = echo.issue(server->recipient_key().serial(), test::kNow);
  test::Built request_2(coap::Code::kPut);
  request_2.option(coap::option::kUriPath, as_bytes("lock"));
  request_2.option(coap::option::kEcho, value).payload("0").token("b2");
  const Sealed sealed_2 =
      test::seal_request(*client, client_numbers, request_2.message(), at_client);
  EXPECT_EQ(open(sealed_2.datagram, at_server).verdict, Verdict::kOk);
  EXPECT_TRUE(server->window().is_set());

  const auto response_2 = hex(message("b12/resp2").at("unprotected_coap"));
  const Sealed sealed_response =
      test::seal_response(*server, server_numbers, at_server, parsed(response_2));
  EXPECT_EQ(to_hex(sealed_response.datagram), message("b12/resp2").at("protected_coap"));

  RequestIdentity unused;
  EXPECT_EQ(open(hex(message("b12/old").at("protected_coap")), unused).verdict, Verdict::kReplay);
  EXPECT_EQ(open(with_foreign_echo, unused).verdict, Verdict::kReplay);  // number 43 was served
  EXPECT_EQ(open(hex(message("b12/next").at("protected_coap")), unused).verdict, Verdict::kOk);
}

// The receiving server in short: option, context, begin, open, finish.
Verdict receive(ContextTable& table, Bytes datagram) {
  const auto outer = parsed(datagram);
  OscoreOption option;
  const auto value = test::option_value(outer.options, coap::option::kOscore);
  if (parse_oscore_option(*value, option) != OptionError::kNone) return Verdict::kBadOscoreOption;
  if (!fits_request(option)) return Verdict::kBadOscoreOption;
  SecurityContext* context = table.find(option);
  if (context == nullptr) return Verdict::kNoContext;
  RequestIdentity identity;
  return test::open_request(*context, datagram, identity).verdict;
}

// What the vectors expect, without the remark behind the quoted text.
std::string answer(Verdict verdict) {
  return coap::code_text(info(verdict).code) + " \"" + std::string(info(verdict).diagnostic) + "\"";
}

TEST_F(OscoreExtra, MessagesThatMustNotVerifyDoNot) {
  size_t num_run = 0;
  for (const Json& entry : file_.at("failures")) {
    const std::string why = entry.at("why");
    SCOPED_TRACE(why);
    test::expect_known_fields(entry, {"of", "why", "protected_coap", "expect"});
    ++num_run;
    const Json& good = message(entry.at("of"));
    const auto datagram = hex(entry.at("protected_coap"));
    const std::string expected = entry.at("expect");
    if (good.at("direction") == "s2c") {
      EXPECT_EQ(expected, "client: decryption fails (request_piv differs), discard");
      const auto client = client_of(context(good.at("context")));
      RequestIdentity identity;
      seal(message(good.at("answers")), *client, identity);
      EXPECT_EQ(test::open_response(*client, identity, datagram).verdict, Verdict::kBadTag);
      continue;
    }
    ContextTable table(7);
    auto server = server_of(context(good.at("context")));
    server->window().initialise_empty();
    ASSERT_TRUE(table.add(std::move(server)).has_value());
    const auto good_datagram = hex(good.at("protected_coap"));
    const bool is_replay = why == "the same message again";
    if (is_replay) {
      EXPECT_EQ(receive(table, good_datagram), Verdict::kOk);
    }
    const std::string ours = answer(receive(table, datagram));
    EXPECT_EQ(expected.substr(0, ours.size()), ours);
    // Whatever failed, the window is unchanged: the good one still gets through, once.
    EXPECT_EQ(receive(table, good_datagram), is_replay ? Verdict::kReplay : Verdict::kOk);
  }
  EXPECT_EQ(num_run, file_.at("counts").at("failures"));
}

}  // namespace
}  // namespace osprey::oscore
