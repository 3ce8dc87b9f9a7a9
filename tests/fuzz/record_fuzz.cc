// Goal: bytes that the database gives back (storage/records/) are refused with a reason, or are
// exactly what writing them again gives; and a context's record is refused unless it was written
// with the key-encryption key.
// Method: the first byte chooses the record. Since nobody guesses a tag, a context's fields and
// secrets also come from the input, and the target wraps them: AUTHENTIC is then what a store with
// a bug, or of another version, would have written.
//
//   0 sequence | 1 sender | 2 meta | 3 window, size from the record      the rest: the record
//   4 context                                       key length (2) | key | the record
//   5 context, AUTHENTIC    key length (2) | key | clear length (2) | clear part | secrets
#include <array>
#include <vector>

#include "framework/base/check.h"
#include "storage/records/context_record.h"
#include "storage/records/meta_record.h"
#include "storage/records/sender_record.h"
#include "storage/records/sequence_record.h"
#include "storage/records/window_record.h"
#include "tests/fuzz/input.h"

namespace osprey::storage {
namespace {

constexpr size_t kMaxLen = 4096;

KeyWrap& key_wrap() {
  static KeyWrap wrap = [] {
    Kek kek;
    for (uint8_t& byte : kek.space(kKekLen)) byte = 0x42;
    return KeyWrap(kek);
  }();
  return wrap;
}

// What parses writes back to the same bytes.
template <typename Record>
void check_written(Bytes value, const Result<Record>& parsed,
                   void (*write)(Writer&, const Record&)) {
  if (!parsed) {
    CHECK(!parsed.error().cause.empty());
    return;
  }
  std::array<uint8_t, kMaxLen> space;
  Writer writer(space);
  write(writer, *parsed);
  CHECK(writer.ok() && equal(writer.written(), value));
}

void run_window(Bytes value) {
  constexpr size_t kDoubtAt = 1;
  constexpr size_t kSizeAt = kDoubtAt + 4;
  if (value.size() < kSizeAt + 2) return;
  const auto epoch_of_doubt = static_cast<uint32_t>(read_uint(value.subspan(kDoubtAt, 4)));
  const size_t size = read_uint(value.subspan(kSizeAt, 2));
  if (size < 1 || size > kMaxReplayWindow) return;
  oscore::ReplayWindow window(size);
  const bool is_restored = restore_window(window, value, epoch_of_doubt);
  CHECK(window.is_set() == is_restored);
  if (!is_restored) return;
  std::array<uint8_t, kMaxLen> space;
  Writer writer(space);
  write_window_record(writer, window, epoch_of_doubt);
  CHECK(writer.ok() && equal(writer.written(), value));
}

// No input holds a tag under a key that it does not know.
void run_context(Bytes key, Bytes value) {
  static_cast<void>(parse_context_name(value));
  const auto parsed = parse_context_record(key, value, key_wrap());
  CHECK(!parsed && !parsed.error().cause.empty());
}

void check_unwraps_to(Bytes key, Bytes value, size_t clear_len, Bytes secrets) {
  std::vector<uint8_t> aad(key.begin(), key.end());
  aad.insert(aad.end(), value.begin(), value.begin() + static_cast<ptrdiff_t>(clear_len));
  std::vector<uint8_t> out(value.size() - clear_len - KeyWrap::kOverhead);
  CHECK(key_wrap().unwrap(out, value.subspan(clear_len), aad));
  CHECK(equal(out, secrets));
}

// Under the key that belongs to it, a record that parses is written to the same clear part and the
// same secrets; the nonce is another one.
void run_authentic(Bytes key, Bytes clear, Bytes secrets) {
  std::vector<uint8_t> aad(key.begin(), key.end());
  aad.insert(aad.end(), clear.begin(), clear.end());
  std::vector<uint8_t> space(clear.size() + secrets.size() + KeyWrap::kOverhead);
  Writer value(space);
  value.bytes(clear);
  key_wrap().wrap(value, secrets, aad);
  CHECK(value.ok());

  const auto parsed = parse_context_record(key, value.written(), key_wrap());
  CHECK(parsed || !parsed.error().cause.empty());
  if (!parsed) return;
  CHECK(oscore::check_parameters(parsed->parameters));
  CHECK(parse_context_name(value.written()) == parsed->parameters.name);

  const ContextKey own_key = context_key(parsed->parameters, parsed->keys, key_wrap());
  std::array<uint8_t, kMaxContextRecordLen> again_space;
  Writer again(again_space);
  write_context_record(again, *parsed, key_wrap(), own_key.view());
  CHECK(again.ok() && again.size() == value.size());
  CHECK(equal(again.written().first(clear.size()), clear));
  check_unwraps_to(own_key.view(), again.written(), clear.size(), secrets);
}

void run(fuzz::Input input) {
  switch (input.u8() % 6) {
    case 0: {
      const Bytes value = input.rest();
      return check_written(value, parse_sequence_record(value), write_sequence_record);
    }
    case 1: {
      const Bytes value = input.rest();
      return check_written(value, parse_sender_record(value), write_sender_record);
    }
    case 2: {
      const Bytes value = input.rest();
      return check_written(value, parse_meta_record(value), write_meta_record);
    }
    case 3: return run_window(input.rest());
    case 4: {
      const Bytes key = input.take(input.u16());
      return run_context(key, input.rest());
    }
    default: {
      const Bytes key = input.take(input.u16());
      const Bytes clear = input.take(input.u16());
      return run_authentic(key, clear, input.take(KeyWrap::kMaxSecretLen));
    }
  }
}

}  // namespace
}  // namespace osprey::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  osprey::storage::run(osprey::fuzz::Input(data, len));
  return 0;
}
