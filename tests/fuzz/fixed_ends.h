// Both ends of one context with fixed keys, and numbers without a store: what the targets that seal
// and open share. Never for anything but fuzzing: the same nonces come again in every run.
#pragma once

#include "dataplane/crypto/openssl_engine.h"
#include "framework/oscore/context_store.h"
#include "framework/oscore/echo.h"

namespace osprey::fuzz {

inline std::unique_ptr<oscore::SecurityContext> derive_end(std::vector<uint8_t> sender_id,
                                                           std::vector<uint8_t> recipient_id) {
  constexpr std::array<uint8_t, 16> kSecret = {1, 2, 3, 4, 5, 6, 7, 8};
  oscore::ContextParameters parameters;
  parameters.name = "fuzz";
  parameters.master_secret = Secret<oscore::kMaxMasterSecretLen>(kSecret);
  parameters.sender_id = std::move(sender_id);
  parameters.recipient_id = std::move(recipient_id);
  auto context = oscore::SecurityContext::derive(std::move(parameters));
  CHECK(context.has_value());
  return std::move(*context);
}

class EndlessNumbers final : public oscore::SequenceSource {
 public:
  std::optional<oscore::SequenceRange> reserve_sender_sequence(
      const oscore::SecurityContext&) override {
    const uint64_t first = next_;
    next_ += 1000;
    return oscore::SequenceRange{first, next_};
  }

 private:
  uint64_t next_ = 0;
};

inline oscore::EchoKey fixed_echo_key() {
  oscore::EchoKey key;
  key.space(oscore::kEchoKeyLen);
  return key;
}

}  // namespace osprey::fuzz
