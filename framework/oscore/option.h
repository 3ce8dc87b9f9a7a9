// The OSCORE option's value (RFC 8613 §6.1):
//
//   0 0 0 h k n n n | Partial IV (n) | s (1, if h) | kid context (s, if h) | kid (the rest, if k)
//
// An all-zero flag byte is never sent: the value is then empty.
#pragma once

#include <optional>

#include "framework/base/bytes.h"
#include "framework/base/writer.h"

namespace osprey::oscore {

inline constexpr size_t kMaxOptionLen = 255;
inline constexpr size_t kMaxPartialIvLen = 5;
inline constexpr uint64_t kMaxSequenceNumber = (uint64_t{1} << 40) - 1;  // RFC 8613 §7.2.1

struct OscoreOption {
  Bytes partial_iv;                  // 1 to 5 bytes; empty when absent
  std::optional<Bytes> kid_context;  // absent and empty differ
  std::optional<Bytes> kid;          // absent and empty differ
  bool group_flag = false;           // 0x20, Group OSCORE
};

enum class OptionError : uint8_t {
  kNone,
  kTooLong,
  kReservedFlags,
  kZeroFlagByte,
  kPartialIvLength,
  kPartialIvCut,
  kKidContextCut,
  kLeftOver,
};

// What went wrong, for people.
std::string_view option_error_text(OptionError error);

// `group_aware`: whether bit 0x20 is Group OSCORE's flag or reserved.
// Borrowed: the fields point into `value`.
OptionError parse_oscore_option(Bytes value, OscoreOption& option, bool group_aware = false);

// A request needs kid and Partial IV, the Partial IV without leading zeros (§6.1): a sender must
// not write them, and one number in two spellings would have two AADs.
bool fits_request(const OscoreOption& option);

void write_oscore_option(Writer& writer, const OscoreOption& option);

}  // namespace osprey::oscore
