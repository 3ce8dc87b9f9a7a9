// The engine that a server or a load generator works with, by name.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "framework/base/result.h"
#include "framework/oscore/aead_engine.h"

namespace osprey {

// "auto": ipsec-mb where this CPU can, else OpenSSL.
enum class EngineKind : uint8_t { kAuto, kIpsecMb, kOpenssl };

// "auto", "ipsec-mb", "openssl"; nothing for any other.
std::optional<EngineKind> parse_engine_kind(std::string_view name);

// Which engine kAuto is here; any other is itself.
EngineKind resolve(EngineKind kind);
std::string_view engine_name(EngineKind kind);

// `num_contexts`: about how many it will serve; their keys stay prepared, within a bound. Errors:
// this CPU cannot do what ipsec-mb takes.
Result<std::unique_ptr<oscore::AeadEngine>> make_engine(EngineKind kind, size_t num_contexts);

}  // namespace osprey
