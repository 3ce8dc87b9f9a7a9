#include "storage/import/import.h"

#include <fcntl.h>
#include <sys/file.h>

#include "storage/import/aiocoap_directory.h"
#include "storage/import/csv.h"
#include "storage/import/libcoap_conf.h"
#include "tests/unit/storage/import/support.h"

namespace osprey::storage {
namespace {

constexpr time_t kNow = 1'795'507'800;  // 2026-11-24T08:10:00Z

// A directory with one source of each format, all with the context full_context().
struct Sources {
  Sources() {
    EXPECT_TRUE(make_aiocoap_directory(path("many"), AiocoapFiles()));
    for (const char* name : {"many/b", "many/a"}) {
      EXPECT_TRUE(make_aiocoap_directory(path(name), *write_aiocoap(context, 30, Reveal::kYes)));
    }
    write_text(path("c.jsonl"), "\n" + text(write_exported_line(context, 10, Reveal::kYes)) +
                                    "\n \n" + text(write_context_line(other, Reveal::kYes)));
    write_text(path("c.csv"), write_csv_header() + "\r\n" +
                                  text(write_csv_row(context, 20, Reveal::kYes)) + "\r\n\r\n" +
                                  text(write_csv_row(other, 0, Reveal::kYes)) + "\r\n");
    write_text(path("c.conf"), "# libcoap\n\n" + text(*write_libcoap_conf(context, Reveal::kYes)));
    write_text(path("c.seq"), write_libcoap_sequence(40));
  }

  static std::string text(const SecretText& secret) { return std::string(secret); }
  std::string path(const std::string& name) const { return directory.path_of(name); }
  ImportSource source(const std::string& name, ImportFormat format) const {
    return {.path = path(name), .format = format, .sequence_file = {}, .again = false};
  }

