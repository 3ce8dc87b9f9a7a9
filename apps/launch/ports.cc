#include "apps/launch/ports.h"

#include <sched.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/socket/udp_port.h"
#ifdef OSPREY_HAS_DPDK
#include "dataplane/nic/nic.h"
#endif

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

#ifdef OSPREY_HAS_DPDK

// A NIC has the addresses that it is told, all with one port.
Result<void> add_addresses(const Config& config, NicOptions& options) {
  const auto addresses = parse_addresses(config.listen);
  if (!addresses) return tl::unexpected(addresses.error());
  options.udp_port = addresses->front().port();
  for (const SocketAddress& address : *addresses) {
    if (address.is_any_address() || address.port() != options.udp_port || address.port() == 0) {
      return fail("the dpdk port cannot listen on " + address.text(),
                  "name the addresses that the NIC has, all with the same port, as in listen = "
                  "[\"192.0.2.7:5683\", \"[2001:db8::7]:5683\"]");
    }
    if (address.family() == AF_INET) {
      const auto& in = reinterpret_cast<const sockaddr_in&>(address.storage);
      std::memcpy(options.ipv4.emplace_back().data(), &in.sin_addr, sizeof in.sin_addr);
    } else {
      const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
      std::memcpy(options.ipv6.emplace_back().data(), &in6.sin6_addr, sizeof in6.sin6_addr);
    }
  }
  return {};
}

Result<OpenPorts> open_dpdk_ports(const Config& config) {
  NicOptions options;
  options.device = config.dpdk.device;
  options.num_workers = static_cast<uint16_t>(worker_count(config));
  options.idle = config.dpdk.polls ? NicOptions::Idle::kPoll : NicOptions::Idle::kBackOff;
  options.memory_mb = config.dpdk.memory_mb;
  options.instance = config.store_path;
  options.extra_args = config.dpdk.extra_args;
  if (auto added = add_addresses(config, options); !added) return tl::unexpected(added.error());
  const auto nic = Nic::open(options);
  if (!nic) return tl::unexpected(nic.error());
  std::vector<std::unique_ptr<NicPort>> ports;
  for (uint16_t i = 0; i < options.num_workers; ++i) ports.push_back((*nic)->port(i));
  OpenPorts open = workers_on(std::move(ports));
  open.addresses = config.listen;
  open.description = (*nic)->description();
  open.close = [nic = *nic]() -> Result<void> {
    const size_t num_missing = nic->stop();
    if (num_missing == 0) return {};
    return fail(std::to_string(num_missing) + " packet buffers were lost: a bug, please report it");
  };
  return open;
}

#else

Result<OpenPorts> open_dpdk_ports(const Config& /*config*/) {
  return fail("this ospreyd was built without DPDK",
              "apt install libdpdk-dev, then build it again with -Ddpdk=enabled");
}

#endif

}  // namespace

Result<OpenPorts> open_ports(const Config& config) {
  return config.port == PortKind::kUdp ? open_udp_ports(config) : open_dpdk_ports(config);
}

}  // namespace osprey
