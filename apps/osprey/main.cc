// `osprey`: contexts, single protected requests, and a look into any datagram.
#include <cstdio>

#include <CLI/CLI.hpp>

#include "apps/osprey/explain.h"
#include "apps/osprey/request_command.h"
#include "apps/osprey/store_commands.h"
#include "apps/osprey/text.h"
#include "apps/osprey/transfer_commands.h"

namespace osprey::cli {
namespace {

// CLI11 fills these while it parses; a callback sets the exit code.
struct Arguments {
  StorePlace store;
  std::string name;
  AddArguments add;
  ShowArguments show;
  ImportArguments imports;
  ExportArguments exports;
  RequestArguments request;
  ExplainArguments explain;
  int exit_code = kDone;
};

CLI::Option* store_option(CLI::App& app, std::string& store) {
  return app.add_option("--store", store, "directory of the store")->type_name("DIR")->required();
}

// What every command takes that opens a store.
void store_options(CLI::App& app, StorePlace& place) {
  store_option(app, place.path);
  app.add_option("--key-file", place.key_file,
                 "the key that wraps secrets, when it is not in the store")
      ->type_name("FILE");
}

// And every command that may find it served.
void edit_options(CLI::App& app, StorePlace& place) {
  store_options(app, place);
  app.add_option("--socket", place.socket,
                 "admin socket of the server that serves it, when it is not in the store")
      ->type_name("PATH");
}

void set_up_store(CLI::App& app, Arguments& arguments) {
  CLI::App& store = *app.add_subcommand("store", "make a store for security contexts");
  store.require_subcommand(1);
  CLI::App& init = *store.add_subcommand("init", "make an empty store");
  store_options(init, arguments.store);
  init.callback([&] { arguments.exit_code = init_store(arguments.store); });
  CLI::App& adopt = *store.add_subcommand(
      "adopt", "begin anew with a store that was copied, restored or started too often");
  store_options(adopt, arguments.store);
  adopt.callback([&] { arguments.exit_code = adopt_store(arguments.store); });
}

// What `add` and `replace` have in common.
void parameter_options(CLI::App& app, AddArguments& add) {
  edit_options(app, add.store);
  app.add_option("--name", add.name, "name of the context, unique in its store")->required();
  app.add_option("--sender-id", add.sender_id, "own ID (hex; may be empty); with --count a prefix");
  app.add_option("--recipient-id", add.recipient_id, "the peer's ID (hex); with --count a prefix");
  app.add_option("--master-secret", add.master_secret, "hex; 16 random bytes when left out");
  app.add_option("--master-salt", add.master_salt, "hex");
  app.add_option("--id-context", add.id_context, "hex");
  app.add_option("--algorithm", add.algorithm, "AEAD, name or number of COSE")
      ->capture_default_str();
  app.add_option("--hkdf", add.hkdf, "key derivation")->capture_default_str();
  app.add_option("--window", add.window, "replay window, numbers")->capture_default_str();
  app.add_flag("--require-kid-context", add.require_kid_context,
               "refuse requests that leave out the ID Context");
}

void set_up_add(CLI::App& context, Arguments& arguments) {
  AddArguments& add = arguments.add;
  CLI::App& app = *context.add_subcommand("add", "add a context, or many");
  parameter_options(app, add);
  app.add_option("--count", add.count,
                 "add this many: NAME-0, NAME-1, ... with secrets of their own");
  app.add_option(
         "--peer-store", add.peer_store,
         "write the other end's view of each context to this store, made if it is not there")
      ->type_name("DIR");
  app.callback([&] { arguments.exit_code = add_contexts(arguments.add); });
}

// Commands about one context that is there.
void set_up_changes(CLI::App& context, Arguments& arguments) {
  CLI::App& replace = *context.add_subcommand("replace", "give a context other parameters");
  parameter_options(replace, arguments.add);
  replace.callback([&] { arguments.exit_code = replace_context(arguments.add); });

  const auto about_one = [&](const char* command, const char* what) -> CLI::App& {
    CLI::App& app = *context.add_subcommand(command, what);
    app.add_option("name", arguments.name, "name of the context")->required();
    edit_options(app, arguments.store);
    return app;
  };
  about_one("remove", "forget a context, but for the numbers it has used").callback([&] {
    arguments.exit_code = remove_context(arguments.store, arguments.name);
  });
  about_one("disable", "refuse a context's requests until it is enabled").callback([&] {
    arguments.exit_code = set_context_enabled(arguments.store, arguments.name, false);
  });
  about_one("enable", "take a context's requests again").callback([&] {
    arguments.exit_code = set_context_enabled(arguments.store, arguments.name, true);
  });
}

void set_up_transfer(CLI::App& context, Arguments& arguments) {
  ImportArguments& from = arguments.imports;
  CLI::App& import = *context.add_subcommand("import", "move contexts here from another program");
  edit_options(import, from.store);
  import.add_option("--from", from.from, "file, or directory of aiocoap")->required();
  import.add_option("--format", from.format, "json, csv, aiocoap, libcoap; guessed when left out");
  import.add_option("--sequence-file", from.sequence_file, "where libcoap keeps its numbers");
  import.add_flag("--again", from.again, "although it was imported before");
  import.add_flag("--json", from.json, "for programs");
  import.callback([&] { arguments.exit_code = import_contexts(from);
});

ExportArguments& to = arguments.exports;
CLI::App& export_app = *context.add_subcommand("export", "write contexts for another program");
store_options(export_app, to.store);
export_app.add_option("--format", to.format, "json, csv, aiocoap, libcoap")->capture_default_str();
export_app.add_option("--to", to.to, "directory for the files of aiocoap and libcoap");
export_app.add_option("--prefix", to.prefix, "only contexts whose names begin like this");
export_app.add_flag("--reveal", to.reveal, "with their secrets");
export_app.callback([&] { arguments.exit_code = export_contexts(to); });
}  // namespace

void set_up_context(CLI::App& app, Arguments& arguments) {
  ShowArguments& show = arguments.show;
  CLI::App& context = *app.add_subcommand("context", "add, change, list and move contexts");
  context.require_subcommand(1);
  set_up_add(context, arguments);
  set_up_changes(context, arguments);
  set_up_transfer(context, arguments);

  CLI::App& list_app = *context.add_subcommand("list", "list the contexts of a store");
  CLI::App& show_app = *context.add_subcommand("show", "show one context");
  show_app.add_option("name", show.name, "name of the context")->required();
  for (CLI::App* each : {&list_app, &show_app}) {
    store_options(*each, show.store);
    each->add_flag("--json", show.json, "for programs");
    each->add_flag("--reveal", show.reveal, "show master secrets too");
  }
  list_app.callback([&] { arguments.exit_code = list_contexts(arguments.show); });
  show_app.callback([&] { arguments.exit_code = show_context(arguments.show); });
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
  set_up_store(app, arguments);
  set_up_context(app, arguments);
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

}  // namespace osprey::cli
}  // namespace osprey::cli

int main(int argc, char** argv) { return osprey::cli::run(argc, argv); }
