// What the doctor finds on machines that are built as folders.
#include "apps/launch/doctor.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/unit/storage/support.h"

namespace osprey {
namespace {

namespace fs = std::filesystem;
using Kind = Finding::Kind;

class Doctor : public ::testing::Test {
 protected:
  Doctor() {
    config_.port = PortKind::kDpdk;
    write("/proc/net/route", "Iface\tDestination\tGateway\neth0\t00000000\t0100000A\n");
  }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  void add_pci(const std::string& address, const std::string& driver,
               const std::string& interface) const {
    const std::string device = root_ + "/sys/bus/pci/devices/" + address;
    fs::create_directories(device + "/net/" + interface);
    fs::create_symlink("../../drivers/" + driver, device + "/driver");
  }
  // The finding whose text holds `part`; kGood with an empty text when there is none.
  Finding find(const std::string& part) const {
    for (const Finding& finding : examine(config_, root_)) {
      if (finding.text.find(part) != std::string::npos) return finding;
    }
    return {};
  }

  storage::TempDirectory directory_;
  std::string root_ = directory_.path();
  Config config_;
};

TEST_F(Doctor, UdpPortNeedsNothing) {
  config_.port = PortKind::kUdp;
  for (const Finding& finding : examine(config_, root_)) {
    EXPECT_EQ(finding.kind, Kind::kGood) << finding.text;
  }
}

TEST_F(Doctor, HugePagesAreCountedOrAdvised) {
  EXPECT_EQ(find("no huge pages").kind, Kind::kAdvice);
  EXPECT_NE(find("no huge pages").mend.find("nr_hugepages"), std::string::npos);
  write("/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "0\n");
  write("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "17\n");
  EXPECT_EQ(find("17 free").kind, Kind::kGood);
}

TEST_F(Doctor, NicIsToBeBoundToVfio) {
  config_.dpdk.device = "0000:03:00.0";
  EXPECT_EQ(find("no PCI device 0000:03:00.0").kind, Kind::kProblem);
  add_pci("0000:03:00.0", "ixgbe", "eth1");
  const Finding finding = find("bound to ixgbe");
  EXPECT_EQ(finding.kind, Kind::kProblem);
  EXPECT_NE(finding.mend.find("--bind=vfio-pci 0000:03:00.0"), std::string::npos);
  EXPECT_EQ(find("IOMMU").kind, Kind::kAdvice);
  add_pci("0000:04:00.0", "vfio-pci", "none");
  config_.dpdk.device = "04:00.0,some=argument";
  EXPECT_EQ(find("bound to vfio-pci").kind, Kind::kGood);
  EXPECT_TRUE(find("bound to vfio-pci").mend.empty());
}

// Goal: nobody is led to cut off the machine that he works on.
TEST_F(Doctor, NicOfTheDefaultRouteIsNeverToBeBound) {
  add_pci("0000:05:00.0", "ixgbe", "eth0");
  config_.dpdk.device = "0000:05:00.0";
  for (const Finding& finding : examine(config_, root_)) {
    EXPECT_EQ(finding.mend.find("devbind"), std::string::npos) << finding.mend;
  }
  EXPECT_EQ(find("cuts this machine off").kind, Kind::kProblem);

  fs::remove(root_ + "/proc/net/route");
  write("/proc/net/ipv6_route", std::string(32, '0') + " 00 " + std::string(32, '0') + " 00 " +
                                    std::string(32, '0') +
                                    " 00000400 00000001 00000000 00000003 "
                                    "    eth0\n");
  EXPECT_EQ(find("cuts this machine off").kind, Kind::kProblem);
}

TEST_F(Doctor, InterfaceOfADriverIsLookedAt) {
  config_.dpdk.device = "net_af_packet,iface=eth1,qpairs=1";
  EXPECT_EQ(find("no interface eth1").kind, Kind::kProblem);
  write("/sys/class/net/eth1/operstate", "up\n");
  EXPECT_EQ(find("interface eth1: up").kind, Kind::kGood);
  write("/sys/class/net/eth0/operstate", "up\n");
  config_.dpdk.device = "net_af_xdp,iface=eth0";
  EXPECT_EQ(find("default route goes over eth0").kind, Kind::kAdvice);
}

TEST_F(Doctor, CoresOfPollingWorkersAreToBeIsolated) {
  EXPECT_EQ(find("no core is isolated").kind, Kind::kGood);
  config_.dpdk.polls = true;
  EXPECT_EQ(find("no core is theirs").kind, Kind::kAdvice);
  write("/sys/devices/system/cpu/isolated", "1-3\n");
  EXPECT_EQ(find("isolated cores: 1-3").kind, Kind::kGood);
  write("/sys/devices/system/node/online", "0-1\n");
  EXPECT_EQ(find("NUMA nodes 0-1").kind, Kind::kAdvice);
}

TEST(PrintFindings, ExitCodeSaysWhetherThereIsAProblem) {
  EXPECT_EQ(print_findings({{Kind::kGood, "a", ""}, {Kind::kAdvice, "b", "c"}}), 0);
  EXPECT_EQ(print_findings({{Kind::kGood, "a", ""}, {Kind::kProblem, "b", "c"}}), 1);
}

}  // namespace
}  // namespace osprey
