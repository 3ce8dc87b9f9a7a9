// RFC 8613 Appendix C: every value of tests/vectors/rfc8613-appendix-c.json, made and taken apart.
//
// Key derivation at both ends; each message protected by one end and unprotected by the other. A
// value that no check below knows is a failure.
#include <map>

#include <gtest/gtest.h>

#include "framework/cose/hkdf.h"
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

class AppendixC : public ::testing::Test {
 protected:
  const Json& vector(const std::string& id) const {
    for (const Json& vector : file_.at("vectors")) {
      if (vector.at("id") == id) return vector;
    }
    throw std::out_of_range(id);
  }

  // All of one kind, with the fields that every vector has checked.
  std::vector<Json> all_of(const std::string& kind) const {
    std::vector<Json> found;
    for (const Json& vector : file_.at("vectors")) {
      if (vector.at("kind") == kind) found.push_back(vector);
    }
    return found;
  }

  const Json file_ = test::load_vectors("rfc8613-appendix-c");
};

void expect_head(const Json& vector) {
  test::expect_known_fields(
      vector, {"id", "kind", "role", "title", "security_context", "input", "intermediate", "output",
               "decoded", "derived_by_us", "checks", "verified", "also_found_in"});
  EXPECT_TRUE(vector.at("verified"));
}

ContextParameters parameters(const Json& input) {
  ContextParameters parameters;
  parameters.master_secret = Secret<kMaxMasterSecretLen>(hex(input.at("master_secret")));
  parameters.master_salt = hex(input.at("master_salt"));
  parameters.sender_id = hex(input.at("sender_id"));
  parameters.recipient_id = hex(input.at("recipient_id"));
  parameters.id_context = optional_hex(input.at("id_context"));
  parameters.aead = cose::find_aead(input.at("aead_alg").get<int32_t>());
  parameters.hkdf = cose::find_hkdf(input.at("hkdf").get<std::string>());
  return parameters;
}

MasterInput master_input(const ContextParameters& parameters) {
  MasterInput input;
  input.aead = parameters.aead;
  input.hkdf = parameters.hkdf;
  input.master_secret = parameters.master_secret.reveal();
  input.master_salt = parameters.master_salt;
  if (parameters.id_context) input.id_context = *parameters.id_context;
  return input;
}

std::vector<uint8_t> info(const ContextParameters& parameters, Bytes id, std::string_view type,
                          size_t len) {
  std::vector<uint8_t> space(64);
  Writer writer(space);
  write_info(writer, master_input(parameters), id, type, len);
  space.resize(writer.size());
  return space;
}

std::vector<uint8_t> prk(const ContextParameters& parameters) {
  std::vector<uint8_t> prk(parameters.hkdf->hash_len);
  cose::hkdf_extract(*parameters.hkdf, prk, parameters.master_salt,
                     parameters.master_secret.reveal());
  return prk;
}

TEST_F(AppendixC, HasElevenVectors) {
  EXPECT_EQ(file_.at("vectors").size(), 11u);
  EXPECT_EQ(all_of("key-derivation").size(), 6u);
  EXPECT_EQ(all_of("request").size(), 3u);
  EXPECT_EQ(all_of("response").size(), 2u);
}

TEST_F(AppendixC, KeysAreDerived) {
  for (const Json& vector : all_of("key-derivation")) {
    SCOPED_TRACE(vector.at("id"));
    expect_head(vector);
    const Json& input = vector.at("input");
    const ContextParameters given = parameters(input);
    const auto context = test::derived(given.duplicate());
    const Bytes zero = std::span<const uint8_t>();
    const std::vector<uint8_t> piv_0 = {0};
    check_fields(input, {{"master_secret", any()},
                         {"master_salt", any()},
                         {"master_salt_given", same(!given.master_salt.empty())},
                         {"sender_id", same_bytes(context->sender_id())},
                         {"recipient_id", same_bytes(context->recipient_id())},
                         {"id_context", same_bytes(context->id_context())},
                         {"aead_alg", same(context->aead().number)},
                         {"hkdf", any()}});
    check_fields(vector.at("intermediate"),
                 {{"info_sender_key", same_bytes(info(given, given.sender_id, "Key", 16))},
                  {"info_recipient_key", same_bytes(info(given, given.recipient_id, "Key", 16))},
                  {"info_common_iv", same_bytes(info(given, zero, "IV", 13))}});
    check_fields(
        vector.at("output"),
        {{"sender_key", same_bytes(context->sender_key().reveal())},
         {"recipient_key", same_bytes(context->recipient_key().reveal())},
         {"common_iv", same_bytes(context->common_iv())},
         {"sender_nonce_piv_0", same_bytes(context->sender_nonce().nonce(piv_0).view())},
         {"recipient_nonce_piv_0", same_bytes(context->recipient_nonce().nonce(piv_0).view())}});
    check_fields(vector.at("derived_by_us"), {{"prk", same_bytes(prk(given))}});
  }
}

