#include "apps/launch/report.h"

#include <gtest/gtest.h>

#include "tests/unit/support/vectors.h"

namespace osprey {
namespace {

using oscore::Verdict;
using test::Json;

Totals some_totals() {
  pipeline::VerdictCounters one{};
  one[static_cast<size_t>(Verdict::kServed)].add(5);
  one[static_cast<size_t>(Verdict::kHandedOver)].add(2);
  one[static_cast<size_t>(Verdict::kReplay)].add(1);
  pipeline::VerdictCounters other{};
  other[static_cast<size_t>(Verdict::kServed)].add(7);
  other[static_cast<size_t>(Verdict::kSendFailed)].add(3);
  Totals totals;
  totals.add(one);
  totals.add(other);
  return totals;
}

// What was handed over is counted at its owner, and a reply that was not sent belongs to a request
// that is counted already.
TEST(Totals, CountEachDatagramOnce) {
  const Totals totals = some_totals();
  EXPECT_EQ(totals[Verdict::kServed], 12u);
  EXPECT_EQ(totals.received(), 13u);
  EXPECT_EQ(Totals().received(), 0u);
}

TEST(Totals, JsonHasEveryVerdictAndWhatWasReceived) {
  const std::string text = totals_json(some_totals());
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const Json json = Json::parse(text);
  EXPECT_EQ(json.size(), oscore::kNumVerdicts);  // without in_flight, with received
  EXPECT_EQ(json.at("received"), 13);
  EXPECT_EQ(json.at("served"), 12);
  EXPECT_EQ(json.at("replay"), 1);
  EXPECT_EQ(json.at("send_failed"), 3);
  EXPECT_EQ(json.at("challenged"), 0);
  EXPECT_TRUE(text.starts_with("{\"received\":13,\"served\":12,"));
}

TEST(Totals, TextTellsWhatOccurredWithItsMeaning) {
  EXPECT_EQ(totals_text(Totals()), "received 0 datagrams\n");
  const std::string text = totals_text(some_totals());
  EXPECT_TRUE(text.starts_with("received 13 datagrams\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 4);
  EXPECT_NE(text.find("            12  served                   the application answered"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace osprey
