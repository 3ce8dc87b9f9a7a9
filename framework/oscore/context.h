// Security context (RFC 8613 §3): what two endpoints share, and what this one counts.
//
// ContextParameters is the provisioned input, as a person writes it down; SecurityContext is what
// is derived from it and used for every message. One context serves both roles of an endpoint.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/base/limits.h"
#include "framework/base/result.h"
#include "framework/base/secret.h"
#include "framework/cose/algorithm.h"
#include "framework/oscore/aead_engine.h"
#include "framework/oscore/challenge_budget.h"
#include "framework/oscore/nonce.h"
#include "framework/oscore/replay_window.h"
#include "framework/oscore/sequence.h"

namespace osprey::oscore {

inline constexpr size_t kMaxMasterSecretLen = 64;

struct ContextParameters {
  std::string name;  // unique in its store
  Secret<kMaxMasterSecretLen> master_secret;
  std::vector<uint8_t> master_salt;
  std::optional<std::vector<uint8_t>> id_context;  // absent and empty differ
  std::vector<uint8_t> sender_id;
  std::vector<uint8_t> recipient_id;
  const cose::AeadAlgorithm* aead = cose::find_aead(cose::kAesCcm16_64_128);
  const cose::HkdfAlgorithm* hkdf = cose::find_hkdf("HKDF SHA-256");
  size_t replay_window_size = kDefaultReplayWindow;
  // Whether a request must carry this context's ID Context. Off, it may leave it out (§3.3).
  bool require_kid_context = false;
};

// Which worker owns a context; the first on which its packets arrive takes it.
using WorkerIndex = uint16_t;
inline constexpr WorkerIndex kNoWorker = UINT16_MAX;

class SecurityContext {
 public:
  // Checks lengths and derives keys. Errors name the parameter. Control path.
  static Result<std::unique_ptr<SecurityContext>> derive(ContextParameters parameters);

  // Read by any thread, written never.
  const AeadKey& sender_key() const { return sender_key_; }
  const AeadKey& recipient_key() const { return recipient_key_; }
  const cose::AeadAlgorithm& aead() const { return sender_key_.algorithm(); }
  const NonceBase& sender_nonce() const { return sender_nonce_; }
  const NonceBase& recipient_nonce() const { return recipient_nonce_; }
  Bytes sender_id() const { return sender_id_.view(); }
  Bytes recipient_id() const { return recipient_id_.view(); }
  Bytes common_iv() const { return common_iv_.view(); }
  std::optional<Bytes> id_context() const;
  const std::string& name() const { return parameters_.name; }
  const ContextParameters& parameters() const { return parameters_; }

  // The owning worker's alone.
  ReplayWindow& window() { return window_; }
  const ReplayWindow& window() const { return window_; }
  SenderSequence& sequence() { return sequence_; }
  ChallengeBudget& challenges() { return challenges_; }

  // Makes `worker` the owner if there is none. Returns the owner. Any thread.
  WorkerIndex claim(WorkerIndex worker);

  // True if a request's IDs can mean this context and another one as well. Set by the table.
  bool shares_ids() const { return shares_ids_; }
  // Equal for contexts that share their IDs.
  uint64_t ids_hash() const { return ids_hash_; }
  void set_shares_ids(uint64_t ids_hash) {
    shares_ids_ = true;
    ids_hash_ = ids_hash;
  }

 private:
  explicit SecurityContext(ContextParameters parameters);

  AeadKey sender_key_;
  AeadKey recipient_key_;
  NonceBase sender_nonce_;
  NonceBase recipient_nonce_;
  Id sender_id_;
  Id recipient_id_;
  std::atomic<WorkerIndex> owner_ = kNoWorker;
  bool shares_ids_ = false;
  uint64_t ids_hash_ = 0;
  ReplayWindow window_;
  SenderSequence sequence_;
  ChallengeBudget challenges_;
  Nonce common_iv_;
  ContextParameters parameters_;
};

}  // namespace osprey::oscore
