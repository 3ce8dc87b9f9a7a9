#include "apps/launch/admin_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "apps/launch/admin_protocol.h"
#include "storage/context_lines.h"
#include "tests/unit/apps/launch/served_store.h"

namespace osprey {
namespace {

using storage::FileDescriptor;
using test::context_line;
using test::ServedStore;
using namespace std::chrono_literals;

constexpr const char* kStatus = "{\"operation\": \"status\"}\n";
constexpr timeval kPatience{.tv_sec = 10, .tv_usec = 0};

// Somebody who speaks to the socket.
class Peer {
 public:
  explicit Peer(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    const sockaddr_un address = *admin_address(path);
    setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    is_connected_ =
        connect(socket_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  bool is_connected() const { return is_connected_; }
  void say(std::string_view text) {
    send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  // What comes until there is a whole line; "(closed)" when it was closed before, "(silence)" when
  // nothing comes.
  std::string hear() {
    std::string line;
    for (char c = 0; c != '\n'; line += c) {
      const ssize_t got = recv(socket_.number(), &c, 1, 0);
      if (got != 1) return got == 0 || errno == ECONNRESET ? "(closed)" : "(silence)";
    }
    return line;
  }

 private:
  FileDescriptor socket_;
  bool is_connected_ = false;
};

class Socket : public ::testing::Test {
 protected:
  void start(AdminSocket::Limits limits = {}) {
    auto started = AdminSocket::start(path_, store_.target(), limits);
    ASSERT_TRUE(started.has_value()) << started.error().text();
    socket_ = std::move(*started);
  }
  std::string start_error() {
    const auto started = AdminSocket::start(path_, store_.target());
    return started ? "(no error)" : started.error().cause;
  }

  ServedStore store_;
  std::string path_ = admin_socket_path(store_.path());
  std::unique_ptr<AdminSocket> socket_;
};

TEST_F(Socket, ListensInTheStoreForOwnerAndGroupAndIsGoneAfterwards) {
  start();
  EXPECT_EQ(path_, store_.path() + "/admin.sock");
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 0777, 0660u);
  Peer peer(path_);
  peer.say(kStatus);
  EXPECT_TRUE(peer.hear().starts_with(R"({"ok": true, "store": )"));
  socket_.reset();
  EXPECT_EQ(peer.hear(), "(closed)");
  EXPECT_NE(stat(path_.c_str(), &status), 0);
}

TEST_F(Socket, TakesRequestsInPiecesAndSeveralAtOnce) {
  start();
  Peer peer(path_);
  const std::string text = "{\"operation\": \"add\", \"contexts\": 2}\n" + context_line("a", 1) +
                           "\n" + context_line("b", 2) + "\n" + kStatus;
  for (const char c : text) peer.say({&c, 1});
  EXPECT_EQ(peer.hear(), "{\"ok\": true}\n");
  EXPECT_TRUE(peer.hear().starts_with(R"({"ok": true, "store": )"));
  peer.say(
      "{\"operation\": \"remove\", \"name\": \"a\"}\n{\"operation\": \"remove\", \"name\": "
      "\"b\"}\n");
  EXPECT_EQ(peer.hear(), "{\"ok\": true}\n");
  EXPECT_EQ(peer.hear(), "{\"ok\": true}\n");
  EXPECT_EQ(store_.contexts(), "");
}

TEST_F(Socket, TakesTheLargestGroup) {
  start();
  std::string text = "{\"operation\": \"add\", \"contexts\": 1000}\n";
  for (uint32_t i = 0; i < kMaxAdminGroup; ++i) {
    text += context_line("c" + std::to_string(i), i) + "\n";
  }
  Peer peer(path_);
  peer.say(text);
  EXPECT_EQ(peer.hear(), "{\"ok\": true}\n");
  EXPECT_EQ(store_.contexts().size(), 10 * 3 + 90 * 4 + 900 * 5u);
}

TEST_F(Socket, ClosesAfterWhatItDoesNotUnderstand) {
  start();
  Peer peer(path_);
  peer.say(std::string("nonsense\n") + kStatus);
  EXPECT_TRUE(peer.hear().starts_with(R"({"ok":false,"cause":"the request: not JSON)"));
  EXPECT_EQ(peer.hear(), "(closed)");
}

// Goal: a line has a bound. Method: one that never ends.
TEST_F(Socket, ClosesOnALineWithoutEnd) {
  start();
  Peer peer(path_);
  peer.say(std::string(5 * storage::kMaxContextLineLen, 'x'));
  EXPECT_TRUE(peer.hear().starts_with(R"({"ok":false,"cause":"the line is longer than 4096)"));
  EXPECT_EQ(peer.hear(), "(closed)");
}

TEST_F(Socket, DropsWhoIsSilentAndKeepsWhoSpeaks) {
  start({.max_clients = 8, .max_silence = 300ms});
  Peer silent(path_);
  Peer speaking(path_);
  silent.say("{\"operation\": ");  // half a request is silence, too
  for (int i = 0; i < 8; ++i) {
    std::this_thread::sleep_for(100ms);
    speaking.say(kStatus);
    EXPECT_TRUE(speaking.hear().starts_with(R"({"ok": true)"));
  }
  EXPECT_EQ(silent.hear(), "(closed)");
}

// Goal: more clients than there is room for wait, and are served when others have gone.
TEST_F(Socket, MoreClientsThanFitWaitForTheirTurn) {
  start({.max_clients = 2, .max_silence = 500ms});
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 4; ++i) {
    peers.push_back(std::make_unique<Peer>(path_));
    ASSERT_TRUE(peers.back()->is_connected());
  }
  peers[3]->say(kStatus);  // answered after the silent ones before it were dropped
  EXPECT_TRUE(peers[3]->hear().starts_with(R"({"ok": true)"));
  EXPECT_EQ(peers[0]->hear(), "(closed)");
}

TEST_F(Socket, ReplacesWhatAKilledServerLeft) {
  {
    const FileDescriptor left(::socket(AF_UNIX, SOCK_STREAM, 0));
    const sockaddr_un address = *admin_address(path_);
    ASSERT_EQ(bind(left.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  start();
  Peer peer(path_);
  peer.say(kStatus);
  EXPECT_TRUE(peer.hear().starts_with(R"({"ok": true)"));
}

TEST_F(Socket, RefusesAPathThatIsAnothersOrTooLong) {
  start();
  EXPECT_EQ(start_error(), "another process listens at the admin socket " + path_);
  socket_.reset();
  storage::write_text(path_, "precious");
  EXPECT_EQ(start_error(), "there is something at " + path_ + " that is not a socket");
  EXPECT_EQ(storage::read_text(path_), "precious");
  path_ = "/tmp/" + std::string(kMaxSocketPathLen - 4, 'x');
  EXPECT_EQ(start_error(), "the admin socket " + path_ +
                               " has a path of 108 bytes; the system "
                               "takes 107");
  path_ = "/nonexistent/admin.sock";
  EXPECT_TRUE(start_error().starts_with("cannot make the admin socket /nonexistent/admin.sock"));
}

}  // namespace
}  // namespace osprey
