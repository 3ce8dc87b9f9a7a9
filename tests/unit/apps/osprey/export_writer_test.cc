#include "apps/osprey/export_writer.h"

#include <sys/stat.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "storage/import/import.h"
#include "tests/unit/storage/support.h"

namespace osprey::cli {
namespace {

using storage::error_of;
using storage::ImportedContext;
using storage::Reveal;
using storage::TempDirectory;

constexpr uint64_t kNext = 5'000'000;

Result<void> write(const std::string& format, const std::string& to, Reveal reveal,
                   const std::vector<std::string>& names) {
  auto writer = ExportWriter::open(format, to, reveal);
  if (!writer) return tl::unexpected(writer.error());
  uint32_t number = 0;
  for (const std::string& name : names) {
    oscore::ContextParameters parameters = storage::numbered_context(++number);
    parameters.name = name;
    if (auto written = (*writer)->write(parameters, kNext); !written) return written;
  }
  return (*writer)->finish();
}

// Goal: what is exported is imported as it was, with a floor that is not below. Method: all
// formats.
TEST(ExportWriter, ComesBackAsItWas) {
  const TempDirectory directory;
  struct Row {
    const char* format;
    storage::ImportFormat import;
    const char* file;      // of the first context, below `to`
    const char* sequence;  // the same, of its number
  };
  const Row rows[] = {
      {"json", storage::ImportFormat::kJsonLines, "", nullptr},
      {"csv", storage::ImportFormat::kCsv, "", nullptr},
      {"aiocoap", storage::ImportFormat::kAiocoap, "/one", nullptr},
      {"libcoap", storage::ImportFormat::kLibcoap, "/one.conf", "/one.seq"},
  };
  for (const Row& row : rows) {
    const std::string to = directory.path_of(row.format);
    ASSERT_EQ(error_of(write(row.format, to, Reveal::kYes, {"one", "two"})), "(no error)");
    storage::ImportSource source{to + row.file, row.import, "", false};
    if (row.sequence != nullptr) source.sequence_file = to + row.sequence;
    std::vector<ImportedContext> imported;
    const auto read = storage::import_contexts(source, [&](ImportedContext context) {
      imported.push_back(std::move(context));
      return Result<void>();
    });
    ASSERT_EQ(error_of(read), "(no error)") << row.format;
    ASSERT_FALSE(imported.empty()) << row.format;
    const oscore::ContextParameters wanted = storage::numbered_context(1);
    EXPECT_EQ(imported[0].parameters.name, "one");
    EXPECT_EQ(imported[0].parameters.recipient_id, wanted.recipient_id);
    EXPECT_TRUE(
        equal(imported[0].parameters.master_secret.reveal(), wanted.master_secret.reveal()));
    EXPECT_GE(imported[0].sequence_floor, kNext) << row.format;
  }
}

TEST(ExportWriter, FilesAreTheirOwnersAlone) {
  const TempDirectory directory;
  for (const char* format : {"json", "aiocoap", "libcoap"}) {
    const std::string to = directory.path_of(format);
    ASSERT_TRUE(write(format, to, Reveal::kYes, {"one"}));
    struct stat status {};
    ASSERT_EQ(stat(to.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 077, 0u) << to;
    if (!S_ISDIR(status.st_mode)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(to)) {
      ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 077, 0u) << entry.path();
    }
  }
}

TEST(ExportWriter, WithoutRevealThereIsNoSecret) {
  const TempDirectory directory;
  const std::string secret = to_hex(storage::numbered_context(1).master_secret.reveal());
  for (const char* format : {"json", "csv"}) {
    const std::string to = directory.path_of(format);
    ASSERT_TRUE(write(format, to, Reveal::kNo, {"one"}));
    const std::string text = storage::read_text(to);
    EXPECT_NE(text.find("one"), std::string::npos);
    EXPECT_EQ(text.find(secret), std::string::npos);
  }
  for (const char* format : {"aiocoap", "libcoap"}) {
    const std::string to = directory.path_of(format);
    EXPECT_TRUE(error_of(write(format, to, Reveal::kNo, {"one"}))
                    .ends_with("to mend: write them with --reveal"));
    EXPECT_FALSE(std::filesystem::exists(to));
  }
}

TEST(ExportWriter, NothingThatIsThereIsTouched) {
  const TempDirectory directory;
  const std::string path = directory.path_of("there");
  storage::write_text(path, "precious");
  for (const char* format : {"json", "csv", "aiocoap", "libcoap"}) {
    EXPECT_TRUE(error_of(write(format, path, Reveal::kYes, {"one"})).starts_with("cannot make "));
    EXPECT_EQ(storage::read_text(path), "precious");
  }
}

TEST(ExportWriter, NamesThatLeadElsewhereAreRefused) {
  const TempDirectory directory;
  int number = 0;
  for (const char* name : {"../one", "a/b", "..", ".hidden"}) {
    for (const char* format : {"aiocoap", "libcoap"}) {
      const std::string to = directory.path_of(std::to_string(number++));
      EXPECT_TRUE(error_of(write(format, to, Reveal::kYes, {name}))
                      .starts_with("the name of context " + std::string(name)));
    }
  }
}

}  // namespace
}  // namespace osprey::cli
