#include "apps/launch/doctor.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "dataplane/crypto/engines.h"

namespace osprey {
namespace {

namespace fs = std::filesystem;
using Kind = Finding::Kind;

constexpr const char* kPciDevices = "/sys/bus/pci/devices/";
constexpr const char* kInterfaces = "/sys/class/net/";

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::vector<std::string> entries(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

// Over which the machine is reached: whoever takes it away from the kernel cuts the machine off.
std::vector<std::string> interfaces_of_default_routes(const std::string& root) {
  std::vector<std::string> names;
  std::ifstream ipv4(root + "/proc/net/route");
  for (std::string line; std::getline(ipv4, line);) {
    std::istringstream words(line);
    std::string name, destination;
    if (words >> name >> destination && destination == "00000000") names.push_back(name);
  }
  std::ifstream ipv6(root + "/proc/net/ipv6_route");
  for (std::string line; std::getline(ipv6, line);) {
    std::istringstream words(line);
    std::vector<std::string> fields;
    for (std::string word; words >> word;) fields.push_back(word);
    const bool is_default = fields.size() >= 10 && fields[1] == "00" &&
                            fields[0] == std::string(32, '0') && fields[9] != "lo";
    if (is_default) names.push_back(fields[9]);
  }
  return names;
}

bool is_default_route(const std::string& interface, const std::string& root) {
  return std::ranges::count(interfaces_of_default_routes(root), interface) > 0;
}

Finding examine_huge_pages(const std::string& root) {
  const std::string sizes = root + "/sys/kernel/mm/hugepages/";
  for (const std::string& size : entries(sizes)) {
    const std::string free = first_line(sizes + size + "/free_hugepages");
    if (!free.empty() && free != "0") return {Kind::kGood, "huge pages: " + free + " free", {}};
  }
  return {Kind::kAdvice, "no huge pages are free: DPDK works without, a million contexts slower",
          "echo 512 | sudo tee /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"};
}

Finding examine_crypto(const Config& config) {
  const EngineKind kind = resolve(config.engine);
  if (kind == EngineKind::kIpsecMb && resolve(EngineKind::kAuto) != EngineKind::kIpsecMb) {
    return {Kind::kProblem, "this CPU cannot do what the ipsec-mb engine takes",
            "set [crypto] engine = \"auto\""};
  }
  return {Kind::kGood, "crypto: " + std::string(engine_name(kind)), {}};
}

Finding examine_cores(const Config& config, const std::string& root) {
  const std::string isolated = first_line(root + "/sys/devices/system/cpu/isolated");
  if (!isolated.empty()) return {Kind::kGood, "isolated cores: " + isolated, {}};
  if (!config.dpdk.polls) return {Kind::kGood, "no core is isolated, and none needs to be", {}};
  return {Kind::kAdvice, "workers poll, and no core is theirs alone: others take time from them",
          "boot with isolcpus=1-N nohz_full=1-N, and start ospreyd with taskset -c 1-N"};
}

Finding examine_numa(const std::string& root) {
  const std::string nodes = first_line(root + "/sys/devices/system/node/online");
  if (nodes.empty() || nodes == "0") return {Kind::kGood, "one NUMA node", {}};
  return {Kind::kAdvice, "NUMA nodes " + nodes + ": workers belong on the node of their NIC",
          "numactl --cpunodebind=NODE ospreyd ... (NODE: /sys/bus/pci/devices/ADDRESS/numa_node)"};
}

Finding examine_locked_memory() {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  constexpr rlim_t kEnough = rlim_t{1} << 30;
  if (limit.rlim_cur >= kEnough) return {Kind::kGood, "locked memory: enough is allowed", {}};
  return {Kind::kAdvice,
          "only " + std::to_string(limit.rlim_cur >> 10) +
              " KB of memory may be locked: too "
              "little for a NIC or net_af_xdp",
          "ulimit -l unlimited (systemd: LimitMEMLOCK=infinity)"};
}

Finding examine_interface(const std::string& name, const std::string& root) {
  if (!fs::exists(root + kInterfaces + name)) {
    return {Kind::kProblem, "there is no interface " + name, "ip link shows those there are"};
  }
  if (is_default_route(name, root)) {
    return {Kind::kAdvice,
            "the default route goes over " + name +
                ": the kernel and ospreyd both see what comes "
                "in, and net_af_xdp takes it all",
            "use an interface of its own"};
  }
  return {Kind::kGood,
          "interface " + name + ": " + first_line(root + kInterfaces + name + "/operstate"),
          {}};
}

std::string driver_of(const std::string& device) {
  std::error_code error;
  return fs::read_symlink(device + "/driver", error).filename().string();
}

Finding examine_pci(std::string address, const std::string& root) {
  constexpr size_t kShortLen = 7;  // without the domain
  if (address.size() == kShortLen) address = "0000:" + address;
  const std::string device = root + kPciDevices + address;
  if (!fs::exists(device)) {
    return {Kind::kProblem, "there is no PCI device " + address, "lspci -D shows those there are"};
  }
  for (const std::string& interface : entries(device + "/net")) {
    if (is_default_route(interface, root)) {
      return {Kind::kProblem,
              address + " is " + interface +
                  ", over which the default route goes: whoever binds it "
                  "to DPDK cuts this machine off",
              "choose another NIC"};
    }
  }
  const std::string driver = driver_of(device);
  if (driver == "vfio-pci" || driver == "uio_pci_generic" || driver.starts_with("mlx")) {
    return {Kind::kGood, address + " is bound to " + driver, {}};
  }
  return {Kind::kProblem, address + " is bound to " + (driver.empty() ? "no driver" : driver),
          "sudo modprobe vfio-pci && sudo dpdk-devbind.py --bind=vfio-pci " + address};
}

Finding examine_iommu(const std::string& root) {
  if (!entries(root + "/sys/class/iommu").empty()) return {Kind::kGood, "there is an IOMMU", {}};
  return {Kind::kAdvice, "there is no IOMMU: vfio-pci takes the NIC without its protection only",
          "boot with intel_iommu=on, or: echo 1 | sudo tee "
          "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"};
}

// "net_af_packet,iface=eth1" -> "eth1".
std::string interface_of(const std::string& device) {
  const size_t at = device.find(",iface=");
  if (at == std::string::npos) return {};
  const std::string rest = device.substr(at + 7);
  return rest.substr(0, rest.find(','));
}

void examine_device(const Config& config, const std::string& root, std::vector<Finding>& findings) {
  const std::string& device = config.dpdk.device;
  if (device.empty()) return;
  if (!device.starts_with("net_")) {
    findings.push_back(examine_pci(device.substr(0, device.find(',')), root));
    findings.push_back(examine_iommu(root));
  } else if (const std::string interface = interface_of(device); !interface.empty()) {
    findings.push_back(examine_interface(interface, root));
  }
}

}  // namespace

std::vector<Finding> examine(const Config& config, const std::string& root) {
  std::vector<Finding> findings = {examine_crypto(config)};
  if (config.port == PortKind::kUdp) {
    findings.push_back({Kind::kGood, "port udp: needs no huge pages, NIC or privilege", {}});
    return findings;
  }
  findings.push_back(examine_huge_pages(root));
  findings.push_back(examine_numa(root));
  findings.push_back(examine_cores(config, root));
  findings.push_back(examine_locked_memory());
  examine_device(config, root, findings);
  return findings;
}

int print_findings(const std::vector<Finding>& findings) {
  bool has_problem = false;
  for (const Finding& finding : findings) {
    const char* kind = finding.kind == Kind::kGood     ? "ok     "
                       : finding.kind == Kind::kAdvice ? "advice "
                                                       : "PROBLEM";
    std::printf("%s  %s\n", kind, finding.text.c_str());
    if (!finding.mend.empty()) std::printf("         to mend: %s\n", finding.mend.c_str());
    has_problem |= finding.kind == Kind::kProblem;
  }
  return has_problem ? 1 : 0;
}

}  // namespace osprey
