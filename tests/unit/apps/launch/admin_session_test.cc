#include "apps/launch/admin_session.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "apps/launch/admin_protocol.h"
#include "tests/unit/apps/launch/served_store.h"

namespace osprey {
namespace {

using test::context_line;
using test::ServedStore;

constexpr const char* kOk = R"({"ok": true})";
constexpr std::string_view kSecret = "00112233445566778899aabbccddeeff";

class Session : public ::testing::Test {
 protected:
  // The last line's answer; earlier ones must have none.
  std::string say(const std::vector<std::string>& lines) {
    std::optional<std::string> answer;
    for (const std::string& line : lines) {
      EXPECT_FALSE(answer.has_value()) << *answer << " before " << line;
      answer = session_.take(line);
    }
    return answer.value_or("(nothing)");
  }
  std::string cause(const std::vector<std::string>& lines) {
    const auto answer = nlohmann::json::parse(say(lines));
    EXPECT_EQ(answer["ok"], false);
    return answer["cause"];
  }
  void add(const std::string& name, uint32_t number) {
    EXPECT_EQ(say({R"({"operation": "add", "contexts": 1})", context_line(name, number)}), kOk);
  }

  ServedStore store_;
  AdminTarget target_ = store_.target();
  AdminSession session_{target_, "the test"};
};

TEST_F(Session, AddsAGroupAndAnswersOnceForAllOfIt) {
  EXPECT_EQ(say({R"({"operation": "add", "contexts": 3})", context_line("a", 1),
                 context_line("b", 2), context_line("c", 3)}),
            kOk);
  EXPECT_EQ(store_.contexts(), "a b c ");
  EXPECT_FALSE(session_.is_over());
}

TEST_F(Session, WhatAContextBringsAlongStaysWithIt) {
  EXPECT_EQ(say({R"({"operation": "add", "contexts": 1})", context_line("a", 1, 77'000'000)}), kOk);
  const auto reader = storage::Store::open(store_.path(), storage::OpenMode::kInspect);
  EXPECT_GE(*(*reader)->used_below(**(*reader)->find("a")), 77'000'000u);
}

TEST_F(Session, OneBadLineRefusesTheGroupAndTheNextRequestIsUnderstood) {
  EXPECT_TRUE(cause({R"({"operation": "add", "contexts": 3})", context_line("a", 1), "nonsense",
                     context_line("c", 3)})
                  .starts_with("line 2: not JSON"));
  EXPECT_EQ(store_.contexts(), "");
  EXPECT_FALSE(session_.is_over());
  add("b", 2);
  EXPECT_EQ(store_.contexts(), "b ");
}

TEST_F(Session, WhatTheStoreRefusesIsTold) {
  add("a", 1);
  EXPECT_EQ(
      cause({R"({"operation": "add", "contexts": 2})", context_line("b", 2), context_line("a", 3)}),
      "there is a context named a already");
  EXPECT_EQ(store_.contexts(), "a ");
}

TEST_F(Session, ReplacesRemovesDisablesAndEnables) {
  add("a", 1);
  add("b", 2);
  EXPECT_EQ(say({R"({"operation": "disable", "name": "a"})"}), kOk);
  EXPECT_EQ(store_.contexts(), "a! b ");
  EXPECT_EQ(say({R"({"operation": "enable", "name": "a"})"}), kOk);
  EXPECT_EQ(store_.contexts(), "a b ");
  EXPECT_EQ(say({R"({"operation": "replace"})", context_line("a", 9)}), kOk);
  const auto reader = storage::Store::open(store_.path(), storage::OpenMode::kInspect);
  EXPECT_EQ((*(*reader)->find("a"))->record.parameters.recipient_id,
            storage::numbered_context(9).recipient_id);
  EXPECT_EQ(say({R"({"operation": "remove", "name": "a"})"}), kOk);
  EXPECT_EQ(store_.contexts(), "b ");
  for (const char* operation : {"remove", "enable", "disable"}) {
    const std::string request = std::string(R"({"name": "a", "operation": ")") + operation + "\"}";
    EXPECT_TRUE(cause({request}).starts_with("there is no context named a")) << operation;
  }
  EXPECT_TRUE(cause({R"({"operation": "replace"})", context_line("a", 9)})
                  .starts_with("there is no context named a"));
}

TEST_F(Session, StatusTellsOfTheStoreAndTheCounters) {
  add("a", 1);
  const auto answer = nlohmann::json::parse(say({R"({"operation": "status"})"}));
  EXPECT_EQ(answer["ok"], true);
  EXPECT_EQ(answer["store"]["failures"], 0);
  EXPECT_TRUE(answer["store"].contains("is_behind"));
  EXPECT_EQ(answer["counters"]["served"], 7);
}

// Goal: what is no request is refused with what was expected, and ends the session.
TEST_F(Session, MalformedRequests) {
  const std::string expected = "the request: key \"operation\": expected one of add, replace, ";
  const std::pair<std::string, std::string> rows[] = {
      {"", "the request: not JSON"},
      {"add", "the request: not JSON"},
      {"[]", "the request: expected one JSON object"},
      {"{}", expected},
      {R"({"operation": 3})", expected},
      {R"({"operation": "drop"})", expected},
      {R"({"operation": "status", "operation": "add"})", "the request: key \"operation\" stands"},
      {R"({"operation": "status", "nme": "a"})", "the request: unknown key \"nme\""},
      {R"({"operation": "remove"})", "the request: key \"name\""},
      {R"({"operation": "remove", "name": 1})", "the request: key \"name\""},
      {R"({"operation": "remove", "name": "a\n[info] admin"})", "the request: key \"name\""},
      {R"({"operation": "remove", "name": ")" + std::string(129, 'a') + "\"}", "the request: key"},
      {R"({"operation": "add"})", "the request: key \"contexts\": expected a number from 1 to"},
      {R"({"operation": "add", "contexts": 0})", "the request: key \"contexts\""},
      {R"({"operation": "add", "contexts": 1001})", "the request: key \"contexts\""},
      {R"({"operation": "add", "contexts": -1})", "the request: key \"contexts\""},
      {R"({"operation": "add", "contexts": 1.5})", "the request: key \"contexts\""},
      {R"({"operation": "add", "contexts": 1e999})", "the request: a number is too large"},
      {"{\"operation\": \"remove\", \"name\": \"\xff\"}", "the request: not JSON"},
  };
  for (const auto& [line, wanted] : rows) {
    AdminSession session(target_, "the test");
    const auto answer = session.take(line);
    ASSERT_TRUE(answer.has_value()) << line;
    const std::string cause = nlohmann::json::parse(*answer)["cause"];
    EXPECT_TRUE(cause.starts_with(wanted)) << line << "\n" << cause;
    EXPECT_TRUE(session.is_over()) << line;
  }
}

// Goal: no answer repeats key material, wherever it stands (I7).
TEST_F(Session, SecretsAreNeverEchoed) {
  const std::string secret(kSecret);
  const std::string add = R"({"operation": "add", "contexts": 1})";
  const std::vector<std::string> rows[] = {
      {R"({"operation": "remove", "master_secret": ")" + secret + "\"}"},
      {R"({"operation": ")" + secret + "\"}"},
      {R"({"operation": "status", ")" + secret + "\": 1}"},
      {R"({"name": "a", "master_secret": ")" + secret + "\""},
      {add, R"({"name": "a", "master_secret": ")" + secret},
      {add, R"({"name": "a", "master_secret": ")" + secret + "zz\"}"},
      {add, R"({"name": "a", "master_secret": ")" + secret + R"(", "nme": 1})"},
      {add, R"({"name": "a", "sender_id": ")" + secret + R"(", "recipient_id": "zz"})"},
      {add, "{\"" + secret + "\": 1}"},
  };
  for (const auto& lines : rows) {
    AdminSession session(target_, "the test");
    std::optional<std::string> answer;
    for (const std::string& line : lines) answer = session.take(line);
    ASSERT_TRUE(answer.has_value()) << lines.back();
    EXPECT_EQ(answer->find(secret.substr(0, 8)), std::string::npos) << *answer;
  }
}

TEST(AdminFailure, IsJsonWhateverTheErrorSays) {
  const auto answer = nlohmann::json::parse(admin_failure({"a \"b\" \xff\n", "c"}));
  EXPECT_EQ(answer["ok"], false);
  EXPECT_EQ(answer["mend"], "c");
}

}  // namespace
}  // namespace osprey
