// A server as an application writes it: configuration, resources, run.
//
//   osprey::Server server(config);
//   server.resource("hello").get([](const osprey::Request&, osprey::Response& response) {
//     response.content(osprey::ContentFormat::kTextPlain, "Hello!");
//   });
//   return server.run();
#pragma once

#include <string>

#include "apps/launch/config.h"
#include "framework/server/router.h"

namespace osprey {

class Server {
 public:
  explicit Server(Config config) : config_(std::move(config)) {}

  // Before run(). The reference stays valid as long as the server does.
  Resource& resource(std::string path) { return router_.add(std::move(path)); }

  // Opens the store and the ports, serves until SIGTERM or SIGINT, prints what was served.
  // SIGUSR1 prints the counters as one line of JSON. Returns the exit code: 0 done, 1 failed while
  // running, 2 bad configuration; errors go to stderr. Call once, from the main thread.
  int run();

 private:
  Config config_;
  Router router_;
};

}  // namespace osprey
