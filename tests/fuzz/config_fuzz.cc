// Goal: the configuration's parser takes any text and answers with a configuration or a sentence.
// Method: parse; look that what is accepted keeps its bounds.
#include "apps/launch/config.h"
#include "framework/base/bytes.h"
#include "framework/base/check.h"

using namespace osprey;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config = Config::from_text(as_text({data, size}), "fuzz.toml");
  if (!config) {
    CHECK(config.error().cause.starts_with("fuzz.toml"));
    return 0;
  }
  CHECK(!config->store_path.empty());
  CHECK(!config->listen.empty());
  CHECK(config->workers <= 256);
  return 0;
}
