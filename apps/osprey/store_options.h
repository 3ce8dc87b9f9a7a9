// What `osprey store ...` and `osprey context ...` take on the command line.
#pragma once

#include <CLI/CLI.hpp>

#include "apps/osprey/change_commands.h"
#include "apps/osprey/export_command.h"
#include "apps/osprey/import_command.h"
#include "apps/osprey/show_commands.h"

namespace osprey::cli {

// CLI11 fills these while it parses.
struct StoreArguments {
  StorePlace place;  // of `osprey store`
  bool json = false;
  AddArguments add;
  ChangeArguments change;
  ShowArguments show;
  ImportArguments imports;
  ExportArguments exports;
};

// Adds both commands to `app`. The one that is parsed runs, and sets `exit_code`. All is borrowed
// until then.
void add_store_commands(CLI::App& app, StoreArguments& arguments, int& exit_code);

}  // namespace osprey::cli
