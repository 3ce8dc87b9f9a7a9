// Goal: what parses as the value of an OSCORE option is written again as the same bytes
// (framework/oscore/option.h), and keeps the bounds that everything behind it relies on.
// Method: the input is one value, taken with and without the group flag.
#include <array>

#include "framework/base/check.h"
#include "framework/base/reader.h"
#include "framework/oscore/option.h"

namespace osprey::oscore {
namespace {

void run(Bytes value, bool group_aware) {
  OscoreOption option;
  const OptionError error = parse_oscore_option(value, option, group_aware);
  CHECK(!option_error_text(error).empty());
  if (error != OptionError::kNone) return;
  CHECK(value.size() <= kMaxOptionLen);
  CHECK(option.partial_iv.size() <= kMaxPartialIvLen);
  CHECK(group_aware || !option.group_flag);
  if (fits_request(option)) {
    CHECK(option.kid.has_value());
    CHECK(read_uint(option.partial_iv) <= kMaxSequenceNumber);
  }

  std::array<uint8_t, kMaxOptionLen> space;
  Writer writer(space);
  write_oscore_option(writer, option);
  CHECK(writer.ok());
  CHECK(equal(writer.written(), value));
}

}  // namespace
}  // namespace osprey::oscore

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  osprey::oscore::run({data, len}, false);
  osprey::oscore::run({data, len}, true);
  return 0;
}
