// Key material is not left in freed memory (I7) by reading, refusing and writing any format.

#include "storage/import/aiocoap_directory.h"
#include "storage/import/csv.h"
#include "storage/import/libcoap_conf.h"
#include "storage/secret_hex.h"
#include "tests/unit/storage/import/freed_memory.h"
#include "tests/unit/storage/import/support.h"

namespace osprey::storage {
namespace {

const std::string kHex(kWatchedHex);
const std::string kAscii(kWatchedSecret);

oscore::ContextParameters watched_context() {
  oscore::ContextParameters parameters = full_context();
  parameters.name = "a";
  parameters.master_secret = MasterSecret(as_bytes(kWatchedSecret));
  return parameters;
}

// How many blocks with a part of the secret an import of the file `text` gives back.
int leaks_of(const std::string& text) {
  const TempDirectory directory;
  const std::string path = directory.path_of("f");
  write_text(path, text);
  for (const ImportFormat format :
       {ImportFormat::kJsonLines, ImportFormat::kCsv, ImportFormat::kLibcoap}) {
    const FreedMemoryWatch watch;
    static_cast<void>(guess_format(path));
    import_all({.path = path, .format = format, .sequence_file = {}});
    if (watch.num_leaks() != 0) return watch.num_leaks();
  }
  return 0;
}

TEST(ImportSecrecy, AWatchedLeakIsSeen) {
  for (const std::string& secret : {kHex, kAscii}) {
    const FreedMemoryWatch watch;
    { const std::string leak = "not short: " + secret; }
    EXPECT_EQ(watch.num_leaks(), 1);
  }
}

TEST(ImportSecrecy, FilesLeaveNoSecretInFreedMemory) {
  const std::string header = write_csv_header() + "\n";
  const auto parameters = watched_context();
  const std::string csv(write_csv_row(parameters, 0, Reveal::kYes));
  const std::string conf(*write_libcoap_conf(parameters, Reveal::kYes));
  const std::string line(write_exported_line(parameters, 0, Reveal::kYes));
  for (const std::string& text : {
           line,
           line + "\n" + line.substr(0, line.size() - 1),
           header + csv + "\n" + csv,
           header + "\"" + csv,
           header + "a,\"" + kHex + "\"x",
           csv,  // as the header
           conf,
           conf + conf,
           "master_secret,ascii,\"" + kAscii + "\"\nsender_id,hex,1",
           "master_secret,hex," + kHex + "z\n",
           kHex + ",hex,01\n",
       }) {
    EXPECT_EQ(leaks_of(text), 0) << text;
  }
}

TEST(ImportSecrecy, AiocoapDirectoriesLeaveNoSecretInFreedMemory) {
  for (const std::string& secret : {
           "{\"secret_hex\": \"" + kHex + "\"}",
           "{\"secret_ascii\": \"" + kAscii + "\"}",
           "{\"secret_hex\": \"" + kHex + "\", x}",
           "{\"secret_hex\": \"" + kHex,
           "{\"secret\": \"" + kHex + "\"}",
           "{\"secret_hex\": \"" + kHex + "zz\"}",
       }) {
    const TempDirectory directory;
    write_text(directory.path_of("settings.json"),
               "{\"sender-id_hex\": \"01\", \"recipient-id_hex\": \"\"}");
    write_text(directory.path_of("secret.json"), secret);
    const FreedMemoryWatch watch;
    import_all({.path = directory.path(), .format = ImportFormat::kAiocoap, .sequence_file = {}});
    EXPECT_EQ(watch.num_leaks(), 0) << secret;
  }
}

TEST(ImportSecrecy, WritingLeavesNoSecretInFreedMemory) {
  const TempDirectory directory;
  const auto parameters = watched_context();
  const FreedMemoryWatch watch;
  write_csv_row(parameters, 0, Reveal::kYes);
  EXPECT_TRUE(write_libcoap_conf(parameters, Reveal::kYes));
  EXPECT_TRUE(
      make_aiocoap_directory(directory.path_of("d"), *write_aiocoap(parameters, 0, Reveal::kYes)));
  EXPECT_EQ(watch.num_leaks(), 0);
}

}  // namespace
}  // namespace osprey::storage
