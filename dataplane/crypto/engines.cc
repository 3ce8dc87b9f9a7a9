#include "dataplane/crypto/engines.h"

#include <algorithm>

#include "dataplane/crypto/ipsec_mb_engine.h"
#include "dataplane/crypto/openssl_engine.h"

namespace osprey {
namespace {

// Two keys for each context, and as much again, so that few share a slot.
constexpr size_t kKeysPerContext = 4;
constexpr size_t kMinKeys = 256;

struct Row {
  EngineKind kind;
  std::string_view name;
};
constexpr Row kRows[] = {
    {EngineKind::kAuto, "auto"},
    {EngineKind::kIpsecMb, "ipsec-mb"},
    {EngineKind::kOpenssl, "openssl"},
};

}  // namespace

std::optional<EngineKind> parse_engine_kind(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

EngineKind resolve(EngineKind kind) {
  if (kind != EngineKind::kAuto) return kind;
  return IpsecMbEngine::architectures().empty() ? EngineKind::kOpenssl : EngineKind::kIpsecMb;
}

std::string_view engine_name(EngineKind kind) {
  return std::ranges::find(kRows, kind, &Row::kind)->name;
}

Result<std::unique_ptr<oscore::AeadEngine>> make_engine(EngineKind kind, size_t num_contexts) {
  const size_t num_keys = std::max(kMinKeys, kKeysPerContext * num_contexts);
  if (resolve(kind) == EngineKind::kOpenssl) {
    return std::make_unique<OpensslEngine>(std::min(num_keys, OpensslEngine::kDefaultCachedKeys));
  }
  auto engine = IpsecMbEngine::make(IpsecMbEngine::Architecture::kBest,
                                    std::min(num_keys, IpsecMbEngine::kMaxCachedKeys));
  if (!engine) return tl::unexpected(std::move(engine.error()));
  return std::move(*engine);
}

}  // namespace osprey
