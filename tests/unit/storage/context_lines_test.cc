#include "storage/context_lines.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/storage/support.h"

namespace osprey::storage {
namespace {

constexpr std::string_view kSecretHex = "c0ffee0102030405060708090a0b0c0d";
const std::string kSecretField = "\"master_secret\": \"" + std::string(kSecretHex) + "\"";
const std::string kIdFields = "\"sender_id\": \"01\", \"recipient_id\": \"02\"";

// A good line with `more` before its end.
std::string line_with(const std::string& more) {
  return "{\"name\": \"a\", " + kSecretField + ", " + kIdFields + more + "}";
}

TEST(ContextLines, LeftOutKeysHaveTheDefaultsOfTheRfc) {
  const auto parameters = parse_context_line(line_with(""), 1);
  ASSERT_TRUE(parameters) << error_of(parameters);
  EXPECT_EQ(parameters->name, "a");
  EXPECT_EQ(to_hex(parameters->master_secret.reveal()), kSecretHex);
  EXPECT_TRUE(parameters->master_salt.empty());
  EXPECT_FALSE(parameters->id_context);
  EXPECT_EQ(parameters->sender_id, std::vector<uint8_t>{1});
  EXPECT_EQ(parameters->recipient_id, std::vector<uint8_t>{2});
  EXPECT_EQ(parameters->aead->number, 10);
  EXPECT_EQ(parameters->hkdf->name, "HKDF SHA-256");
  EXPECT_EQ(parameters->replay_window_size, 32u);
  EXPECT_FALSE(parameters->require_kid_context);
}

TEST(ContextLines, EveryKeyIsRead) {
  const auto parameters = parse_context_line(
      line_with(", \"master_salt\": \"9E7ca9\", \"id_context\": \"37cb\", \"algorithm\": "
                "\"ChaCha20/Poly1305\", \"hkdf\": \"HKDF SHA-512\", \"replay_window\": 64, "
                "\"require_kid_context\": true"),
      1);
  ASSERT_TRUE(parameters) << error_of(parameters);
  EXPECT_EQ(to_hex(parameters->master_salt), "9e7ca9");
  EXPECT_EQ(to_hex(*parameters->id_context), "37cb");
  EXPECT_EQ(parameters->aead->number, 24);
  EXPECT_EQ(parameters->hkdf->hash, cose::Hash::kSha512);
  EXPECT_EQ(parameters->replay_window_size, 64u);
  EXPECT_TRUE(parameters->require_kid_context);
}

TEST(ContextLines, AlgorithmsByNumberAndName) {
  for (const cose::AeadAlgorithm& algorithm : cose::aead_algorithms()) {
    const auto by_number =
        parse_context_line(line_with(", \"algorithm\": " + std::to_string(algorithm.number)), 1);
    ASSERT_TRUE(by_number) << error_of(by_number);
    EXPECT_EQ(by_number->aead, &algorithm);
    const auto by_name = parse_context_line(
        line_with(", \"algorithm\": \"" + std::string(algorithm.name) + "\""), 1);
    ASSERT_TRUE(by_name) << error_of(by_name);
    EXPECT_EQ(by_name->aead, &algorithm);
  }
}

TEST(ContextLines, NoIdContextAndAnEmptyOneDiffer) {
  const auto null = parse_context_line(line_with(", \"id_context\": null"), 1);
  ASSERT_TRUE(null);
  EXPECT_FALSE(null->id_context);
  const auto empty = parse_context_line(line_with(", \"id_context\": \"\""), 1);
  ASSERT_TRUE(empty);
  ASSERT_TRUE(empty->id_context);
  EXPECT_TRUE(empty->id_context->empty());
}

TEST(ContextLines, SpacesAndOtherEndsOfLineAreFine) {
  EXPECT_TRUE(parse_context_line(line_with("") + "\r", 1));
  const std::string spread = "  { \"master_secret\"  :\t\"" + std::string(kSecretHex) +
                             "\" , \"name\":\"\\\"master_secret\\\"\"," + kIdFields + " } ";
  const auto parameters = parse_context_line(spread, 1);
  ASSERT_TRUE(parameters) << error_of(parameters);
  EXPECT_EQ(parameters->name, "\"master_secret\"");
  EXPECT_EQ(to_hex(parameters->master_secret.reveal()), kSecretHex);
}

TEST(ContextLines, BadLinesSayLineKeyAndWhatIsExpected) {
  const std::string kHead = "{\"name\": \"a\", ";
  const std::string kTail = ", " + kIdFields + "}";
  const std::string kSecretExpected =
      "line 7: key \"master_secret\": expected hex digits in quotes, two for each byte, for 1 to "
      "64 bytes";
  const std::string kIdExpected =
      "expected hex digits in quotes, two for each byte, for at most 7 bytes";
  const struct {
    std::string line;
    std::string error;
  } kCases[] = {
      {"",
       "line 7: not JSON from column 1 on\n  to mend: one object per line, "
       "{\"name\": \"...\", ...}"},
      {"[1]", "line 7: expected one JSON object\n  to mend: {\"name\": \"...\", ...}"},
      {"null", "line 7: expected one JSON object\n  to mend: {\"name\": \"...\", ...}"},
      {"{}", "line 7: key \"name\" is missing\n  to mend: add it to the line"},
      {kHead + kIdFields + "}",
       "line 7: key \"master_secret\" is missing\n  to mend: add it to the line"},
      {kHead + kSecretField + "}",
       "line 7: key \"sender_id\" is missing\n  to mend: add it to the line"},
      {kHead + kSecretField + ", \"sender_id\": \"\"}",
       "line 7: key \"recipient_id\" is missing\n  to mend: add it to the line"},

      // Names.
      {"{\"name\": 5, " + kSecretField + kTail, "line 7: key \"name\": expected text in quotes"},
      {"{\"name\": \"\", " + kSecretField + kTail, "line 7: key \"name\": expected 1 to 128 bytes"},
      {"{\"name\": \"" + std::string(129, 'n') + "\", " + kSecretField + kTail,
       "line 7: key \"name\": expected 1 to 128 bytes"},
      {"{\"name\": \"a\\nb\", " + kSecretField + kTail,
       "line 7: key \"name\": expected UTF-8 text without control characters"},

      // Secrets.
      {kHead + "\"master_secret\": 12" + kTail, kSecretExpected},
      {kHead + "\"master_secret\": null" + kTail, kSecretExpected},
      {kHead + "\"master_secret\": \"\"" + kTail, kSecretExpected},
      {kHead + "\"master_secret\": \"c0f\"" + kTail, kSecretExpected},
      {kHead + "\"master_secret\": \"c0ffeg\"" + kTail, kSecretExpected},
      {kHead + "\"master_secret\": \"\\u0063\\u0030\"" + kTail, kSecretExpected},
      {kHead + "\"master_secret\": \"" + std::string(130, 'c') + "\"" + kTail, kSecretExpected},
      {kHead + "\"master\\u005fsecret\": \"c0ffee\"" + kTail,
       "line 7: key \"master_secret\": expected the key itself without escapes"},
      {kHead + "\"master_secret\": \"(hidden)\"" + kTail,
       "line 7: key \"master_secret\" was left out when this line was written\n  to mend: write it "
       "with --reveal"},

      // Other bytes.
      {line_with(", \"master_salt\": \"" + std::string(512, '0') + "\""),
       "line 7: key \"master_salt\": expected hex digits in quotes, two for each byte, for at most "
       "255 bytes"},
      {line_with(", \"id_context\": false"),
       "line 7: key \"id_context\": expected hex digits in quotes, two for each byte, for at most "
       "255 bytes"},
      {kHead + kSecretField + ", \"sender_id\": \"0102030405060708\", \"recipient_id\": \"\"}",
       "line 7: key \"sender_id\": " + kIdExpected},
      {kHead + kSecretField + ", \"sender_id\": \"\", \"recipient_id\": \"x\"}",
       "line 7: key \"recipient_id\": " + kIdExpected},

      // Numbers, names, flags.
      {line_with(", \"algorithm\": \"AES-CCM-16-64-12\""),
       "line 7: key \"algorithm\": expected one of A128GCM, A192GCM, A256GCM, AES-CCM-16-64-128, "
       "AES-CCM-16-64-256, AES-CCM-64-64-128, AES-CCM-64-64-256, ChaCha20/Poly1305, "
       "AES-CCM-16-128-128, AES-CCM-16-128-256, AES-CCM-64-128-128, AES-CCM-64-128-256\n  to mend: "
       "write \"algorithm\": \"AES-CCM-16-64-128\""},
      {line_with(", \"hkdf\": \"SHA-256\""),
       "line 7: key \"hkdf\": expected one of HKDF SHA-256, HKDF SHA-384, HKDF SHA-512"},
      {line_with(", \"hkdf\": \"hkdf sha256\""),
       "line 7: key \"hkdf\": expected one of HKDF SHA-256, HKDF SHA-384, HKDF SHA-512\n  to mend: "
       "write \"hkdf\": \"HKDF SHA-256\""},
      {line_with(", \"replay_window\": 0"),
       "line 7: key \"replay_window\": expected a number from 1 to 4096"},
      {line_with(", \"replay_window\": 4097"),
       "line 7: key \"replay_window\": expected a number from 1 to 4096"},
      {line_with(", \"replay_window\": -1"),
       "line 7: key \"replay_window\": expected a number from 1 to 4096"},
      {line_with(", \"replay_window\": 32.5"),
       "line 7: key \"replay_window\": expected a number from 1 to 4096"},
      {line_with(", \"replay_window\": 18446744073709551648"),
       "line 7: key \"replay_window\": expected a number from 1 to 4096"},
      {line_with(", \"require_kid_context\": 1"),
       "line 7: key \"require_kid_context\": expected true or false"},

      // Keys.
      {line_with(", \"sender_ID\": \"01\""),
       "line 7: unknown key \"sender_ID\"\n  to mend: write \"sender_id\""},
      {line_with(", \"replay-window\": 32"),
       "line 7: unknown key \"replay-window\"\n  to mend: write \"replay_window\""},
      {line_with(", \"colour\": 1"),
       "line 7: unknown key \"colour\"\n  to mend: the keys are name, master_secret, master_salt, "
       "id_context, sender_id, recipient_id, algorithm, hkdf, replay_window, require_kid_context"},
      {line_with(", \"sender_id\": \"05\""),
       "line 7: key \"sender_id\" stands there twice\n  to mend: leave one of them out"},
      {line_with(", " + kSecretField),
       "line 7: key \"master_secret\" stands there twice\n  to mend: leave one of them out"},

      // Broken lines. Columns count from 1.
      {line_with("") + " {}", "line 7: not JSON from column " +
                                  std::to_string(line_with("").size() + 2) +
                                  " on\n  to mend: one object per line, {\"name\": \"...\", ...}"},
      {"{\"name\": \"a\", x}",
       "line 7: not JSON from column 15 on\n  to mend: one object per line, {\"name\": \"...\", "
       "...}"},
      // Found by fuzzing: the JSON library throws something else than for text that is no JSON.
      {"{\"name\": 1e10111}",
       "line 7: a number is too large\n  to mend: algorithm and replay_window are the only "
       "numbers"},
      {std::string(4097, ' '), "line 7: longer than 4096 bytes\n  to mend: one object per line"},
  };
  for (const auto& c : kCases) {
    const auto parameters = parse_context_line(c.line, 7);
    EXPECT_EQ(error_of(parameters), c.error) << c.line;
  }
}

TEST(ContextLines, UnknownAlgorithmNumbersAreRefused) {
  for (const char* number :
       {"0", "-1", "9", "34", "4294967306", "10.0", "true", "[10]", "\"10\""}) {
    EXPECT_FALSE(parse_context_line(line_with(", \"algorithm\": " + std::string(number)), 1))
        << number;
  }
}

TEST(ContextLines, NamesMustBeUtf8) {
  EXPECT_TRUE(parse_context_line(
      "{\"name\": \"F\xc3\xbchler 3\", " + kSecretField + "," + kIdFields + "}", 1));
  EXPECT_FALSE(
      parse_context_line("{\"name\": \"\xff\", " + kSecretField + "," + kIdFields + "}", 1));
  oscore::ContextParameters parameters = numbered_context(1);
  for (const char* name : {"\xff", "\xc3", "a\tb", "\x7f", ""}) {
    parameters.name = name;
    EXPECT_FALSE(check_writable(parameters)) << name;
  }
}

// Goal: no error repeats any part of a secret, wherever it stands. Method: damage a good line at
// every place, and put the secret where it does not belong.
TEST(ContextLines, SecretsAreNeverInAnError) {
  const auto check = [](const std::string& line) {
    const std::string error = error_of(parse_context_line(line, 1));
    for (size_t i = 0; i + 6 <= kSecretHex.size(); ++i) {
      EXPECT_EQ(error.find(kSecretHex.substr(i, 6)), std::string::npos) << error;
    }
  };
  const std::string good = line_with("");
  for (size_t i = 0; i <= good.size(); ++i) {
    check(good.substr(0, i));
    check(good.substr(i));
    for (const char* put_in : {"\"", "\\", "{", "}", "\n", ",", ":", "x", "\xff"}) {
      check(std::string(good).insert(i, put_in));
      if (i < good.size()) check(std::string(good).replace(i, 1, put_in));
    }
  }
  const std::string secret(kSecretHex);
  for (const char* key : {"name", "master_salt", "sender_id", "algorithm", "hkdf", "colour",
                          "replay_window", "require_kid_context", "id_context", "master_secrets"}) {
    check("{\"" + std::string(key) + "\": \"" + secret + "\"}");
    check("{\"" + secret + "\": \"" + key + "\"}");
    check("{\"" + secret.substr(0, 20) + "\": \"" + key + "\"}");
  }
}

// None when `len` is 0.
std::optional<std::vector<uint8_t>> id_context_of(size_t len) {
  if (len == 0) return std::nullopt;
  return std::vector<uint8_t>(len, 0xcd);
}

TEST(ContextLines, WhatIsWrittenComesBack) {
  oscore::ContextParameters parameters = numbered_context(77);
  parameters.name = "quote \" backslash \\ umlaut \xc3\xbc emoji \xf0\x9f\x90\xa6";
  for (const cose::AeadAlgorithm& aead : cose::aead_algorithms()) {
    for (const cose::HkdfAlgorithm& hkdf : cose::hkdf_algorithms()) {
      for (const bool has_context : {false, true}) {
        parameters.aead = &aead;
        parameters.hkdf = &hkdf;
        parameters.require_kid_context = has_context;
        parameters.replay_window_size = has_context ? 4096 : 1;
        parameters.master_salt.assign(has_context ? 255 : 0, 0xab);
        parameters.id_context = id_context_of(has_context ? 255 : 0);
        const SecretText line = write_context_line(parameters, Reveal::kYes);
        const auto back = parse_context_line(line, 1);
        ASSERT_TRUE(back) << error_of(back) << "\n" << line;
        EXPECT_EQ(back->name, parameters.name);
        EXPECT_TRUE(equal(back->master_secret.reveal(), parameters.master_secret.reveal()));
        EXPECT_EQ(back->master_salt, parameters.master_salt);
        EXPECT_EQ(back->id_context, parameters.id_context);
        EXPECT_EQ(back->sender_id, parameters.sender_id);
        EXPECT_EQ(back->recipient_id, parameters.recipient_id);
        EXPECT_EQ(back->aead, parameters.aead);
        EXPECT_EQ(back->hkdf, parameters.hkdf);
        EXPECT_EQ(back->replay_window_size, parameters.replay_window_size);
        EXPECT_EQ(back->require_kid_context, parameters.require_kid_context);
        EXPECT_EQ(write_context_line(*back, Reveal::kYes), line);
      }
    }
  }
}

TEST(ContextLines, ALineBetweenStoresHasTheOwnNumberToo) {
  const oscore::ContextParameters parameters = numbered_context(9);
  constexpr uint64_t kAllUsed = uint64_t{1} << 40;
  const SecretText line = write_exported_line(parameters, kAllUsed, Reveal::kYes);
  uint64_t sender_sequence = 0;
  const auto back = parse_exported_line(line, 1, sender_sequence);
  ASSERT_TRUE(back) << error_of(back);
  EXPECT_EQ(back->name, parameters.name);
  EXPECT_EQ(sender_sequence, kAllUsed);
  EXPECT_TRUE(
      parse_exported_line(write_context_line(parameters, Reveal::kYes), 1, sender_sequence));
  EXPECT_EQ(sender_sequence, 0u);
  EXPECT_FALSE(parse_context_line(line, 1));  // in a store's own file it would be ignored
  for (const char* number : {"-1", "1.0", "\"1\"", "null", "1099511627777"}) {
    EXPECT_EQ(error_of(parse_exported_line(
                  line_with(", \"sender_sequence\": " + std::string(number)), 7, sender_sequence)),
              "line 7: key \"sender_sequence\": expected a number from 0 to 1099511627776");
  }
}

TEST(ContextLines, LongestValuesFitALine) {
  oscore::ContextParameters parameters = numbered_context(1);
  parameters.name.clear();
  for (size_t i = 0; i < kMaxContextNameLen; ++i) parameters.name += '"';
  const std::vector<uint8_t> secret(oscore::kMaxMasterSecretLen, 1);
  parameters.master_secret = Secret<oscore::kMaxMasterSecretLen>(secret);
  parameters.master_salt.assign(kMaxSaltLen, 2);
  parameters.id_context = id_context_of(kMaxIdContextLen);
  EXPECT_TRUE(parse_context_line(write_context_line(parameters, Reveal::kYes), 1));
  uint64_t sender_sequence = 0;
  EXPECT_TRUE(parse_exported_line(write_exported_line(parameters, uint64_t{1} << 40, Reveal::kYes),
                                  1, sender_sequence));
}

TEST(ContextLines, WithoutRevealTheSecretIsLeftOut) {
  const oscore::ContextParameters parameters = numbered_context(5);
  const SecretText line = write_context_line(parameters, Reveal::kNo);
  EXPECT_EQ(line.find(to_hex(parameters.master_secret.reveal())), SecretText::npos);
  EXPECT_NE(line.find("\"master_secret\": \"(hidden)\""), SecretText::npos);
  EXPECT_FALSE(parse_context_line(line, 1));
}

}  // namespace
}  // namespace osprey::storage
