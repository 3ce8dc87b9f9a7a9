#include "tests/unit/support/contexts.h"

#include "tests/unit/support/hex.h"

namespace osprey::test {
namespace {

oscore::ContextParameters parameters(const Shared& shared, std::string_view sender_id,
                                     std::string_view recipient_id) {
  oscore::ContextParameters parameters;
  parameters.name = shared.name;
  parameters.master_secret = Secret<oscore::kMaxMasterSecretLen>(hex(shared.master_secret));
  parameters.master_salt = hex(shared.master_salt);
  if (shared.id_context) parameters.id_context = hex(*shared.id_context);
  parameters.sender_id = hex(sender_id);
  parameters.recipient_id = hex(recipient_id);
  parameters.aead = cose::find_aead(shared.aead);
  parameters.hkdf = cose::find_hkdf(shared.hkdf);
  CHECK(parameters.aead != nullptr);
  CHECK(parameters.hkdf != nullptr);
  parameters.replay_window_size = shared.replay_window_size;
  parameters.require_kid_context = shared.require_kid_context;
  return parameters;
}

}  // namespace

oscore::ContextParameters client_parameters(const Shared& shared) {
  return parameters(shared, shared.client_id, shared.server_id);
}

oscore::ContextParameters server_parameters(const Shared& shared) {
  return parameters(shared, shared.server_id, shared.client_id);
}

std::unique_ptr<oscore::SecurityContext> derived(oscore::ContextParameters parameters) {
  auto context = oscore::SecurityContext::derive(parameters);
  CHECK(context.has_value());
  return std::move(*context);
}

std::unique_ptr<oscore::SecurityContext> client_context(const Shared& shared) {
  return derived(client_parameters(shared));
}

std::unique_ptr<oscore::SecurityContext> server_context(const Shared& shared) {
  return derived(server_parameters(shared));
}

std::unique_ptr<oscore::SecurityContext> fresh_server_context(const Shared& shared) {
  auto context = server_context(shared);
  context->window().initialise_empty();
  return context;
}

}  // namespace osprey::test
