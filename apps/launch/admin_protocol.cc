#include "apps/launch/admin_protocol.h"

#include <sys/socket.h>

#include <cstring>

namespace osprey {

std::string admin_socket_path(const std::string& store_path) {
  return store_path + (store_path.ends_with('/') ? "" : "/") + "admin.sock";
}

Result<sockaddr_un> admin_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() > kMaxSocketPathLen) {
    return fail(
        "the admin socket " + path + " has a path of " + std::to_string(path.size()) +
            " bytes; the system takes " + std::to_string(kMaxSocketPathLen),
        "choose a shorter one: [admin] socket = \"PATH\" in the server's configuration, and "
        "osprey ... --socket PATH");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace osprey
