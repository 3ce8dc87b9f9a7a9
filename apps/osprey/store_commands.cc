#include "apps/osprey/store_commands.h"

#include <charconv>
#include <cstdio>
#include <functional>
#include <memory>

#include "apps/launch/random.h"
#include "apps/osprey/client_store.h"
#include "apps/osprey/context_editor.h"
#include "apps/osprey/progress.h"
#include "apps/osprey/text.h"
#include "storage/context_lines.h"
#include "storage/store.h"

namespace osprey::cli {
namespace {

using oscore::ContextParameters;
using storage::Store;

constexpr size_t kDrawnSecretLen = 16;       // bytes
constexpr uint32_t kMaxCount = 100'000'000;  // contexts of one `context add`

Result<std::vector<uint8_t>> hex_argument(const char* name, const std::string& text) {
  auto bytes = from_hex(text);
  if (!bytes) {
    return fail(std::string(name) + " is not hex",
                std::string("write pairs of hex digits, such as ") + name + " 01");
  }
  return std::move(*bytes);
}

Result<const cose::AeadAlgorithm*> find_algorithm(const std::string& text) {
  int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  const auto* found = is_number ? cose::find_aead(number) : cose::find_aead(text);
  if (found != nullptr) return found;
  std::string names;
  for (const auto& each : cose::aead_algorithms()) {
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  }
  return fail("unknown algorithm \"" + text + "\"", "choose one of " + names);
}

Result<const cose::HkdfAlgorithm*> find_hkdf(const std::string& text) {
  if (const auto* found = cose::find_hkdf(text)) return found;
  return fail("unknown HKDF \"" + text + "\"",
              "choose one of HKDF SHA-256, HKDF SHA-384, HKDF SHA-512");
}

ContextParameters mirrored(const ContextParameters& from) {
  ContextParameters mirror = from.duplicate();
  std::swap(mirror.sender_id, mirror.recipient_id);
  return mirror;
}

void draw_secret(ContextParameters& parameters) {
  fill_random(parameters.master_secret.space(kDrawnSecretLen));
}

// What all contexts of one command share; IDs are prefixes when there are many.
Result<ContextParameters> common_parameters(const AddArguments& arguments) {
  ContextParameters parameters;
  parameters.name = arguments.name;
  parameters.replay_window_size = arguments.window;
  parameters.require_kid_context = arguments.require_kid_context;
  const auto algorithm = find_algorithm(arguments.algorithm);
  if (!algorithm) return tl::unexpected(algorithm.error());
  parameters.aead = *algorithm;
  const auto hkdf = find_hkdf(arguments.hkdf);
  if (!hkdf) return tl::unexpected(hkdf.error());
  parameters.hkdf = *hkdf;

  const auto read = [&](const char* name, const std::optional<std::string>& text,
                        std::vector<uint8_t>& bytes) -> Result<void> {
    if (!text) return {};
    auto read_bytes = hex_argument(name, *text);
    if (!read_bytes) return tl::unexpected(read_bytes.error());
    bytes = std::move(*read_bytes);
    return {};
  };
  std::vector<uint8_t> id_context;
  for (const auto& done : {read("--sender-id", arguments.sender_id, parameters.sender_id),
                           read("--recipient-id", arguments.recipient_id, parameters.recipient_id),
                           read("--master-salt", arguments.master_salt, parameters.master_salt),
                           read("--id-context", arguments.id_context, id_context)}) {
    if (!done) return tl::unexpected(done.error());
  }
  if (arguments.id_context) parameters.id_context = std::move(id_context);
  return parameters;
}

// The i-th context of a command.
using MakeContext = std::function<ContextParameters(uint32_t i)>;

Result<MakeContext> one_context(const AddArguments& arguments, ContextParameters common) {
  if (!arguments.sender_id || !arguments.recipient_id) {
    return fail("a context needs --sender-id and --recipient-id",
                "give each end an ID of its own, such as --sender-id 01 --recipient-id 02");
  }
  if (arguments.master_secret) {
    auto secret = hex_argument("--master-secret", *arguments.master_secret);
    if (!secret) return tl::unexpected(secret.error());
    if (secret->empty() || secret->size() > oscore::kMaxMasterSecretLen) {
      return fail("--master-secret must have 1 to 64 bytes", "leave it out to have 16 bytes drawn");
    }
    common.master_secret = Secret<oscore::kMaxMasterSecretLen>(*secret);
    zeroise(*secret);
  } else {
    draw_secret(common);
  }
  const auto shared = std::make_shared<const ContextParameters>(std::move(common));
  return MakeContext([shared](uint32_t) { return shared->duplicate(); });
}

// NAME-0, NAME-1, ... with IDs PREFIX | number, all numbers of one width.
Result<MakeContext> many_contexts(const AddArguments& arguments, ContextParameters common) {
  if (arguments.master_secret) {
    return fail("--count draws a secret for each context", "leave out --master-secret");
  }
  if (*arguments.count < 1 || *arguments.count > kMaxCount) {
    return fail("--count must be 1 to " + std::to_string(kMaxCount));
  }
  if (!arguments.sender_id) common.sender_id = {0x01};
  if (!arguments.recipient_id) common.recipient_id = {0x02};
  const size_t width = std::max<size_t>(1, uint_len(*arguments.count - 1));
  const auto with_number = [width](std::vector<uint8_t> prefix, uint32_t number) {
    for (size_t i = width; i-- > 0;) prefix.push_back(static_cast<uint8_t>(number >> (8 * i)));
    return prefix;
  };
  const auto shared = std::make_shared<const ContextParameters>(std::move(common));
  return MakeContext([shared, with_number](uint32_t i) {
    ContextParameters parameters = shared->duplicate();
    parameters.name += "-" + std::to_string(i);
    parameters.sender_id = with_number(std::move(parameters.sender_id), i);
    parameters.recipient_id = with_number(std::move(parameters.recipient_id), i);
    draw_secret(parameters);
    return parameters;
  });
}

Result<MakeContext> contexts_of(const AddArguments& arguments) {
  auto common = common_parameters(arguments);
  if (!common) return tl::unexpected(common.error());
  return arguments.count ? many_contexts(arguments, std::move(*common))
                         : one_context(arguments, std::move(*common));
}

// Opens the other end's store, and makes it if there is none.
Result<std::unique_ptr<ContextEditor>> open_peer_store(const std::string& path) {
  const StorePlace place{path, {}, {}};
  auto opened = ContextEditor::open(place);
  if (opened) return opened;
  if (const auto made = Store::init(path); !made) return opened;  // there is one: tell its error
  std::printf("made store %s\n", path.c_str());
  return ContextEditor::open(place);
}

// Both stores get each group of contexts, the peer's first.
Result<void> add_group(ContextEditor& store, ContextEditor* peer_store,
                       const std::vector<storage::NewContext>& group) {
  if (peer_store != nullptr) {
    std::vector<storage::NewContext> mirrors;
    for (const auto& each : group) mirrors.push_back({mirrored(each.parameters), {}});
    if (auto added = peer_store->add(mirrors); !added) return added;
  }
  auto added = store.add(group);
  if (!added && peer_store != nullptr) {
    added.error().cause += " (the mirrored contexts are in " + peer_store->place() + " already)";
  }
  return added;
}

Result<void> add_to(ContextEditor& store, ContextEditor* peer_store, uint32_t count,
                    const MakeContext& make) {
  Progress progress("contexts added", count);
  std::vector<storage::NewContext> group;
  for (uint32_t i = 0; i < count; ++i) {
    group.push_back({make(i), {}});
    if (group.size() < ContextEditor::kMaxGroup && i + 1 < count) continue;
    if (auto added = add_group(store, peer_store, group); !added) {
      const size_t num_added = i + 1 - group.size();
      if (num_added > 0) added.error().cause += "; " + std::to_string(num_added) + " are in";
      return added;
    }
    group.clear();
    progress.show(i + 1);
  }
  return {};
}

Result<void> add_all(const AddArguments& arguments, const MakeContext& make) {
  auto store = ContextEditor::open(arguments.store);
  if (!store) return tl::unexpected(store.error());
  std::unique_ptr<ContextEditor> peer_store;
  if (arguments.peer_store) {
    auto opened = open_peer_store(*arguments.peer_store);
    if (!opened) return tl::unexpected(opened.error());
    peer_store = std::move(*opened);
  }
  if (auto added = add_to(**store, peer_store.get(), arguments.count.value_or(1), make); !added) {
    return added;
  }
  if (peer_store) {
    if (auto closed = peer_store->close(); !closed) return closed;
  }
  return (*store)->close();
}

// Does one thing to a store, wherever it is, and says what was done.
template <typename Change>
int edit(const StorePlace& place, const std::string& what, Change change) {
  auto editor = ContextEditor::open(place);
  if (!editor) return report(editor.error(), kBadUsage);
  if (const auto changed = change(**editor); !changed) return report(changed.error(), kBadUsage);
  const std::string where = (*editor)->place();
  if (const auto closed = (*editor)->close(); !closed) return report(closed.error(), kFailed);
  std::printf("%s in %s\n", what.c_str(), where.c_str());
  return kDone;
}

void tell_added(const AddArguments& arguments, size_t count) {
  if (arguments.count) {
    std::printf("added %zu contexts, %s-0 to %s-%zu, each with a secret of its own\n", count,
                arguments.name.c_str(), arguments.name.c_str(), count - 1);
  } else if (arguments.master_secret) {
    std::printf("added context %s\n", arguments.name.c_str());
  } else {
    std::printf("added context %s with a master secret of %zu random bytes\n",
                arguments.name.c_str(), kDrawnSecretLen);
  }
  if (arguments.peer_store) {
    std::printf("added the other end's view to %s\n", arguments.peer_store->c_str());
  } else if (!arguments.master_secret && !arguments.count) {
    std::printf("the other end needs the secret; see it with: osprey context show %s %s --reveal\n",
                arguments.name.c_str(), arguments.store.arguments().c_str());
  }
}

std::string id_context_text(const ContextParameters& parameters) {
  if (!parameters.id_context) return "-";
  return parameters.id_context->empty() ? "empty" : to_hex(*parameters.id_context);
}

std::string id_text(Bytes id) { return id.empty() ? "empty" : to_hex(id); }

void print_json_line(const ContextParameters& parameters, bool reveal) {
  const auto line = storage::write_context_line(
      parameters, reveal ? storage::Reveal::kYes : storage::Reveal::kNo);
  std::fwrite(line.data(), 1, line.size(), stdout);
}

void print_table_row(const ContextParameters& parameters) {
  std::printf("%-24s %-14s %-14s %-18s %-20.*s %zu\n", parameters.name.c_str(),
              id_text(parameters.sender_id).c_str(), id_text(parameters.recipient_id).c_str(),
              id_context_text(parameters).c_str(), static_cast<int>(parameters.aead->name.size()),
              parameters.aead->name.data(), parameters.replay_window_size);
}

void print_details(const ContextParameters& parameters, bool reveal) {
  const auto line = [](const char* name, const std::string& value) {
    std::printf("%-20s %s\n", name, value.c_str());
  };
  line("name", parameters.name);
  line("sender ID", id_text(parameters.sender_id));
  line("recipient ID", id_text(parameters.recipient_id));
  line("ID Context", id_context_text(parameters));
  line("master salt", id_text(parameters.master_salt));
  line("algorithm",
       std::string(parameters.aead->name) + " (" + std::to_string(parameters.aead->number) + ")");
  line("HKDF", std::string(parameters.hkdf->name));
  line("replay window", std::to_string(parameters.replay_window_size));
  line("require kid context", parameters.require_kid_context ? "yes" : "no");
  line("master secret",
       reveal ? to_hex(parameters.master_secret.reveal())
              : std::to_string(parameters.master_secret.size()) + " bytes, shown by --reveal");
}

}  // namespace

int init_store(const StorePlace& place) {
  const auto made = Store::init(place.path, place.options());
  if (!made) return report(made.error(), kBadUsage);
  std::printf("made store %s\n", place.path.c_str());
  return kDone;
}

int adopt_store(const StorePlace& place) {
  const auto adopted = Store::adopt(place.path, place.options());
  if (!adopted) return report(adopted.error(), kBadUsage);
  std::printf("%s is a store of its own now; make sure that what it was copied from is not used\n",
              place.path.c_str());
  return kDone;
}

int replace_context(const AddArguments& arguments) {
  const auto make = contexts_of(arguments);
  if (!make) return report(make.error(), kBadUsage);
  const ContextParameters parameters = (*make)(0);
  return edit(arguments.store, "replaced context " + arguments.name,
              [&](ContextEditor& editor) { return editor.replace(parameters); });
}

int remove_context(const StorePlace& place, const std::string& name) {
  return edit(place, "removed context " + name,
              [&](ContextEditor& editor) { return editor.remove(name); });
}

int set_context_enabled(const StorePlace& place, const std::string& name, bool enabled) {
  return edit(place, (enabled ? "enabled context " : "disabled context ") + name,
              [&](ContextEditor& editor) { return editor.set_enabled(name, enabled); });
}

int add_contexts(const AddArguments& arguments) {
  const auto make = contexts_of(arguments);
  if (!make) return report(make.error(), kBadUsage);
  if (const auto added = add_all(arguments, *make); !added) {
    return report(added.error(), kBadUsage);
  }
  tell_added(arguments, arguments.count.value_or(1));
  return kDone;
}

int list_contexts(const ShowArguments& arguments) {
  const auto store = open_to_read(arguments.store);
  if (!store) return report(store.error(), kBadUsage);
  if (arguments.json) {
    std::printf("[");
  } else {
    std::printf("%-24s %-14s %-14s %-18s %-20s %s\n", "name", "sender ID", "recipient ID",
                "ID Context", "algorithm", "window");
  }
  bool is_first = true;
  const auto listed = (*store)->for_each([&](const storage::StoredContext& stored) -> Result<void> {
    const ContextParameters& each = stored.record.parameters;
    if (arguments.json) {
      if (!is_first) std::printf(",\n ");
      print_json_line(each, arguments.reveal);
    } else {
      print_table_row(each);
    }
    is_first = false;
    return {};
  });
  if (arguments.json) std::printf("]\n");
  return listed ? kDone : report(listed.error(), kBadUsage);
}

int show_context(const ShowArguments& arguments) {
  const auto store = open_to_read(arguments.store);
  if (!store) return report(store.error(), kBadUsage);
  const auto found = (*store)->find(arguments.name);
  if (!found) return report(found.error(), kBadUsage);
  if (!*found) return report(no_such_context(**store, arguments.name).value(), kBadUsage);
  const ContextParameters& parameters = (*found)->record.parameters;
  if (arguments.json) {
    print_json_line(parameters, arguments.reveal);
    std::printf("\n");
  } else {
    print_details(parameters, arguments.reveal);
  }
  return kDone;
}

}  // namespace osprey::cli
