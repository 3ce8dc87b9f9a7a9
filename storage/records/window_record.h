// A replay window over a clean stop (I2), as the database holds it:
//
//   version (1) | epoch of doubt (4) | size (2) | next (6) | words (8 each, as many as the size
//   needs)
//
// Big endian; `next` and `words` are those of oscore::ReplayWindow. A clean stop saves the windows
// that changed since the last one. The epoch of doubt (meta_record.h) says since when nothing was
// lost: a window that was saved before would accept again what was seen in the run that crashed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "framework/base/bytes.h"
#include "framework/base/writer.h"
#include "framework/oscore/replay_window.h"

namespace osprey::storage {

inline constexpr size_t kMaxWindowRecordLen = 1 + 4 + 2 + 6 + kMaxReplayWindow / 8;

// `window` is set (CHECK).
void write_window_record(Writer& out, const oscore::ReplayWindow& window, uint32_t epoch_of_doubt);

// False, and `window` as it was, when the record is of another time or another size of window, or
// damaged: then B.1.2 sets the window. False for epoch 0, too: that of a store that never started.
[[nodiscard]] bool restore_window(oscore::ReplayWindow& window, Bytes value,
                                  uint32_t epoch_of_doubt);

}  // namespace osprey::storage
