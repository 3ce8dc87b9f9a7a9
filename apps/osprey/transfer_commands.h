// `osprey context import|export`: contexts from and to other programs.
#pragma once

#include <optional>
#include <string>

#include "apps/osprey/store_place.h"

namespace osprey::cli {

struct ImportArguments {
  StorePlace store;
  std::string from;
  std::optional<std::string> format;  // json, csv, aiocoap, libcoap; guessed when left out
  std::string sequence_file;          // libcoap's
  bool again = false;
  bool json = false;
};

struct ExportArguments {
  StorePlace store;
  std::string format = "json";  // json, csv; aiocoap and libcoap need `to`
  std::string to;               // directory to make files in
  std::string prefix;           // of the names
  bool reveal = false;
};

int import_contexts(const ImportArguments& arguments);
int export_contexts(const ExportArguments& arguments);

}  // namespace osprey::cli
