#include "framework/oscore/option.h"

#include "framework/base/check.h"
#include "framework/base/reader.h"

namespace osprey::oscore {
namespace {

constexpr uint8_t kPartialIvLenMask = 0x07;
constexpr uint8_t kKidFlag = 0x08;
constexpr uint8_t kKidContextFlag = 0x10;
constexpr uint8_t kGroupFlag = 0x20;
constexpr uint8_t kReservedMask = 0xc0;

OptionError parse_flags(uint8_t flags, bool group_aware) {
  if ((flags & kReservedMask) != 0) return OptionError::kReservedFlags;
  if ((flags & kGroupFlag) != 0 && !group_aware) return OptionError::kReservedFlags;
  if (flags == 0) return OptionError::kZeroFlagByte;
  if ((flags & kPartialIvLenMask) > kMaxPartialIvLen) return OptionError::kPartialIvLength;
  return OptionError::kNone;
}

}  // namespace

std::string_view option_error_text(OptionError error) {
  switch (error) {
    case OptionError::kNone: return "no error";
    case OptionError::kTooLong: return "value longer than 255 bytes";
    case OptionError::kReservedFlags: return "reserved flag bits set";
    case OptionError::kZeroFlagByte: return "flag byte 00 (the value must be empty instead)";
    case OptionError::kPartialIvLength: return "Partial IV length 6 or 7 is reserved";
    case OptionError::kPartialIvCut: return "Partial IV cut short";
    case OptionError::kKidContextCut: return "kid context cut short";
    case OptionError::kLeftOver: return "bytes left over although the kid flag is 0";
  }
  return "unknown error";
}

OptionError parse_oscore_option(Bytes value, OscoreOption& option, bool group_aware) {
  option = {};
  if (value.size() > kMaxOptionLen) return OptionError::kTooLong;
  Reader reader(value);
  const auto flags = reader.u8();
  if (!flags) return OptionError::kNone;  // empty: a response under the request's nonce
  if (const auto error = parse_flags(*flags, group_aware); error != OptionError::kNone) {
    return error;
  }
  const auto partial_iv = reader.take(*flags & kPartialIvLenMask);
  if (!partial_iv) return OptionError::kPartialIvCut;
  option.partial_iv = *partial_iv;
  if ((*flags & kKidContextFlag) != 0) {
    const auto len = reader.u8();
    option.kid_context = len ? reader.take(*len) : std::nullopt;
    if (!option.kid_context) return OptionError::kKidContextCut;
  }
  option.group_flag = (*flags & kGroupFlag) != 0;
  if ((*flags & kKidFlag) != 0) {
    option.kid = reader.take_rest();
  } else if (!reader.empty()) {
    return OptionError::kLeftOver;
  }
  return OptionError::kNone;
}

bool fits_request(const OscoreOption& option) {
  if (!option.kid || option.partial_iv.empty()) return false;
  return option.partial_iv.size() == 1 || option.partial_iv[0] != 0;
}

void write_oscore_option(Writer& writer, const OscoreOption& option) {
  DCHECK(option.partial_iv.size() <= kMaxPartialIvLen);
  auto flags = static_cast<uint8_t>(option.partial_iv.size());
  if (option.kid) flags |= kKidFlag;
  if (option.kid_context) flags |= kKidContextFlag;
  if (option.group_flag) flags |= kGroupFlag;
  if (flags == 0) return;
  writer.u8(flags);
  writer.bytes(option.partial_iv);
  if (option.kid_context) {
    DCHECK(option.kid_context->size() <= 255);
    writer.u8(static_cast<uint8_t>(option.kid_context->size()));
    writer.bytes(*option.kid_context);
  }
  if (option.kid) writer.bytes(*option.kid);
}

}  // namespace osprey::oscore
