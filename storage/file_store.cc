#include "storage/file_store.h"

#include <sys/random.h>

#include <system_error>
#include <utility>
#include <vector>

#include "framework/base/check.h"
#include "framework/base/hash.h"
#include "storage/context_index.h"
#include "storage/context_lines.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;

constexpr const char* kContexts = "contexts.jsonl";
constexpr const char* kEpochCopies[] = {"epoch.a", "epoch.b"};

// Some two million contexts: above that the file is the wrong place, and memory the next bound.
constexpr size_t kMaxContextsLen = size_t{1} << 30;

static_assert((uint64_t{kMaxEpoch} + 1) << kEpochBits == oscore::kMaxSequenceNumber + 1,
              "epoch and number within it are the 40 bits");

oscore::SequenceRange range_of(uint32_t epoch) {
  const uint64_t first = uint64_t{epoch} << kEpochBits;
  return {.first = first, .limit = first + (uint64_t{1} << kEpochBits)};
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// What derive() would refuse must not get into the file.
Result<void> check_derivable(const ContextParameters& parameters) {
  ContextParameters copy;
  copy.name = parameters.name;
  copy.master_secret = parameters.master_secret.duplicate();
  copy.master_salt = parameters.master_salt;
  copy.id_context = parameters.id_context;
  copy.sender_id = parameters.sender_id;
  copy.recipient_id = parameters.recipient_id;
  copy.aead = parameters.aead;
  copy.hkdf = parameters.hkdf;
  copy.replay_window_size = parameters.replay_window_size;
  copy.require_kid_context = parameters.require_kid_context;
  const auto context = oscore::SecurityContext::derive(std::move(copy));
  if (!context) return tl::unexpected(context.error());
  return {};
}

Result<uint64_t> random_number() {
  uint64_t number = 0;
  if (getentropy(&number, sizeof number) != 0) {
    return fail("cannot draw a random number: " + std::generic_category().message(errno));
  }
  return number;
}

}  // namespace

int64_t wall_clock_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<void> FileStore::init(const std::string& path, const StoreOptions& options) {
  const auto directory = Directory::create(path, *options.calls);
  if (!directory) return tl::unexpected(directory.error());
  const auto lock = StoreLock::acquire(**directory);
  if (!lock) return tl::unexpected(lock.error());

  const auto contexts = (*directory)->open_file(kContexts, O_RDONLY);
  if (!contexts) return tl::unexpected(contexts.error());
  if (*contexts) return fail("there is a store at " + path + " already");
  const auto has_epoch = EpochFile::exists(**directory);
  if (!has_epoch) return tl::unexpected(has_epoch.error());
  // An epoch without contexts is an init that was cut short, or contexts that somebody took away
  // and may put back: it goes on, never from 0 again.
  const auto epoch =
      *has_epoch ? EpochFile::open(*directory) : EpochFile::create(*directory, options.now_s);
  if (!epoch) return tl::unexpected(epoch.error());
  return (*directory)->replace(kContexts, {});
}

Result<std::unique_ptr<FileStore>> FileStore::open(const std::string& path, OpenMode mode,
                                                   const StoreOptions& options) {
  auto directory = Directory::open(path, *options.calls);
  if (!directory) return tl::unexpected(std::move(directory.error()));
  std::unique_ptr<FileStore> store(new FileStore(std::move(*directory), mode));
  if (const auto checked = store->check_is_store(); !checked) {
    return tl::unexpected(checked.error());
  }
  if (mode == OpenMode::kInspect) return store;

  auto lock = StoreLock::acquire(*store->directory_);
  if (!lock) return tl::unexpected(std::move(lock.error()));
  store->lock_ = std::move(*lock);
  for (const char* name : {kContexts, kEpochCopies[0], kEpochCopies[1]}) {
    store->directory_->remove_leftover(name);
  }
  if (mode == OpenMode::kServe) {
    if (const auto started = store->start_serving(options.now_s); !started) {
      return tl::unexpected(started.error());
    }
  }
  return store;
}

FileStore::~FileStore() = default;

Result<void> FileStore::check_is_store() const {
  const auto contexts = directory_->open_file(kContexts, O_RDONLY);
  if (!contexts) return tl::unexpected(contexts.error());
  if (*contexts) return {};
  const auto has_epoch = EpochFile::exists(*directory_);
  if (!has_epoch) return tl::unexpected(has_epoch.error());
  const std::string init = "osprey store init --store " + shell_word(path());
  if (!*has_epoch) return fail(path() + " is not a store", init);
  return fail(directory_->path_of(kContexts) + " is missing",
              "put it back, or start without contexts (" + init + ")");
}

