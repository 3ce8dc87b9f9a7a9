#include "apps/launch/service.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "apps/launch/admin_protocol.h"
#include "apps/launch/random.h"
#include "framework/base/fault.h"

namespace osprey {
namespace {

std::string socket_path(const Config& config) {
  return config.admin_socket.empty() ? admin_socket_path(config.store_path) : config.admin_socket;
}

}  // namespace

Service::Service(std::unique_ptr<storage::Store> store, oscore::WorkerIndex num_workers)
    : store_(std::move(store)),
      num_contexts_(store_->num_contexts()),
      readers_(num_workers),
      contexts_(random_number<uint64_t>(), num_workers) {}

Result<std::unique_ptr<Service>> Service::start(const Config& config, const Router& router) {
  auto ports = open_ports(config);
  if (!ports) return tl::unexpected(ports.error());
  if (auto fits = admin_address(socket_path(config)); !fits) return tl::unexpected(fits.error());
  storage::StoreOptions options;
  options.key_file = config.key_file;
  auto store = storage::Store::open(config.store_path, storage::OpenMode::kServe, options);
  if (!store) return tl::unexpected(store.error());
  const auto num_workers = static_cast<oscore::WorkerIndex>(ports->count);
  std::unique_ptr<Service> service(new Service(std::move(*store), num_workers));
  if (auto served = service->serve_store(); !served) return tl::unexpected(served.error());
  if (auto added = service->add_workers(config, *ports, router); !added) {
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
Result<void> Service::serve_store() {
  std::vector<std::function<void()>> wake_workers;
  for (size_t i = 0; i < readers_.num_readers(); ++i) {
    wake_workers.emplace_back([this, i] { members_[i].worker->wake_if_asleep(); });
  }
  return store_->serve(contexts_, readers_, std::move(wake_workers));
}

Result<void> Service::listen_for_admin(const Config& config) {
  auto socket =
      AdminSocket::start(socket_path(config), {*store_, [this] { return totals_json(totals()); }});
  if (!socket) return tl::unexpected(socket.error());
  admin_ = std::move(*socket);
  return {};
}

Result<void> Service::add_workers(const Config& config, const OpenPorts& ports,
                                  const Router& router) {
  addresses_ = ports.addresses;
  port_description_ = ports.description;
  close_ports_ = ports.close;
  oscore::EchoKey echo_key;
  fill_random(echo_key.space(oscore::kEchoKeyLen));
  if (FAULT(kEchoKeyFixed)) std::ranges::fill(echo_key.space(oscore::kEchoKeyLen), uint8_t{1});
  pipeline::LineParts parts;
  parts.contexts = &contexts_;
  parts.router = &router;
  parts.quiescence = &readers_;
  parts.message_id_offset = random_number<uint16_t>();

  const auto count = static_cast<oscore::WorkerIndex>(ports.count);
  std::vector<Worker*> workers;
  for (oscore::WorkerIndex index = 0; index < count; ++index) {
    auto engine = make_engine(config.engine, num_contexts_);
    if (!engine) return tl::unexpected(engine.error());
    Member& member = members_.emplace_back();
    member.engine = std::move(*engine);
    member.echo = std::make_unique<oscore::EchoMaker>(echo_key);
    parts.sequence_source = &store_->link(index);
    parts.fetcher = &store_->link(index);
    parts.engine = member.engine.get();
    parts.echo = member.echo.get();
    member.worker = ports.make_worker(parts, pipeline::WorkerPlace{index, count});
    workers.push_back(member.worker.get());
  }
  for (Worker* worker : workers) worker->meet(workers);
  return {};
}

Result<void> Service::stop() {
  if (std::exchange(is_stopped_, true)) return {};
  admin_.reset();
  for (Member& member : members_) member.worker->stop();
  for (Member& member : members_) {
    if (member.thread.joinable()) member.thread.join();
  }
  auto closed = store_->close();
  auto ports_closed = close_ports_();
  return closed ? ports_closed : closed;
}

Totals Service::totals() const {
  Totals totals;
  for (const Member& member : members_) totals.add(*member.worker);
  return totals;
}

}  // namespace osprey
