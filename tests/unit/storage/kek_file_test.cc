#include "storage/kek_file.h"

#include "storage/key_wrap.h"
#include "tests/unit/storage/support.h"

namespace osprey::storage {
namespace {

const std::string kText = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

DirectoryPtr open_directory(const TempDirectory& directory,
                            FileCalls& calls = FileCalls::system()) {
  auto opened = Directory::open(directory.path(), calls);
  EXPECT_TRUE(opened) << error_of(opened);
  return *opened;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

// As KeyWrap reads them, from the store's directory and by path, which must say the same.
std::string open_error(const TempDirectory& directory) {
  const std::string error = error_of(KeyWrap::open(*open_directory(directory), "kek"));
  EXPECT_EQ(error == "(no error)",
            error_of(KeyWrap::open_file(directory.path_of("kek"))) == "(no error)");
  return error;
}

TEST(KekFile, IsMadeAsDescribed) {
  const TempDirectory directory;
  const auto made = KeyWrap::create_key(*open_directory(directory), "kek");
  ASSERT_TRUE(made) << error_of(made);
  const std::string text = read_text(directory.path_of("kek"));
  ASSERT_EQ(text.size(), 65u);
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), 64u);
  EXPECT_EQ(text[64], '\n');
  EXPECT_EQ(mode_of(directory.path_of("kek")), 0400u);
  EXPECT_EQ(open_error(directory), "(no error)");
  EXPECT_FALSE(std::filesystem::exists(directory.path_of("kek.draft")));
}

TEST(KekFile, EachIsAnother) {
  const TempDirectory directory;
  ASSERT_TRUE(create_kek(*open_directory(directory), "kek"));
  ASSERT_TRUE(create_kek(*open_directory(directory), "kek2"));
  EXPECT_NE(read_text(directory.path_of("kek")), read_text(directory.path_of("kek2")));
}

TEST(KekFile, IsNeverOverwritten) {
  const TempDirectory directory;
  for (const std::string& text : {kText, std::string()}) {
    write_text(directory.path_of("kek"), text);
    const auto made = create_kek(*open_directory(directory), "kek");
    EXPECT_NE(error_of(made).find("is there already"), std::string::npos) << error_of(made);
    EXPECT_EQ(read_text(directory.path_of("kek")), text);
  }
}

// Puts a KEK there between the look and the rename: what another process could do.
class Intruder : public FileCalls {
 public:
  explicit Intruder(std::string path) : path_(std::move(path)) {}
  int rename_at(int directory, const char* from, const char* to) override {
    write_text(path_, kText);
    return FileCalls::rename_at(directory, from, to);
  }

 private:
  std::string path_;
};

TEST(KekFile, IsNotOverwrittenWhenItAppearsMeanwhile) {
  const TempDirectory directory;
  Intruder calls(directory.path_of("kek"));
  const auto made = create_kek(*open_directory(directory, calls), "kek");
  EXPECT_NE(error_of(made).find("is there already"), std::string::npos) << error_of(made);
  EXPECT_EQ(read_text(directory.path_of("kek")), kText);
}

TEST(KekFile, IsWholeOrNotThereWhateverFails) {
  bool done = false;
  for (int call = 0; !done; ++call) {
    ASSERT_LT(call, 200) << "never gets through";
    const TempDirectory directory;
    FailingCalls calls;
    calls.fail(call, 1, ENOSPC);
    const auto failed = create_kek(*open_directory(directory, calls), "kek");
    done = failed.has_value();
    EXPECT_EQ(std::filesystem::exists(directory.path_of("kek")), done) << call;
    calls.recover();
    if (!done) {
      const auto again = create_kek(*open_directory(directory, calls), "kek");
      EXPECT_TRUE(again) << error_of(again);
    }
    EXPECT_EQ(open_error(directory), "(no error)") << call;
    EXPECT_TRUE(done || error_of(failed).find("df ") != std::string::npos) << error_of(failed);
  }
}

TEST(KekFile, LooserModesAreRefusedWithTheCommand) {
  const TempDirectory directory;
  const std::string path = directory.path_of("kek");
  write_text(path, kText);
  for (const mode_t mode : {0644, 0640, 0604, 0660, 0410, 0401, 0777, 0420}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_NE(open_error(directory).find("chmod "), std::string::npos) << mode;
    const std::string text = error_of(KeyWrap::open_file(path));
    EXPECT_NE(text.find("chmod 400 " + path), std::string::npos) << text;
  }
  for (const mode_t mode : {0400, 0600, 0700}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_EQ(open_error(directory), "(no error)") << mode;
  }
}

TEST(KekFile, OtherFormsAreRefused) {
  const TempDirectory directory;
  const std::string digits = kText.substr(0, 64);
  for (const std::string& text :
       {std::string(), std::string("\n"), digits.substr(1), digits.substr(2) + "\n", digits + "0\n",
        digits + "00\n", digits + "\n\n", digits + "\r\n", " " + digits, digits.substr(1) + "g\n",
        "0x" + digits.substr(2) + "\n", std::string(32, '\x07'), digits + digits,
        std::string(1'000'000, '0')}) {
    write_text(directory.path_of("kek"), text);
    const std::string error = open_error(directory);
    EXPECT_NE(error.find("expected 64 hex digits"), std::string::npos) << text << error;
    EXPECT_EQ(error.find("0102"), std::string::npos) << "an error says the key: " << error;
  }
}

TEST(KekFile, CaseAndAMissingEndOfLineDoNotMatter) {
  const TempDirectory directory;
  write_text(directory.path_of("kek"), kText);
  const auto kek = KeyWrap::open_file(directory.path_of("kek"));
  ASSERT_TRUE(kek) << error_of(kek);
  std::string upper = kText.substr(0, 64);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  write_text(directory.path_of("kek"), upper);
  const auto again = KeyWrap::open_file(directory.path_of("kek"));
  ASSERT_TRUE(again) << error_of(again);
  EXPECT_EQ(kek->key_id(), again->key_id());
}

TEST(KekFile, MissingIsSaidWithWhatItMeans) {
  const TempDirectory directory;
  for (const std::string& text : {error_of(KeyWrap::open(*open_directory(directory), "kek")),
                                  error_of(KeyWrap::open_file(directory.path_of("kek")))}) {
    EXPECT_NE(text.find("there is no key-encryption key at " + directory.path_of("kek")),
              std::string::npos)
        << text;
  }
}

TEST(KekFile, OnlyARegularFileIsRead) {
  const TempDirectory directory;
  ASSERT_EQ(mkdir(directory.path_of("kek").c_str(), 0700), 0);
  EXPECT_NE(open_error(directory).find("not a regular file"), std::string::npos);
  ASSERT_EQ(mkfifo(directory.path_of("fifo").c_str(), 0600), 0);
  const std::string text = error_of(KeyWrap::open_file(directory.path_of("fifo")));
  EXPECT_NE(text.find("not a regular file"), std::string::npos) << text;
}

// Where secrets are handed out as links, the file that they lead to is what counts.
TEST(KekFile, ALinkCountsAsWhatItLeadsTo) {
  const TempDirectory directory;
  write_text(directory.path_of("real"), kText);
  ASSERT_EQ(symlink("real", directory.path_of("link").c_str()), 0);
  EXPECT_TRUE(KeyWrap::open_file(directory.path_of("link")));
  ASSERT_EQ(chmod(directory.path_of("real").c_str(), 0644), 0);
  EXPECT_FALSE(KeyWrap::open_file(directory.path_of("link")));
}

}  // namespace
}  // namespace osprey::storage
