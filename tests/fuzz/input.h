// A fuzzer's bytes as a supply of numbers and byte runs that never fails: past the end there are
// zeros and empty runs, so that every input means something.
#pragma once

#include <algorithm>

#include "framework/base/reader.h"

namespace osprey::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t len) : reader_(Bytes(data, len)) {}

  bool empty() const { return reader_.empty(); }
  uint8_t u8() { return reader_.u8().value_or(0); }
  uint16_t u16() { return reader_.u16().value_or(0); }
  // At most `len` bytes.
  Bytes take(size_t len) { return *reader_.take(std::min(len, reader_.remaining())); }
  Bytes rest() { return reader_.take_rest(); }

 private:
  Reader reader_;
};

}  // namespace osprey::fuzz
