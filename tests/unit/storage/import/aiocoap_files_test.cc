#include "storage/import/aiocoap_files.h"

#include "tests/unit/storage/import/support.h"

namespace osprey::storage {
namespace {

const std::string kSecret = "{\"secret_hex\": \"" + std::string(kSecretHex) + "\"}";
const std::string kIds = "\"sender-id_hex\": \"01\", \"recipient-id_ascii\": \"c\"";

AiocoapFiles files_of(const std::string& settings, const std::string& secret = kSecret) {
  AiocoapFiles files;
  files.settings = SecretText(settings);
  files.secret = SecretText(secret);
  return files;
}

Result<ImportedContext> parse(const AiocoapFiles& files) { return parse_aiocoap(files, "n", "d"); }

// Good settings with `more` in them.
AiocoapFiles settings_with(const std::string& more) { return files_of("{" + kIds + more + "}"); }

AiocoapFiles sequence_with(const std::string& sequence) {
  AiocoapFiles files = settings_with("");
  files.sequence = SecretText(sequence);
  return files;
}

TEST(AiocoapFiles, LeftOutKeysHaveTheDefaultsOfAiocoap) {
  const auto context = parse(settings_with(""));
  ASSERT_TRUE(context) << error_of(context);
  EXPECT_EQ(context->parameters.name, "n");
  EXPECT_EQ(to_hex(context->parameters.master_secret.reveal()), kSecretHex);
  EXPECT_TRUE(context->parameters.master_salt.empty());
  EXPECT_FALSE(context->parameters.id_context);
  EXPECT_EQ(to_hex(context->parameters.sender_id), "01");
  EXPECT_EQ(as_text(context->parameters.recipient_id), "c");
  EXPECT_EQ(context->parameters.aead->number, 10);
  EXPECT_EQ(context->parameters.hkdf->name, "HKDF SHA-256");
  EXPECT_EQ(context->parameters.replay_window_size, 32u);
  EXPECT_EQ(context->sequence_floor, 0u);
  EXPECT_FALSE(context->window);
  EXPECT_EQ(context->source, "d");
}

TEST(AiocoapFiles, EveryKeyIsReadFromEitherFile) {
  const std::string common =
      "\"algorithm\": \"A256GCM\", \"kdf-hashfun\": \"sha384\", \"window\": 64,\n"
      "\"id-context_hex\": \"\", \"salt_ascii\": \"\\u0041b\"";
  const std::string secret = "\"secret_ascii\" : \"sixteen letters!\"";
  AiocoapFiles one;
  one.secrets = SecretText("{" + kIds + "," + common + "," + secret + "}");
  for (const AiocoapFiles& files :
       {one, files_of("{" + kIds + "}", "{" + common + "," + secret + "}"),
        files_of("{" + secret + "," + common + "}", "{" + kIds + "}")}) {
    const auto context = parse(files);
    ASSERT_TRUE(context) << error_of(context);
    EXPECT_EQ(as_text(context->parameters.master_secret.reveal()), "sixteen letters!");
    EXPECT_EQ(as_text(context->parameters.master_salt), "Ab");
    EXPECT_TRUE(context->parameters.id_context.value().empty());
    EXPECT_EQ(context->parameters.aead->name, "A256GCM");
    EXPECT_EQ(context->parameters.hkdf->name, "HKDF SHA-384");
    EXPECT_EQ(context->parameters.replay_window_size, 64u);
  }
}

TEST(AiocoapFiles, AlgorithmsByNumberAndNullForNoIdContext) {
  const auto context = parse(settings_with(", \"algorithm\": 24, \"id-context\": null"));
  ASSERT_TRUE(context) << error_of(context);
  EXPECT_EQ(context->parameters.aead->name, "ChaCha20/Poly1305");
  EXPECT_FALSE(context->parameters.id_context);
}

TEST(AiocoapFiles, BadFilesSayWhichWhereAndWhy) {
  const std::string secret(kSecretHex);
  const std::string kText =
      "d/secret.json: key \"secret_hex\": expected text in quotes without "
      "escapes";
  const struct {
    AiocoapFiles files;
    std::string error;
  } kCases[] = {
      {files_of("{" + kIds + "}", "{}"),
       "d: there is no secret in its JSON files\n  to mend: add it, as in {\"secret_hex\": "
       "\"...\"}"},
      {files_of("{\"sender-id_hex\": \"\"}"),
       "d: there is no recipient-id in its JSON files\n  to mend: add it, as in "
       "{\"recipient-id_hex\": \"...\"}"},
      {files_of("{\"recipient-id_hex\": \"\"}"),
       "d: there is no sender-id in its JSON files\n  to mend: add it, as in "
       "{\"sender-id_hex\": \"...\"}"},
      {settings_with(", \"secret_ascii\": \"x\""),
       "d: secret stands in secret.json and in settings.json, which aiocoap refuses\n  to mend: "
       "leave it in one of them"},
      {settings_with(", \"sender-id_ascii\": \"x\""),
       "d/settings.json: sender-id stands there twice\n  to mend: leave one of them out"},
      {settings_with(", \"sender-id_hex\": \"02\""),
       "d/settings.json: key \"sender-id_hex\" stands there twice\n  to mend: leave one of them "
       "out"},
      {files_of("{\"sender-id\": \"01\", \"recipient-id_hex\": \"02\"}"),
       "d/settings.json: unknown key \"sender-id\"\n  to mend: write \"sender-id_hex\""},
      {settings_with(", \"algoritm\": \"A128GCM\""),
       "d/settings.json: unknown key \"algoritm\"\n  to mend: write \"algorithm\""},
      {settings_with(", \"salt_hex\": \"0g\""),
       "d/settings.json: key \"salt_hex\": expected hex digits, two for each byte, for at most 255 "
       "bytes"},
      {settings_with(", \"salt_ascii\": \"\xc3\xbc\""),
       "d/settings.json: key \"salt_ascii\": expected at most 255 ASCII characters"},
      {settings_with(", \"salt_hex\": 12"),
       "d/settings.json: key \"salt_hex\": expected text in quotes"},
      {settings_with(", \"id-context\": \"aa\""),
       "d/settings.json: key \"id-context\": expected the suffix _hex or _ascii"},
      {settings_with(", \"window\": \"32\""),
       "d/settings.json: key \"window\": expected a number from 1 to 4096"},
      {settings_with(", \"window\": 32.0"),
       "d/settings.json: key \"window\": expected a number from 1 to 4096"},
      {settings_with(", \"window\": 0"),
       "d/settings.json: key \"window\": expected a number from 1 to 4096"},
      {settings_with(", \"kdf-hashfun\": \"SHA-256\""),
       "d/settings.json: key \"kdf-hashfun\": expected one of sha256, sha384, sha512\n  to mend: "
       "write sha256"},
      {files_of("{\"sender-id_hex\": \"01\", \"recipient-id_ascii\": \"\\u0001\"}"),
       "d: context n: sender_id and recipient_id are equal\n  to mend: give each end an ID of its "
       "own"},
      {files_of("{\"sender-id_hex\": \"0102\", \"recipient-id_hex\": \"\", \"algorithm\": "
                "\"AES-CCM-64-64-128\"}"),
       "d: context n: sender_id has 2 bytes, but AES-CCM-64-64-128 allows at most 1\n  to mend: "
       "shorten the ID, or choose an algorithm with a longer nonce"},
      {files_of("{" + kIds + "}", "{\"secret_hex\": \"\"}"),
       "d/secret.json: key \"secret_hex\": expected hex digits, two for each byte, for 1 to 64 "
       "bytes"},
      {files_of("{" + kIds + "}", "{\"secret_hex\": 5}"), kText},
      {files_of("{" + kIds + "}", "{\"secret_hex\": \"\\u0030\"}"), kText},
      {files_of("{" + kIds + "}", "{\"secret\\u005fhex\": \"" + secret + "\"}"), kText},
      {files_of("{" + kIds + "}", "{\n\"secret_hex\": \"" + secret + "\", x}"),
       "d/secret.json: not JSON from line 2, column 51 on\n  to mend: one object, "
       "{\"sender-id_hex\": \"01\", ...}"},
      {files_of("[]"),
       "d/settings.json: expected one JSON object\n  to mend: "
       "{\"sender-id_hex\": \"01\", ...}"},
  };
  for (const auto& c : kCases) {
    const std::string error = error_of(parse(c.files));
    EXPECT_EQ(error, c.error);
    expect_no_secret(error);
  }
}

// Method: damage the file of the secret at every place.
TEST(AiocoapFiles, SecretsAreNeverInAnError) {
  for (size_t i = 0; i <= kSecret.size(); ++i) {
    expect_no_secret(error_of(parse(files_of("{}", kSecret.substr(0, i)))));
    expect_no_secret(error_of(parse(files_of("{}", kSecret.substr(i)))));
    for (const char* put_in : {"\"", "\\", "{", "}", "\n", ",", ":", "x"}) {
      expect_no_secret(error_of(parse(files_of("{}", std::string(kSecret).insert(i, put_in)))));
    }
  }
  for (const char* key : {"secret", "secret_b64", "sender-id_hex", "algorithm", "window"}) {
    const std::string file = "{\"" + std::string(key) + "\": \"" + std::string(kSecretHex) + "\"}";
    expect_no_secret(error_of(parse(files_of(file))));
  }
}

TEST(AiocoapFiles, AWindowCountsOnlyIfItIsInTheSequenceFile) {
  const auto unknown = parse(sequence_with("{\"next-to-send\": 30, \"received\": \"unknown\"}"));
  ASSERT_TRUE(unknown) << error_of(unknown);
  EXPECT_EQ(unknown->sequence_floor, 30u);
  EXPECT_FALSE(unknown->window);

  const auto known =
      parse(sequence_with("{\"next-to-send\": 7, \"received\": {\"index\": 4, \"bitfield\": 5}}"));
  ASSERT_TRUE(known) << error_of(known);
  EXPECT_EQ(known->sequence_floor, 7u);
  ASSERT_TRUE(known->window);
  EXPECT_EQ(known->window->first, 4u);
  EXPECT_EQ(known->window->seen, (std::vector<bool>{true, false, true}));
  EXPECT_EQ(known->window->next(), 7u);
}

TEST(AiocoapFiles, ABitfieldOf64BitsIsReadAndALongerOneUnknown) {
  const std::string head = "{\"next-to-send\": 0, \"received\": {\"index\": 0, \"bitfield\": ";
  const auto longest = parse(sequence_with(head + "18446744073709551615}}"));
  ASSERT_TRUE(longest) << error_of(longest);
  ASSERT_TRUE(longest->window);
  EXPECT_EQ(longest->window->seen, std::vector<bool>(64, true));
  const auto longer = parse(sequence_with(head + "18446744073709551616}}"));
  ASSERT_TRUE(longer) << error_of(longer);
  EXPECT_FALSE(longer->window);
}

TEST(AiocoapFiles, ABadSequenceFileIsRefused) {
  const std::string kNumber =
      "d/sequence.json: key \"next-to-send\": expected a number from 0 to 1099511627776";
  const std::string kReceived =
      "d/sequence.json: key \"received\": expected \"unknown\", or {\"index\": ..., \"bitfield\": "
      "...}\n  to mend: write \"unknown\"; the window is then made anew by Echo";
  const struct {
    std::string sequence;
    std::string error;
  } kCases[] = {
      {"{\"received\": \"unknown\"}", kNumber},
      {"{\"next-to-send\": -1, \"received\": \"unknown\"}", kNumber},
      {"{\"next-to-send\": 1099511627777, \"received\": \"unknown\"}", kNumber},
      {"{\"next-to-send\": 1.0, \"received\": \"unknown\"}", kNumber},
      {"{\"next-to-send\": 1}", kReceived},
      {"{\"next-to-send\": 1, \"received\": \"known\"}", kReceived},
      {"{\"next-to-send\": 1, \"received\": {\"index\": 1}}", kReceived},
      {"{\"next-to-send\": 1, \"received\": {\"bitfield\": 1}}", kReceived},
      {"{\"next-to-send\": 1, \"received\": {\"index\": null, \"bitfield\": 1}}", kReceived},
      {"{\"next-to-send\": 1, \"received\": {\"index\": -1, \"bitfield\": 1}}", kReceived},
      {"{\"next-to-send\": 1, \"received\": {\"index\": 1, \"bitfield\": -1}}", kReceived},
      {"{\"next-to-send\": 1, \"received\": {\"index\": 1, \"bitfield\": 1.5}}", kReceived},
      {"{\"next-to-send\": 1, \"received\": {\"index\": 1099511627776, \"bitfield\": 1}}",
       kReceived},
  };
  for (const auto& c : kCases) EXPECT_EQ(error_of(parse(sequence_with(c.sequence))), c.error);
}

TEST(AiocoapFiles, WhatIsWrittenComesBack) {
  oscore::ContextParameters parameters = full_context();
  parameters.name = "n";
  for (const cose::HkdfAlgorithm& hkdf : cose::hkdf_algorithms()) {
    parameters.hkdf = &hkdf;
    const auto files = write_aiocoap(parameters, 4711, Reveal::kYes);
    ASSERT_TRUE(files) << error_of(files);
    EXPECT_EQ(files->settings->find(to_hex(parameters.master_secret.reveal())), SecretText::npos);
    const auto back = parse(*files);
    ASSERT_TRUE(back) << error_of(back);
    expect_same(back->parameters, parameters);
    EXPECT_EQ(back->sequence_floor, 4711u);
    EXPECT_FALSE(back->window);
    parameters.id_context.reset();
    parameters.master_salt.clear();
  }
  EXPECT_EQ(error_of(write_aiocoap(parameters, 0, Reveal::kNo)),
            "context n: an aiocoap directory holds the master secret\n  to mend: write it with "
            "--reveal");
}

}  // namespace
}  // namespace osprey::storage
