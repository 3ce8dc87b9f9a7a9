#include "apps/launch/config.h"

#include <array>
#include <fstream>
#include <functional>
#include <sstream>

// toml++ 3.3 asserts that a key begins like one before it looks; without that, it looks, and says
// where the text is wrong ("[" at the end of a line).
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

#include "apps/launch/admin_protocol.h"
#include "dataplane/socket/udp_port.h"
#include "framework/base/nearest.h"

namespace osprey {
namespace {

struct Key {
  std::string_view section;
  std::string_view name;
  // Takes the value; false if it is not what `expected` says.
  std::function<bool(Config&, const toml::node&)> set;
  std::string_view expected;
};

bool set_listen(Config& config, const toml::node& node) {
  const toml::array* addresses = node.as_array();
  if (addresses == nullptr || addresses->empty()) return false;
  if (addresses->size() > UdpPort::kMaxAddresses) return false;
  config.listen.clear();
  for (const toml::node& address : *addresses) {
    const auto text = address.value_exact<std::string>();
    if (!text || !parse_socket_address(*text)) return false;
    config.listen.push_back(*text);
  }
  return true;
}

bool set_workers(Config& config, const toml::node& node) {
  const auto number = node.value_exact<int64_t>();
  if (!number || *number < 0 || *number > Config::kMaxWorkers) return false;
  config.workers = static_cast<unsigned>(*number);
  return true;
}

bool set_port(Config& config, const toml::node& node) {
  const auto kind = node.value_exact<std::string>();
  if (kind != "udp" && kind != "dpdk") return false;
  config.port = kind == "udp" ? PortKind::kUdp : PortKind::kDpdk;
  return true;
}

bool set_device(Config& config, const toml::node& node) {
  const auto device = node.value_exact<std::string>();
  if (!device || device->empty()) return false;
  config.dpdk.device = *device;
  return true;
}

bool set_idle(Config& config, const toml::node& node) {
  const auto idle = node.value_exact<std::string>();
  if (idle != "back-off" && idle != "poll") return false;
  config.dpdk.polls = idle == "poll";
  return true;
}

bool set_memory(Config& config, const toml::node& node) {
  constexpr int64_t kLeast = 64;
  constexpr int64_t kMost = 1 << 20;
  const auto number = node.value_exact<int64_t>();
  if (!number || *number < kLeast || *number > kMost) return false;
  config.dpdk.memory_mb = static_cast<unsigned>(*number);
  return true;
}

bool set_extra_args(Config& config, const toml::node& node) {
  const toml::array* arguments = node.as_array();
  if (arguments == nullptr) return false;
  for (const toml::node& each : *arguments) {
    const auto text = each.value_exact<std::string>();
    if (!text) return false;
    config.dpdk.extra_args.push_back(*text);
  }
  return true;
}

bool set_store_path(Config& config, const toml::node& node) {
  const auto path = node.value_exact<std::string>();
  if (!path || path->empty()) return false;
  config.store_path = *path;
  return true;
}

bool set_key_file(Config& config, const toml::node& node) {
  const auto path = node.value_exact<std::string>();
  if (!path || path->empty()) return false;
  config.key_file = *path;
  return true;
}

bool set_admin_socket(Config& config, const toml::node& node) {
  const auto path = node.value_exact<std::string>();
  if (!path || path->empty() || path->size() > kMaxSocketPathLen) return false;
  config.admin_socket = *path;
  return true;
}

bool set_engine(Config& config, const toml::node& node) {
  const auto name = node.value_exact<std::string>();
  const auto kind = name ? parse_engine_kind(*name) : std::nullopt;
  if (kind) config.engine = *kind;
  return kind.has_value();
}

bool set_log_level(Config& config, const toml::node& node) {
  constexpr std::array<std::string_view, 4> kLevels = {"error", "warn", "info", "debug"};
  const auto level = node.value_exact<std::string>();
  if (!level || std::find(kLevels.begin(), kLevels.end(), *level) == kLevels.end()) return false;
  config.log_level = *level;
  return true;
}

const std::array<Key, 12>& keys() {
  static const std::array<Key, 12> kKeys = {{
      {"server", "listen", set_listen,
       R"(a list of 1 to 15 numeric addresses, as in ["0.0.0.0:5683", "[::1]:5683"])"},
      {"server", "workers", set_workers, "a number from 0 to 64"},
      {"server", "port", set_port, R"("udp" or "dpdk")"},
      {"dpdk", "device", set_device,
       R"(a PCI address or a driver with arguments, as in "net_af_packet,iface=eth1")"},
      {"dpdk", "idle", set_idle, R"("back-off" or "poll")"},
      {"dpdk", "memory_mb", set_memory, "a number from 64 to 1048576"},
      {"dpdk", "extra_args", set_extra_args, "a list of words"},
      {"store", "path", set_store_path, "a directory, as in \"/var/lib/osprey\""},
      {"store", "key_file", set_key_file, "a file, as in \"/etc/osprey/kek\""},
      {"admin", "socket", set_admin_socket,
       "a path of at most 107 bytes, as in \"/run/osprey/admin.sock\""},
      {"crypto", "engine", set_engine, R"("auto", "ipsec-mb" or "openssl")"},
      {"log", "level", set_log_level, R"("error", "warn", "info" or "debug")"},
  }};
  return kKeys;
}

std::string place(const std::string& file, const toml::source_region& source) {
  return file + ":" + std::to_string(source.begin.line) + ": ";
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string_view meant = nearest(word, known);
  if (!meant.empty()) return "did you mean \"" + std::string(meant) + "\"?";
  std::string all;
  for (const std::string_view each : known) {
    all += (all.empty() ? "" : ", ") + std::string(each);
  }
  return "known here: " + all;
}

Result<void> read_key(Config& config, std::string_view section, const toml::key& name,
                      const toml::node& value, const std::string& file) {
  std::vector<std::string_view> known;
  for (const Key& key : keys()) {
    if (key.section != section) continue;
    known.push_back(key.name);
    if (key.name != name.str()) continue;
    if (key.set(config, value)) return {};
    return fail(place(file, value.source()) + std::string(section) + "." + std::string(name.str()) +
                " must be " + std::string(key.expected));
  }
  return fail(place(file, name.source()) + "unknown key \"" + std::string(name.str()) + "\" in [" +
                  std::string(section) + "]",
              suggestion(name.str(), known));
}

Result<void> read_section(Config& config, const toml::key& name, const toml::node& node,
                          const std::string& file) {
  std::vector<std::string_view> sections;
  for (const Key& key : keys()) {
    if (sections.empty() || sections.back() != key.section) sections.push_back(key.section);
  }
  if (std::find(sections.begin(), sections.end(), name.str()) == sections.end()) {
    return fail(place(file, name.source()) + "unknown section \"" + std::string(name.str()) + "\"",
                suggestion(name.str(), sections));
  }
  const toml::table* table = node.as_table();
  if (table == nullptr) {
    return fail(place(file, name.source()) + "\"" + std::string(name.str()) +
                "\" is a section: write [" + std::string(name.str()) + "]");
  }
  for (const auto& [key, value] : *table) {
    if (auto read = read_key(config, name.str(), key, value, file); !read) return read;
  }
  return {};
}

// toml++ 3.3 runs into undefined behaviour at some characters beyond ASCII, so it gets none: they
// may stand in lines that are comments, and elsewhere be written as escapes.
Result<std::string> ascii_only(std::string_view text, const std::string& file) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // as some editors begin a file
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::string ascii;
  ascii.reserve(text.size());
  size_t line = 1;
  bool is_blank = true;  // this line, so far
  bool is_comment = false;
  for (const char c : text) {
    if (c == '\n') {
      ++line;
      is_blank = true;
      is_comment = false;
    } else if (is_blank && c != ' ' && c != '\t') {
      is_blank = false;
      is_comment = c == '#';
    }
    const bool is_plain = (c >= ' ' && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
    if (!is_plain && !is_comment) {
      return fail(
          file + ":" + std::to_string(line) + ": a control character, or one that is not ASCII",
          "write it as an escape in a string in double quotes, as in \"m\\u00fcll\"");
    }
    ascii.push_back(is_plain ? c : '?');
  }
  return ascii;
}

}  // namespace

Result<Config> Config::from_file(const std::string& path) {
  std::ifstream file(path);
  file.peek();  // a directory can be opened, but not read
  if (!file.is_open() || file.bad()) {
    return fail("cannot read the configuration " + path, "ls -l " + path);
  }
  std::ostringstream text;
  text << file.rdbuf();
  return from_text(text.str(), path);
}

Result<Config> Config::from_text(std::string_view text, const std::string& name) {
  const auto ascii = ascii_only(text, name);
  if (!ascii) return tl::unexpected(ascii.error());
  toml::table table;
  try {
    table = toml::parse(*ascii, name);
  } catch (const toml::parse_error& error) {
    return fail(place(name, error.source()) + std::string(error.description()));
  }
  Config config;
  for (const auto& [section, node] : table) {
    if (auto read = read_section(config, section, node, name); !read) {
      return tl::unexpected(read.error());
    }
  }
  if (config.store_path.empty()) {
    return fail(name + ": store.path is missing",
                "add\n  [store]\n  path = \"DIR\"\nand make DIR by: osprey store init --store DIR");
  }
  if (config.port == PortKind::kDpdk && config.dpdk.device.empty()) {
    return fail(name + ": server.port is \"dpdk\", but dpdk.device is missing",
                "add, for a NIC: [dpdk] device = \"0000:03:00.0\"; for a kernel interface: "
                "[dpdk] device = \"net_af_packet,iface=eth1\"");
  }
  return config;
}

}  // namespace osprey
