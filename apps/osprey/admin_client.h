// The command line's end of a server's admin socket (apps/launch/admin_protocol.h).
#pragma once

#include <span>
#include <string>

#include <nlohmann/json.hpp>

#include "framework/base/result.h"
#include "storage/provisioner.h"

namespace osprey::cli {

class AdminClient {
 public:
  explicit AdminClient(std::string socket) : socket_(std::move(socket)) {}

  const std::string& socket() const { return socket_; }

  // True if somebody listens there.
  bool is_answered() const;

  // One request, over a connection of its own, with `contexts` in the lines after it. The answer;
  // an error when it is one, or when none comes. Windows are not sent.
  Result<nlohmann::json> call(const nlohmann::json& request,
                              std::span<const storage::NewContext> contexts = {}) const;

 private:
  std::string socket_;
};

}  // namespace osprey::cli
