#include "framework/oscore/context.h"

#include <algorithm>

#include "framework/oscore/derive.h"

namespace osprey::oscore {
namespace {

MasterInput master_input(const ContextParameters& parameters) {
  MasterInput input;
  input.aead = parameters.aead;
  input.hkdf = parameters.hkdf;
  input.master_secret = parameters.master_secret.reveal();
  input.master_salt = parameters.master_salt;
  if (parameters.id_context) input.id_context = *parameters.id_context;
  return input;
}

tl::unexpected<Error> id_error(const ContextParameters& parameters, const char* which, size_t len) {
  return fail("context " + parameters.name + ": " + which + " has " + std::to_string(len) +
                  " bytes, but " + std::string(parameters.aead->name) + " allows at most " +
                  std::to_string(parameters.aead->max_id_len()),
              "shorten the ID, or choose an algorithm with a longer nonce");
}

// The length in one byte, then the bytes; nothing for an absent one.
std::unique_ptr<const uint8_t[]> with_length(const std::optional<std::vector<uint8_t>>& bytes) {
  if (!bytes) return nullptr;
  CHECK(bytes->size() <= UINT8_MAX);
  auto copy = std::make_unique<uint8_t[]>(1 + bytes->size());
  copy[0] = static_cast<uint8_t>(bytes->size());
  std::copy(bytes->begin(), bytes->end(), copy.get() + 1);
  return copy;
}

}  // namespace

Result<void> check_parameters(const ContextParameters& parameters) {
  const std::string where = "context " + parameters.name + ": ";
  const size_t max_id_len = parameters.aead->max_id_len();
  if (parameters.master_secret.size() == 0) return fail(where + "the master secret is empty");
  if (parameters.sender_id.size() > max_id_len) {
    return id_error(parameters, "sender_id", parameters.sender_id.size());
  }
  if (parameters.recipient_id.size() > max_id_len) {
    return id_error(parameters, "recipient_id", parameters.recipient_id.size());
  }
  if (parameters.sender_id == parameters.recipient_id) {
    // Both directions would then encrypt under one key with the same nonces (§3.3).
    return fail(where + "sender_id and recipient_id are equal", "give each end an ID of its own");
  }
  if (parameters.id_context && parameters.id_context->size() > 255) {
    return fail(where + "id_context has more than 255 bytes");
  }
  if (parameters.replay_window_size < 1 || parameters.replay_window_size > kMaxReplayWindow) {
    return fail(where + "replay_window must be 1 to " + std::to_string(kMaxReplayWindow));
  }
  return {};
}

DerivedKeys derive_keys(const ContextParameters& parameters) {
  CHECK(check_parameters(parameters));
  const MasterInput input = master_input(parameters);
  const cose::AeadAlgorithm& aead = *parameters.aead;
  DerivedKeys keys;
  derive_key(keys.sender_key.space(aead.key_len), input, parameters.sender_id);
  derive_key(keys.recipient_key.space(aead.key_len), input, parameters.recipient_id);
  std::array<uint8_t, cose::kMaxNonceLen> iv;
  const MutableBytes common_iv = MutableBytes(iv).first(aead.nonce_len);
  derive_common_iv(common_iv, input);
  keys.common_iv = Nonce(common_iv);
  return keys;
}

ContextParameters ContextParameters::duplicate() const {
  ContextParameters copy;
  copy.name = name;
  copy.master_secret = master_secret.duplicate();
  copy.master_salt = master_salt;
  copy.id_context = id_context;
  copy.sender_id = sender_id;
  copy.recipient_id = recipient_id;
  copy.aead = aead;
  copy.hkdf = hkdf;
  copy.replay_window_size = replay_window_size;
  copy.require_kid_context = require_kid_context;
  return copy;
}

Result<std::unique_ptr<SecurityContext>> SecurityContext::derive(
    const ContextParameters& parameters) {
  if (const auto checked = check_parameters(parameters); !checked) {
    return tl::unexpected(checked.error());
  }
  return std::make_unique<SecurityContext>(parameters, derive_keys(parameters));
}

SecurityContext::SecurityContext(const ContextParameters& parameters, const DerivedKeys& keys)
    : recipient_id_(parameters.recipient_id),
      requires_kid_context_(parameters.require_kid_context),
      id_context_(with_length(parameters.id_context)),
      window_(parameters.replay_window_size),
      recipient_nonce_(parameters.recipient_id, keys.common_iv.view()),
      sender_nonce_(parameters.sender_id, keys.common_iv.view()),
      sender_id_(parameters.sender_id),
      recipient_key_(*parameters.aead, keys.recipient_key.reveal()),
      sender_key_(*parameters.aead, keys.sender_key.reveal()),
      common_iv_(keys.common_iv),
      name_(parameters.name) {}

std::optional<Bytes> SecurityContext::id_context() const {
  if (!id_context_) return std::nullopt;
  return Bytes(id_context_.get() + 1, id_context_[0]);
}

WorkerIndex SecurityContext::claim(WorkerIndex worker) {
  WorkerIndex owner = owner_.load(std::memory_order_relaxed);
  if (owner != kNoWorker) return owner;
  if (owner_.compare_exchange_strong(owner, worker, std::memory_order_acq_rel)) return worker;
  return owner;
}

}  // namespace osprey::oscore
