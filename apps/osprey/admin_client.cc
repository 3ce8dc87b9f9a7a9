#include "apps/osprey/admin_client.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <system_error>

#include "apps/launch/admin_protocol.h"
#include "storage/context_lines.h"
#include "storage/file_descriptor.h"
#include "storage/secret_text.h"

namespace osprey::cli {
namespace {

using Json = nlohmann::json;
using storage::FileDescriptor;
using storage::SecretText;

constexpr time_t kPatienceS = 60;

std::string error_text(int error) { return std::generic_category().message(error); }

Result<FileDescriptor> connect_to(const std::string& path) {
  const auto address = admin_address(path);
  if (!address) return tl::unexpected(address.error());
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{.tv_sec = kPatienceS, .tv_usec = 0};
  for (const int direction : {SO_SNDTIMEO, SO_RCVTIMEO}) {
    setsockopt(socket.number(), SOL_SOCKET, direction, &patience, sizeof patience);
  }
  const auto* generic = reinterpret_cast<const sockaddr*>(&*address);
  if (connect(socket.number(), generic, sizeof *address) == 0) return socket;
  const int error = errno;
  return fail("no server answers at " + path + ": " + error_text(error),
              error == EACCES ? "run this as the user of the server, or as root"
                              : "start the server (ospreyd --config FILE), or name its socket: "
                                "--socket PATH");
}

// False when the other end has closed or does not read.
bool send_all(const FileDescriptor& socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(socket.number(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// The answer without its end; empty when there is no whole one.
std::string receive_line(const FileDescriptor& socket) {
  std::string line;
  std::array<char, 4096> part;
  while (line.size() <= kMaxAdminAnswerLen) {
    const ssize_t got = recv(socket.number(), part.data(), part.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    line.append(part.data(), static_cast<size_t>(got));
    if (line.ends_with('\n')) {
      line.pop_back();
      return line;
    }
  }
  return {};
}

SecretText text_of(const Json& request, std::span<const storage::NewContext> contexts) {
  SecretText text(request.dump());
  text += '\n';
  for (const storage::NewContext& context : contexts) {
    text += storage::write_exported_line(context.parameters, context.brought.sequence_floor,
                                         storage::Reveal::kYes);
    text += '\n';
  }
  return text;
}

}  // namespace

bool AdminClient::is_answered() const { return connect_to(socket_).has_value(); }

Result<Json> AdminClient::call(const Json& request,
                               std::span<const storage::NewContext> contexts) const {
  for (const storage::NewContext& context : contexts) {
    if (auto writable = storage::check_writable(context.parameters); !writable) {
      return tl::unexpected(writable.error());
    }
  }
  const auto socket = connect_to(socket_);
  if (!socket) return tl::unexpected(socket.error());
  // A server that closes early has said why.
  static_cast<void>(send_all(*socket, text_of(request, contexts)));
  Json answer = Json::parse(receive_line(*socket), nullptr, false);
  if (!answer.is_object() || !answer.contains("ok")) {
    return fail("the server at " + socket_ + " gave no answer; what it was asked to do may be done",
                "look: osprey context list --store DIR");
  }
  if (answer["ok"] == true) return answer;
  return fail(answer.value("cause", "the server refused"), answer.value("mend", ""));
}

}  // namespace osprey::cli
