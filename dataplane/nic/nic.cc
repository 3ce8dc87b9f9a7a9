#include "dataplane/nic/nic.h"

#include <algorithm>
#include <utility>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dataplane/nic/device_name.h"
#include "dataplane/nic/eal.h"
#include "framework/base/check.h"

namespace osprey {
namespace {

constexpr uint16_t kDescriptors = 1024;       // of each queue
constexpr unsigned kBuffersForWorker = 8191;  // two full queues, and what a worker holds (2^n - 1)
constexpr unsigned kBufferCache = 256;

std::string text_of(int error) { return rte_strerror(error < 0 ? -error : error); }

// RSS spreads clients by address and port, so that a device's flow stays on one queue.
uint64_t udp_flows(const rte_eth_dev_info& info) {
  return info.flow_type_rss_offloads &
         (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP | RTE_ETH_RSS_IPV4 |
          RTE_ETH_RSS_IPV6);
}

}  // namespace

Result<std::shared_ptr<Nic>> Nic::open(const NicOptions& options) {
  EalOptions eal_options;
  eal_options.device = with_queues(options.device, options.num_workers);
  eal_options.instance = options.instance;
  eal_options.memory_mb = options.memory_mb;
  eal_options.extra_args = options.extra_args;
  const auto eal = start_eal(eal_options);
  if (!eal) return tl::unexpected(eal.error());

  std::shared_ptr<Nic> nic(new Nic());
  nic->options_ = options;
  nic->accounts_ = std::vector<BufferAccount>(options.num_workers);
  if (auto found = nic->find_device(eal->log); !found) return tl::unexpected(found.error());
  if (auto made = nic->make_pools(); !made) return tl::unexpected(made.error());
  if (auto configured = nic->configure(); !configured) return tl::unexpected(configured.error());
  if (auto started = nic->start(); !started) return tl::unexpected(started.error());
  nic->description_ += eal->has_huge_pages ? ", huge pages" : ", no huge pages";
  return nic;
}

Nic::~Nic() {
  stop();
  for (rte_mempool* pool : pools_) rte_mempool_free(pool);
  static_cast<void>(rte_eal_cleanup());
}

std::unique_ptr<NicPort> Nic::port(uint16_t queue) {
  CHECK(queue < options_.num_workers);
  return std::make_unique<NicPort>(shared_from_this(), queue);
}

Result<void> Nic::find_device(const std::string& log) {
  const std::string name = device_name(options_.device);
  if (rte_eth_dev_get_port_by_name(name.c_str(), &device_) != 0) {
    return fail("there is no device " + options_.device + " that DPDK can use\n" + log,
                is_pci_address(name)
                    ? "dpdk-devbind.py --status shows the NICs and their drivers"
                    : "check the driver's name and arguments; ip link shows the interfaces");
  }
  rte_ether_addr mac{};
  if (const int error = rte_eth_macaddr_get(device_, &mac); error != 0) {
    return fail("the device " + name + " tells no MAC address: " + text_of(error));
  }
  std::copy_n(mac.addr_bytes, host_.mac.size(), host_.mac.begin());
  host_.ipv4 = options_.ipv4;
  host_.ipv6 = options_.ipv6;
  host_.udp_port = options_.udp_port;
  return {};
}

Result<void> Nic::make_pools() {
  for (uint16_t queue = 0; queue < options_.num_workers; ++queue) {
    const std::string name = "osprey-" + std::to_string(queue);
    rte_mempool* pool =
        rte_pktmbuf_pool_create(name.c_str(), kBuffersForWorker, kBufferCache, 0,
                                RTE_MBUF_DEFAULT_BUF_SIZE, rte_eth_dev_socket_id(device_));
    if (pool == nullptr) {
      return fail("no memory for the packet buffers of " + std::to_string(options_.num_workers) +
                      " workers: " + text_of(rte_errno),
                  "give it more: [dpdk] memory_mb = " +
                      std::to_string(options_.memory_mb + 32 * options_.num_workers));
    }
    pools_.push_back(pool);
  }
  return {};
}

Result<void> Nic::configure() {
  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(device_, &info); error != 0) {
    return fail("the device " + options_.device + " tells nothing about itself: " + text_of(error));
  }
  const uint16_t num_queues = options_.num_workers;
  if (num_queues > std::min(info.max_rx_queues, info.max_tx_queues)) {
    const int most = std::min(info.max_rx_queues, info.max_tx_queues);
    return fail("the device " + options_.device + " has " + std::to_string(most) + " queues for " +
                    std::to_string(num_queues) + " workers",
                "[server] workers = " + std::to_string(most));
  }
  rte_eth_conf conf{};
  if (num_queues > 1 && udp_flows(info) != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = udp_flows(info);
  }
  constexpr uint64_t kSums = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
  verifies_checksums_ = (info.rx_offload_capa & kSums) == kSums;
  if (verifies_checksums_) conf.rxmode.offloads |= kSums;
  int error = rte_eth_dev_configure(device_, num_queues, num_queues, &conf);
  uint16_t num_rx = kDescriptors;
  uint16_t num_tx = kDescriptors;
  if (error == 0) error = rte_eth_dev_adjust_nb_rx_tx_desc(device_, &num_rx, &num_tx);
  for (uint16_t queue = 0; queue < num_queues && error == 0; ++queue) {
    const auto socket = static_cast<unsigned>(rte_eth_dev_socket_id(device_));
    error = rte_eth_rx_queue_setup(device_, queue, num_rx, socket, nullptr, pools_[queue]);
    if (error == 0) error = rte_eth_tx_queue_setup(device_, queue, num_tx, socket, nullptr);
  }
  if (error != 0) {
    return fail("the device " + options_.device + " cannot be set up with " +
                std::to_string(num_queues) + " queues: " + text_of(error));
  }
  description_ = std::string(info.driver_name) + ", " + std::to_string(num_queues) +
                 (num_queues == 1 ? " queue" : " queues");
  return {};
}

Result<void> Nic::start() {
  if (const int error = rte_eth_dev_start(device_); error != 0) {
    return fail("the device " + options_.device + " does not start: " + text_of(error));
  }
  is_started_ = true;
  // Solicitations come to multicast addresses. What cannot filter gives us everything anyway.
  static_cast<void>(rte_eth_allmulticast_enable(device_));
  return {};
}

size_t Nic::stop() {
  if (!std::exchange(is_started_, false)) return 0;
  static_cast<void>(rte_eth_dev_stop(device_));
  static_cast<void>(rte_eth_dev_close(device_));
  size_t missing = 0;
  for (const BufferAccount& account : accounts_) {
    missing += account.taken.read() - account.given.read();
  }
  return missing;
}

}  // namespace osprey
