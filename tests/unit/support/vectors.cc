#include "tests/unit/support/vectors.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "framework/base/check.h"
#include "framework/coap/option.h"

namespace osprey::test {

Json load_vectors(std::string_view name) {
  std::ifstream file(std::string(OSPREY_VECTORS_DIR) + "/" + std::string(name) + ".json");
  CHECK(file.is_open());
  return Json::parse(file);
}

std::optional<std::vector<uint8_t>> optional_hex(const Json& value) {
  if (value.is_null()) return std::nullopt;
  return hex(value);
}

Json options_json(Bytes options) {
  Json list = Json::array();
  coap::OptionReader reader(options);
  while (const auto option = reader.next()) {
    list.push_back(Json::array({option->number, to_hex(option->value)}));
  }
  EXPECT_FALSE(reader.failed());
  return list;
}

void expect_known_fields(const Json& object, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : object.items()) {
    EXPECT_NE(std::find(known.begin(), known.end(), name), known.end())
        << "field " << name << " is not known here";
  }
}

void check_fields(const Json& object, const FieldChecks& checks) {
  for (const auto& [name, value] : object.items()) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, "field " + name);
    const auto check = checks.find(name);
    if (check == checks.end()) {
      ADD_FAILURE() << "no test looks at it";
      continue;
    }
    check->second(value);
  }
}

std::function<void(const Json&)> same_bytes(const std::optional<Bytes>& bytes) {
  return [ours = to_hex(bytes)](const Json& value) {
    EXPECT_EQ(ours, value.is_null() ? "null" : value.get<std::string>());
  };
}

std::function<void(const Json&)> same(Json expected) {
  return [ours = std::move(expected)](const Json& value) { EXPECT_EQ(ours, value); };
}

std::function<void(const Json&)> any() {
  return [](const Json&) {};
}

}  // namespace osprey::test
