#include "apps/launch/report.h"

#include <cstdio>

#include <nlohmann/json.hpp>

namespace osprey {

using oscore::Verdict;

void Totals::add(const pipeline::VerdictCounters& counters) {
  for (size_t i = 0; i < by_verdict.size(); ++i) by_verdict[i] += counters[i].read();
}

void Totals::add(const Worker& worker) {
  add(worker.counters());
  const std::vector<Tally> tallies = worker.tallies();
  port.resize(tallies.size());
  for (size_t i = 0; i < tallies.size(); ++i) {
    port[i].name = tallies[i].name;
    port[i].count += tallies[i].count;
  }
}

uint64_t Totals::received() const {
  uint64_t sum = 0;
  for (const uint64_t count : by_verdict) sum += count;
  // What went on later is counted again then; a reply that the kernel did not take belongs to a
  // request that is counted already.
  const Totals& totals = *this;
  return sum - totals[Verdict::kHandedOver] - totals[Verdict::kAwaitsContext] -
         totals[Verdict::kSendFailed];
}

std::string totals_json(const Totals& totals) {
  nlohmann::ordered_json json;
  json["received"] = totals.received();
  for (size_t i = 1; i < totals.by_verdict.size(); ++i) {
    json[std::string(info(static_cast<Verdict>(i)).name)] = totals.by_verdict[i];
  }
  for (const Tally& tally : totals.port) json["port"][std::string(tally.name)] = tally.count;
  return json.dump();
}

std::string health_json(const storage::StoreThread::Health& health) {
  nlohmann::ordered_json json;
  json["contexts"] = health.num_contexts;
  json["loaded"] = health.num_loaded;
  json["has_all"] = health.has_all;
  json["damaged"] = health.num_damaged;
  json["last_damage"] = health.last_damage;
  json["epoch"] = health.epoch;
  json["reservations"] = health.num_reservations;
  json["is_behind"] = health.is_behind;
  json["failures"] = health.num_failures;
  json["last_failure"] = health.last_failure;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
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
  for (const Tally& tally : totals.port) {
    if (tally.count != 0)
      text += "  frames " + std::string(tally.name) + ": " + std::to_string(tally.count) + "\n";
  }
  return text;
}

}  // namespace osprey
