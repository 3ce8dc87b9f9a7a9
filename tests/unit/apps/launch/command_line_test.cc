// Config::from_args: what a server program understands of its command line.
#include <fstream>

#include <gtest/gtest.h>

#include "apps/launch/config.h"
#include "tests/unit/storage/support.h"

namespace osprey {
namespace {

using storage::TempDirectory;
using ::testing::ExitedWithCode;

Config from_args(std::vector<std::string> args) {
  args.insert(args.begin(), "program");
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  return Config::from_args(static_cast<int>(args.size()), argv.data());
}

class FromArgsDeathTest : public ::testing::Test {
 protected:
  FromArgsDeathTest() {
    std::ofstream(good_) << "[store]\npath = \"d\"\n";
    std::ofstream(bad_) << "[store]\npth = \"d\"\n";
  }

  TempDirectory directory_;
  std::string good_ = directory_.path_of("good.toml");
  std::string bad_ = directory_.path_of("bad.toml");
};

TEST_F(FromArgsDeathTest, ServesWithItsConfiguration) {
  EXPECT_EQ(from_args({"--config", good_}).store_path, "d");
  EXPECT_EQ(from_args({"--config=" + good_}).store_path, "d");
}

TEST_F(FromArgsDeathTest, CheckSaysOkOrWhatIsWrong) {
  EXPECT_EXIT(from_args({"check", "--config", good_}), ExitedWithCode(0), "");
  EXPECT_EXIT(from_args({"--config", good_, "check"}), ExitedWithCode(0), "");
  EXPECT_EXIT(from_args({"check", "--config", bad_}), ExitedWithCode(2),
              "program: .*bad.toml:2: unknown key \"pth\" in .store.\n  to mend: did you mean");
}

TEST_F(FromArgsDeathTest, BadConfigurationOrUsageIsExitCode2) {
  EXPECT_EXIT(from_args({"--config", bad_}), ExitedWithCode(2), "unknown key");
  EXPECT_EXIT(from_args({"--config", "none.toml"}), ExitedWithCode(2), "cannot read");
  EXPECT_EXIT(from_args({}), ExitedWithCode(2), "--config is required");
  EXPECT_EXIT(from_args({"--config"}), ExitedWithCode(2), "");
  EXPECT_EXIT(from_args({"--config", good_, "--verbose"}), ExitedWithCode(2), "");
  EXPECT_EXIT(from_args({"--config", good_, "serve"}), ExitedWithCode(2), "");
}

TEST_F(FromArgsDeathTest, DoctorLooksAtTheMachine) {
  EXPECT_EXIT(from_args({"doctor", "--config", good_}), ExitedWithCode(0), "");
  EXPECT_EXIT(from_args({"doctor", "--config", bad_}), ExitedWithCode(2), "unknown key");
}

TEST_F(FromArgsDeathTest, HelpIsExitCode0) {
  EXPECT_EXIT(from_args({"--help"}), ExitedWithCode(0), "");
}

}  // namespace
}  // namespace osprey
