#include "storage/store_lock.h"

#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/storage/support.h"

namespace osprey::storage {
namespace {

// A child that holds the lock of `path` until it is killed.
pid_t start_holder(const std::string& path) {
  int ready[2];
  EXPECT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto directory = Directory::open(path);
    const auto lock = StoreLock::acquire(**directory);
    const char answer = lock ? 'y' : 'n';
    if (write(ready[1], &answer, 1) != 1) _exit(1);
    for (;;) pause();
  }
  char answer = 0;
  EXPECT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  close(ready[0]);
  close(ready[1]);
  return child;
}

TEST(StoreLock, SecondProcessIsRefusedWithThePidOfTheFirst) {
  const TempDirectory directory;
  const auto opened = Directory::open(directory.path());
  ASSERT_TRUE(opened);
  const pid_t child = start_holder(directory.path());
  const std::string error = error_of(StoreLock::acquire(**opened));
  const std::string pid = std::to_string(child);
  EXPECT_NE(error.find("is in use by process " + pid + " ("), std::string::npos) << error;
  EXPECT_NE(error.find("(kill " + pid + ")"), std::string::npos) << error;

  // A killed holder leaves nothing behind.
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const auto lock = StoreLock::acquire(**opened);
  EXPECT_TRUE(lock) << error_of(lock);
  EXPECT_EQ(read_text(directory.path_of("lock")), std::to_string(getpid()) + "\n");
}

TEST(StoreLock, RemovingTheFileDoesNotUnlock) {
  const TempDirectory directory;
  const auto opened = Directory::open(directory.path());
  ASSERT_TRUE(opened);
  const auto first = StoreLock::acquire(**opened);
  ASSERT_TRUE(first);
  std::filesystem::remove(directory.path_of("lock"));
  EXPECT_NE(error_of(StoreLock::acquire(**opened)).find("is in use by another process"),
            std::string::npos);
}

TEST(StoreLock, SecondHolderInOneProcessIsRefused) {
  const TempDirectory directory;
  const auto opened = Directory::open(directory.path());
  ASSERT_TRUE(opened);
  {
    const auto first = StoreLock::acquire(**opened);
    ASSERT_TRUE(first);
    EXPECT_FALSE(StoreLock::acquire(**opened));
  }
  EXPECT_TRUE(StoreLock::acquire(**opened));
}

}  // namespace
}  // namespace osprey::storage
