// The running server: store, context table, workers and their threads, wired together. Everything
// that a worker borrows lives here and outlives it.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "apps/launch/admin_socket.h"
#include "apps/launch/config.h"
#include "apps/launch/ports.h"
#include "apps/launch/report.h"
#include "framework/oscore/context_table.h"
#include "framework/server/router.h"
#include "storage/store.h"

namespace osprey {

class Service {
 public:
  // Opens the ports, opens the store, starts the workers, while the store's thread loads the
  // contexts. In this order: what goes wrong most often, a port in use, costs no epoch. `router` is
  // finished and outlives the service.
  static Result<std::unique_ptr<Service>> start(const Config& config, const Router& router);
  ~Service() { static_cast<void>(stop()); }

  // Stops and joins the admin socket and the workers; the totals are final afterwards. Then saves
  // windows and numbers and closes the ports: after an error of the store the next start is as
  // after a crash. Again does nothing.
  Result<void> stop();

  // In the store, when it was opened.
  uint64_t num_contexts() const { return num_contexts_; }
  storage::Store::Health health() const { return store_->health(); }
  size_t num_workers() const { return members_.size(); }
  const std::vector<std::string>& addresses() const { return addresses_; }
  // Of the dpdk port's device; empty for the udp port.
  const std::string& port_description() const { return port_description_; }
  Totals totals() const;

 private:
  struct Member {
    std::unique_ptr<oscore::AeadEngine> engine;
    std::unique_ptr<oscore::EchoMaker> echo;
    std::unique_ptr<Worker> worker;
    std::thread thread;
  };

  Service(std::unique_ptr<storage::Store> store, oscore::WorkerIndex num_workers);
  Result<void> serve_store();
  Result<void> listen_for_admin(const Config& config);
  Result<void> add_workers(const Config& config, const OpenPorts& ports, const Router& router);

  std::unique_ptr<storage::Store> store_;
  const uint64_t num_contexts_;
  Quiescence readers_;
  oscore::ContextTable contexts_;
  std::vector<std::string> addresses_;
  std::string port_description_;
  std::function<Result<void>()> close_ports_ = [] { return Result<void>(); };
  bool is_stopped_ = false;
  std::vector<Member> members_;
  // Its thread is the only one that changes the store while it serves, and ends before all else.
  std::unique_ptr<AdminSocket> admin_;
};

}  // namespace osprey
