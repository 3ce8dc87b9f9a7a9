#include "tests/unit/storage/power_cut.h"

#include <filesystem>

#include "tests/unit/storage/support.h"

namespace osprey::storage {
namespace {

// The bytes a file with unsynced ones may hold.
std::vector<std::string> variants(const std::string& durable, const std::string& now) {
  if (durable == now) return {now};
  return {durable, now, now.substr(0, now.size() / 2), std::string(now.size(), '\0')};
}

}  // namespace

PowerCutCalls::PowerCutCalls(const std::string& path, int cut_at) : cut_at_(cut_at) {
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string content = read_text(entry.path());
    now_[entry.path().filename()] = std::make_shared<Inode>(Inode{content, content});
  }
  durable_ = now_;
}

void PowerCutCalls::step() {
  if (calls_++ >= cut_at_) throw PowerCut{};
}

int PowerCutCalls::open_at(int directory, const char* name, int flags, mode_t mode) {
  if ((flags & O_CREAT) != 0) step();
  const int file = FileCalls::open_at(directory, name, flags, mode);
  if (file < 0) return file;
  if (!now_.contains(name)) {
    now_[name] = std::make_shared<Inode>();
    unsynced_.push_back({.from = "", .to = name, .inode = now_[name]});
  }
  open_[file] = now_[name];
  if ((flags & O_TRUNC) != 0) open_[file]->now.clear();
  return file;
}

ssize_t PowerCutCalls::write(int file, Bytes bytes) {
  step();
  const ssize_t written = FileCalls::write(file, bytes);
  if (written > 0) open_.at(file)->now += as_text(bytes.first(static_cast<size_t>(written)));
  return written;
}

// The host need not sync anything: what survives is this class's to say.
int PowerCutCalls::fsync(int file) {
  step();
  struct stat status {};
  fstat(file, &status);
  if (S_ISDIR(status.st_mode)) {
    durable_ = now_;
    unsynced_.clear();
  } else {
    open_.at(file)->durable = open_.at(file)->now;
  }
  return 0;
}

int PowerCutCalls::rename_at(int directory, const char* from, const char* to) {
  step();
  const int result = FileCalls::rename_at(directory, from, to);
  if (result != 0) return result;
  unsynced_.push_back({.from = from, .to = to, .inode = now_.at(from)});
  now_[to] = now_.at(from);
  now_.erase(from);
  return result;
}

PowerCutCalls::Names PowerCutCalls::names_after(size_t subset) const {
  Names names = durable_;
  for (size_t i = 0; i < unsynced_.size(); ++i) {
    if ((subset >> i & 1) == 0) continue;
    const NameChange& change = unsynced_[i];
    if (!change.from.empty()) names.erase(change.from);
    names[change.to] = change.inode;
  }
  return names;
}

int PowerCutCalls::for_each_survivor(
    const std::function<void(const std::string& path)>& look) const {
  int survivors = 0;
  for (size_t subset = 0; subset < size_t{1} << unsynced_.size(); ++subset) {
    const Names names = names_after(subset);
    for (size_t variant = 0; variant < 4; ++variant) {
      const TempDirectory directory;
      bool is_new = variant == 0;
      for (const auto& [name, inode] : names) {
        const auto contents = variants(inode->durable, inode->now);
        is_new = is_new || contents.size() > variant;
        write_text(directory.path_of(name), contents[std::min(variant, contents.size() - 1)]);
      }
      if (!is_new) continue;
      look(directory.path());
      ++survivors;
    }
  }
  return survivors;
}

}  // namespace osprey::storage
