#include "apps/launch/config.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/unit/storage/support.h"

namespace osprey {
namespace {

using storage::TempDirectory;

// Everything in one line; an error's text with the file's name as F.
std::string read(std::string_view text) {
  const auto config = Config::from_text(text, "F");
  if (!config) return config.error().text();
  std::string all;
  for (const std::string& address : config->listen) all += address + " ";
  return all + std::to_string(config->workers) + " " + config->store_path + " " + config->log_level;
}

struct Row {
  const char* text;
  const char* expected;
};

TEST(Config, ReadsEveryKeyAndHasDefaultsForTheRest) {
  const Row rows[] = {
      {"[store]\npath = \"d\"", "127.0.0.1:5683 [::1]:5683 1 d info"},
      {"store.path = \"d\"", "127.0.0.1:5683 [::1]:5683 1 d info"},
      {"store = { path = 'd' }", "127.0.0.1:5683 [::1]:5683 1 d info"},
      {"# comment\n[log]\n[server]\n[store]\npath = \"d\"\n", "127.0.0.1:5683 [::1]:5683 1 d info"},
      {"[server]\nlisten = [\"0.0.0.0:1\"]\nworkers = 4\n[store]\npath = \"/a/b c\"\n"
       "[log]\nlevel = \"debug\"",
       "0.0.0.0:1 4 /a/b c debug"},
      {"[server]\nlisten = [\"0.0.0.0\", \"[::]:7\"]\nworkers = 0\n[store]\npath = \"d\"",
       "0.0.0.0 [::]:7 0 d info"},
      {"[server]\nworkers = 64\n[store]\npath = \"d\"", "127.0.0.1:5683 [::1]:5683 64 d info"},
      {"\xef\xbb\xbf[store]\r\npath = \"d\"\r\n", "127.0.0.1:5683 [::1]:5683 1 d info"},
  };
  for (const Row& row : rows) EXPECT_EQ(read(row.text), row.expected) << row.text;
}

TEST(Config, EngineIsChosenByName) {
  const std::pair<const char*, EngineKind> rows[] = {
      {"", EngineKind::kAuto},
      {"[crypto]\nengine = \"auto\"", EngineKind::kAuto},
      {"[crypto]\nengine = \"ipsec-mb\"", EngineKind::kIpsecMb},
      {"[crypto]\nengine = \"openssl\"", EngineKind::kOpenssl},
  };
  for (const auto& [text, expected] : rows) {
    const auto config = Config::from_text("[store]\npath = \"d\"\n" + std::string(text), "F");
    ASSERT_TRUE(config) << text;
    EXPECT_EQ(config->engine, expected) << text;
  }
}

TEST(Config, DpdkPortIsDescribedByItsSection) {
  const auto config = Config::from_text(
      "store.path = \"d\"\n[server]\nport = \"dpdk\"\n[dpdk]\ndevice = \"net_null0,size=64\"\n"
      "idle = \"poll\"\nmemory_mb = 512\nextra_args = [\"--log-level=debug\"]",
      "F");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->port, PortKind::kDpdk);
  EXPECT_EQ(config->dpdk.device, "net_null0,size=64");
  EXPECT_TRUE(config->dpdk.polls);
  EXPECT_EQ(config->dpdk.memory_mb, 512u);
  EXPECT_EQ(config->dpdk.extra_args, std::vector<std::string>{"--log-level=debug"});

