#include "apps/osprey/show_commands.h"

#include <cstdio>

#include "apps/osprey/client_store.h"
#include "apps/osprey/text.h"
#include "storage/context_lines.h"
#include "storage/secret_hex.h"

namespace osprey::cli {
namespace {

using oscore::ContextParameters;
using storage::SecretText;
using storage::StoredContext;

std::string id_text(Bytes id) { return id.empty() ? "empty" : to_hex(id); }

std::string id_context_text(const ContextParameters& parameters) {
  return parameters.id_context ? id_text(*parameters.id_context) : "-";
}

const char* state_text(const StoredContext& stored) {
  return stored.record.enabled ? "enabled" : "disabled";
}

// The context's line, with what only its store knows: whether it is enabled.
void print_json(const StoredContext& stored, bool reveal) {
  SecretText line = storage::write_context_line(
      stored.record.parameters, reveal ? storage::Reveal::kYes : storage::Reveal::kNo);
  line.pop_back();  // the brace that ends the object
  line += stored.record.enabled ? ", \"enabled\": true}" : ", \"enabled\": false}";
  std::fwrite(line.data(), 1, line.size(), stdout);
}

void print_table_head() {
  std::printf("%-24s %-14s %-14s %-18s %-20s %6s  %s\n", "name", "sender ID", "recipient ID",
              "ID Context", "algorithm", "window", "state");
}

void print_table_row(const StoredContext& stored) {
  const ContextParameters& parameters = stored.record.parameters;
  std::printf("%-24s %-14s %-14s %-18s %-20.*s %6zu  %s\n", parameters.name.c_str(),
              id_text(parameters.sender_id).c_str(), id_text(parameters.recipient_id).c_str(),
              id_context_text(parameters).c_str(), static_cast<int>(parameters.aead->name.size()),
              parameters.aead->name.data(), parameters.replay_window_size, state_text(stored));
}

SecretText secret_text(const ContextParameters& parameters, bool reveal) {
  SecretText text;
  if (reveal) {
    storage::append_hex(text, parameters.master_secret.reveal());
  } else {
    text += std::to_string(parameters.master_secret.size()) + " bytes, shown by --reveal";
  }
  return text;
}

void print_details(const StoredContext& stored, uint64_t used_below, bool reveal) {
  const ContextParameters& parameters = stored.record.parameters;
  const auto line = [](const char* name, std::string_view value) {
    std::printf("%-20s %.*s\n", name, static_cast<int>(value.size()), value.data());
  };
  line("name", parameters.name);
  line("state", state_text(stored));
  line("sender ID", id_text(parameters.sender_id));
  line("recipient ID", id_text(parameters.recipient_id));
  line("ID Context", id_context_text(parameters));
  line("master salt", id_text(parameters.master_salt));
  line("algorithm",
       std::string(parameters.aead->name) + " (" + std::to_string(parameters.aead->number) + ")");
  line("HKDF", parameters.hkdf->name);
  line("replay window", std::to_string(parameters.replay_window_size));
  line("require kid context", parameters.require_kid_context ? "yes" : "no");
  line("own numbers", "below " + std::to_string(used_below) + " may have been used");
  line("master secret", secret_text(parameters, reveal));
}

}  // namespace

int list_contexts(const ShowArguments& arguments) {
  const auto store = open_to_read(arguments.store);
  if (!store) return report(store.error(), kBadUsage, arguments.json);
  if (arguments.json) {
    std::printf("[");
  } else {
    print_table_head();
  }
  bool is_first = true;
  const auto listed = (*store)->for_each([&](const StoredContext& each) -> Result<void> {
    if (arguments.json) {
      if (!is_first) std::printf(",\n ");
      print_json(each, arguments.reveal);
    } else {
      print_table_row(each);
    }
    is_first = false;
    return {};
  });
  if (arguments.json) std::printf("]\n");
  return listed ? kDone : report(listed.error(), kFailed);
}

int show_context(const ShowArguments& arguments) {
  const auto store = open_to_read(arguments.store);
  if (!store) return report(store.error(), kBadUsage, arguments.json);
  const auto found = (*store)->find(arguments.name);
  if (!found) return report(found.error(), kFailed, arguments.json);
  if (!*found) {
    return report(no_such_context(**store, arguments.name).value(), kBadUsage, arguments.json);
  }
  const auto used_below = (*store)->used_below(**found);
  if (!used_below) return report(used_below.error(), kFailed, arguments.json);
  if (arguments.json) {
    print_json(**found, arguments.reveal);
    std::printf("\n");
  } else {
    print_details(**found, *used_below, arguments.reveal);
  }
  return kDone;
}

}  // namespace osprey::cli
