#include "dataplane/nic/eal.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "dataplane/nic/device_name.h"
#include "framework/base/hash.h"

namespace osprey {
namespace {

bool has_free_huge_pages() {
  std::error_code error;
  for (const auto& size : std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", error)) {
    std::ifstream file(size.path() / "free_hugepages");
    unsigned long free = 0;
    if (file >> free && free > 0) return true;
  }
  return false;
}

// The same for every life of a server, so that those that were killed leave nothing that adds up.
std::string file_prefix(const std::string& instance) {
  char prefix[32];
  std::snprintf(prefix, sizeof prefix, "--file-prefix=osprey-%08x",
                static_cast<unsigned>(hash_bytes(0, as_bytes(std::string_view(instance)))));
  return prefix;
}

std::vector<std::string> arguments_of(const EalOptions& options, bool has_huge_pages) {
  std::vector<std::string> arguments = {"osprey", "--lcores=0@" + std::to_string(sched_getcpu()),
                                        file_prefix(options.instance)};
  if (has_huge_pages) {
    arguments.insert(arguments.end(), {"--in-memory"});
  } else {
    // Without files that other processes could share: each would be 10 MB.
    arguments.insert(arguments.end(),
                     {"--no-huge", "--no-shconf", "-m", std::to_string(options.memory_mb)});
  }
  if (is_pci_address(options.device)) {
    arguments.insert(arguments.end(), {"-a", options.device});
  } else {
    arguments.insert(arguments.end(), {"--no-pci", "--vdev=" + options.device});
  }
  arguments.insert(arguments.end(), options.extra_args.begin(), options.extra_args.end());
  return arguments;
}

// EAL tells why it fails only in its log: it is kept, for whoever has to mend it.
class KeptLog {
 public:
  KeptLog() : stream_(open_memstream(&text_, &len_)) {
    if (stream_ != nullptr) rte_openlog_stream(stream_);
  }
  ~KeptLog() {
    rte_openlog_stream(nullptr);
    if (stream_ != nullptr) std::fclose(stream_);
    std::free(text_);
  }
  KeptLog(const KeptLog&) = delete;
  KeptLog& operator=(const KeptLog&) = delete;

  std::string text() {
    if (stream_ == nullptr) return {};
    std::fflush(stream_);
    return {text_, len_};
  }

 private:
  char* text_ = nullptr;
  size_t len_ = 0;
  std::FILE* stream_;
};

// EAL ties whoever starts it to one core; workers choose their own.
class SameCores {
 public:
  SameCores() { pthread_getaffinity_np(pthread_self(), sizeof cores_, &cores_); }
  ~SameCores() { pthread_setaffinity_np(pthread_self(), sizeof cores_, &cores_); }
  SameCores(const SameCores&) = delete;
  SameCores& operator=(const SameCores&) = delete;

 private:
  cpu_set_t cores_{};
};

std::string mend_of(const std::string& log) {
  const auto says = [&](const char* text) { return log.find(text) != std::string::npos; };
  if (says("Operation not permitted") || says("Permission denied")) {
    return "run it as root, or: setcap cap_net_raw,cap_net_admin,cap_ipc_lock,cap_sys_admin+ep "
           "$(command -v ospreyd)";
  }
  if (says("No such device") || says("ifname")) {
    return "ip link shows the interfaces, dpdk-devbind.py --status the NICs";
  }
  if (says("VFIO")) return "modprobe vfio-pci, then: dpdk-devbind.py --bind=vfio-pci DEVICE";
  if (says("memory")) return "give it more (dpdk.memory_mb), or huge pages";
  return "look at what DPDK says above";
}

}  // namespace

Result<Eal> start_eal(const EalOptions& options) {
  Eal eal;
  eal.has_huge_pages = has_free_huge_pages();
  std::vector<std::string> arguments = arguments_of(options, eal.has_huge_pages);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  const SameCores same_cores;
  KeptLog log;
  const int taken = rte_eal_init(static_cast<int>(argv.size()) - 1, argv.data());
  const int error = rte_errno;
  eal.log = log.text();
  if (taken >= 0) return eal;
  const std::string why = error == EALREADY ? "it was started before" : rte_strerror(error);
  return fail("DPDK does not start: " + why + "\n" + eal.log, mend_of(eal.log));
}

}  // namespace osprey
