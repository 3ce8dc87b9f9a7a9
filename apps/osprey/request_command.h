// `osprey get|post|put|delete|fetch|patch|ipatch URI`: one protected request, its answer whole.
#pragma once

#include <optional>
#include <string>

#include "framework/coap/code.h"

namespace osprey::cli {

struct RequestArguments {
  std::string uri;
  std::string store;
  std::string context;
  bool non = false;
  std::optional<std::string> payload;
  std::optional<std::string> payload_hex;
  std::optional<std::string> payload_file;
  std::optional<uint16_t> content_format;
  std::optional<uint16_t> accept;
  double timeout_s = 20;
  bool json = false;
  bool verbose = false;
  bool hex = false;
};

// Returns the exit code: 0 for a 2.xx answer.
int run_request(coap::Code method, const RequestArguments& arguments);

}  // namespace osprey::cli
