#include "bench/wire/recovery.h"

#include "apps/launch/random.h"
#include "bench/wire/clock.h"
#include "dataplane/socket/client_socket.h"
#include "framework/client/exchange.h"

namespace osprey::bench {
namespace {

using client::ClientEnd;
using client::Exchange;

constexpr TimeNs kTimeout = 10 * kSecond;

void run_to_end(ClientSocket& socket, Exchange& exchange, ClientEnd& end,
                const client::Request& request) {
  const auto send = [&](Bytes datagram) {
    if (!datagram.empty()) socket.send(std::span(&datagram, 1));
  };
  send(exchange.start(end, request, monotonic_now()));
  while (exchange.state() == Exchange::State::kActive) {
    const TimeNs now = monotonic_now();
    if (exchange.deadline() <= now) {
      send(exchange.on_time(now));
      continue;
    }
    socket.wait(exchange.deadline() - now);
    for (const Bytes datagram : socket.receive()) {
      send(exchange.on_datagram(datagram, monotonic_now()));
    }
    if (socket.take_refused()) exchange.on_unreachable(monotonic_now());
  }
}

}  // namespace

Result<void> recover_windows(const Contexts& contexts, oscore::SequenceSource& source,
                             oscore::AeadEngine& engine, const std::string& host, uint16_t port) {
  auto socket = ClientSocket::connect(host, port);
  if (!socket) return tl::unexpected(socket.error());
  client::Random random(random_number<uint64_t>());
  client::MessageIds message_ids(random);
  const std::vector<uint8_t> options = echo_options();
  Exchange exchange;
  for (oscore::SecurityContext* context : contexts) {
    ClientEnd end{*context, source, engine, message_ids, random};
    client::Request request;
    request.method = coap::Code::kPost;
    request.options = options;
    request.payload = as_bytes(context->name());
    request.timeout = kTimeout;
    run_to_end(**socket, exchange, end, request);
    if (exchange.state() != Exchange::State::kAnswered) {
      return fail("context " + context->name() + ": " + exchange.failure().text(),
                  "is it ospreyd with the other end of these contexts that listens there?");
    }
    if (!coap::is_success(exchange.response().code)) {
      return fail("context " + context->name() + ": answered " +
                  coap::code_text_with_name(exchange.response().code));
    }
  }
  return {};
}

}  // namespace osprey::bench
