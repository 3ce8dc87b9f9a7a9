// The contexts that `osprey context add` or `replace` describes: one with the keys given, or many
// with drawn ones.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "framework/base/result.h"
#include "framework/oscore/context.h"

namespace osprey::cli {

inline constexpr size_t kDrawnSecretLen = 16;  // bytes

// IDs, salt, secret and ID Context as hex.
struct ContextArguments {
  std::string name;
  std::optional<std::string> sender_id;
  std::optional<std::string> recipient_id;
  std::optional<std::string> master_secret;
  std::optional<std::string> master_salt;
  std::optional<std::string> id_context;
  std::string algorithm = "AES-CCM-16-64-128";
  std::string hkdf = "HKDF SHA-256";
  uint32_t window = 32;
  bool require_kid_context = false;
  std::optional<uint32_t> count;  // many: NAME-0, NAME-1, ..., IDs are prefixes
};

// The i-th context of a command.
using MakeContext = std::function<oscore::ContextParameters(uint32_t i)>;

Result<MakeContext> contexts_of(const ContextArguments& arguments);

// As the other end sees it.
oscore::ContextParameters mirrored(const oscore::ContextParameters& from);

}  // namespace osprey::cli