// The order is what I1 rests on: the lock is held, the epoch raised in both copies, and only then
// is there anything that hands out numbers.
Result<void> FileStore::start_serving(int64_t now_s) {
  const auto hash_key = random_number();
  if (!hash_key) return tl::unexpected(hash_key.error());
  hash_key_ = *hash_key;
  std::vector<uint64_t> grant_keys;
  const auto parsed = for_each([&](const ContextParameters& parameters) -> Result<void> {
    grant_keys.push_back(grant_key(parameters));
    return {};
  });
  if (!parsed) return parsed;
  grants_ = std::make_unique<GrantTable>(grant_keys.size());
  for (const uint64_t key : grant_keys) grants_->add(key);

  auto epoch_file = EpochFile::open(directory_);
  if (!epoch_file) return tl::unexpected(std::move(epoch_file.error()));
  const auto epoch = epoch_file->epoch_for_start(now_s);
  if (!epoch) return tl::unexpected(epoch.error());
  if (auto raised = epoch_file->raise_to(*epoch); !raised) return raised;
  CHECK(epoch_file->epoch() == *epoch);

  auto keeper = EpochKeeper::start(std::move(*epoch_file));
  if (!keeper) return tl::unexpected(std::move(keeper.error()));
  keeper_ = std::move(*keeper);
  return {};
}

Result<SecretText> FileStore::read_contexts() const {
  auto text = directory_->read(kContexts, kMaxContextsLen);
  if (!text) return tl::unexpected(std::move(text.error()));
  if (!*text) return fail(directory_->path_of(kContexts) + " has gone", "put it back");
  return std::move(**text);
}

Result<void> FileStore::parse_contexts(
    std::string_view text, ContextIndex& index,
    const std::function<Result<void>(ContextParameters)>& take) const {
  const std::string where = directory_->path_of(kContexts) + ": ";
  const auto in_file = [&](const Error& error) { return fail(where + error.cause, error.mend); };
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t len = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, len);
    text.remove_prefix(std::min(len + 1, text.size()));
    if (is_blank(line)) continue;
    auto parameters = parse_context_line(line, number);
    if (!parameters) return in_file(parameters.error());
    const auto indexed = index.add(*parameters, "line " + std::to_string(number));
    if (!indexed) return in_file(indexed.error());
    if (const auto taken = take(std::move(*parameters)); !taken) return taken;
  }
  return {};
}

Result<void> FileStore::for_each(const std::function<Result<void>(ContextParameters)>& take) const {
  const auto text = read_contexts();
  if (!text) return tl::unexpected(text.error());
  ContextIndex index;
  return parse_contexts(*text, index, take);
}

Result<void> FileStore::load(
    const std::function<Result<void>(std::unique_ptr<oscore::SecurityContext>)>& take) {
  return for_each([&](ContextParameters parameters) -> Result<void> {
    auto context = oscore::SecurityContext::derive(std::move(parameters));
    if (!context) return tl::unexpected(std::move(context.error()));
    // Somebody may have added it to the file since open().
    if (grants_) grants_->add(grant_key((*context)->parameters()));
    return take(std::move(*context));
  });
}

Result<void> FileStore::add(std::span<const ContextParameters> contexts) {
  CHECK(mode_ != OpenMode::kInspect);
  auto old_text = read_contexts();
  if (!old_text) return tl::unexpected(old_text.error());
  SecretText text = std::move(*old_text);
  ContextIndex index;
  const auto parsed =
      parse_contexts(text, index, [](const ContextParameters&) { return Result<void>(); });
  if (!parsed) return parsed;

  if (!text.empty() && text.back() != '\n') text += '\n';
  for (const ContextParameters& parameters : contexts) {
    if (const auto checked = check_writable(parameters); !checked) return checked;
    if (const auto checked = check_derivable(parameters); !checked) return checked;
    if (const auto indexed = index.add(parameters, "new"); !indexed) return indexed;
    text += write_context_line(parameters, Reveal::kYes);
    text += '\n';
  }
  if (text.size() > kMaxContextsLen) {
    return fail(directory_->path_of(kContexts) + " would have more than " +
                std::to_string(kMaxContextsLen) + " bytes");
  }
  const auto written = directory_->replace(kContexts, as_bytes(std::string_view(text)));
  if (!written) return written;
  if (grants_) {
    for (const ContextParameters& parameters : contexts) grants_->add(grant_key(parameters));
  }
  return {};
}

// Sender Key and nonces come from these and nothing else that may differ within one store.
uint64_t FileStore::grant_key(const ContextParameters& parameters) const {
  uint64_t hash = hash_bytes(hash_key_, parameters.master_secret.reveal());
  hash = hash_bytes(hash, parameters.master_salt);
  if (parameters.id_context) hash = hash_bytes(~hash, *parameters.id_context);
  return hash_bytes(hash, parameters.sender_id);
}

std::optional<oscore::SequenceRange> FileStore::reserve_sender_sequence(
    const oscore::SecurityContext& context) {
  if (!keeper_) return std::nullopt;
  GrantTable::Epoch* granted = grants_->find(grant_key(context.parameters()));
  CHECK(granted != nullptr);
  const uint32_t epoch = keeper_->current();
  uint32_t last = granted->load(std::memory_order_relaxed);
  while (last < epoch) {
    if (granted->compare_exchange_weak(last, epoch, std::memory_order_relaxed)) {
      return range_of(epoch);
    }
  }
  keeper_->want_above(last);
  return std::nullopt;
}

FileStore::Health FileStore::health() const {
  if (!keeper_) return {};
  return {.epoch = keeper_->current(),
          .failed_raises = keeper_->failures(),
          .last_failure = keeper_->last_failure()};
}

}  // namespace osprey::storage
