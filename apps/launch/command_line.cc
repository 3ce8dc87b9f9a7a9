#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "apps/launch/config.h"
#include "apps/launch/doctor.h"

namespace osprey {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitUsage = 2;

}  // namespace

Config Config::from_args(int argc, char** argv) {
  CLI::App app("Osprey, an OSCORE (RFC 8613) server");
  std::string path;
  app.add_option("--config", path, "TOML file")->required()->type_name("FILE");
  app.fallthrough();  // inherited by what is added after it: `check --config FILE`
  const CLI::App* check = app.add_subcommand("check", "read the configuration, serve nothing");
  const CLI::App* doctor =
      app.add_subcommand("doctor", "look at the machine as the configured port will find it");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? kExitDone : kExitUsage);
  }
  auto config = from_file(path);
  if (!config) {
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), config.error().text().c_str());
    std::exit(kExitUsage);
  }
  if (check->parsed()) {
    std::printf("%s: ok\n", path.c_str());
    std::exit(kExitDone);
  }
  if (doctor->parsed()) std::exit(print_findings(examine(*config)));
  return std::move(*config);
}

}  // namespace osprey