  TempDirectory directory;
  oscore::ContextParameters context = full_context();
  oscore::ContextParameters other = numbered_context(3);
};

TEST(Import, GuessesFormats) {
  const Sources sources;
  EXPECT_EQ(*guess_format(sources.path("c.jsonl")), ImportFormat::kJsonLines);
  EXPECT_EQ(*guess_format(sources.path("c.csv")), ImportFormat::kCsv);
  EXPECT_EQ(*guess_format(sources.path("c.conf")), ImportFormat::kLibcoap);
  EXPECT_EQ(*guess_format(sources.path("many")), ImportFormat::kAiocoap);
  EXPECT_EQ(error_of(guess_format(sources.path("c.seq"))),
            sources.path("c.seq") +
                " looks like none of the formats that can be imported\n  to mend: name the format "
                "with --format: jsonl, csv, aiocoap or libcoap");
  EXPECT_FALSE(guess_format(sources.path("none")));
}

TEST(Import, LinesComeWithTheirPlaceAndFloor) {
  const Sources sources;
  for (const auto& [name, format, line, floor] :
       {std::tuple("c.jsonl", ImportFormat::kJsonLines, 2, 10u),
        std::tuple("c.csv", ImportFormat::kCsv, 2, 20u)}) {
    const auto imported = import_all(sources.source(name, format));
    ASSERT_EQ(imported.contexts.size(), 2u) << imported.error;
    expect_same(imported.contexts[0].parameters, sources.context);
    EXPECT_EQ(imported.contexts[0].sequence_floor, floor);
    EXPECT_EQ(imported.contexts[0].source, sources.path(name) + ": line " + std::to_string(line));
    expect_same(imported.contexts[1].parameters, sources.other);
    EXPECT_EQ(imported.contexts[1].sequence_floor, 0u);
    EXPECT_EQ(imported.contexts[1].source,
              sources.path(name) + ": line " + std::to_string(line + 2));
    EXPECT_EQ(imported.error, "(no error)");
  }
}

TEST(Import, ABadLineIsNamedAndEndsIt) {
  const Sources sources;
  const std::string good = Sources::text(write_context_line(sources.other, Reveal::kYes));
  write_text(sources.path("c.jsonl"), good + "\n{}\n" + good);
  auto imported = import_all(sources.source("c.jsonl", ImportFormat::kJsonLines));
  EXPECT_EQ(imported.contexts.size(), 1u);
  EXPECT_EQ(imported.error, sources.path("c.jsonl") +
                                ": line 2: key \"name\" is missing\n  to mend: add it to the line");
  write_text(sources.path("c.csv"), "");
  imported = import_all(sources.source("c.csv", ImportFormat::kCsv));
  EXPECT_TRUE(imported.error.starts_with(sources.path("c.csv") + " is empty")) << imported.error;
}

TEST(Import, AnErrorOfTheTakerEndsItAndIsPassedOn) {
  const Sources sources;
  for (const auto& [name, format] :
       {std::pair("c.jsonl", ImportFormat::kJsonLines), std::pair("c.csv", ImportFormat::kCsv),
        std::pair("many", ImportFormat::kAiocoap), std::pair("c.conf", ImportFormat::kLibcoap)}) {
    int calls = 0;
    const auto done =
        import_contexts(sources.source(name, format), [&](ImportedContext) -> Result<void> {
          ++calls;
          return fail("full");
        });
    EXPECT_EQ(error_of(done), "full");
    EXPECT_EQ(calls, 1) << name;
  }
}

TEST(Import, AiocoapDirectoriesComeByName) {
  const Sources sources;
  std::filesystem::create_directory(sources.path("many/not-one"));
  const auto many = import_all(sources.source("many", ImportFormat::kAiocoap));
  ASSERT_EQ(many.contexts.size(), 2u) << many.error;
  EXPECT_EQ(many.contexts[0].parameters.name, "a");
  EXPECT_EQ(many.contexts[1].parameters.name, "b");
  EXPECT_EQ(many.contexts[1].sequence_floor, 30u);
  EXPECT_EQ(many.contexts[1].source, sources.path("many/b"));
  const auto one = import_all(sources.source("many/b/", ImportFormat::kAiocoap));
  ASSERT_EQ(one.contexts.size(), 1u) << one.error;
  EXPECT_EQ(one.contexts[0].parameters.name, "b");
  const auto none = import_all(sources.source("many/not-one", ImportFormat::kAiocoap));
  EXPECT_EQ(none.error, sources.path("many/not-one") +
                            " is not a context directory of aiocoap, and has none in it\n  to "
                            "mend: such a directory has a file settings.json");
}

TEST(Import, ALockedAiocoapDirectoryIsRefused) {
  const Sources sources;
  const std::string lock = sources.path("many/a/lock");
  const FileDescriptor held(::open(lock.c_str(), O_RDWR | O_CREAT, 0600));
  const auto source = sources.source("many/a", ImportFormat::kAiocoap);
  EXPECT_EQ(import_all(source).contexts.size(), 1u);  // as a killed program leaves it
  ASSERT_EQ(flock(held.number(), LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(import_all(source).error,
            sources.path("many/a") +
                " is locked: a program of aiocoap uses this context now\n  to mend: stop that "
                "program, then import again");
}

TEST(Import, MadeAiocoapDirectoriesArePrivateAndNew) {
  const Sources sources;
  struct stat status {};
  ASSERT_EQ(stat(sources.path("many/a/secret.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(sources.path("many/a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  EXPECT_EQ(error_of(make_aiocoap_directory(sources.path("many"), AiocoapFiles())),
            "cannot make " + sources.path("many") + ": File exists");
}

TEST(Import, LibcoapTakesItsFloorFromTheSequenceFile) {
  const Sources sources;
  ImportSource source = sources.source("c.conf", ImportFormat::kLibcoap);
  EXPECT_EQ(import_all(source).contexts.at(0).sequence_floor, 0u);
  source.sequence_file = sources.path("c.seq");
  const auto imported = import_all(source);
  ASSERT_EQ(imported.contexts.size(), 1u) << imported.error;
  EXPECT_EQ(imported.contexts[0].sequence_floor, 41u);
  EXPECT_EQ(imported.contexts[0].parameters.name, "c");
  source.sequence_file = sources.path("none");
  EXPECT_EQ(import_all(source).error, "there is no file " + sources.path("none"));
}

TEST(Import, AMarkedSourceIsRefusedUnlessAgain) {
  const Sources sources;
  for (const auto& [name, format, marked] :
       {std::tuple("c.jsonl", ImportFormat::kJsonLines, "c.jsonl"),
        std::tuple("c.csv", ImportFormat::kCsv, "c.csv"),
        std::tuple("c.conf", ImportFormat::kLibcoap, "c.conf"),
        std::tuple("many", ImportFormat::kAiocoap, "many/a")}) {
    ImportSource source = sources.source(name, format);
    ASSERT_TRUE(mark_imported(source, "/var/lib/osprey", kNow));
    const auto refused = import_all(source);
    EXPECT_TRUE(refused.contexts.empty());
    EXPECT_EQ(refused.error,
              sources.path(marked) +
                  " was imported before: 2026-11-24T08:10:00Z moved to /var/lib/osprey\n  to mend: "
                  "use that store; if it never had the contexts, or never will send with them, "
                  "repeat the command with --again");
    source.again = true;
    EXPECT_FALSE(import_all(source).contexts.empty());
  }
  // Each context directory has its own note, as it may be moved away from the others.
  const auto one = import_all(sources.source("many/b", ImportFormat::kAiocoap));
  EXPECT_TRUE(one.contexts.empty());
}

TEST(Import, AMarkKeepsWhatStoodThereBefore) {
  const Sources sources;
  const ImportSource source = sources.source("many/a", ImportFormat::kAiocoap);
  ASSERT_TRUE(mark_imported(source, "/x", kNow));
  ASSERT_TRUE(mark_imported(source, "/y", kNow + 1));
  EXPECT_EQ(read_text(sources.path("many/a/osprey-imported")),
            "2026-11-24T08:10:00Z moved to /x\n2026-11-24T08:10:01Z moved to /y\n");
  EXPECT_NE(import_all(source).error.find("08:10:01Z moved to /y"), std::string::npos);
}

TEST(Import, AMarkThatCannotBeWrittenIsAnError) {
  const Sources sources;
  ImportSource source = sources.source("c.csv", ImportFormat::kCsv);
  std::filesystem::create_directory(sources.path("c.csv.osprey-imported"));
  EXPECT_TRUE(error_of(mark_imported(source, "/x", kNow))
                  .starts_with("cannot write " + sources.path("c.csv.osprey-imported")));
}

}  // namespace
}  // namespace osprey::storage
