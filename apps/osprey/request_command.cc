#include "apps/osprey/request_command.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>

#include <nlohmann/json.hpp>

#include "apps/launch/random.h"
#include "apps/osprey/client_store.h"
#include "apps/osprey/request_loop.h"
#include "apps/osprey/text.h"
#include "dataplane/crypto/openssl_engine.h"
#include "framework/coap/uri.h"

namespace osprey::cli {
namespace {

using client::FailureReason;
using client::WholeRepresentation;

Result<std::vector<uint8_t>> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("cannot read " + path, "check the path given to --payload-file");
  std::vector<uint8_t> bytes(kMaxDatagram + 1);  // one more shows that it is too long
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

Result<std::vector<uint8_t>> payload_of(const RequestArguments& arguments) {
  if (arguments.payload) {
    const Bytes text = as_bytes(*arguments.payload);
    return std::vector<uint8_t>(text.begin(), text.end());
  }
  if (arguments.payload_hex) {
    auto bytes = from_hex(*arguments.payload_hex);
    if (!bytes)
      return fail("--payload-hex is not hex", "write pairs of hex digits, such as 00ff80");
    return std::move(*bytes);
  }
  if (arguments.payload_file) return read_file(*arguments.payload_file);
  return std::vector<uint8_t>();
}

Result<std::vector<uint8_t>> options_of(const coap::Uri& uri, const RequestArguments& arguments) {
  std::vector<uint8_t> space(kMaxDatagram);
  Writer writer(space);
  coap::OptionWriter options(writer);
  coap::write_uri_host(options, uri);
  coap::write_uri_path(options, uri);
  if (arguments.content_format)
    options.uint(coap::option::kContentFormat, *arguments.content_format);
  coap::write_uri_query(options, uri);
  if (arguments.accept) options.uint(coap::option::kAccept, *arguments.accept);
  if (!writer.ok()) return fail("the URI is too long for one datagram");
  space.resize(writer.size());
  return space;
}

struct ShownOptions {
  std::optional<uint64_t> content_format;
  std::string location;
};

ShownOptions shown_options(const coap::Message& response) {
  ShownOptions shown;
  coap::OptionReader options = response.option_reader();
  while (const auto option = options.next()) {
    if (option->number == coap::option::kContentFormat) shown.content_format = option->as_uint();
    if (option->number == coap::option::kLocationPath && is_printable(option->value)) {
      shown.location += "/" + std::string(as_text(option->value));
    }
  }
  return shown;
}

void print_json(const WholeRepresentation& whole, TimeNs took) {
  const coap::Message& response = whole.response();
  const ShownOptions options = shown_options(response);
  const std::string code = coap::code_text(response.code);
  const std::string named = coap::code_text_with_name(response.code);
  nlohmann::ordered_json json;
  json["code"] = code;
  json["name"] = named.size() > code.size() ? named.substr(code.size() + 1) : "";
  json["payload"] = nullptr;
  if (is_utf8(response.payload)) json["payload"] = as_text(response.payload);
  json["payload_hex"] = to_hex(response.payload);
  json["content_format"] = nullptr;
  if (options.content_format) json["content_format"] = *options.content_format;
  if (!options.location.empty()) json["location"] = options.location;
  json["blocks"] = whole.blocks();
  json["challenges"] = whole.challenges();
  json["retransmissions"] = whole.retransmissions();
  json["round_trip_ms"] = static_cast<double>(took) / 1e6;
  std::printf("%s\n", json.dump().c_str());
}

// The payload alone on standard output, for pipes; what else there is to say beside it.
void print_text(const WholeRepresentation& whole, TimeNs took) {
  const coap::Message& response = whole.response();
  const ShownOptions options = shown_options(response);
  std::string line = coap::code_text_with_name(response.code);
  if (!options.location.empty()) line += " at " + options.location;
  if (options.content_format) line += ", " + content_format_name(*options.content_format);
  line += ", " + std::to_string(response.payload.size()) + " bytes";
  if (whole.challenges() > 0) line += ", after an Echo challenge";
  std::fprintf(stderr, "%s, %.3f ms\n", line.c_str(), static_cast<double>(took) / 1e6);
  if (response.payload.empty()) return;
  const bool to_terminal = isatty(STDOUT_FILENO) != 0;
  if (to_terminal && !is_printable(response.payload)) {
    std::printf("h'%s'\n", to_hex(response.payload).c_str());
    return;
  }
  std::fwrite(response.payload.data(), 1, response.payload.size(), stdout);
  if (to_terminal && response.payload.back() != '\n') std::printf("\n");
}

std::string mend_of(const client::Failure& failure, const RequestArguments& arguments) {
  const std::string show =
      "osprey context show " + arguments.context + " --store " + arguments.store;
  switch (failure.reason) {
    case FailureReason::kUnreachable:
      return "start the server (ospreyd --config FILE), or correct the port in the URI";
    case FailureReason::kTimeout:
      return "check host and port, and that UDP passes; -v shows each step";
    case FailureReason::kReset: return "is it a CoAP server with OSCORE that listens there?";
    case FailureReason::kNoSequenceNumber: return "make new keys: osprey context add";
    case FailureReason::kRequestTooLong: return "send a shorter payload";
    case FailureReason::kUnprotectedError:
      if (failure.code == coap::Code::kUnauthorized) {
        return "the server's Recipient ID and ID Context must be this context's Sender ID and ID "
               "Context; compare with: " +
               show;
      }
      if (failure.code == coap::Code::kServiceUnavailable) return "try again in a moment";
      return "master secret, master salt, IDs and algorithms must be the same at both ends; "
             "compare "
             "with: " +
             show;
    default: return {};
  }
}

int print_failure(const WholeRepresentation& whole, const RequestArguments& arguments) {
  const client::Exchange& exchange = whole.exchange();
  const bool in_exchange = whole.fault() == WholeRepresentation::Fault::kExchange;
  Error error{arguments.uri + ": " + whole.failure_text(), ""};
  if (in_exchange) error.mend = mend_of(exchange.failure(), arguments);
  if (in_exchange && exchange.failure().reason == FailureReason::kTimeout) {
    char detail[128];
    std::snprintf(detail, sizeof detail, " within %g s (%u retransmissions)", arguments.timeout_s,
                  whole.retransmissions());
    error.cause += detail;
  }
  if (exchange.unverified() > 0) {
    error.cause += "; " + std::to_string(exchange.unverified()) +
                   " responses did not verify under this context and were ignored";
  }
  if (arguments.json) {
    nlohmann::ordered_json json = {{"error", error.cause}, {"mend", error.mend}};
    if (in_exchange && exchange.failure().code != coap::Code::kEmpty) {
      json["code"] = coap::code_text(exchange.failure().code);  // of the unprotected error
    }
    std::printf("%s\n", json.dump().c_str());
  }
  return report(error, kFailed);
}

struct Prepared {
  coap::Uri uri;
  std::vector<uint8_t> options;
  std::vector<uint8_t> payload;
};

Result<Prepared> prepare(const RequestArguments& arguments) {
  auto uri = coap::parse_uri(arguments.uri);
  if (!uri) return tl::unexpected(uri.error());
  auto options = options_of(*uri, arguments);
  if (!options) return tl::unexpected(options.error());
  auto payload = payload_of(arguments);
  if (!payload) return tl::unexpected(payload.error());
  return Prepared{std::move(*uri), std::move(*options), std::move(*payload)};
}

Narration narration(const RequestArguments& arguments) {
  if (arguments.hex) return Narration::kDatagrams;
  return arguments.verbose ? Narration::kSteps : Narration::kNone;
}

}  // namespace

int run_request(coap::Code method, const RequestArguments& arguments) {
  const auto prepared = prepare(arguments);
  if (!prepared) return report(prepared.error(), kBadUsage);
  const auto store = ClientStore::open_one(arguments.store, arguments.context);
  if (!store) return report(store.error(), kBadUsage);
  const auto socket = ClientSocket::connect(prepared->uri.host, prepared->uri.port);
  if (!socket) return report(socket.error(), kFailed);

  client::Random random(random_number<uint64_t>());
  client::MessageIds message_ids(random);
  OpensslEngine engine(1);
  client::ClientEnd end{(*store)->context(0), (*store)->sequence(), engine, message_ids, random};
  client::Request request;
  request.type = arguments.non ? coap::Type::kNon : coap::Type::kCon;
  request.method = method;
  request.options = prepared->options;
  request.payload = prepared->payload;
  request.timeout = static_cast<TimeNs>(arguments.timeout_s * 1e9);

  WholeRepresentation whole;
  const TimeNs took = run_to_end(**socket, whole, end, request, narration(arguments));
  if (whole.state() == WholeRepresentation::State::kFailed) return print_failure(whole, arguments);
  arguments.json ? print_json(whole, took) : print_text(whole, took);
  return coap::is_success(whole.response().code) ? kDone : kFailed;
}

}  // namespace osprey::cli
