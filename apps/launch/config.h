// The configuration of a server: one struct, filled from a TOML file, handed to constructors.
//
//   [server]
//   listen  = ["127.0.0.1:5683", "[::1]:5683"]   # numeric address:port, IPv4 or IPv6
//   workers = 1                                  # threads that serve; 0: one per usable core
//   port    = "udp"                              # kernel sockets; or "dpdk": a NIC of our own
//
//   [dpdk]                                       # with port = "dpdk"; `listen` says who we are
//   device     = "0000:03:00.0"                  # PCI address, or as in "net_af_packet,iface=eth1"
//   idle       = "back-off"                      # sleep when there is nothing to do; or "poll"
//   memory_mb  = 256                             # all that DPDK takes when there are no huge pages
//   extra_args = []                              # for DPDK's EAL
//
//   [store]
//   path     = "/var/lib/osprey"                 # made by: osprey store init --store PATH
//   key_file = "/etc/osprey/kek"                 # of the key that wraps secrets; default: PATH/kek
//
//   [admin]
//   socket = "/run/osprey/admin.sock"            # for osprey context ...; default: PATH/admin.sock
//
//   [crypto]
//   engine = "auto"                              # ipsec-mb where the CPU can, else openssl
//
//   [log]
//   level = "info"                               # error, warn, info, debug
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/crypto/engines.h"
#include "framework/base/result.h"

namespace osprey {

enum class PortKind : uint8_t { kUdp, kDpdk };

struct DpdkConfig {
  std::string device;  // required with PortKind::kDpdk
  bool polls = false;
  unsigned memory_mb = 256;
  std::vector<std::string> extra_args;
};

struct Config {
  // Every worker has a queue from every other one, 220 KB each.
  static constexpr unsigned kMaxWorkers = 64;

  // Reachable from this machine alone until the operator says otherwise.
  std::vector<std::string> listen = {"127.0.0.1:5683", "[::1]:5683"};
  unsigned workers = 1;
  PortKind port = PortKind::kUdp;
  DpdkConfig dpdk;
  std::string store_path;    // required
  std::string key_file;      // empty: in the store
  std::string admin_socket;  // empty: in the store
  EngineKind engine = EngineKind::kAuto;
  std::string log_level = "info";

  // The command line of a server program: `PROGRAM --config FILE` serves, `PROGRAM check --config
  // FILE` only reads the configuration, `PROGRAM doctor --config FILE` looks at the machine.
  // Returns only when the program is to serve; otherwise it has said why and ended the process
  // (exit code 0 after check, doctor or --help, 2 for bad usage or a bad configuration).
  static Config from_args(int argc, char** argv);

  // Errors name file, line, and for an unknown key the one that was most likely meant.
  static Result<Config> from_file(const std::string& path);
  // `name` stands for the file in errors.
  static Result<Config> from_text(std::string_view text, const std::string& name);
};

}  // namespace osprey
