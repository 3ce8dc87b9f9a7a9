// `osprey`: contexts, single protected requests, and a look into any datagram.
#include <cstdio>

#include <CLI/CLI.hpp>

#include "apps/osprey/explain.h"
#include "apps/osprey/request_command.h"
#include "apps/osprey/store_options.h"
#include "apps/osprey/text.h"

namespace osprey::cli {
namespace {

// CLI11 fills these while it parses; a callback sets the exit code.
struct Arguments {
  StoreArguments store;
  RequestArguments request;
  ExplainArguments explain;
  int exit_code = kDone;
};

CLI::Option* store_option(CLI::App& app, std::string& store) {
  return app.add_option("--store", store, "directory of the store")->type_name("DIR")->required();
}

void set_up_request(CLI::App& app, const char* name, coap::Code method, Arguments& arguments) {
  RequestArguments& request = arguments.request;
  const std::string method_text(coap::method_name(method));
  CLI::App& command = *app.add_subcommand(name, "send a protected " + method_text);
  command.add_option("uri", request.uri, "coap://host[:port]/path?query")->required();
  store_option(command, request.store);
  command.add_option("--context", request.context, "name of the security context")->required();
  command.add_flag("--non", request.non, "non-confirmable: never retransmitted");
  auto* payload = command.add_option("--payload", request.payload, "text to send");
  auto* hex = command.add_option("--payload-hex", request.payload_hex, "bytes to send, in hex");
  auto* file = command.add_option("--payload-file", request.payload_file, "file to send");
  payload->excludes(hex)->excludes(file);
  hex->excludes(file);
  command.add_option("--content-format", request.content_format, "of the payload; a number");
  command.add_option("--accept", request.accept, "Content-Format wanted; a number");
  command.add_option("--timeout", request.timeout_s, "seconds to wait for the answer")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 86400.0));
  command.add_flag("--json", request.json, "print one JSON object");
  command.add_flag("-v,--verbose", request.verbose, "tell each step on standard error");
  command.add_flag("--hex", request.hex, "like -v, with each datagram in hex, for osprey explain");
  command.callback(
      [&arguments, method] { arguments.exit_code = run_request(method, arguments.request); });
}

void set_up_explain(CLI::App& app, Arguments& arguments) {
  ExplainArguments& explain = arguments.explain;
  CLI::App& command = *app.add_subcommand(
      "explain", "decode a datagram field by field and, with its context, decrypt it");
  command.add_option("hex", explain.hex, "the datagram: CoAP, from its first byte")->required();
  auto* store = command.add_option("--store", explain.store, "directory of the store; only read")
                    ->type_name("DIR");
  command.add_option("--context", explain.context, "try this context only")->needs(store);
  command
      .add_option("--request", explain.request_hex, "for a response: the datagram of its request")
      ->needs(store);
  command.add_flag("--json", explain.json, "for programs");
  command.callback([&] { arguments.exit_code = run_explain(arguments.explain); });
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("OSCORE (RFC 8613) from the command line", "osprey");
  app.require_subcommand(1);
  add_store_commands(app, arguments.store, arguments.exit_code);
  set_up_request(app, "get", coap::Code::kGet, arguments);
  set_up_request(app, "post", coap::Code::kPost, arguments);
  set_up_request(app, "put", coap::Code::kPut, arguments);
  set_up_request(app, "delete", coap::Code::kDelete, arguments);
  set_up_request(app, "fetch", coap::Code::kFetch, arguments);
  set_up_request(app, "patch", coap::Code::kPatch, arguments);
  set_up_request(app, "ipatch", coap::Code::kIPatch, arguments);
  set_up_explain(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kBadUsage;
  }
  return arguments.exit_code;
}

}  // namespace
}  // namespace osprey::cli

int main(int argc, char** argv) { return osprey::cli::run(argc, argv); }
