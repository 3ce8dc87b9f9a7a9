// Key material is not left in freed memory (I7), neither ours nor RocksDB's.

#include "storage/context_lines.h"
#include "storage/store.h"
#include "tests/unit/storage/import/freed_memory.h"
#include "tests/unit/storage/support.h"

namespace osprey::storage {
namespace {

oscore::ContextParameters secret_context(const char* name, uint8_t id) {
  oscore::ContextParameters parameters;
  parameters.name = name;
  parameters.master_secret = Secret<oscore::kMaxMasterSecretLen>(as_bytes(kWatchedSecret));
  parameters.sender_id = {id};
  parameters.recipient_id = {static_cast<uint8_t>(id + 1)};
  return parameters;
}

TEST(Secrecy, AWatchedLeakIsSeen) {
  const FreedMemoryWatch watch;
  { const std::string leak(kWatchedHex); }
  EXPECT_EQ(watch.num_leaks(), 1);
}

TEST(Secrecy, AddingLoadingAndServingLeaveNoSecretInFreedMemory) {
  const TempDirectory directory;
  const std::string path = directory.path_of("store");
  ASSERT_TRUE(Store::init(path));
  const FreedMemoryWatch watch;
  {
    const auto store = Store::open(path, OpenMode::kProvision);
    ASSERT_TRUE((*store)->add(secret_context("a", 1)));
    ASSERT_TRUE((*store)->add(secret_context("b", 10)));
    ASSERT_FALSE((*store)->add(secret_context("b", 20)));
    ASSERT_TRUE((*store)->close());
  }
  {
    const auto store = Store::open(path, OpenMode::kServe);
    Quiescence nobody(0);
    oscore::ContextTable table(1);
    ASSERT_TRUE((*store)->serve(table, nobody, {nullptr}));
    ASSERT_TRUE((*store)->bring_in("a"));
    ASSERT_TRUE((*store)->replace(secret_context("a", 30)));
    ASSERT_TRUE((*store)->remove("b"));
    ASSERT_TRUE((*store)->close());
  }
  EXPECT_EQ(watch.num_leaks(), 0);
}

// Goal: the database holds no secret as it is. Method: every file of a store that has one.
TEST(Secrecy, TheFilesHoldNoSecret) {
  const TempDirectory directory;
  const std::string path = directory.path_of("store");
  ASSERT_TRUE(Store::init(path));
  const auto store = Store::open(path, OpenMode::kProvision);
  ASSERT_TRUE((*store)->add(secret_context("a", 1)));
  ASSERT_TRUE((*store)->close());
  int num_files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    ++num_files;
    const std::string content = read_text(entry.path());
    EXPECT_EQ(content.find(kWatchedSecret.substr(0, 8)), std::string::npos) << entry.path();
    EXPECT_EQ(content.find(kWatchedHex.substr(0, 8)), std::string::npos) << entry.path();
    struct stat status {};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 077, 0u) << entry.path();
  }
  EXPECT_GT(num_files, 5);
}

TEST(Secrecy, BrokenLinesLeaveNoSecretInFreedMemory) {
  const std::string key = "{\"name\": \"a\", \"master_secret\": \"" + std::string(kWatchedHex);
  for (SecretText line : {SecretText(key), SecretText(key + "\""), SecretText(key + "\", x"),
                          SecretText(key + "\"}"), SecretText(key + "zz\"}")}) {
    const FreedMemoryWatch watch;
    EXPECT_FALSE(parse_context_line(line, 1));
    EXPECT_EQ(watch.num_leaks(), 0) << line;
  }
}

}  // namespace
}  // namespace osprey::storage
