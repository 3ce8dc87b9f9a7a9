// Security context (RFC 8613 §3): what two endpoints share, and what this one counts.
//
// ContextParameters is the provisioned input, as a person writes it down; DerivedKeys is what §3.2
// makes of it; SecurityContext is both as every message needs them, without the master secret. One
// context serves both roles of an endpoint.
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

  // A second copy, the master secret too.
  ContextParameters duplicate() const;
};

// The keys and the Common IV of §3.2.1. A store keeps them, so that a start derives nothing.
struct DerivedKeys {
  Secret<cose::kMaxKeyLen> sender_key;     // key_len of the algorithm, bytes
  Secret<cose::kMaxKeyLen> recipient_key;  // the same
  Nonce common_iv;                         // nonce_len of the algorithm
};

// What derive_keys and SecurityContext demand of parameters. Errors name the context and the
// parameter.
Result<void> check_parameters(const ContextParameters& parameters);

// `parameters` must pass check_parameters (CHECK).
DerivedKeys derive_keys(const ContextParameters& parameters);

// Which worker owns a context; the first on which its packets arrive takes it.
using WorkerIndex = uint16_t;
inline constexpr WorkerIndex kNoWorker = UINT16_MAX;

class SecurityContext {
 public:
  // Checks lengths and derives keys. Errors name the parameter. Control path.
  static Result<std::unique_ptr<SecurityContext>> derive(const ContextParameters& parameters);

  // With keys that were derived before. `parameters` must pass check_parameters; its master secret
  // is not looked at.
  SecurityContext(const ContextParameters& parameters, const DerivedKeys& keys);

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
  bool requires_kid_context() const { return requires_kid_context_; }
  const std::string& name() const { return name_; }

  // The owning worker's alone.
  ReplayWindow& window() { return window_; }
  const ReplayWindow& window() const { return window_; }
  SenderSequence& sequence() { return sequence_; }
  const SenderSequence& sequence() const { return sequence_; }
  ChallengeBudget& challenges() { return challenges_; }

  // Between the store, which reserves, and the owner, which uses.
  ReservedNumbers& reserved() { return reserved_; }

  // Makes `worker` the owner if there is none. Returns the owner. Any thread.
  WorkerIndex claim(WorkerIndex worker);
  // kNoWorker while there is none. Any thread.
  WorkerIndex owner() const { return owner_.load(std::memory_order_relaxed); }

  // True if a request's IDs can mean this context and another one as well. The table sets it before
  // it publishes that other one: whoever can find both sees it set, so relaxed is enough. Once set
  // it stays, which costs time only.
  bool shares_ids() const { return shares_ids_.load(std::memory_order_relaxed); }
  void set_shares_ids() { shares_ids_.store(true, std::memory_order_relaxed); }

 private:
  friend class ContextTable;
  friend class ContextIndex;

  // What a lookup reads; the links and the position are the table's.
  Id recipient_id_;
  std::atomic<SecurityContext*> next_with_kid_ = nullptr;
  std::atomic<SecurityContext*> next_with_ids_ = nullptr;
  uint32_t position_ = 0;
  std::atomic<WorkerIndex> owner_ = kNoWorker;
  std::atomic<bool> shares_ids_ = false;
  bool requires_kid_context_;
  // At most 255 bytes behind their length, in one piece; most contexts have none.
  std::unique_ptr<const uint8_t[]> id_context_;

  // What every request reads and writes, about in this order.
  ReplayWindow window_;
  NonceBase recipient_nonce_;
  NonceBase sender_nonce_;
  Id sender_id_;
  AeadKey recipient_key_;
  AeadKey sender_key_;
  SenderSequence sequence_;

  // What few do.
  ReservedNumbers reserved_;
  ChallengeBudget challenges_;
  Nonce common_iv_;
  std::string name_;
};

}  // namespace osprey::oscore
