#include "dataplane/nic/device_name.h"

#include <gtest/gtest.h>

namespace osprey {
namespace {

TEST(DeviceName, EndsAtItsArguments) {
  EXPECT_EQ(device_name("net_af_packet,iface=eth1"), "net_af_packet");
  EXPECT_EQ(device_name("0000:03:00.0,rxq_cqe_comp_en=1"), "0000:03:00.0");
  EXPECT_EQ(device_name("net_null0"), "net_null0");
}

TEST(DeviceName, PciAddressesAreTold) {
  for (const char* yes : {"0000:03:00.0", "03:00.7", "abcd:EF:1f.3", "0000:03:00.0,class=ct"}) {
    EXPECT_TRUE(is_pci_address(yes)) << yes;
  }
  for (const char* no :
       {"net_null0", "0000:03:00", "03:00.8", "0000:03:00.0 ", "", "000:03:00.0"}) {
    EXPECT_FALSE(is_pci_address(no)) << no;
  }
}

// Goal: workers get a queue each of drivers that make as many as they are told, and a user who
// tells them is heard.
TEST(DeviceName, DriversAreToldTheirQueues) {
  const struct {
    const char* device;
    unsigned workers;
    const char* expected;
  } rows[] = {
      {"net_af_packet,iface=e", 2, "net_af_packet,iface=e,qpairs=2"},
      {"net_af_packet0,iface=e", 1, "net_af_packet0,iface=e,qpairs=1"},
      {"net_af_packet,iface=e,qpairs=1", 2, "net_af_packet,iface=e,qpairs=1"},
      {"net_af_xdp,iface=e", 3, "net_af_xdp,iface=e,queue_count=3"},
      {"net_memif,role=server", 2, "net_memif,role=server"},
      {"0000:03:00.0", 8, "0000:03:00.0"},
  };
  for (const auto& row : rows) EXPECT_EQ(with_queues(row.device, row.workers), row.expected);
}

}  // namespace
}  // namespace osprey
