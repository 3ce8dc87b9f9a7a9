// Key material that comes over the admin socket is not left in freed memory (I7). A program of its
// own: freed_memory.cc looks into all that is given back.
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "apps/launch/admin_protocol.h"
#include "apps/launch/admin_socket.h"
#include "tests/unit/apps/launch/served_store.h"
#include "tests/unit/storage/import/freed_memory.h"

namespace osprey {
namespace {

using storage::FreedMemoryWatch;
using storage::kWatchedHex;

// Says it from memory that is never freed; what the server answers is not of interest.
void say(const std::string& path, std::string_view text) {
  const storage::FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  const sockaddr_un address = *admin_address(path);
  ASSERT_EQ(connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
  ASSERT_EQ(send(socket.number(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
  shutdown(socket.number(), SHUT_WR);
  for (char c = 0; recv(socket.number(), &c, 1, 0) == 1;) continue;  // until it closes
}

TEST(AdminSecrecy, RequestsLeaveNoSecretInFreedMemory) {
  test::ServedStore store;
  const std::string secret(kWatchedHex);
  const std::string add = "{\"operation\": \"add\", \"contexts\": 1}\n";
  const std::string context = R"({"name": "a", "sender_id": "01", "recipient_id": "02",)"
                              R"( "master_secret": ")" +
                              secret;
  const std::string texts[] = {
      add + context + "\"}\n",
      add + context + "\"}\n",  // refused: it is there
      "{\"operation\": \"replace\"}\n" + context + "\", \"replay_window\": 64}\n",
      add + context + "\n",       // no end of the string
      add + context + "zz\"}\n",  // no hex
      add + context + "\"",       // cut
      context + "\"}\n",          // a context where a request should be
      "{\"master_secret\": \"" + secret,
  };
  const std::string path = store.path_of("admin.sock");
  FreedMemoryWatch watch;
  {
    const auto socket = AdminSocket::start(path, store.target());
    ASSERT_TRUE(socket.has_value()) << socket.error().text();
    for (const std::string& text : texts) say(path, text);
  }
  EXPECT_EQ(watch.num_leaks(), 0);
  EXPECT_EQ(store.contexts(), "a ");
}

}  // namespace
}  // namespace osprey
