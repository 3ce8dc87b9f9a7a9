// Goal: the parser of context lines takes any text; what it accepts is written back as the same
// context; no error tells a secret.
// Method: parse, write, parse again, compare.
#include "framework/base/check.h"
#include "storage/context_lines.h"

using namespace osprey;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto first = storage::parse_context_line(as_text({data, size}), 1);
  if (!first) {
    CHECK(first.error().cause.starts_with("line 1"));
    return 0;
  }
  const auto line = storage::write_context_line(*first, storage::Reveal::kYes);
  const auto second = storage::parse_context_line(std::string_view(line), 1);
  CHECK(second.has_value());
  CHECK(first->name == second->name);
  CHECK(equal(first->master_secret.reveal(), second->master_secret.reveal()));
  CHECK(first->master_salt == second->master_salt);
  CHECK(first->id_context == second->id_context);
  CHECK(first->sender_id == second->sender_id);
  CHECK(first->recipient_id == second->recipient_id);
  CHECK(first->aead == second->aead && first->hkdf == second->hkdf);
  CHECK(first->replay_window_size == second->replay_window_size);
  CHECK(first->require_kid_context == second->require_kid_context);
  return 0;
}
