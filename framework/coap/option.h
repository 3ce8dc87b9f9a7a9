// CoAP options on the wire (RFC 7252 §3.1): delta-coded, in ascending order of their numbers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "framework/base/bytes.h"
#include "framework/base/reader.h"
#include "framework/base/writer.h"
#include "framework/coap/option_table.h"

namespace osprey::coap {

struct OptionView {
  uint16_t number = 0;
  Bytes value;  // borrowed from the message

  // Value as an uint option (§3.2): big endian, leading zeros taken, at most 8 bytes looked at.
  uint64_t as_uint() const { return read_uint(value.size() > 8 ? value.last(8) : value); }
};

// Walks over options up to the payload marker or the end. After the last one, failed() tells
// whether the run ended well and rest() is what follows: nothing, or the marker and the payload.
class OptionReader {
 public:
  explicit OptionReader(Bytes bytes) : reader_(bytes) {}

  // Next option, or nothing at the end and at the first format error.
  std::optional<OptionView> next();

  bool failed() const { return failed_; }
  Bytes rest() const { return reader_.rest(); }

 private:
  std::optional<uint32_t> extended(uint8_t nibble);
  std::optional<OptionView> fail();

  Reader reader_;
  uint32_t number_ = 0;
  bool failed_ = false;
};

// Writes options; numbers must not descend (CHECK), as the wire knows only deltas from 0 up.
class OptionWriter {
 public:
  explicit OptionWriter(Writer& writer) : writer_(writer) {}

  void opaque(uint16_t number, Bytes value);
  // As few bytes as possible; zero is the empty value (§3.2).
  void uint(uint16_t number, uint64_t value);
  void text(uint16_t number, std::string_view value) { opaque(number, as_bytes(value)); }

 private:
  Writer& writer_;
  uint16_t last_ = 0;
};

// Bytes that an option header (delta and length, no value) takes.
size_t option_header_len(uint32_t delta, size_t value_len);

}  // namespace osprey::coap
