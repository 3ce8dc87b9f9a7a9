// Goal: a configuration is refused with a reason that names the file, or keeps its bounds
// (apps/launch/config.h).
// Method: the input is the file's text.
#include "apps/launch/config.h"
#include "framework/base/bytes.h"
#include "framework/base/check.h"

namespace osprey {
namespace {

void run(std::string_view text) {
  const auto config = Config::from_text(text, "osprey.toml");
  if (!config) {
    CHECK(config.error().cause.find("osprey.toml") != std::string::npos);
    return;
  }
  CHECK(!config->listen.empty());
  CHECK(config->workers <= Config::kMaxWorkers);
  CHECK(!config->store_path.empty());
  CHECK(!config->log_level.empty());
}

}  // namespace
}  // namespace osprey

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  osprey::run(osprey::as_text({data, len}));
  return 0;
}
