#include "storage/records/window_record.h"

#include <array>

#include "framework/base/check.h"
#include "framework/base/fault.h"
#include "storage/records/fields.h"

namespace osprey::storage {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kWordLen = 8;
constexpr size_t kMaxWords = kMaxReplayWindow / 64;

}  // namespace

void write_window_record(Writer& out, const oscore::ReplayWindow& window, uint32_t epoch_of_doubt) {
  CHECK(window.is_set());
  out.u8(kVersion);
  out.uint(epoch_of_doubt, 4);
  out.u16(static_cast<uint16_t>(window.size()));
  write_number(out, window.next());
  for (const uint64_t word : window.words()) out.uint(word, kWordLen);
}

bool restore_window(oscore::ReplayWindow& window, Bytes value, uint32_t epoch_of_doubt) {
  Reader reader(value);
  if (epoch_of_doubt == 0 || reader.u8() != kVersion) return false;
  if ((reader.uint(4) != epoch_of_doubt && !FAULT(kStaleWindow)) || reader.u16() != window.size()) {
    return false;
  }
  const auto next = read_number(reader);
  const size_t num_words = window.words().size();
  if (!next || reader.remaining() != num_words * kWordLen) return false;

  std::array<uint64_t, kMaxWords> words;
  for (size_t i = 0; i < num_words; ++i) words[i] = *reader.uint(kWordLen);
  window.restore(*next, std::span(words).first(num_words));
  return true;
}

}  // namespace osprey::storage
