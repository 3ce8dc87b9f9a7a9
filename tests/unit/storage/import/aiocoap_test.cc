// Directories that aiocoap itself used load here with its keys, and ours load there. The other side
// is aiocoap_says.py; without aiocoap these tests are skipped.

#include <array>
#include <cstdio>
#include <sstream>

#include "storage/import/aiocoap_directory.h"
#include "tests/unit/storage/import/support.h"

namespace osprey::storage {
namespace {

// As aiocoap says it.
struct Said {
  std::string name;
  std::string sender_key;
  std::string recipient_key;
  std::string common_iv;
  uint64_t next_to_send = 0;
  std::string accepts;  // y or n for the numbers 0 to 79, or "unset"
};

// "timeout 60 /usr/bin/python3 .../aiocoap_says.py MODE PATH". Debian's Python, as aiocoap is its.
std::string command(const std::string& mode, const std::string& path) {
  return "timeout 60 /usr/bin/python3 " + shell_word(OSPREY_AIOCOAP_SAYS) + " " + mode + " " +
         shell_word(path) + " 2>&1";
}

std::string output_of(const std::string& command_line) {
  FILE* pipe = popen(command_line.c_str(), "r");
  std::string output;
  std::array<char, 4096> part{};
  while (const size_t got = fread(part.data(), 1, part.size(), pipe))
    output.append(part.data(), got);
  pclose(pipe);
  return output;
}

bool is_absent(const std::string& output) {
  return output.starts_with("skip:") || output.find("not found") != std::string::npos ||
         output.find("No such file") != std::string::npos;
}

std::vector<Said> parse_said(const std::string& output) {
  std::vector<Said> all;
  std::istringstream lines(output);
  for (Said said; lines >> said.name >> said.sender_key >> said.recipient_key >> said.common_iv >>
                  said.next_to_send >> said.accepts;) {
    all.push_back(said);
  }
  return all;
}

void expect_same_keys(const ImportedContext& ours, const Said& said) {
  EXPECT_EQ(ours.parameters.name, said.name);
  const oscore::DerivedKeys keys = oscore::derive_keys(ours.parameters);
  EXPECT_EQ(to_hex(keys.sender_key.reveal()), said.sender_key);
  EXPECT_EQ(to_hex(keys.recipient_key.reveal()), said.recipient_key);
  EXPECT_EQ(to_hex(keys.common_iv.view()), said.common_iv);
}

// y or n for the numbers 0 to 79.
std::string accepts(const ImportedContext& context) {
  oscore::ReplayWindow window(context.parameters.replay_window_size);
  context.window->fill(window);
  std::string letters;
  for (uint64_t piv = 0; piv < 80; ++piv) letters += window.may_accept(piv) ? 'y' : 'n';
  return letters;
}

// Goal: what aiocoap made and used is imported with equal keys, no own number comes again, and the
// window is the same when it was left in order (contexts of even numbers).
TEST(Aiocoap, DirectoriesThatItUsedLoadHere) {
  const TempDirectory directory;
  const std::string output = output_of(command("use", directory.path()));
  if (is_absent(output)) GTEST_SKIP() << output;
  const std::vector<Said> said = parse_said(output);
  ASSERT_EQ(said.size(), cose::aead_algorithms().size()) << output;
  const Imported ours =
      import_all({.path = directory.path(), .format = ImportFormat::kAiocoap, .sequence_file = {}});
  ASSERT_EQ(ours.contexts.size(), said.size()) << ours.error;
  for (size_t i = 0; i < said.size(); ++i) {
    SCOPED_TRACE(said[i].name);
    expect_same_keys(ours.contexts[i], said[i]);
    if (i % 2 == 0) {
      EXPECT_EQ(ours.contexts[i].sequence_floor, said[i].next_to_send);
      ASSERT_TRUE(ours.contexts[i].window);
      EXPECT_EQ(accepts(ours.contexts[i]), said[i].accepts);
    } else {
      EXPECT_GE(ours.contexts[i].sequence_floor, said[i].next_to_send);
      EXPECT_FALSE(ours.contexts[i].window);
    }
  }
}

TEST(Aiocoap, DirectoriesThatWeWroteLoadThere) {
  const TempDirectory directory;
  oscore::ContextParameters parameters = full_context();
  std::vector<ImportedContext> ours;
  for (const cose::AeadAlgorithm& aead : cose::aead_algorithms()) {
    parameters.aead = &aead;
    parameters.hkdf = &cose::hkdf_algorithms()[ours.size() % 3];
    parameters.recipient_id = {2};
    parameters.name = "context-" + std::string(1, static_cast<char>('a' + ours.size()));
    const auto files = write_aiocoap(parameters, 100 + ours.size(), Reveal::kYes);
    ASSERT_TRUE(make_aiocoap_directory(directory.path_of(parameters.name), *files));
    ImportedContext& written = ours.emplace_back();
    written.parameters = parameters.duplicate();
    written.sequence_floor = 99 + ours.size();
    parameters.id_context.reset();  // only the first has one
  }
  const std::string output = output_of(command("load", directory.path()));
  if (is_absent(output)) GTEST_SKIP() << output;
  const std::vector<Said> said = parse_said(output);
  ASSERT_EQ(said.size(), ours.size()) << output;
  for (size_t i = 0; i < said.size(); ++i) {
    expect_same_keys(ours[i], said[i]);
    EXPECT_EQ(said[i].next_to_send, ours[i].sequence_floor);
    EXPECT_EQ(said[i].accepts, "unset");
  }
}

TEST(Aiocoap, ADirectoryThatItHasOpenIsRefused) {
  const TempDirectory directory;
  const std::string path = directory.path_of("held");
  ASSERT_TRUE(make_aiocoap_directory(path, *write_aiocoap(full_context(), 0, Reveal::kYes)));
  // Its input stays open until cat ends, when we close the FIFO.
  const std::string stop = directory.path_of("stop");
  ASSERT_EQ(mkfifo(stop.c_str(), 0600), 0);
  FILE* program = popen(("cat " + shell_word(stop) + " | " + command("hold", path)).c_str(), "r");
  std::ofstream end(stop);
  std::array<char, 256> line{};
  ASSERT_NE(fgets(line.data(), line.size(), program), nullptr);
  const bool is_held = std::string_view(line.data()) == "held\n";
  const auto imported = read_aiocoap_directory(path);
  end.close();
  pclose(program);
  if (is_absent(line.data())) GTEST_SKIP() << line.data();
  ASSERT_TRUE(is_held) << line.data();
  EXPECT_EQ(error_of(imported), path +
                                    " is locked: a program of aiocoap uses this context now\n  to "
                                    "mend: stop that program, then import again");
  const auto after = read_aiocoap_directory(path);
  ASSERT_TRUE(after) << error_of(after);
  EXPECT_FALSE(after->window);  // it never had one, so what it wrote at its end is none
}

}  // namespace
}  // namespace osprey::storage
