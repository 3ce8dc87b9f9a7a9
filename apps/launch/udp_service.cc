#include "apps/launch/udp_service.h"

#include <sched.h>

#include <algorithm>

#include "apps/launch/random.h"
#include "dataplane/crypto/openssl_engine.h"
#include "storage/file_store.h"

namespace osprey {
namespace {

size_t worker_count(const Config& config) {
  if (config.workers > 0) return config.workers;
  cpu_set_t usable;
  CPU_ZERO(&usable);
  if (sched_getaffinity(0, sizeof usable, &usable) != 0) return 1;
  return std::clamp(static_cast<unsigned>(CPU_COUNT(&usable)), 1u, Config::kMaxWorkers);
}

Result<std::vector<SocketAddress>> parse_addresses(const std::vector<std::string>& texts) {
  std::vector<SocketAddress> addresses;
  for (const std::string& text : texts) {
    auto address = parse_socket_address(text);
    if (!address) return tl::unexpected(address.error());
    addresses.push_back(*address);
  }
  return addresses;
}

// One for each worker.
Result<std::vector<std::unique_ptr<UdpPort>>> open_ports(const Config& config) {
  const auto addresses = parse_addresses(config.listen);
  if (!addresses) return tl::unexpected(addresses.error());
  std::vector<std::unique_ptr<UdpPort>> ports;
  for (size_t i = 0; i < worker_count(config); ++i) {
    auto port = ports.empty() ? UdpPort::open(*addresses) : ports[0]->open_sibling();
    if (!port) return tl::unexpected(port.error());
    ports.push_back(std::move(*port));
  }
  return ports;
}

}  // namespace

UdpService::UdpService(std::unique_ptr<oscore::ContextStore> store, oscore::WorkerIndex num_workers)
    : store_(std::move(store)), contexts_(random_number<uint64_t>()), rings_(num_workers) {}

Result<std::unique_ptr<UdpService>> UdpService::start(const Config& config, const Router& router) {
  auto ports = open_ports(config);
  if (!ports) return tl::unexpected(ports.error());
  auto store = storage::FileStore::open(config.store_path, storage::OpenMode::kServe);
  if (!store) return tl::unexpected(store.error());
  const auto num_workers = static_cast<oscore::WorkerIndex>(ports->size());
  std::unique_ptr<UdpService> service(new UdpService(std::move(*store), num_workers));
  if (auto loaded = service->load_contexts(); !loaded) return tl::unexpected(loaded.error());
  service->add_workers(std::move(*ports), router);
  for (Member& member : service->members_) {
    member.thread = std::thread([&worker = *member.worker] { worker.run(); });
  }
  return service;
}

Result<void> UdpService::load_contexts() {
  return store_->load([this](std::unique_ptr<oscore::SecurityContext> context) -> Result<void> {
    auto added = contexts_.add(std::move(context));
    if (!added) return tl::unexpected(added.error());
    return {};
  });
}

void UdpService::add_workers(std::vector<std::unique_ptr<UdpPort>> ports, const Router& router) {
  oscore::EchoKey echo_key;
  fill_random(echo_key.space(oscore::kEchoKeyLen));
  pipeline::LineParts parts;
  parts.contexts = &contexts_;
  parts.router = &router;
  parts.sequence_source = store_.get();
  parts.message_id_offset = random_number<uint16_t>();

  std::vector<UdpWorker*> workers;
  for (std::unique_ptr<UdpPort>& port : ports) {
    const auto index = static_cast<oscore::WorkerIndex>(members_.size());
    Member& member = members_.emplace_back();
    member.engine = std::make_unique<OpensslEngine>();
    member.echo = std::make_unique<oscore::EchoMaker>(echo_key);
    parts.engine = member.engine.get();
    parts.echo = member.echo.get();
    member.worker = std::make_unique<UdpWorker>(parts, pipeline::WorkerPlace{index, rings_.count()},
                                                std::move(port), rings_);
    workers.push_back(member.worker.get());
  }
  for (UdpWorker* worker : workers) worker->meet(workers);
}

void UdpService::stop() {
  for (Member& member : members_) member.worker->stop();
  for (Member& member : members_) {
    if (member.thread.joinable()) member.thread.join();
  }
}

Totals UdpService::totals() const {
  Totals totals;
  for (const Member& member : members_) totals.add(member.worker->counters());
  return totals;
}

}  // namespace osprey
