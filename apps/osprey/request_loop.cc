#include "apps/osprey/request_loop.h"

#include <cstdio>
#include <ctime>

namespace osprey::cli {
namespace {

using client::Exchange;
using client::WholeRepresentation;

// Tells what changed between two looks, on standard error.
class Narrator {
 public:
  Narrator(const WholeRepresentation& whole, Narration narration, TimeNs started)
      : whole_(whole), narration_(narration), started_(started) {}

  void sent(Bytes datagram, TimeNs at) {
    if (narration_ == Narration::kNone) return;
    const Exchange& exchange = whole_.exchange();
    if (datagram.size() == coap::kHeaderLen) {
      return say(at, "acknowledged a separate response", datagram);
    }
    const bool again = whole_.retransmissions() != retransmissions_;
    retransmissions_ = whole_.retransmissions();
    say(at,
        std::string(again ? "retransmitted " : "sent ") + std::to_string(datagram.size()) +
            " bytes: Message ID " + std::to_string(exchange.message_id()) + ", token " +
            to_hex(exchange.token()) + ", Partial IV " + to_hex(exchange.partial_iv()),
        datagram);
  }

  void received(Bytes datagram, TimeNs at) {
    if (narration_ == Narration::kNone) return;
    std::string what = "received " + std::to_string(datagram.size()) + " bytes";
    const Exchange& exchange = whole_.exchange();
    if (exchange.unverified() > unverified_) {
      what += ": a response that does not verify, ignored (RFC 8613 8.4 step 8)";
    } else if (exchange.ignored() > ignored_) {
      what += ": not for this request, ignored";
    } else if (whole_.challenges() > challenges_) {
      what += ": challenged, 4.01 with Echo; repeating the request with it";
    } else if (whole_.state() == Exchange::State::kAnswered) {
      what += ": the answer";
    } else if (whole_.blocks() > blocks_) {
      what += ": block " + std::to_string(whole_.blocks());
    }
    unverified_ = exchange.unverified();
    ignored_ = exchange.ignored();
    challenges_ = whole_.challenges();
    blocks_ = whole_.blocks();
    say(at, what, datagram);
  }

 private:
  void say(TimeNs at, const std::string& what, Bytes datagram) const {
    std::fprintf(stderr, "%8.3f ms  %s\n", static_cast<double>(at - started_) / 1e6, what.c_str());
    if (narration_ == Narration::kDatagrams) {
      std::fprintf(stderr, "             %s\n", to_hex(datagram).c_str());
    }
  }

  const WholeRepresentation& whole_;
  const Narration narration_;
  const TimeNs started_;
  uint32_t retransmissions_ = 0;
  uint32_t challenges_ = 0;
  uint32_t blocks_ = 0;
  uint32_t ignored_ = 0;
  uint32_t unverified_ = 0;
};

}  // namespace

TimeNs now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

TimeNs run_to_end(ClientSocket& socket, WholeRepresentation& whole, client::ClientEnd& end,
                  const client::Request& request, Narration narration) {
  const TimeNs started = now();
  Narrator narrator(whole, narration, started);
  const auto send = [&](Bytes datagram) {
    if (datagram.empty()) return;
    socket.send(std::span(&datagram, 1));  // what is lost here, a retransmission repeats
    narrator.sent(datagram, now());
  };
  send(whole.start(end, request, started));
  while (whole.state() == Exchange::State::kActive) {
    if (whole.deadline() <= now()) {
      send(whole.on_time(now()));
      continue;
    }
    socket.wait(whole.deadline() - now());
    for (const Bytes datagram : socket.receive()) {
      const Bytes reply = whole.on_datagram(datagram, now());
      narrator.received(datagram, now());
      send(reply);
    }
    if (socket.take_refused()) whole.on_unreachable(now());
  }
  return now() - started;
}

}  // namespace osprey::cli
