#include "storage/import/aiocoap_sequence.h"

#include <array>
#include <bit>

#include <nlohmann/json.hpp>

#include "storage/masked_json.h"

namespace osprey::storage {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 2> kKeys = {"next-to-send", "received"};
constexpr JsonForm kForm{
    .keys = kKeys,
    .rule = "one object",
    .example = "{\"next-to-send\": 10, \"received\": \"unknown\"}",
    .numbers = "write \"received\": \"unknown\"; the window is then made anew by Echo",
};

// nullptr when the key is not there.
const Json* find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

bool is_number(const Json* json) {
  return json != nullptr && json->is_number_unsigned() && *json <= kMaxSequenceFloor;
}

ImportedWindow window_of(uint64_t index, uint64_t bitfield) {
  ImportedWindow window{.first = index, .seen = {}};
  for (; bitfield != 0; bitfield >>= 1) window.seen.push_back((bitfield & 1) != 0);
  return window;
}

Result<std::optional<ImportedWindow>> received_of(const Json* json, const std::string& place) {
  if (json != nullptr && *json == "unknown") return std::optional<ImportedWindow>();
  const auto refused = fail(
      place + ": key \"received\": expected \"unknown\", or {\"index\": ..., \"bitfield\": ...}",
      "write \"unknown\"; the window is then made anew by Echo");
  if (json == nullptr || !json->is_object()) return refused;
  const Json* index = find(*json, "index");
  const Json* bitfield = find(*json, "bitfield");
  if (index == nullptr || bitfield == nullptr) return refused;
  // A program that stopped in order, but had "unknown" itself and never an Echo.
  if (index->is_null() && bitfield->is_null()) return std::optional<ImportedWindow>();
  if (!is_number(index)) return refused;
  // The JSON library makes whole numbers of more than 64 bits floating.
  if (bitfield->is_number_float() && *bitfield >= 0x1p64) return std::optional<ImportedWindow>();
  if (!bitfield->is_number_unsigned()) return refused;
  auto window = window_of(index->get<uint64_t>(), bitfield->get<uint64_t>());
  if (window.next() > kMaxSequenceFloor) return refused;
  return std::optional(std::move(window));
}

}  // namespace

Result<AiocoapSequence> parse_aiocoap_sequence(std::string_view text, const std::string& place) {
  const auto object = parse_object(mask_secret(text, {}), kForm, place);
  if (!object) return tl::unexpected(object.error());
  const Json* next = find(*object, "next-to-send");
  if (!is_number(next)) {
    return fail(place + ": key \"next-to-send\": expected a number from 0 to " +
                std::to_string(kMaxSequenceFloor));
  }
  auto received = received_of(find(*object, "received"), place);
  if (!received) return tl::unexpected(received.error());
  return AiocoapSequence{next->get<uint64_t>(), std::move(*received)};
}

}  // namespace osprey::storage
