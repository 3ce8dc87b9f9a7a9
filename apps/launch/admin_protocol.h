// How a server and whoever provisions it speak over the admin socket (UNIX, stream): a request is
// one line of JSON, and so is its answer.
//
//   {"operation": "add", "contexts": 2}      that many lines follow, as between stores
//   {"name": "sensor-1", ...}                (storage/context_lines.h)
//   {"name": "sensor-2", ...}
//   {"ok": true}
//
//   operation        with                  does
//   add              contexts, and lines   adds all of them, or none
//   replace          one line              gives the context of that name these parameters
//   remove           name
//   enable, disable  name
//   status                                 answers {"ok": true, "store": {..}, "counters": {..}}
//
// What went wrong is {"ok": false, "cause": "...", "mend": "..."}. After a request that it does not
// understand the server closes: what follows may be anything. Windows of imported contexts do not
// come this way: such a context begins with an Echo exchange.
//
// Who may open the socket's file may do all this, so the kernel decides: its mode is 0660, and in
// its usual place the store's directory lets nobody near but the owner.
#pragma once

#include <sys/un.h>

#include <string>

#include "framework/base/result.h"

namespace osprey {

inline constexpr size_t kMaxAdminGroup = 1000;  // contexts of one request
inline constexpr size_t kMaxAdminAnswerLen = size_t{64} << 10;

// Where the server of a store listens, unless its configuration says otherwise.
std::string admin_socket_path(const std::string& store_path);

// Longest path of a UNIX socket, bytes.
inline constexpr size_t kMaxSocketPathLen = sizeof(sockaddr_un::sun_path) - 1;

// An error when the path is too long.
Result<sockaddr_un> admin_address(const std::string& path);

}  // namespace osprey
