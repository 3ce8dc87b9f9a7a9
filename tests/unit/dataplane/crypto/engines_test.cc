#include "dataplane/crypto/engines.h"

#include <gtest/gtest.h>

#include "dataplane/crypto/ipsec_mb_engine.h"
#include "dataplane/crypto/openssl_engine.h"

namespace osprey {
namespace {

TEST(Engines, AreNamedAsInAConfiguration) {
  for (const auto kind : {EngineKind::kAuto, EngineKind::kIpsecMb, EngineKind::kOpenssl}) {
    EXPECT_EQ(parse_engine_kind(engine_name(kind)), kind);
  }
  for (const char* other : {"", "AUTO", "ipsec_mb", "openssl "}) {
    EXPECT_FALSE(parse_engine_kind(other)) << other;
  }
}

TEST(Engines, AutoIsTheFasterOneThatThisCpuCan) {
  const bool can = !IpsecMbEngine::architectures().empty();
  EXPECT_EQ(resolve(EngineKind::kAuto), can ? EngineKind::kIpsecMb : EngineKind::kOpenssl);
  const auto made = make_engine(EngineKind::kAuto, 1);
  ASSERT_TRUE(made);
  EXPECT_EQ(dynamic_cast<IpsecMbEngine*>(made->get()) != nullptr, can);
}

TEST(Engines, OneThatIsAskedForIsMadeWhateverTheNumberOfContexts) {
  for (const size_t num_contexts : {size_t{0}, size_t{1}, size_t{100'000'000}}) {
    const auto made = make_engine(EngineKind::kOpenssl, num_contexts);
    ASSERT_TRUE(made);
    EXPECT_NE(dynamic_cast<OpensslEngine*>(made->get()), nullptr);
    EXPECT_TRUE(make_engine(EngineKind::kAuto, num_contexts));
  }
}

}  // namespace
}  // namespace osprey
