// Key material is not left in freed memory (I7). Every operator delete of this program looks at
// what it is given back before it goes.

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "storage/file_store.h"
#include "tests/unit/storage/support.h"

namespace {

// Bytes that occur in the secret and nowhere else, and their hex.
constexpr std::string_view kRaw =
    "\xc0\xde\xfa\xce\x5e\xc2\xe7\xaa\xbb\xcc\xdd\xee\x91\x82\x73\x64";
constexpr std::string_view kHex = "c0deface5ec2e7aabbccddee91827364";
constexpr size_t kShortest = 8;  // bytes of either that count as a leak

std::atomic<bool> is_watching = false;
std::atomic<int> leaks = 0;

bool contains_part(std::string_view text, std::string_view secret) {
  for (size_t i = 0; i + kShortest <= secret.size(); i += kShortest / 2) {
    if (text.find(secret.substr(i, kShortest)) != std::string_view::npos) return true;
  }
  return false;
}

void give_back(void* memory) noexcept {
  if (memory != nullptr && is_watching) {
    const std::string_view text(static_cast<char*>(memory), malloc_usable_size(memory));
    if (contains_part(text, kRaw) || contains_part(text, kHex)) ++leaks;
  }
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) {
  // Zeroed: what an earlier owner left behind is not this one's leak.
  void* memory = std::calloc(1, size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, size_t) noexcept { give_back(memory); }

namespace osprey::storage {
namespace {

// Counts the freed blocks that hold a part of the secret, while it lives.
class Watch {
 public:
  Watch() {
    leaks = 0;
    is_watching = true;
  }
  ~Watch() { is_watching = false; }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
};

oscore::ContextParameters secret_context(const char* name, uint8_t id) {
  oscore::ContextParameters parameters;
  parameters.name = name;
  parameters.master_secret = Secret<oscore::kMaxMasterSecretLen>(as_bytes(kRaw));
  parameters.sender_id = {id};
  parameters.recipient_id = {static_cast<uint8_t>(id + 1)};
  return parameters;
}

TEST(Secrecy, AWatchedLeakIsSeen) {
  const Watch watch;
  { const std::string leak(kHex); }
  EXPECT_EQ(leaks, 1);
}

TEST(Secrecy, AddingLoadingAndServingLeaveNoSecretInFreedMemory) {
  const TempDirectory directory;
  const std::string path = directory.path_of("store");
  ASSERT_TRUE(FileStore::init(path));
  const Watch watch;
  {
    const auto store = FileStore::open(path, OpenMode::kProvision);
    ASSERT_TRUE((*store)->add(secret_context("a", 1)));
    ASSERT_TRUE((*store)->add(secret_context("b", 10)));
    ASSERT_FALSE((*store)->add(secret_context("b", 20)));
  }
  {
    const auto store = FileStore::open(path, OpenMode::kServe);
    std::vector<std::unique_ptr<oscore::SecurityContext>> contexts;
    ASSERT_TRUE((*store)->load([&](auto context) -> Result<void> {
      contexts.push_back(std::move(context));
      return {};
    }));
    ASSERT_EQ(contexts.size(), 2u);
    EXPECT_TRUE((*store)->reserve_sender_sequence(*contexts[0]));
  }
  EXPECT_EQ(leaks, 0);
}

TEST(Secrecy, BrokenLinesLeaveNoSecretInFreedMemory) {
  const TempDirectory directory;
  const std::string path = directory.path_of("store");
  ASSERT_TRUE(FileStore::init(path));
  const std::string key = "{\"name\": \"a\", \"master_secret\": \"" + std::string(kHex);
  for (const std::string& line : {key, key + "\"", key + "\", x", key + "\"}", key + "zz\"}"}) {
    write_text(path + "/contexts.jsonl", line);
    const Watch watch;
    EXPECT_FALSE(FileStore::open(path, OpenMode::kServe));
    EXPECT_EQ(leaks, 0) << line;
  }
}

}  // namespace
}  // namespace osprey::storage
