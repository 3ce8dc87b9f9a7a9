// `osprey store init` and `osprey context add|list|show`.
//
// Secrets (I7): printed only when asked for by --reveal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace osprey::cli {

struct AddArguments {
  std::string store;
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
  std::string store;
  std::string name;  // empty: all
  bool json = false;
  bool reveal = false;
};

int init_store(const std::string& path);
int add_contexts(const AddArguments& arguments);
int list_contexts(const ShowArguments& arguments);
int show_context(const ShowArguments& arguments);

}  // namespace osprey::cli
