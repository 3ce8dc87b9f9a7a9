#include "apps/launch/report.h"

#include <cstdio>

#include <nlohmann/json.hpp>

namespace osprey {

using oscore::Verdict;

void Totals::add(const pipeline::VerdictCounters& counters) {
  for (size_t i = 0; i < by_verdict.size(); ++i) by_verdict[i] += counters[i].read();
}

uint64_t Totals::received() const {
  uint64_t sum = 0;
  for (const uint64_t count : by_verdict) sum += count;
  // A reply that the kernel did not take belongs to a request that is counted already.
  const Totals& totals = *this;
  return sum - totals[Verdict::kHandedOver] - totals[Verdict::kSendFailed];
}

std::string totals_json(const Totals& totals) {
  nlohmann::ordered_json json;
  json["received"] = totals.received();
  for (size_t i = 1; i < totals.by_verdict.size(); ++i) {
    json[std::string(info(static_cast<Verdict>(i)).name)] = totals.by_verdict[i];
  }
  return json.dump();
}

std::string totals_text(const Totals& totals) {
  std::string text = "received " + std::to_string(totals.received()) + " datagrams\n";
  for (size_t i = 1; i < totals.by_verdict.size(); ++i) {
    if (totals.by_verdict[i] == 0) continue;
    const oscore::VerdictInfo& verdict = info(static_cast<Verdict>(i));
    char line[256];
    std::snprintf(line, sizeof line, "  %12llu  %-24.*s %.*s\n",
                  static_cast<unsigned long long>(totals.by_verdict[i]),
                  static_cast<int>(verdict.name.size()), verdict.name.data(),
                  static_cast<int>(verdict.meaning.size()), verdict.meaning.data());
    text += line;
  }
  return text;
}

}  // namespace osprey
