// The running server on the udp port: store, context table, workers and their threads, wired
// together. Everything that a worker borrows lives here and outlives it.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "apps/launch/config.h"
#include "apps/launch/report.h"
#include "dataplane/socket/udp_worker.h"
#include "framework/oscore/context_store.h"
#include "framework/server/router.h"

namespace osprey {

class UdpService {
 public:
  // Binds the sockets, opens the store (which raises its epoch), loads the contexts, starts the
  // workers. In this order: what goes wrong most often, a port in use, costs no epoch. `router` is
  // finished and outlives the service.
  static Result<std::unique_ptr<UdpService>> start(const Config& config, const Router& router);
  ~UdpService() { stop(); }

  // Stops and joins the workers; the totals are final afterwards.
  void stop();

  size_t num_contexts() const { return contexts_.size(); }
  size_t num_workers() const { return members_.size(); }
  const std::vector<SocketAddress>& addresses() const { return members_[0].worker->addresses(); }
  Totals totals() const;

 private:
  struct Member {
    std::unique_ptr<oscore::AeadEngine> engine;
    std::unique_ptr<oscore::EchoMaker> echo;
    std::unique_ptr<UdpWorker> worker;
    std::thread thread;
  };

  UdpService(std::unique_ptr<oscore::ContextStore> store, oscore::WorkerIndex num_workers);
  Result<void> load_contexts();
  void add_workers(std::vector<std::unique_ptr<UdpPort>> ports, const Router& router);

  std::unique_ptr<oscore::ContextStore> store_;
  oscore::ContextTable contexts_;
  HandoffRings<HandedDatagram> rings_;
  std::vector<Member> members_;
};

}  // namespace osprey
