// The JSON files of tests/vectors.
//
// A vector with a field or a value that a test does not know fails that test: what nobody looks at
// proves nothing. check_fields() is how a test looks at every field of an object.
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "framework/base/bytes.h"
#include "tests/unit/support/hex.h"

namespace osprey::test {

using Json = nlohmann::json;

// tests/vectors/NAME.json. A file that is not there or does not parse ends the program.
Json load_vectors(std::string_view name);

// Bytes from a JSON string of hex; a template, so that text never passes for JSON.
template <std::same_as<Json> T>
std::vector<uint8_t> hex(const T& value) {
  return hex(std::string_view(value.template get_ref<const std::string&>()));
}
// null is nothing.
std::optional<std::vector<uint8_t>> optional_hex(const Json& value);

// Options of a message as the vectors write them: [[number, hex], ...].
Json options_json(Bytes options);

// Fails the running test for each field of `object` that is not in `known`.
void expect_known_fields(const Json& object, std::initializer_list<std::string_view> known);

using FieldChecks = std::map<std::string, std::function<void(const Json&)>>;

// Calls the check of every field of `object`; fails the running test for a field without a check.
void check_fields(const Json& object, const FieldChecks& checks);

// A check that wants exactly these bytes, in hex, or null for nothing.
std::function<void(const Json&)> same_bytes(const std::optional<Bytes>& bytes);
// A check that wants this value.
std::function<void(const Json&)> same(Json expected);
// For a field that was an input, or that tells people something.
std::function<void(const Json&)> any();

}  // namespace osprey::test
