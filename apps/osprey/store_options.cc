#include "apps/osprey/store_options.h"

#include "apps/osprey/store_commands.h"

namespace osprey::cli {
namespace {

// What every command takes that opens a store.
void add_place(CLI::App& app, StorePlace& place) {
  app.add_option("--store", place.path, "directory of the store")->type_name("DIR")->required();
  app.add_option("--key-file", place.key_file,
                 "the key that wraps secrets, when it is not in the store")
      ->type_name("FILE");
}

// And every command that may find it served.
void add_served_place(CLI::App& app, StorePlace& place) {
  add_place(app, place);
  app.add_option("--socket", place.socket,
                 "admin socket of the server that serves it, when it is not in the store")
      ->type_name("PATH");
}

void add_json(CLI::App& app, bool& json) { app.add_flag("--json", json, "for programs"); }

void set_up_store(CLI::App& app, StoreArguments& arguments, int& exit_code) {
  CLI::App& store = *app.add_subcommand("store", "make a store of contexts, and look after it");
  store.require_subcommand(1);
  StorePlace& place = arguments.place;
  CLI::App& init = *store.add_subcommand("init", "make an empty store, and its key");
  add_place(init, place);
  init.callback([&] { exit_code = init_store(place); });
  CLI::App& adopt = *store.add_subcommand(
      "adopt", "begin anew with a store that was copied, restored or started too often");
  add_place(adopt, place);
  adopt.callback([&] { exit_code = adopt_store(place); });
  CLI::App& check = *store.add_subcommand("check", "read every context; changes nothing");
  add_place(check, place);
  add_json(check, arguments.json);
  check.callback([&] { exit_code = check_store(place, arguments.json); });
  CLI::App& status = *store.add_subcommand("status", "ask the server that serves it; JSON");
  add_served_place(status, place);
  status.callback([&] { exit_code = ask_status(place); });
}

// What `add` and `replace` have in common.
void add_parameters(CLI::App& app, AddArguments& add) {
  ContextArguments& context = add.context;
  add_served_place(app, add.store);
  app.add_option("--name", context.name, "name of the context, unique in its store")->required();
  app.add_option("--sender-id", context.sender_id,
                 "own ID (hex; may be empty); with --count a prefix");
  app.add_option("--recipient-id", context.recipient_id,
                 "the peer's ID (hex); with --count a prefix");
  app.add_option("--master-secret", context.master_secret, "hex; 16 random bytes when left out");
  app.add_option("--master-salt", context.master_salt, "hex");
  app.add_option("--id-context", context.id_context, "hex");
  app.add_option("--algorithm", context.algorithm, "AEAD, name or number of COSE")
      ->capture_default_str();
  app.add_option("--hkdf", context.hkdf, "key derivation")->capture_default_str();
  app.add_option("--window", context.window, "replay window, numbers")->capture_default_str();
  app.add_flag("--require-kid-context", context.require_kid_context,
               "refuse requests that leave out the ID Context");
  add_json(app, add.json);
}

void set_up_add(CLI::App& context, AddArguments& arguments, int& exit_code) {
  CLI::App& add = *context.add_subcommand("add", "add a context, or many");
  add_parameters(add, arguments);
  add.add_option("--count", arguments.context.count,
                 "add this many: NAME-0, NAME-1, ... with secrets of their own");
  add.add_option(
         "--peer-store", arguments.peer_store,
         "write the other end's view of each context to this store, made if it is not there")
      ->type_name("DIR");
  add.callback([&] { exit_code = add_contexts(arguments); });

  CLI::App& replace = *context.add_subcommand("replace", "give a context other parameters");
  add_parameters(replace, arguments);
  replace.callback([&] { exit_code = replace_context(arguments); });
}

void set_up_changes(CLI::App& context, ChangeArguments& arguments, int& exit_code) {
  struct Row {
    Change change;
    const char* name;
    const char* meaning;
  };
  constexpr Row kRows[] = {
      {Change::kRemove, "remove", "forget contexts, but for the numbers they have used"},
      {Change::kDisable, "disable", "refuse requests of contexts until they are enabled"},
      {Change::kEnable, "enable", "take requests of contexts again"},
  };
  for (const Row& row : kRows) {
    CLI::App& app = *context.add_subcommand(row.name, row.meaning);
    app.add_option("name", arguments.names, "names of contexts")->required();
    add_served_place(app, arguments.store);
    add_json(app, arguments.json);
    app.callback([&, change = row.change] { exit_code = change_contexts(change, arguments); });
  }
}

void set_up_show(CLI::App& context, ShowArguments& arguments, int& exit_code) {
  CLI::App& list = *context.add_subcommand("list", "list the contexts of a store");
  CLI::App& show = *context.add_subcommand("show", "show one context");
  show.add_option("name", arguments.name, "name of the context")->required();
  for (CLI::App* each : {&list, &show}) {
    add_place(*each, arguments.store);
    add_json(*each, arguments.json);
    each->add_flag("--reveal", arguments.reveal, "show master secrets too");
  }
  list.callback([&] { exit_code = list_contexts(arguments); });
  show.callback([&] { exit_code = show_context(arguments); });
}

void set_up_import(CLI::App& context, ImportArguments& arguments, int& exit_code) {
  CLI::App& app = *context.add_subcommand("import", "move contexts here from another program");
  add_served_place(app, arguments.store);
  app.add_option("--from", arguments.from, "file, directory of aiocoap, or pipe")
      ->type_name("PATH")
      ->required();
  app.add_option("--format", arguments.format, "guessed when left out")
      ->check(CLI::IsMember({"json", "jsonl", "csv", "aiocoap", "libcoap"}));
  app.add_option("--sequence-file", arguments.sequence_file, "where libcoap keeps its numbers")
      ->type_name("FILE");
  app.add_flag("--again", arguments.again, "although it was imported before");
  add_json(app, arguments.json);
  app.callback([&] { exit_code = import_contexts(arguments); });
}

void set_up_export(CLI::App& context, ExportArguments& arguments, int& exit_code) {
  CLI::App& app = *context.add_subcommand("export", "write contexts for another program");
  add_place(app, arguments.store);
  app.add_option("--format", arguments.format, "what the other program reads")
      ->check(CLI::IsMember({"json", "csv", "aiocoap", "libcoap"}))
      ->capture_default_str();
  app.add_option("--to", arguments.to, "a new file, of aiocoap and libcoap a new directory")
      ->type_name("PATH");
  auto* name = app.add_option("--name", arguments.name, "this context alone");
  app.add_option("--prefix", arguments.prefix, "those whose names begin like this")->excludes(name);
  app.add_flag("--reveal", arguments.reveal, "with their secrets");
  app.callback([&] { exit_code = export_contexts(arguments); });
}

}  // namespace

void add_store_commands(CLI::App& app, StoreArguments& arguments, int& exit_code) {
  set_up_store(app, arguments, exit_code);
  CLI::App& context = *app.add_subcommand("context", "add, change, list and move contexts");
  context.require_subcommand(1);
  set_up_add(context, arguments.add, exit_code);
  set_up_changes(context, arguments.change, exit_code);
  set_up_show(context, arguments.show, exit_code);
  set_up_import(context, arguments.imports, exit_code);
  set_up_export(context, arguments.exports, exit_code);
}

}  // namespace osprey::cli