  const std::string device =
      "dpdk.device must be a PCI address or a driver with arguments, as in "
      "\"net_af_packet,iface=eth1\"";
  const std::pair<const char*, std::string> rows[] = {
      {"device = \"\"", device},
      {"device = 1", device},
      {"idle = \"Poll\"", "dpdk.idle must be \"back-off\" or \"poll\""},
      {"memory_mb = 63", "dpdk.memory_mb must be a number from 64 to 1048576"},
      {"extra_args = \"-v\"", "dpdk.extra_args must be a list of words"},
      {"extra_args = [1]", "dpdk.extra_args must be a list of words"},
  };
  for (const auto& [line, expected] : rows) {
    EXPECT_EQ(read("[dpdk]\n" + std::string(line)), "F:2: " + expected) << line;
  }
  EXPECT_EQ(read("[server]\nport = \"DPDK\""), "F:2: server.port must be \"udp\" or \"dpdk\"");
  EXPECT_TRUE(read("server.port = \"dpdk\"\nstore.path = \"d\"")
                  .starts_with("F: server.port is \"dpdk\", but dpdk.device is missing"));
}

constexpr const char* kListen =
    "server.listen must be a list of 1 to 15 numeric addresses, as in [\"0.0.0.0:5683\", "
    "\"[::1]:5683\"]";
constexpr const char* kWorkers = "server.workers must be a number from 0 to 64";
constexpr const char* kPath = "store.path must be a directory, as in \"/var/lib/osprey\"";
constexpr const char* kEngine = "crypto.engine must be \"auto\", \"ipsec-mb\" or \"openssl\"";
constexpr const char* kLevel = "log.level must be \"error\", \"warn\", \"info\" or \"debug\"";

TEST(Config, ValueThatIsNotWhatTheKeyTakesIsToldWithItsLine) {
  const std::pair<const char*, const char*> rows[] = {
      {"listen = \"0.0.0.0:5683\"", kListen},
      {"listen = []", kListen},
      {"listen = [5683]", kListen},
      {"listen = [\"localhost:5683\"]", kListen},
      {"listen = [\"0.0.0.0:5683\", \"0.0.0.0:99999\"]", kListen},
      {"listen = [\"\"]", kListen},
      {"listen = { a = 1 }", kListen},
      {"workers = -1", kWorkers},
      {"workers = 65", kWorkers},
      {"workers = 9223372036854775807", kWorkers},
      {"workers = \"2\"", kWorkers},
      {"workers = 2.0", kWorkers},
      {"workers = true", kWorkers},
      {"workers = []", kWorkers},
      {"workers.x = 1", kWorkers},
  };
  for (const auto& [line, expected] : rows) {
    EXPECT_EQ(read("[store]\npath = \"d\"\n[server]\n" + std::string(line)),
              "F:4: " + std::string(expected))
        << line;
  }
  std::string too_many = "listen = [";
  for (int i = 0; i < 16; ++i) too_many += "\"0.0.0.0\", ";
  EXPECT_EQ(read("[server]\n" + too_many + "]"), "F:2: " + std::string(kListen));
  for (const char* line : {"path = \"\"", "path = 1", "path = [\"d\"]"}) {
    EXPECT_EQ(read("[store]\n\n" + std::string(line)), "F:3: " + std::string(kPath)) << line;
  }
  for (const char* line : {"engine = \"OpenSSL\"", "engine = 1", "engine = \"\""}) {
    EXPECT_EQ(read("[crypto]\n" + std::string(line)), "F:2: " + std::string(kEngine)) << line;
  }
  for (const char* line : {"level = \"loud\"", "level = \"Info\"", "level = 1", "level = \"\""}) {
    EXPECT_EQ(read("[log]\n" + std::string(line)), "F:2: " + std::string(kLevel)) << line;
  }
}

TEST(Config, UnknownKeyIsToldWithTheNearestOne) {
  const Row rows[] = {
      {"[server]\nlisen = []",
       "F:2: unknown key \"lisen\" in [server]\n  to mend: did you mean \"listen\"?"},
      {"[server]\nWorkers = 1",
       "F:2: unknown key \"Workers\" in [server]\n  to mend: did you mean \"workers\"?"},
      {"[server]\nworkers = 1\nudp_number = 5683",
       "F:3: unknown key \"udp_number\" in [server]\n  to mend: known here: listen, workers, port"},
      {"[store]\npaht = \"d\"",
       "F:2: unknown key \"paht\" in [store]\n  to mend: did you mean \"path\"?"},
      {"[log]\nlevels = \"info\"",
       "F:2: unknown key \"levels\" in [log]\n  to mend: did you mean \"level\"?"},
      {"[log.file]\nname = 1", "F:1: unknown key \"file\" in [log]\n  to mend: known here: level"},
      {"\n\n[sever]\n", "F:3: unknown section \"sever\"\n  to mend: did you mean \"server\"?"},
      {"[stores]\npath = \"d\"",
       "F:1: unknown section \"stores\"\n  to mend: did you mean \"store\"?"},
      {"[dataplane]\n",
       "F:1: unknown section \"dataplane\"\n  to mend: known here: server, dpdk, store, admin, "
       "crypto, log"},
      {"path = \"d\"",
       "F:1: unknown section \"path\"\n  to mend: known here: server, dpdk, store, admin, crypto, "
       "log"},
  };
  for (const Row& row : rows) EXPECT_EQ(read(row.text), row.expected) << row.text;
}

TEST(Config, SectionThatIsNoneIsTold) {
  EXPECT_EQ(read("server = 1"), "F:1: \"server\" is a section: write [server]");
  EXPECT_EQ(read("\nstore = \"d\""), "F:2: \"store\" is a section: write [store]");
  EXPECT_EQ(read("[[server]]\nworkers = 1"), "F:1: \"server\" is a section: write [server]");
}

TEST(Config, MissingStoreIsToldWithWhatToWrite) {
  const std::string expected =
      "F: store.path is missing\n  to mend: add\n  [store]\n  path = \"DIR\"\n"
      "and make DIR by: osprey store init --store DIR";
  for (const char* text : {"", "\n# nothing\n", "[server]\nworkers = 2", "[store]"}) {
    EXPECT_EQ(read(text), expected) << text;
  }
}

// What toml++ says is its own; the place is ours.
TEST(Config, TextThatIsNoTomlIsToldWithItsLine) {
  const std::pair<const char*, const char*> rows[] = {
      {"[server", "F:1: "},
      {"[server]\nworkers = ", "F:2: "},
      {"[server]\nworkers = 1\nworkers = 2", "F:3: "},
      {"[server]\n[server]", "F:2: "},
      {"[store]\npath = \"d", "F:2: "},
      {"[store]\npath = d", "F:2: "},
      // Found by fuzzing: both broke toml++ 3.3 itself.
      {"[store]\npath = \"d\"\n[\n=", "F:3: "},
      {"[store]\npath = \"d\"\n[s\xd2\x98rver]", "F:3: "},
      {"\n[store]\npath = \"\x01\"", "F:3: "},
  };
  for (const auto& [text, place] : rows) {
    const std::string error = read(text);
    EXPECT_TRUE(error.starts_with(place)) << text << "\n" << error;
    EXPECT_GT(error.size(), std::string(place).size() + 10) << error;
  }
}

TEST(Config, CommentsMayHoldAnyCharacter) {
  const auto config = Config::from_text("  # m\xc3\xbcll\n[store]\npath = \"m\\u00fc\"", "F");
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->store_path, "m\xc3\xbc");
}

TEST(Config, ComesFromAFile) {
  const TempDirectory directory;
  const std::string path = directory.path_of("ospreyd.toml");
  std::ofstream(path) << "[store]\npath = \"d\"\n[log]\nlvl = 1\n";
  const auto config = Config::from_file(path);
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().cause, path + ":4: unknown key \"lvl\" in [log]");
  std::ofstream(path) << "[store]\npath = \"d\"\n";
  EXPECT_EQ(Config::from_file(path)->store_path, "d");
}

TEST(Config, FileThatCannotBeReadIsTold) {
  const TempDirectory directory;
  for (const std::string& path : {directory.path_of("none.toml"), directory.path()}) {
    const auto config = Config::from_file(path);
    ASSERT_FALSE(config.has_value());
    EXPECT_EQ(config.error().text(),
              "cannot read the configuration " + path + "\n  to mend: ls -l " + path);
  }
}

}  // namespace
}  // namespace osprey
