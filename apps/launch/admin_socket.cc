#include "apps/launch/admin_socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <vector>

#include <spdlog/spdlog.h>

#include "apps/launch/admin_protocol.h"
#include "storage/context_lines.h"
#include "storage/directory.h"

namespace osprey {
namespace {

using storage::FileDescriptor;
using storage::SecretText;
using Clock = std::chrono::steady_clock;

constexpr mode_t kMode = 0660;
constexpr size_t kBufferLen = size_t{4} * storage::kMaxContextLineLen;
constexpr int kPollMs = 1000;  // at most this long after its time, a silent client is dropped

std::string error_text(int error) { return std::generic_category().message(error); }

tl::unexpected<Error> fail_call(const char* verb, const std::string& path, int error) {
  return fail(
      "cannot " + std::string(verb) + " the admin socket " + path + ": " + error_text(error),
      "choose another place: [admin] socket = \"PATH\" in the configuration");
}

FileDescriptor new_socket() {
  return FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// Removes what a server that was killed left behind. The store's lock says that it is not in use;
// for a path that the configuration chose, only the answer does.
Result<void> remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? Result<void>() : fail_call("look at", path, errno);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail("there is something at " + path + " that is not a socket",
                "move it away, or choose another place: [admin] socket = \"PATH\"");
  }
  const FileDescriptor probe = new_socket();
  if (connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return fail("another process listens at the admin socket " + path,
                "stop it, or choose another place: [admin] socket = \"PATH\"");
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return fail_call("remove", path, errno);
  return {};
}

// "user 1000, process 4711".
std::string client_text(int socket) {
  ucred peer{};
  socklen_t len = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) return "somebody";
  return "user " + std::to_string(peer.uid) + ", process " + std::to_string(peer.pid);
}

}  // namespace

// A connection, and the lines that it has sent so far.
class AdminSocket::Client {
 public:
  Client(FileDescriptor socket, AdminTarget& target)
      : socket_(std::move(socket)), session_(target, client_text(socket_.number())) {
    buffer_.resize(kBufferLen);
  }

  int socket() const { return socket_.number(); }
  Clock::time_point heard_at() const { return heard_at_; }

  // Reads once and answers what is complete. False when it is to be dropped.
  bool serve() {
    const ssize_t got = recv(socket(), buffer_.data() + len_, buffer_.size() - len_, 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    heard_at_ = Clock::now();
    len_ += static_cast<size_t>(got);
    if (!take_lines()) return false;
    if (len_ < buffer_.size()) return true;
    answer(admin_failure(
        {"the line is longer than " + std::to_string(storage::kMaxContextLineLen) + " bytes",
         "one request, or one context, per line"}));
    return false;
  }

 private:
  bool take_lines() {
    size_t begin = 0;
    const std::string_view text(buffer_.data(), len_);
    for (size_t end; (end = text.find('\n', begin)) != std::string_view::npos; begin = end + 1) {
      const auto said = session_.take(text.substr(begin, end - begin));
      if (said && !answer(*said)) return false;
      if (session_.is_over()) return false;
    }
    std::copy(text.begin() + static_cast<ptrdiff_t>(begin), text.end(), buffer_.begin());
    len_ -= begin;
    heard_at_ = Clock::now();  // what took us long is not the client's silence
    return true;
  }

  // False when it does not read: the kernel has room for many answers.
  bool answer(std::string text) {
    text += '\n';
    return send(socket(), text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }

  FileDescriptor socket_;
  AdminSession session_;
  SecretText buffer_;
  size_t len_ = 0;
  Clock::time_point heard_at_ = Clock::now();
};

AdminSocket::AdminSocket(std::string path, AdminTarget target, Limits limits)
    : path_(std::move(path)), target_(std::move(target)), limits_(limits) {}

Result<std::unique_ptr<AdminSocket>> AdminSocket::start(const std::string& path, AdminTarget target,
                                                        Limits limits) {
  std::unique_ptr<AdminSocket> made(new AdminSocket(path, std::move(target), limits));
  if (auto listening = made->listen(); !listening) return tl::unexpected(listening.error());
  try {
    made->thread_ = std::thread([&self = *made] { self.run(); });
  } catch (const std::system_error& error) {
    return fail(std::string("cannot start the admin thread: ") + error.what());
  }
  pthread_setname_np(made->thread_.native_handle(), "osprey-admin");
  return made;
}

Result<void> AdminSocket::listen() {
  const auto address = admin_address(path_);
  if (!address) return tl::unexpected(address.error());
  if (auto removed = remove_stale(path_, *address); !removed) return removed;
  stop_ = FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  FileDescriptor socket = new_socket();
  if (!socket.is_open() || !stop_.is_open()) return fail_call("make", path_, errno);
  const auto* generic = reinterpret_cast<const sockaddr*>(&*address);
  if (bind(socket.number(), generic, sizeof *address) != 0) return fail_call("make", path_, errno);
  // From here on the file is ours to remove. Nobody can connect before it listens.
  listener_ = std::move(socket);
  if (chmod(path_.c_str(), kMode) != 0) return fail_call("change the mode of", path_, errno);
  if (::listen(listener_.number(), static_cast<int>(limits_.max_clients)) != 0) {
    return fail_call("listen at", path_, errno);
  }
  return {};
}

AdminSocket::~AdminSocket() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.number(), &one, sizeof one);
    thread_.join();
  }
  if (listener_.is_open()) unlink(path_.c_str());
}

void AdminSocket::run() {
  while (wait()) continue;
}

// Waits for anything to do, and does it. False when it is to stop.
bool AdminSocket::wait() {
  std::vector<pollfd> polled = {{stop_.number(), POLLIN, 0}};
  for (const Client& client : clients_) polled.push_back({client.socket(), POLLIN, 0});
  const bool has_room = clients_.size() < limits_.max_clients;
  if (has_room) polled.push_back({listener_.number(), POLLIN, 0});
  const auto pause = std::min(limits_.max_silence, std::chrono::milliseconds(kPollMs));
  poll(polled.data(), polled.size(), static_cast<int>(pause.count()));
  if (polled[0].revents != 0) return false;

  size_t i = 1;
  for (auto client = clients_.begin(); client != clients_.end(); ++i) {
    const bool has_spoken = polled[i].revents != 0;
    const bool is_silent = !has_spoken && Clock::now() - client->heard_at() > limits_.max_silence;
    const bool stays = has_spoken ? client->serve() : !is_silent;
    client = stays ? std::next(client) : clients_.erase(client);
  }
  if (has_room && polled.back().revents != 0) accept();
  return true;
}

void AdminSocket::accept() {
  FileDescriptor socket(
      accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.is_open()) {
    clients_.emplace_back(std::move(socket), target_);
  } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
    spdlog::warn("the admin socket cannot take a client: {}", error_text(errno));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // no file descriptor is left
  }
}

}  // namespace osprey