// Both ends of a message vector; the server's window is empty, as the vectors have it.
struct Ends {
  std::unique_ptr<SecurityContext> client;
  std::unique_ptr<SecurityContext> server;
};

std::string other_end(std::string id) {
  id.back() = id.back() == '1' ? '2' : '1';
  return id;
}

Ends ends(const Json& client, const Json& server) {
  EXPECT_EQ(client.at("role"), "client");
  EXPECT_EQ(server.at("role"), "server");
  Ends ends{test::derived(parameters(client.at("input"))),
            test::derived(parameters(server.at("input")))};
  ends.server->window().initialise_empty();
  return ends;
}

void expect_input(const Json& input, const SecurityContext& sender, Bytes request_kid,
                  Bytes request_piv) {
  check_fields(input, {{"unprotected_coap", any()},
                       {"aead_alg", same(sender.aead().number)},
                       {"hkdf", same("HKDF SHA-256")},
                       {"common_iv", same_bytes(sender.common_iv())},
                       {"sender_id", same_bytes(sender.sender_id())},
                       {"sender_key", same_bytes(sender.sender_key().reveal())},
                       {"sender_sequence_number", any()},
                       {"id_context", same_bytes(sender.id_context())},
                       {"request_kid", same_bytes(request_kid)},
                       {"request_piv", same_bytes(request_piv)}});
}

std::vector<uint8_t> external_aad(const SecurityContext& context, Bytes kid, Bytes piv) {
  std::vector<uint8_t> space(32);
  Writer writer(space);
  write_external_aad(writer, context.aead(), kid, piv);
  space.resize(writer.size());
  return space;
}

void expect_intermediate(const Json& vector, const Sealed& sealed, Bytes aad_array) {
  OscoreOption option;
  ASSERT_EQ(parse_oscore_option(sealed.oscore_option, option), OptionError::kNone);
  const std::optional<Bytes> partial_iv =
      option.partial_iv.empty() ? std::nullopt : std::optional<Bytes>(option.partial_iv);
  check_fields(vector.at("intermediate"), {{"partial_iv", same_bytes(partial_iv)},
                                           {"kid", same_bytes(option.kid)},
                                           {"kid_context", same_bytes(option.kid_context)},
                                           {"external_aad", same_bytes(aad_array)},
                                           {"enc_structure_aad", same_bytes(sealed.aad)},
                                           {"plaintext", same_bytes(sealed.plaintext)},
                                           {"encryption_key", same_bytes(sealed.key)},
                                           {"nonce", same_bytes(sealed.nonce)}});
}

void expect_sealed(const Json& vector, const Sealed& sealed) {
  ASSERT_EQ(sealed.verdict, Verdict::kOk);
  check_fields(vector.at("output"), {{"oscore_option_value", same_bytes(sealed.oscore_option)},
                                     {"ciphertext", same_bytes(sealed.ciphertext)},
                                     {"protected_coap", same_bytes(sealed.datagram)}});
}

