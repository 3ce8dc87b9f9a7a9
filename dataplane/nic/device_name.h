// Names of DPDK's devices. Pure.
#pragma once

#include <regex>
#include <string>

namespace osprey {

// The device without its arguments: what DPDK finds it by.
inline std::string device_name(const std::string& device) {
  return device.substr(0, device.find(','));
}

// "0000:03:00.0" and "03:00.0" are PCI addresses, with or without arguments.
inline bool is_pci_address(const std::string& device) {
  static const std::regex kPci("([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7](,.*)?");
  return std::regex_match(device, kPci);
}

// The virtual device `device` with as many queues as there are workers, where its driver wants to
// be told and the user has not.
inline std::string with_queues(const std::string& device, unsigned num_workers) {
  struct Driver {
    const char* name;
    const char* argument;
  };
  constexpr Driver kDrivers[] = {
      {"net_af_packet", "qpairs"}, {"net_af_xdp", "queue_count"}, {"eth_af_packet", "qpairs"}};
  for (const Driver& driver : kDrivers) {
    const std::string argument = std::string(driver.argument) + "=";
    if (device.starts_with(driver.name) && device.find(argument) == std::string::npos) {
      return device + "," + argument + std::to_string(num_workers);
    }
  }
  return device;
}

}  // namespace osprey
