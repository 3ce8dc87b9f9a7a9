#include "apps/launch/udp_service.h"

#include <algorithm>

#include "apps/launch/random.h"
#include "dataplane/crypto/openssl_engine.h"
#include "storage/file_store.h"

namespace osprey {
namespace {

oscore::WorkerIndex worker_count(const Config& config) {
  const unsigned wanted = config.workers > 0 ? config.workers : std::thread::hardware_concurrency();
  return static_cast<oscore::WorkerIndex>(std::max(1u, wanted));
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

}  // namespace

UdpService::UdpService(std::unique_ptr<oscore::ContextStore> store,
                       oscore::WorkerIndex num_workers)
    : store_(std::move(store)),
      contexts_(random_number<uint64_t>()),
      rings_(num_workers) {}

Result<std::unique_ptr<UdpService>> UdpService::start(const Config& config, const Router& router) {
  auto store = storage::FileStore::open(config.store_path, storage::OpenMode::kServe);
  if (!store) return tl::unexpected(store.error());
  std::unique_ptr<UdpService> service(new UdpService(std::move(*store), worker_count(config)));
  if (auto loaded = service->load_contexts(); !loaded) return tl::unexpected(loaded.error());
  if (auto added = service->add_workers(config, router); !added) {
    return tl::unexpected(added.error());
  }
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

Result<void> UdpService::add_workers(const Config& config, const Router& router) {
  auto addresses = parse_addresses(config.listen);
  if (!addresses) return tl::unexpected(addresses.error());
  oscore::EchoKey echo_key;
  fill_random(echo_key.space(oscore::kEchoKeyLen));
  pipeline::LineParts parts;
  parts.contexts = &contexts_;
  parts.router = &router;
  parts.sequence_source = store_.get();
  parts.message_id_offset = random_number<uint16_t>();

  std::vector<UdpWorker*> workers;
  for (oscore::WorkerIndex index = 0; index < rings_.count(); ++index) {
    auto port = UdpPort::open(*addresses);
    if (!port) return tl::unexpected(port.error());
    *addresses = (*port)->addresses();  // the siblings join the port that was given for port 0
    Member& member = members_.emplace_back();
    member.engine = std::make_unique<OpensslEngine>();
    member.echo = std::make_unique<oscore::EchoMaker>(echo_key);
    parts.engine = member.engine.get();
    parts.echo = member.echo.get();
    member.worker = std::make_unique<UdpWorker>(
        parts, pipeline::WorkerPlace{index, rings_.count()}, std::move(*port), rings_);
    workers.push_back(member.worker.get());
  }
  for (UdpWorker* worker : workers) worker->meet(workers);
  return {};
}

UdpService::~UdpService() {
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