void expect_opened(const Json& vector, const Opened& opened) {
  ASSERT_EQ(opened.verdict, Verdict::kOk);
  const Json& intermediate = vector.at("intermediate");
  EXPECT_EQ(to_hex(opened.nonce), intermediate.at("nonce"));
  EXPECT_EQ(to_hex(opened.key), intermediate.at("encryption_key"));
  EXPECT_EQ(to_hex(opened.aad), intermediate.at("enc_structure_aad"));
  EXPECT_EQ(to_hex(opened.plaintext), intermediate.at("plaintext"));
  EXPECT_EQ(to_hex(opened.unprotected), vector.at("input").at("unprotected_coap"));
  check_fields(vector.at("decoded"),
               {{"outer_code", same(opened.outer.code)},
                {"outer_options", same(test::options_json(opened.outer.options))},
                {"inner_code", same(opened.inner.code)},
                {"inner_options", same(test::options_json(opened.inner.options))},
                {"payload", same_bytes(opened.inner.payload)},
                {"token", same_bytes(opened.outer.token)},
                {"message_id", same(opened.outer.message_id)},
                {"type", same(opened.outer.type)}});
}

// Seals the vector's request at the client.
Sealed seal_vector_request(const Json& vector, SecurityContext& client, RequestIdentity& identity) {
  const auto unprotected = hex(vector.at("input").at("unprotected_coap"));
  const uint64_t first = vector.at("input").at("sender_sequence_number");
  OneRange numbers(OneRange::from(first));
  return test::seal_request(client, numbers, parsed(unprotected), identity);
}

TEST_F(AppendixC, RequestsAreProtectedAndUnprotected) {
  for (const Json& request : all_of("request")) {
    SCOPED_TRACE(request.at("id"));
    expect_head(request);
    EXPECT_EQ(request.at("role"), "client");
    const std::string client_id = request.at("security_context");
    const Ends both = ends(vector(client_id), vector(other_end(client_id)));

    RequestIdentity at_client, at_server;
    const Sealed sealed = seal_vector_request(request, *both.client, at_client);
    expect_sealed(request, sealed);
    expect_input(request.at("input"), *both.client, at_client.kid(), at_client.partial_iv());
    expect_intermediate(request, sealed,
                        external_aad(*both.client, at_client.kid(), at_client.partial_iv()));

    const auto datagram = hex(request.at("output").at("protected_coap"));
    const Opened opened = test::open_request(*both.server, datagram, at_server);
    expect_opened(request, opened);
    EXPECT_EQ(to_hex(at_server.kid()), to_hex(at_client.kid()));
    EXPECT_EQ(to_hex(at_server.partial_iv()), to_hex(at_client.partial_iv()));
    EXPECT_EQ(test::open_request(*both.server, datagram, at_server).verdict, Verdict::kReplay);
  }
}

// Both responses answer C.4: C.7 under its nonce, C.8 with an own Partial IV, as if the nonce had
// been used for an earlier response.
TEST_F(AppendixC, ResponsesAreProtectedAndUnprotected) {
  for (const Json& response : all_of("response")) {
    SCOPED_TRACE(response.at("id"));
    expect_head(response);
    EXPECT_EQ(response.at("role"), "server");
    const std::string server_id = response.at("security_context");
    const Ends both = ends(vector(other_end(server_id)), vector(server_id));

    RequestIdentity at_client, at_server;
    const Sealed request = seal_vector_request(vector("C.4"), *both.client, at_client);
    ASSERT_EQ(test::open_request(*both.server, request.datagram, at_server).verdict, Verdict::kOk);
    if (!response.at("intermediate").at("partial_iv").is_null()) {
      ASSERT_TRUE(at_server.take_nonce().has_value());
    }
    const auto unprotected = hex(response.at("input").at("unprotected_coap"));
    OneRange numbers(OneRange::from(response.at("input").at("sender_sequence_number")));
    const Sealed sealed =
        test::seal_response(*both.server, numbers, at_server, parsed(unprotected));
    expect_sealed(response, sealed);
    expect_input(response.at("input"), *both.server, at_server.kid(), at_server.partial_iv());
    expect_intermediate(response, sealed,
                        external_aad(*both.server, at_server.kid(), at_server.partial_iv()));

    const auto datagram = hex(response.at("output").at("protected_coap"));
    expect_opened(response, test::open_response(*both.client, at_client, datagram));
  }
}

}  // namespace
}  // namespace osprey::oscore
