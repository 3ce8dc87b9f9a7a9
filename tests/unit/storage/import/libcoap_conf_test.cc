#include "storage/import/libcoap_conf.h"

#include "tests/unit/storage/import/support.h"

namespace osprey::storage {
namespace {

const std::string kSecretLine = "master_secret,hex,\"" + std::string(kSecretHex) + "\"\n";
const std::string kIdLines = "sender_id,ascii,\"server\"\nrecipient_id,ascii,\"client\"\n";
const std::string kGood = kSecretLine + kIdLines;

Result<LibcoapConf> parse(const std::string& text) {
  return parse_libcoap_conf(text, "server", "server.conf");
}

std::string text_of(const std::vector<uint8_t>& bytes) { return std::string(as_text(bytes)); }

TEST(LibcoapConf, LeftOutKeywordsHaveTheirDefaults) {
  const auto conf = parse(kGood);
  ASSERT_TRUE(conf) << error_of(conf);
  ASSERT_EQ(conf->contexts.size(), 1u);
  EXPECT_EQ(conf->ssn_freq, 1u);
  const ImportedContext& context = conf->contexts[0];
  EXPECT_EQ(context.parameters.name, "server");
  EXPECT_EQ(to_hex(context.parameters.master_secret.reveal()), kSecretHex);
  EXPECT_TRUE(context.parameters.master_salt.empty());
  EXPECT_FALSE(context.parameters.id_context);
  EXPECT_EQ(text_of(context.parameters.sender_id), "server");
  EXPECT_EQ(text_of(context.parameters.recipient_id), "client");
  EXPECT_EQ(context.parameters.aead->number, 10);
  EXPECT_EQ(context.parameters.hkdf->name, "HKDF SHA-256");
  EXPECT_EQ(context.parameters.replay_window_size, 32u);
  EXPECT_EQ(context.source, "server.conf");
  EXPECT_FALSE(context.window);
}

TEST(LibcoapConf, EveryKeywordIsRead) {
  const auto conf = parse(
      "# a comment\n\r\n\n"
      "master_secret,ascii,secret without quotes\r\n"
      "master_salt,hex,9E7c\nid_context,ascii,\"\xc3\xbc\"\nsender_id,hex,\"\"\n"
      "recipient_id,hex,01\naead_alg,text,\"AES-CCM-16-64-256\"\nhkdf_alg,integer,-11\n"
      "replay_window,integer,30\nssn_freq,integer,500\nrfc8613_b_1_2,bool,false\n"
      "rfc8613_b_2,bool,false\nbreak_sender_key,bool,false\nsilent_server,bool,false\n");
  ASSERT_TRUE(conf) << error_of(conf);
  ASSERT_EQ(conf->contexts.size(), 1u);
  EXPECT_EQ(conf->ssn_freq, 500u);
  const oscore::ContextParameters& parameters = conf->contexts[0].parameters;
  EXPECT_EQ(as_text(parameters.master_secret.reveal()), "secret without quotes");
  EXPECT_EQ(to_hex(parameters.master_salt), "9e7c");
  EXPECT_EQ(to_hex(*parameters.id_context), "c3bc");
  EXPECT_TRUE(parameters.sender_id.empty());
  EXPECT_EQ(parameters.aead->number, 11);
  EXPECT_EQ(parameters.hkdf->hash, cose::Hash::kSha512);
  EXPECT_EQ(parameters.replay_window_size, 30u);
}

TEST(LibcoapConf, EachRecipientIdIsAContext) {
  const auto conf = parse(kGood + "recipient_id,hex,\"0a0b\"\n");
  ASSERT_TRUE(conf) << error_of(conf);
  ASSERT_EQ(conf->contexts.size(), 2u);
  EXPECT_EQ(conf->contexts[0].parameters.name, "server-636c69656e74");
  EXPECT_EQ(conf->contexts[1].parameters.name, "server-0a0b");
  EXPECT_EQ(to_hex(conf->contexts[1].parameters.recipient_id), "0a0b");
  EXPECT_EQ(to_hex(conf->contexts[1].parameters.master_secret.reveal()), kSecretHex);
}

TEST(LibcoapConf, BadLinesSayFileLineAndWhatIsExpected) {
  const std::string kMore = "server.conf: line 4: ";
  const struct {
    std::string text;
    std::string error;
  } kCases[] = {
      {kIdLines,
       "server.conf: there is no master_secret\n  to mend: add a line "
       "master_secret,hex,\"...\""},
      {kSecretLine,
       "server.conf: there is no sender_id\n  to mend: add a line "
       "sender_id,hex,\"...\""},
      {kSecretLine + "sender_id,hex,01\n",
       "server.conf: there is no recipient_id\n  to mend: add "
       "a line recipient_id,hex,\"...\""},
      {kGood + "recipient-id,hex,01\n",
       kMore + "unknown key \"recipient-id\"\n  to mend: write \"recipient_id\""},
      {kGood + " aead_alg,integer,10\n",
       kMore + "unknown key \" aead_alg\"\n  to mend: write \"aead_alg\""},
      {kGood + "sender_id,hex,02\n",
       kMore + "keyword \"sender_id\" stands there twice\n  to mend: leave one of them out"},
      {kGood + "master_salt,base64,AQ\n",
       kMore + "keyword \"master_salt\": expected the encoding hex or ascii"},
      {kGood + "replay_window,hex,20\n",
       kMore + "keyword \"replay_window\": expected the encoding integer"},
      {kGood + "replay_window,integer,0\n",
       kMore + "key \"replay_window\": expected a number from 1 to 4096"},
      {kGood + "replay_window,integer,32 # usual\n",
       kMore + "key \"replay_window\": expected a number from 1 to 4096"},
      {kGood + "ssn_freq,integer,0\n", kMore + "key \"ssn_freq\": expected a number above 0"},
      {kGood + "aead_alg,integer,9\n",
       kMore + "key \"aead_alg\": expected one of A128GCM, A192GCM, A256GCM, AES-CCM-16-64-128, "
               "AES-CCM-16-64-256, AES-CCM-64-64-128, AES-CCM-64-64-256, ChaCha20/Poly1305, "
               "AES-CCM-16-128-128, AES-CCM-16-128-256, AES-CCM-64-128-128, AES-CCM-64-128-256"},
      {kGood + "hkdf_alg,text,direct+HKDF-SHA256\n",
       kMore + "key \"hkdf_alg\": expected one of -10, direct+HKDF-SHA-256, -11, "
               "direct+HKDF-SHA-512\n  to mend: write direct+HKDF-SHA-256"},
      {kGood + "rfc8613_b_1_2,bool,yes\n", kMore + "key \"rfc8613_b_1_2\": expected true or false"},
      {kGood + "rfc8613_b_2,bool,true\n",
       kMore + "keyword \"rfc8613_b_2\" is not supported (RFC 8613 B.2)\n  to mend: set it to "
               "false at both ends"},
      {kGood + "break_recipient_key,bool,true\n",
       kMore + "keyword \"break_recipient_key\" is for tests of libcoap itself\n  to mend: leave "
               "it out"},
      {kGood + "complex_recipient,config,'\n",
       kMore + "keyword \"complex_recipient\" is not supported\n  to mend: write the ID that is in "
               "it as a line of its own"},
      {kGood + "last_seq,unsigned64,5\n",
       kMore + "keyword \"last_seq\" is not supported\n  to mend: leave it out: an Echo exchange "
               "makes the window anew (RFC 8613 B.1.2)"},
      {kGood + "master_salt\n",
       kMore + "expected keyword,encoding,value\n  to mend: as in sender_id,hex,\"01\""},
      {kGood + "master_salt,hex,\"01\n", kMore + "the quote does not close"},
      {kGood + "master_salt,hex,\"01\" \n", kMore + "the line goes on after its closing quote"},
      {kGood + "master_salt,hex,\"01\"",
       kMore + "libcoap does not read a last line without an end of line\n  to mend: delete that "
               "line, or end it, if the other end has its value"},
      {kSecretLine + "sender_id,ascii,12345678\nrecipient_id,hex,01\n",
       "server.conf: line 2: key \"sender_id\": expected at most 7 characters"},
      {kSecretLine + "sender_id,hex,01\nrecipient_id,ascii,\"\1\"\n",
       "server.conf: context server: sender_id and recipient_id are equal\n  to mend: give each "
       "end "
       "an ID of its own"},
      {kGood + "aead_alg,integer,12\n",
       "server.conf: context server: sender_id has 6 bytes, but AES-CCM-64-64-128 allows at most 1"
       "\n  to mend: shorten the ID, or choose an algorithm with a longer nonce"},
  };
  for (const auto& c : kCases) EXPECT_EQ(error_of(parse(c.text)), c.error) << c.text;
}

// Method: damage a good file at every place.
TEST(LibcoapConf, SecretsAreNeverInAnError) {
  for (size_t i = 0; i <= kGood.size(); ++i) {
    expect_no_secret(error_of(parse(kGood.substr(i))));
    for (const char* put_in : {"\"", ",", "\n", "#", "x"}) {
      expect_no_secret(error_of(parse(std::string(kGood).insert(i, put_in))));
      if (i < kGood.size())
        expect_no_secret(error_of(parse(std::string(kGood).replace(i, 1, put_in))));
    }
  }
}

TEST(LibcoapConf, TheSequenceFileIsAFloorWithOneRunMore) {
  const struct {
    const char* text;
    uint64_t ssn_freq;
    uint64_t floor;
  } kCases[] = {
      {"", 1, 1},
      {"0\n", 1, 1},
      {"500\n", 100, 600},
      {"7", 1, 8},
      {"1099511627776\n", 5, kMaxSequenceFloor},
      {"3\n", UINT64_MAX, kMaxSequenceFloor},
  };
  for (const auto& c : kCases) {
    const auto floor = parse_libcoap_sequence(c.text, c.ssn_freq, "seq");
    ASSERT_TRUE(floor) << error_of(floor);
    EXPECT_EQ(*floor, c.floor) << c.text;
  }
  for (const char* text :
       {"x", "-1\n", "1 2\n", "0x10", "1099511627777\n", "99999999999999999999"}) {
    EXPECT_EQ(error_of(parse_libcoap_sequence(text, 1, "seq")),
              "seq: expected one number from 0 to 1099511627776")
        << text;
  }
}

TEST(LibcoapConf, WhatIsWrittenComesBack) {
  oscore::ContextParameters parameters = full_context();
  parameters.name = "server";
  for (const cose::AeadAlgorithm& aead : cose::aead_algorithms()) {
    parameters.aead = &aead;
    parameters.recipient_id = {2};
    const auto text = write_libcoap_conf(parameters, Reveal::kYes);
    ASSERT_TRUE(text) << error_of(text);
    const auto back = parse(std::string(*text));
    ASSERT_TRUE(back) << error_of(back) << "\n" << *text;
    expect_same(back->contexts.at(0).parameters, parameters);
    parameters.id_context.reset();
    parameters.master_salt.clear();
    parameters.sender_id.clear();
  }
  EXPECT_EQ(*parse_libcoap_sequence(write_libcoap_sequence(99), 1, "seq"), 100u);
}

TEST(LibcoapConf, WhatLibcoapCannotHaveIsNotWritten) {
  oscore::ContextParameters parameters = full_context();
  EXPECT_EQ(error_of(write_libcoap_conf(parameters, Reveal::kNo)),
            "context context-77: a libcoap configuration holds the master secret\n  to mend: write "
            "it with --reveal");
  parameters.hkdf = cose::find_hkdf("HKDF SHA-384");
  EXPECT_EQ(error_of(write_libcoap_conf(parameters, Reveal::kYes)),
            "context context-77: libcoap has no number for HKDF SHA-384\n  to mend: use HKDF "
            "SHA-256 or HKDF SHA-512 at both ends");
  parameters.hkdf = cose::find_hkdf("HKDF SHA-256");
  parameters.replay_window_size = 4096;
  parameters.name = "server";
  const auto text = write_libcoap_conf(parameters, Reveal::kYes);
  EXPECT_EQ(parse(std::string(*text))->contexts.at(0).parameters.replay_window_size, 63u);
}

}  // namespace
}  // namespace osprey::storage
