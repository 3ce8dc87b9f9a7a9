// Words for error texts of everything that reads contexts: lists, quotes, and keys nobody knows.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/result.h"

namespace osprey::storage {

std::string in_quotes(std::string_view text);

// "a, b, c".
std::string joined(std::span<const std::string_view> words);

// The names of COSE's algorithms (framework/cose/algorithm.h). Borrowed from them.
template <typename Algorithms>
std::vector<std::string_view> names_of(Algorithms algorithms) {
  std::vector<std::string_view> names;
  for (const auto& algorithm : algorithms) names.push_back(algorithm.name);
  return names;
}

// "WHERE: unknown key "KEY"", with the key of `known` that was most likely meant, or all of them. A
// key may be a value in the wrong place: one that looks like a secret is not repeated (I7).
tl::unexpected<Error> fail_unknown_key(const std::string& where, std::string_view key,
                                       std::span<const std::string_view> known);

}  // namespace osprey::storage
