#include "storage/import/csv.h"

#include "tests/unit/storage/import/support.h"

namespace osprey::storage {
namespace {

const std::string kHeader = "name,master_secret,sender_id,recipient_id";
const std::string kRow = "a," + std::string(kSecretHex) + ",01,02";

CsvColumns columns(const std::string& header) {
  auto parsed = CsvColumns::parse(header, "f.csv: line 1");
  EXPECT_TRUE(parsed) << error_of(parsed);
  return parsed ? std::move(*parsed) : CsvColumns();
}

Result<ImportedContext> row(const std::string& header, const std::string& line) {
  return columns(header).parse_row(line, "f.csv: line 7");
}

TEST(Csv, LeftOutColumnsAndEmptyValuesAreTheDefaults) {
  for (const std::string more : {"",
                                 ",master_salt,id_context,algorithm,hkdf,replay_window,"
                                 "require_kid_context,sender_sequence"}) {
    const auto context = row(kHeader + more, kRow + (more.empty() ? "" : ",,,,,,,"));
    ASSERT_TRUE(context) << error_of(context);
    EXPECT_EQ(context->parameters.name, "a");
    EXPECT_EQ(to_hex(context->parameters.master_secret.reveal()), kSecretHex);
    EXPECT_TRUE(context->parameters.master_salt.empty());
    EXPECT_FALSE(context->parameters.id_context);
    EXPECT_EQ(context->parameters.sender_id, std::vector<uint8_t>{1});
    EXPECT_EQ(context->parameters.recipient_id, std::vector<uint8_t>{2});
    EXPECT_EQ(context->parameters.aead->number, 10);
    EXPECT_EQ(context->parameters.hkdf->name, "HKDF SHA-256");
    EXPECT_EQ(context->parameters.replay_window_size, 32u);
    EXPECT_FALSE(context->parameters.require_kid_context);
    EXPECT_EQ(context->sequence_floor, 0u);
    EXPECT_FALSE(context->window);
    EXPECT_EQ(context->source, "f.csv: line 7");
  }
}

TEST(Csv, ColumnsStandInAnyOrder) {
  const auto context =
      row("\xef\xbb\xbfsender_sequence,recipient_id,algorithm,master_secret,name,sender_id",
          "4096,02,24," + std::string(kSecretHex) + ",\"b \"\"1\"\", c\",01");
  ASSERT_TRUE(context) << error_of(context);
  EXPECT_EQ(context->parameters.name, "b \"1\", c");
  EXPECT_EQ(context->parameters.aead->name, "ChaCha20/Poly1305");
  EXPECT_EQ(context->parameters.recipient_id, std::vector<uint8_t>{2});
  EXPECT_EQ(context->sequence_floor, 4096u);
}

TEST(Csv, NoIdContextAndAnEmptyOneDiffer) {
  EXPECT_FALSE(row(kHeader + ",id_context", kRow + ",")->parameters.id_context);
  const auto empty = row(kHeader + ",id_context", kRow + ",empty");
  ASSERT_TRUE(empty) << error_of(empty);
  ASSERT_TRUE(empty->parameters.id_context);
  EXPECT_TRUE(empty->parameters.id_context->empty());
}

TEST(Csv, BadHeadersSayWhatIsMeant) {
  const struct {
    std::string header;
    std::string error;
  } kCases[] = {
      {kHeader + ",sender_ID", "p: unknown key \"sender_ID\"\n  to mend: write \"sender_id\""},
      {kHeader + ",name",
       "p: column \"name\" stands there twice\n  to mend: leave one of them out"},
      {"name,sender_id,recipient_id",
       "p: there is no column \"master_secret\"\n  to mend: the first line names the columns: "
       "name,master_secret,sender_id,recipient_id"},
      {"\"name",
       "p: the quote that opens value 1 does not close\n  to mend: a value in quotes "
       "ends on its line; a quote inside is written \"\""},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(error_of(CsvColumns::parse(c.header, "p")), c.error) << c.header;
  }
  expect_no_secret(error_of(CsvColumns::parse(kRow, "p")));
}

TEST(Csv, BadRowsSayPlaceKeyAndWhatIsExpected) {
  const std::string secret(kSecretHex);
  const struct {
    std::string more;  // a column more
    std::string line;
    std::string error;
  } kCases[] = {
      {"", "a," + secret + ",01",
       "f.csv: line 7: 3 values for 4 columns\n  to mend: one value for each column; empty is the "
       "default"},
      {"", kRow + ",",
       "f.csv: line 7: 5 values for 4 columns\n  to mend: one value for each "
       "column; empty is the default"},
      {"", "a,,01,02",
       "f.csv: line 7: key \"master_secret\": expected hex digits, two for each "
       "byte, for 1 to 64 bytes"},
      {"", "a,(hidden),01,02",
       "f.csv: line 7: key \"master_secret\" was left out when this was "
       "written\n  to mend: write it with --reveal"},
      {"", "a," + secret + ",0x01,02",
       "f.csv: line 7: key \"sender_id\": expected hex digits, two "
       "for each byte, for at most 7 bytes"},
      {"", "a," + secret + ",01,01",
       "f.csv: line 7: context a: sender_id and recipient_id are "
       "equal\n  to mend: give each end an ID of its own"},
      {"", "," + secret + ",01,02", "f.csv: line 7: key \"name\": expected 1 to 128 bytes"},
      {"", "\"a\"b," + secret + ",01,02",
       "f.csv: line 7: value 1 goes on after its closing quote"
       "\n  to mend: a quote inside is written \"\""},
      {"", "a\"b," + secret + ",01,02",
       "f.csv: line 7: value 1 has a quote in it\n  to mend: put the value in quotes, and write "
       "\"\" for the quote"},
      {",replay_window", kRow + ",0",
       "f.csv: line 7: key \"replay_window\": expected a number from 1 to 4096"},
      {",replay_window", kRow + ", 32",
       "f.csv: line 7: key \"replay_window\": expected a number from 1 to 4096"},
      {",require_kid_context", kRow + ",yes",
       "f.csv: line 7: key \"require_kid_context\": expected true or false"},
      {",hkdf", kRow + ",HKDF SHA256",
       "f.csv: line 7: key \"hkdf\": expected one of HKDF SHA-256, HKDF SHA-384, HKDF SHA-512\n  "
       "to mend: write HKDF SHA-256"},
      {",sender_sequence", kRow + ",1099511627777",
       "f.csv: line 7: key \"sender_sequence\": expected a number from 0 to 1099511627776"},
      {",sender_sequence", kRow + ",-1",
       "f.csv: line 7: key \"sender_sequence\": expected a number from 0 to 1099511627776"},
  };
  for (const auto& c : kCases) {
    const std::string error = error_of(row(kHeader + c.more, c.line));
    EXPECT_EQ(error, c.error) << c.line;
    expect_no_secret(error);
  }
}

TEST(Csv, WhatIsWrittenComesBack) {
  oscore::ContextParameters parameters = full_context();
  parameters.name = "quote \" comma , umlaut \xc3\xbc";
  parameters.require_kid_context = true;
  const CsvColumns all = columns(write_csv_header());
  for (const bool has_context : {true, false}) {
    if (!has_context) parameters.id_context.reset();
    const SecretText line = write_csv_row(parameters, kMaxSequenceFloor, Reveal::kYes);
    const auto back = all.parse_row(line, "p");
    ASSERT_TRUE(back) << error_of(back) << "\n" << line;
    expect_same(back->parameters, parameters);
    EXPECT_TRUE(back->parameters.require_kid_context);
    EXPECT_EQ(back->sequence_floor, kMaxSequenceFloor);
  }
  parameters.id_context = std::vector<uint8_t>();
  const auto back = all.parse_row(write_csv_row(parameters, 0, Reveal::kYes), "p");
  ASSERT_TRUE(back) << error_of(back);
  EXPECT_EQ(back->parameters.id_context, parameters.id_context);
}

TEST(Csv, WithoutRevealTheSecretIsLeftOut) {
  const oscore::ContextParameters parameters = full_context();
  const SecretText line = write_csv_row(parameters, 0, Reveal::kNo);
  EXPECT_EQ(line.find(to_hex(parameters.master_secret.reveal())), SecretText::npos);
  EXPECT_NE(line.find(",(hidden),"), SecretText::npos);
  EXPECT_FALSE(columns(write_csv_header()).parse_row(line, "p"));
}

}  // namespace
}  // namespace osprey::storage
