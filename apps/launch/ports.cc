#include "apps/launch/ports.h"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "dataplane/socket/udp_port.h"

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

// Ports of one kind, until their workers take them.
template <typename Port>
OpenPorts workers_on(std::vector<std::unique_ptr<Port>> ports) {
  OpenPorts open;
  open.count = ports.size();
  using Ports = std::vector<std::unique_ptr<Port>>;
  using Rings = typename PortWorker<Port>::Rings;
  open.make_worker = [ports = std::make_shared<Ports>(std::move(ports)),
                      rings =
                          std::make_shared<Rings>(static_cast<oscore::WorkerIndex>(open.count))](
                         const pipeline::LineParts& parts, pipeline::WorkerPlace place) {
    return std::make_unique<PortWorker<Port>>(parts, place, std::move((*ports)[place.index]),
                                              rings);
  };
  return open;
}

Result<OpenPorts> open_udp_ports(const Config& config) {
  const auto addresses = parse_addresses(config.listen);
  if (!addresses) return tl::unexpected(addresses.error());
  std::vector<std::unique_ptr<UdpPort>> ports;
  for (size_t i = 0; i < worker_count(config); ++i) {
    auto port = ports.empty() ? UdpPort::open(*addresses) : ports[0]->open_sibling();
    if (!port) return tl::unexpected(port.error());
    ports.push_back(std::move(*port));
  }
  std::vector<std::string> bound;
  for (const SocketAddress& address : ports[0]->addresses()) bound.push_back(address.text());
  OpenPorts open = workers_on(std::move(ports));
  open.addresses = std::move(bound);
  return open;
}

}  // namespace

Result<OpenPorts> open_ports(const Config& config) { return open_udp_ports(config); }

}  // namespace osprey
