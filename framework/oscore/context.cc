#include "framework/oscore/context.h"

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

AeadKey derived_key(const ContextParameters& parameters, Bytes id) {
  Secret<cose::kMaxKeyLen> key;
  derive_key(key.space(parameters.aead->key_len), master_input(parameters), id);
  return AeadKey(*parameters.aead, key.reveal());
}

Nonce derived_common_iv(const ContextParameters& parameters) {
  std::array<uint8_t, cose::kMaxNonceLen> iv;
  const MutableBytes used = MutableBytes(iv).first(parameters.aead->nonce_len);
  derive_common_iv(used, master_input(parameters));
  return Nonce(used);
}

tl::unexpected<Error> id_error(const ContextParameters& parameters, const char* which, size_t len) {
  return fail("context " + parameters.name + ": " + which + " has " + std::to_string(len) +
                  " bytes, but " + std::string(parameters.aead->name) + " allows at most " +
                  std::to_string(parameters.aead->max_id_len()),
              "shorten the ID, or choose an algorithm with a longer nonce");
}

}  // namespace

Result<std::unique_ptr<SecurityContext>> SecurityContext::derive(ContextParameters parameters) {
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
  return std::unique_ptr<SecurityContext>(new SecurityContext(std::move(parameters)));
}

SecurityContext::SecurityContext(ContextParameters parameters)
    : sender_key_(derived_key(parameters, parameters.sender_id)),
      recipient_key_(derived_key(parameters, parameters.recipient_id)),
      sender_id_(parameters.sender_id),
      recipient_id_(parameters.recipient_id),
      window_(parameters.replay_window_size),
      common_iv_(derived_common_iv(parameters)),
      parameters_(std::move(parameters)) {
  sender_nonce_ = NonceBase(sender_id_.view(), common_iv_.view());
  recipient_nonce_ = NonceBase(recipient_id_.view(), common_iv_.view());
}

std::optional<Bytes> SecurityContext::id_context() const {
  if (!parameters_.id_context) return std::nullopt;
  return Bytes(*parameters_.id_context);
}

WorkerIndex SecurityContext::claim(WorkerIndex worker) {
  WorkerIndex owner = owner_.load(std::memory_order_relaxed);
  if (owner != kNoWorker) return owner;
  if (owner_.compare_exchange_strong(owner, worker, std::memory_order_acq_rel)) return worker;
  return owner;
}

}  // namespace osprey::oscore
