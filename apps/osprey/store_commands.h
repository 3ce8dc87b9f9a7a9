// `osprey store init|adopt` and `osprey context add|replace|remove|enable|disable|list|show`.
// Import and export: transfer_commands.h.
//
// Secrets (I7): printed only when asked for by --reveal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apps/osprey/store_place.h"

namespace osprey::cli {

struct AddArguments {
  StorePlace store;
  std::string name;
  std::optional<std::string> sender_id;
  std::optional<std::string> recipient_id;
  std::optional<std::string> master_secret;
  std::optional<std::string> master_salt;
  std::optional<std::string> id_context;
  std::string algorithm = "AES-CCM-16-64-128";
  std::string hkdf = "HKDF SHA-256";
  uint32_t window = 32;
  bool require_kid_context = false;
  std::optional<uint32_t> count;
  std::optional<std::string> peer_store;
};

struct ShowArguments {
  StorePlace store;
  std::string name;  // empty: all
  bool json = false;
  bool reveal = false;
};

int init_store(const StorePlace& place);
int adopt_store(const StorePlace& place);
int add_contexts(const AddArguments& arguments);
// One context of that name gets these parameters.
int replace_context(const AddArguments& arguments);
int remove_context(const StorePlace& place, const std::string& name);
int set_context_enabled(const StorePlace& place, const std::string& name, bool enabled);
int list_contexts(const ShowArguments& arguments);
int show_context(const ShowArguments& arguments);

}  // namespace osprey::cli
