// ospreyd: the server as a program. `ospreyd --config FILE` serves; `ospreyd check` reads the
// configuration and says what is wrong with it.
#include <cstdio>

#include <CLI/CLI.hpp>

#include "apps/launch/server.h"
#include "apps/ospreyd/demo.h"

namespace {

constexpr int kExitUsage = 2;

int main_checked(int argc, char** argv) {
  CLI::App app("Osprey, an OSCORE (RFC 8613) server");
  std::string path;
  app.add_option("--config", path, "TOML file; apps/launch/config.h documents its keys")
      ->required()
      ->type_name("FILE");
  CLI::App* check = app.add_subcommand("check", "read the configuration, serve nothing");
  app.fallthrough();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  auto config = osprey::Config::from_file(path);
  if (!config) {
    std::fprintf(stderr, "ospreyd: %s\n", config.error().text().c_str());
    return kExitUsage;
  }
  if (check->parsed()) {
    std::printf("%s: ok\n", path.c_str());
    return 0;
  }
  osprey::Server server(std::move(*config));
  osprey::add_demo_resources(server);
  return server.run();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return main_checked(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ospreyd: %s\n", error.what());
    return 1;
  }
}
