// Security contexts and their sequence numbers for tests.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "framework/oscore/context.h"
#include "framework/oscore/context_store.h"

namespace osprey::test {

// What both ends know, in hex. By default the input of RFC 8613 C.1, with two IDs that differ.
struct Shared {
  std::string_view master_secret = "0102030405060708090a0b0c0d0e0f10";
  std::string_view master_salt = "9e7ca92223786340";
  std::optional<std::string_view> id_context = std::nullopt;
  std::string_view client_id = "c1";
  std::string_view server_id = "51";
  int32_t aead = cose::kAesCcm16_64_128;
  std::string_view hkdf = "HKDF SHA-256";
  size_t replay_window_size = kDefaultReplayWindow;
  bool require_kid_context = false;
  std::string_view name = "test";
};

oscore::ContextParameters client_parameters(const Shared& shared);
oscore::ContextParameters server_parameters(const Shared& shared);

// Derived, with an unset window. An error ends the program.
std::unique_ptr<oscore::SecurityContext> derived(oscore::ContextParameters parameters);
std::unique_ptr<oscore::SecurityContext> client_context(const Shared& shared = {});
std::unique_ptr<oscore::SecurityContext> server_context(const Shared& shared = {});
// The same with an empty window, as for a context that was never used.
std::unique_ptr<oscore::SecurityContext> fresh_server_context(const Shared& shared = {});

// Hands out one range, once; by default all there are.
class OneRange final : public oscore::SequenceSource {
 public:
  explicit OneRange(oscore::SequenceRange range = {0, oscore::kMaxSequenceNumber + 1})
      : range_(range) {}
  // Numbers from `first` up.
  static oscore::SequenceRange from(uint64_t first) {
    return {first, oscore::kMaxSequenceNumber + 1};
  }

  std::optional<oscore::SequenceRange> reserve_sender_sequence(
      oscore::SecurityContext& /*context*/) override {
    return std::exchange(range_, std::nullopt);
  }

 private:
  std::optional<oscore::SequenceRange> range_;
};

// Has no numbers, as a store that is behind.
class NoNumbers final : public oscore::SequenceSource {
 public:
  std::optional<oscore::SequenceRange> reserve_sender_sequence(
      oscore::SecurityContext& /*context*/) override {
    return std::nullopt;
  }
};

}  // namespace osprey::test
