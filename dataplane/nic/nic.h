// The dpdk port: one Ethernet device, with a queue pair and a pool of packet buffers for each
// worker.
//
//   Nic       the device: made, started, stopped, closed by the control thread
//   NicPort   one worker's queues: rx and tx in bursts
//
// A NIC that we own has no kernel behind it: ARP, neighbour solicitations and ping are answered
// here (dataplane/frames), everything else that is no datagram of ours is counted and freed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/nic/nic_slot.h"
#include "dataplane/tally.h"
#include "framework/base/counters.h"
#include "framework/base/result.h"

struct rte_mempool;

namespace osprey {

struct NicOptions {
  // Whether a worker with nothing to do looks on (and takes its core for itself), or sleeps for up
  // to half a millisecond at a time.
  enum class Idle : uint8_t { kBackOff, kPoll };

  // PCI address ("0000:03:00.0"), or driver with arguments ("net_af_packet,iface=eth1").
  std::string device;
  std::vector<Ipv4Address> ipv4;
  std::vector<Ipv6Address> ipv6;
  uint16_t udp_port = 5683;
  uint16_t num_workers = 1;
  Idle idle = Idle::kBackOff;
  unsigned memory_mb = 256;
  std::string instance;  // what tells this server from others on this machine
  std::vector<std::string> extra_args;
};

// What a worker took from its device and its pool, and what it gave back: the same in the end (I5).
// What the device's driver keeps is not in it.
struct alignas(64) BufferAccount {
  Counter taken;
  Counter given;
};

class NicPort;

// Thread: control.
class Nic : public std::enable_shared_from_this<Nic> {
 public:
  // Starts DPDK and the device. Once in a process. Errors: cause and command.
  static Result<std::shared_ptr<Nic>> open(const NicOptions& options);
  // After the last port is gone.
  ~Nic();
  Nic(const Nic&) = delete;
  Nic& operator=(const Nic&) = delete;

  // Worker `queue`'s own; keeps the device open.
  std::unique_ptr<NicPort> port(uint16_t queue);

  // One line: driver, queues, memory.
  const std::string& description() const { return description_; }

  // Stops the device, after the workers have ended. Returns how many packet buffers they have taken
  // and not given back: 0 unless one was lost.
  size_t stop();

 private:
  friend class NicPort;

  Nic() = default;
  Result<void> find_device(const std::string& log);
  Result<void> make_pools();
  Result<void> configure();
  Result<void> start();

  NicOptions options_;
  FrameHost host_;
  uint16_t device_ = 0;
  bool is_started_ = false;
  bool verifies_checksums_ = false;  // the device does
  std::vector<rte_mempool*> pools_;  // one for each worker, as are the accounts
  std::vector<BufferAccount> accounts_;
  std::string description_;
};

// Thread: one worker; tallies any.
class NicPort {
 public:
  using Slot = NicSlot;
  using Kept = KeptFrame;

  NicPort(std::shared_ptr<Nic> nic, uint16_t queue);
  ~NicPort();
  NicPort(const NicPort&) = delete;
  NicPort& operator=(const NicPort&) = delete;

  // On the worker's thread, before anything else.
  void begin();

  // Receives into `slots` (at most kBatchMax), answers what a host answers, frees the rest. Never
  // blocks. Returns how many datagrams there are.
  size_t rx(std::span<NicSlot> slots);
  // Sends the replies, frees the other buffers. Returns how many the device did not take; they get
  // the verdict kSendFailed.
  size_t tx(std::span<NicSlot> slots);

  void keep(const NicSlot& slot, KeptFrame& kept) const;
  // False when the pool is empty.
  bool restore(const KeptFrame& kept, NicSlot& slot) const;

  void sleep();
  void wake() {}  // it never sleeps for long

  // Frames by fate, and answers that the device did not take.
  std::vector<Tally> tallies() const;

 private:
  void use(rte_mbuf* buffer, const FrameLayout& layout, NicSlot& slot) const;
  void send_answers(std::span<rte_mbuf*> answers);

  std::shared_ptr<Nic> nic_;
  uint16_t queue_;
  rte_mempool* pool_;
  BufferAccount& account_;
  unsigned num_idle_turns_ = 0;
  std::array<Counter, kNumFrameFates> fates_;
  Counter unsent_answers_;
};

}  // namespace osprey
