#include "apps/launch/udp_service.h"

#include <sched.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "apps/launch/admin_protocol.h"
#include "apps/launch/random.h"
#include "framework/base/fault.h"

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

std::string socket_path(const Config& config) {
  return config.admin_socket.empty() ? admin_socket_path(config.store_path) : config.admin_socket;
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

UdpService::UdpService(std::unique_ptr<storage::Store> store, oscore::WorkerIndex num_workers)
    : store_(std::move(store)),
      num_contexts_(store_->num_contexts()),
      readers_(num_workers),
      contexts_(random_number<uint64_t>(), num_workers),
      rings_(num_workers) {}

Result<std::unique_ptr<UdpService>> UdpService::start(const Config& config, const Router& router) {
  auto ports = open_ports(config);
  if (!ports) return tl::unexpected(ports.error());
  if (auto fits = admin_address(socket_path(config)); !fits) return tl::unexpected(fits.error());
  storage::StoreOptions options;
  options.key_file = config.key_file;
  auto store = storage::Store::open(config.store_path, storage::OpenMode::kServe, options);
  if (!store) return tl::unexpected(store.error());
  const auto num_workers = static_cast<oscore::WorkerIndex>(ports->size());
  std::unique_ptr<UdpService> service(new UdpService(std::move(*store), num_workers));
  if (auto served = service->serve_store(); !served) return tl::unexpected(served.error());
  if (auto added = service->add_workers(config, std::move(*ports), router); !added) {
    return tl::unexpected(added.error());
  }
  for (Member& member : service->members_) {
    member.thread = std::thread([&worker = *member.worker] { worker.run(); });
  }
  if (auto listens = service->listen_for_admin(config); !listens) {
    return tl::unexpected(listens.error());
  }
  return service;
}

// The store wakes a worker only after that worker has asked it for something.
Result<void> UdpService::serve_store() {
  std::vector<std::function<void()>> wake_workers;
  for (size_t i = 0; i < readers_.num_readers(); ++i) {
    wake_workers.emplace_back([this, i] { members_[i].worker->wake_if_asleep(); });
  }
  return store_->serve(contexts_, readers_, std::move(wake_workers));
}

Result<void> UdpService::listen_for_admin(const Config& config) {
  auto socket =
      AdminSocket::start(socket_path(config), {*store_, [this] { return totals_json(totals()); }});
  if (!socket) return tl::unexpected(socket.error());
  admin_ = std::move(*socket);
  return {};
}

Result<void> UdpService::add_workers(const Config& config,
                                     std::vector<std::unique_ptr<UdpPort>> ports,
                                     const Router& router) {
  oscore::EchoKey echo_key;
  fill_random(echo_key.space(oscore::kEchoKeyLen));
  if (FAULT(kEchoKeyFixed)) std::ranges::fill(echo_key.space(oscore::kEchoKeyLen), uint8_t{1});
  pipeline::LineParts parts;
  parts.contexts = &contexts_;
  parts.router = &router;
  parts.quiescence = &readers_;
  parts.message_id_offset = random_number<uint16_t>();

  std::vector<UdpWorker*> workers;
  for (std::unique_ptr<UdpPort>& port : ports) {
    const auto index = static_cast<oscore::WorkerIndex>(members_.size());
    Member& member = members_.emplace_back();
    auto engine = make_engine(config.engine, num_contexts_);
    if (!engine) return tl::unexpected(engine.error());
    member.engine = std::move(*engine);
    member.echo = std::make_unique<oscore::EchoMaker>(echo_key);
    parts.sequence_source = &store_->link(index);
    parts.fetcher = &store_->link(index);
    parts.engine = member.engine.get();
    parts.echo = member.echo.get();
    member.worker = std::make_unique<UdpWorker>(parts, pipeline::WorkerPlace{index, rings_.count()},
                                                std::move(port), rings_);
    workers.push_back(member.worker.get());
  }
  for (UdpWorker* worker : workers) worker->meet(workers);
  return {};
}

Result<void> UdpService::stop() {
  if (std::exchange(is_stopped_, true)) return {};
  admin_.reset();
  for (Member& member : members_) member.worker->stop();
  for (Member& member : members_) {
    if (member.thread.joinable()) member.thread.join();
  }
  return store_->close();
}

Totals UdpService::totals() const {
  Totals totals;
  for (const Member& member : members_) totals.add(member.worker->counters());
  return totals;
}

}  // namespace osprey
