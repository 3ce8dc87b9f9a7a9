// Goal: the OSCORE option's parser takes any bytes, and what it accepts is written back as it was.
// Method: parse, write, compare; with and without the Group Flag.
#include "framework/base/check.h"
#include "framework/oscore/option.h"

using namespace osprey;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes value(data, size);
  for (const bool group_aware : {false, true}) {
    oscore::OscoreOption option;
    if (oscore::parse_oscore_option(value, option, group_aware) != oscore::OptionError::kNone) {
      continue;
    }
    std::array<uint8_t, oscore::kMaxOptionLen> space;
    Writer writer(space);
    oscore::write_oscore_option(writer, option);
    CHECK(writer.ok());
    CHECK(equal(writer.written(), value));
  }
  return 0;
}
