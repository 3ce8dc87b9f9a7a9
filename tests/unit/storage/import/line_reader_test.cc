#include "storage/import/line_reader.h"

#include "tests/unit/storage/import/support.h"

namespace osprey::storage {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  const TempDirectory directory;
  const std::string path = directory.path_of("f");
  write_text(path, text);
  auto reader = LineReader::open(path);
  std::vector<std::string> lines;
  for (;;) {
    const auto line = reader->next();
    EXPECT_TRUE(line) << error_of(line);
    if (!line || !*line) break;
    lines.emplace_back(**line);
    EXPECT_EQ(reader->line_number(), lines.size());
  }
  return lines;
}

TEST(LineReader, GivesLinesWithoutTheirEnds) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(lines_of(""), Lines());
  EXPECT_EQ(lines_of("\n"), Lines{""});
  EXPECT_EQ(lines_of("a\nb"), (Lines{"a", "b"}));
  EXPECT_EQ(lines_of("a\r\n\r\nb\n"), (Lines{"a", "", "b"}));
}

// Goal: no line is lost or cut where the buffer ends. Method: many lines of all lengths, 4 MB.
TEST(LineReader, ReadsFilesLargerThanItsBuffer) {
  std::vector<std::string> lines;
  std::string text;
  for (size_t len = 0; len < 2900; ++len) {
    lines.emplace_back(len, static_cast<char>('a' + len % 26));
    text += lines.back() + "\n";
  }
  lines.emplace_back(LineReader::kMaxLineLen, 'z');
  text += lines.back();
  EXPECT_EQ(lines_of(text), lines);
}

TEST(LineReader, RefusesLongLines) {
  const TempDirectory directory;
  const std::string path = directory.path_of("f");
  for (const size_t len : {LineReader::kMaxLineLen + 2, size_t{1} << 20}) {
    write_text(path, "a\n" + std::string(len, 'x') + "\n");
    auto reader = LineReader::open(path);
    ASSERT_TRUE(reader->next());
    EXPECT_EQ(error_of(reader->next()), path + ": line 2: longer than 8192 bytes");
  }
}

TEST(LineReader, SaysWhatCannotBeRead) {
  const TempDirectory directory;
  EXPECT_EQ(error_of(LineReader::open(directory.path_of("none"))),
            "cannot read " + directory.path_of("none") + ": No such file or directory");
  EXPECT_EQ(error_of(LineReader::open(directory.path())->next()),
            "cannot read " + directory.path() + ": Is a directory");
}

TEST(ReadWhole, GivesTheFileNothingOrAnError) {
  const TempDirectory directory;
  const std::string path = directory.path_of("f");
  EXPECT_FALSE(*read_whole(path, 3));
  write_text(path, "abc");
  EXPECT_EQ(**read_whole(path, 3), "abc");
  EXPECT_EQ(error_of(read_whole(path, 2)), path + " has more than 2 bytes");
}

}  // namespace
}  // namespace osprey::storage
