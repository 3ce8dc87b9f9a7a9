// ospreyd: the server as a program.
#include <cstdio>

#include "apps/launch/server.h"
#include "apps/ospreyd/demo.h"

int main(int argc, char** argv) {
  try {
    osprey::Server server(osprey::Config::from_args(argc, argv));
    osprey::add_demo_resources(server);
    return server.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ospreyd: %s\n", error.what());
    return 1;
  }
}
