#include "framework/coap/option.h"

#include "framework/base/check.h"

namespace osprey::coap {
namespace {

constexpr uint8_t kPayloadMarker = 0xff;
constexpr uint32_t kOneByteBase = 13;   // nibble 13: one byte follows, value + 13
constexpr uint32_t kTwoByteBase = 269;  // nibble 14: two bytes follow, value + 269
constexpr uint32_t kMaxOptionNumber = 65535;

uint8_t nibble_of(uint32_t value) {
  if (value < kOneByteBase) return static_cast<uint8_t>(value);
  return value < kTwoByteBase ? 13 : 14;
}

void write_extended(Writer& writer, uint32_t value) {
  if (value >= kTwoByteBase) {
    writer.u16(static_cast<uint16_t>(value - kTwoByteBase));
  } else if (value >= kOneByteBase) {
    writer.u8(static_cast<uint8_t>(value - kOneByteBase));
  }
}

size_t extended_len(uint32_t value) {
  if (value < kOneByteBase) return 0;
  return value < kTwoByteBase ? 1 : 2;
}

}  // namespace

std::optional<uint32_t> OptionReader::extended(uint8_t nibble) {
  if (nibble < 13) return nibble;
  if (nibble == 13) {
    const auto byte = reader_.u8();
    return byte ? std::optional<uint32_t>(*byte + kOneByteBase) : std::nullopt;
  }
  if (nibble == 14) {
    const auto word = reader_.u16();
    return word ? std::optional<uint32_t>(*word + kTwoByteBase) : std::nullopt;
  }
  return std::nullopt;  // 15 is reserved
}

std::optional<OptionView> OptionReader::fail() {
  failed_ = true;
  return std::nullopt;
}

std::optional<OptionView> OptionReader::next() {
  if (failed_ || reader_.empty() || reader_.peek_u8() == kPayloadMarker) return std::nullopt;
  const uint8_t head = *reader_.u8();
  const auto delta = extended(head >> 4);
  if (!delta) return fail();
  const auto value_len = extended(head & 0x0f);
  if (!value_len) return fail();
  number_ += *delta;
  if (number_ > kMaxOptionNumber) return fail();
  const auto value = reader_.take(*value_len);
  if (!value) return fail();
  return OptionView{static_cast<uint16_t>(number_), *value};
}

void OptionWriter::opaque(uint16_t number, Bytes value) {
  CHECK(number >= last_);
  const uint32_t delta = number - last_;
  const auto value_len = static_cast<uint32_t>(value.size());
  writer_.u8(static_cast<uint8_t>(nibble_of(delta) << 4 | nibble_of(value_len)));
  write_extended(writer_, delta);
  write_extended(writer_, value_len);
  writer_.bytes(value);
  last_ = number;
}

void OptionWriter::uint(uint16_t number, uint64_t value) {
  std::array<uint8_t, 8> bytes;
  Writer writer(bytes);
  writer.uint(value, uint_len(value));
  opaque(number, writer.written());
}

size_t option_header_len(uint32_t delta, size_t value_len) {
  return 1 + extended_len(delta) + extended_len(static_cast<uint32_t>(value_len));
}

}  // namespace osprey::coap
