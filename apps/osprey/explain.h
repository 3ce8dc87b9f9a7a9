// `osprey explain HEX`: one datagram field by field and, with its context, decrypted.
//
// The store is only read: no lock, no epoch, no sequence number, no replay window.
#pragma once

#include <optional>
#include <string>

namespace osprey::cli {

struct ExplainArguments {
  std::string hex;
  std::optional<std::string> store;
  std::optional<std::string> context;
  std::optional<std::string> request_hex;
  bool json = false;
};

// 0 if the datagram decodes, and decrypts where a store is given; else 1.
int run_explain(const ExplainArguments& arguments);

}  // namespace osprey::cli
