#include "storage/catalogue.h"

#include <algorithm>
#include <array>

#include "framework/base/check.h"
#include "storage/context_lines.h"
#include "storage/records/fields.h"
#include "storage/records/sender_record.h"
#include "storage/records/sequence_record.h"
#include "storage/records/window_record.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;

std::string text(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

template <size_t kMax, typename Write>
void put(Database::Batch& batch, Family family, Bytes key, const Write& write) {
  std::array<uint8_t, kMax> space;
  Writer writer(space);
  write(writer);
  CHECK(writer.ok());
  batch.put(family, key, writer.written());
}

void put_sequence(Database::Batch& batch, Bytes key, const SequenceRecord& record) {
  put<kSequenceRecordLen>(batch, Family::kSequences, key,
                          [&](Writer& out) { write_sequence_record(out, record); });
}

void put_sender(Database::Batch& batch, const KeyDigest& sender, const SenderRecord& record) {
  put<kMaxSenderRecordLen>(batch, Family::kSenders, sender,
                           [&](Writer& out) { write_sender_record(out, record); });
}

void put_meta(Database::Batch& batch, const MetaRecord& record) {
  put<kMetaRecordLen>(batch, Family::kMeta, meta_key(),
                      [&](Writer& out) { write_meta_record(out, record); });
}

}  // namespace

Bytes meta_key() { return as_bytes(std::string_view("store")); }

Catalogue::Change::Change(Catalogue& catalogue)
    : catalogue_(catalogue), batch_(catalogue.database_->batch()), meta_(catalogue.meta_) {}

Result<ContextKey> Catalogue::Change::add(const ContextParameters& parameters,
                                          const BroughtAlong& brought, bool enabled) {
  if (const auto checked = check_writable(parameters); !checked) {
    return tl::unexpected(checked.error());
  }
  if (const auto checked = check_parameters(parameters); !checked) {
    return tl::unexpected(checked.error());
  }
  KeyWrap& wrap = catalogue_.wrap_;
  const ContextRecord record{parameters.duplicate(), derive_keys(parameters), enabled};
  const ContextKey key = context_key(record.parameters, record.keys, wrap);
  const KeyDigest sender = sender_key_digest(record.keys, wrap);
  if (const auto checked = check_new(parameters, key.view(), sender); !checked) {
    return tl::unexpected(checked.error());
  }
  const auto floor = floor_of(sender, parameters.name);
  if (!floor) return tl::unexpected(floor.error());
  const uint64_t used_below = std::max(brought.sequence_floor, floor->value_or(0));
  if (used_below > kMaxNumber) return fail("own numbers have 40 bits");
  keep_floor(key.view(), used_below);
  put<kMaxContextRecordLen>(batch_, Family::kContexts, key.view(), [&](Writer& out) {
    write_context_record(out, record, wrap, key.view());
  });
  batch_.put(Family::kNames, as_bytes(std::string_view(parameters.name)), key.view());
  put_sender(batch_, sender, LiveSender{key});
  // One that was here before may have seen more here than what it brings along knows.
  if (brought.window != nullptr && !*floor && meta_.epoch_of_doubt != 0) {
    put<kMaxWindowRecordLen>(batch_, Family::kWindows, key.view(), [&](Writer& out) {
      write_window_record(out, *brought.window, meta_.epoch_of_doubt);
    });
  }
  names_.insert(parameters.name);
  senders_.insert(sender);
  keys_.insert(text(key.view()));
  ++meta_.num_contexts;
  ++num_changes_;
  return key;
}

Result<void> Catalogue::Change::check_new(const ContextParameters& parameters, Bytes key,
                                          const KeyDigest& sender) {
  const Database& database = *catalogue_.database_;
  const auto has = [&](Family family, Bytes wanted) { return database.get(family, wanted); };
  const std::string& name = parameters.name;
  if (names_.contains(name) || !removed_names_.contains(name)) {
    const auto found = has(Family::kNames, as_bytes(std::string_view(name)));
    if (!found) return tl::unexpected(found.error());
    if (*found || names_.contains(name)) {
      return fail("there is a context named " + name + " already",
                  "choose another name, or osprey context remove " + name);
    }
  }
  if (keys_.contains(text(key)) || !removed_keys_.contains(text(key))) {
    const auto found = has(Family::kContexts, key);
    if (!found) return tl::unexpected(found.error());
    if (*found || keys_.contains(text(key))) {
      const auto other = *found ? parse_context_name(as_bytes(std::string_view(**found)))
                                : std::optional<std::string_view>();
      return fail("contexts " + std::string(other.value_or("(new)")) + " and " + name +
                      " have the same Recipient Key",
                  "each would accept what the other has seen: give one of them other keys or IDs");
    }
  }
  if (senders_.contains(sender)) {
    return fail("context " + name + " has the same Sender Key as another one that is being added",
                "both would use the same nonces: give one of them other keys or IDs");
  }
  return {};
}

Result<std::optional<uint64_t>> Catalogue::Change::floor_of(const KeyDigest& sender,
                                                            const std::string& name) const {
  const auto removed_here = removed_senders_.find(sender);
  if (removed_here != removed_senders_.end()) return std::optional(removed_here->second);
  const auto found = catalogue_.database_->get(Family::kSenders, sender);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::optional<uint64_t>();
  const auto record = parse_sender_record(as_bytes(std::string_view(**found)));
  if (!record) return tl::unexpected(record.error());
  if (const auto* retired = std::get_if<RetiredSender>(&*record))
    return std::optional(retired->floor);

  const Bytes key = std::get<LiveSender>(*record).context_key.view();
  const auto user = catalogue_.database_->get(Family::kContexts, key);
  if (!user) return tl::unexpected(user.error());
  const auto other = *user ? parse_context_name(as_bytes(std::string_view(**user)))
                           : std::optional<std::string_view>();
  return fail("contexts " + std::string(other.value_or("(another)")) + " and " + name +
                  " have the same Sender Key",
              "both would use the same nonces: give one of them other keys or IDs");
}

// A Sender Key that comes back goes on above everything that was used under it (I1).
void Catalogue::Change::keep_floor(Bytes key, uint64_t floor) {
  if (floor == 0) return;
  put_sequence(batch_, key, {floor, floor});
  // Numbers of an epoch that the store has not reached: it begins above it.
  const auto reached = static_cast<uint32_t>((floor - 1) >> oscore::kNumberInEpochBits);
  meta_.epoch = std::max(meta_.epoch, reached);
}

void Catalogue::Change::remove(const StoredContext& context, uint64_t used_below) {
  const std::string& name = context.record.parameters.name;
  const KeyDigest sender = sender_key_digest(context.record.keys, catalogue_.wrap_);
  const Bytes key = context.key.view();
  batch_.erase(Family::kContexts, key);
  batch_.erase(Family::kNames, as_bytes(std::string_view(name)));
  batch_.erase(Family::kSequences, key);
  batch_.erase(Family::kWindows, key);
  put_sender(batch_, sender, RetiredSender{used_below});
  removed_names_.insert(name);
  removed_senders_[sender] = used_below;
  removed_keys_.insert(text(key));
  --meta_.num_contexts;
  ++num_changes_;
}

void Catalogue::Change::set_enabled(StoredContext& context, bool enabled) {
  context.record.enabled = enabled;
  put<kMaxContextRecordLen>(batch_, Family::kContexts, context.key.view(), [&](Writer& out) {
    write_context_record(out, context.record, catalogue_.wrap_, context.key.view());
  });
  ++num_changes_;
}

void Catalogue::Change::begin_anew(const StoredContext& context, uint64_t used_below) {
  put_sequence(batch_, context.key.view(), {used_below, used_below});
  batch_.erase(Family::kWindows, context.key.view());
}

Result<void> Catalogue::Change::commit() {
  if (num_changes_ == 0) return {};
  put_meta(batch_, meta_);
  if (auto written = catalogue_.database_->write(batch_, Durability::kSynced); !written) {
    return written;
  }
  catalogue_.meta_ = meta_;
  return {};
}

Result<void> Catalogue::write_meta(const MetaRecord& meta, Durability durability) {
  Database::Batch batch = database_->batch();
  put_meta(batch, meta);
  if (auto written = database_->write(batch, durability); !written) return written;
  meta_ = meta;
  return {};
}

Result<StoredContext> Catalogue::parse(Bytes key, Bytes value) const {
  if (!is_context_key(key)) return fail("the database has a context under a damaged key");
  auto record = parse_context_record(key, value, wrap_);
  if (!record) return tl::unexpected(std::move(record.error()));
  return StoredContext{ContextKey(key), std::move(*record)};
}

Result<std::optional<StoredContext>> Catalogue::find(std::string_view name) const {
  const auto key = database_->get(Family::kNames, as_bytes(name));
  if (!key) return tl::unexpected(key.error());
  if (!*key) return std::optional<StoredContext>();
  const Bytes key_bytes = as_bytes(std::string_view(**key));
  const auto value = database_->get(Family::kContexts, key_bytes);
  if (!value) return tl::unexpected(value.error());
  if (!*value) return fail("the database has the name " + std::string(name) + " but no context");
  auto stored = parse(key_bytes, as_bytes(std::string_view(**value)));
  if (!stored) return tl::unexpected(std::move(stored.error()));
  return std::optional(std::move(*stored));
}

Result<void> Catalogue::for_each_with(Bytes prefix, const Take& take) const {
  Database::Cursor cursor =
      database_->cursor(Family::kContexts, prefix.empty() ? Reach::kLong : Reach::kFew);
  for (cursor.seek(prefix); cursor.valid(); cursor.next()) {
    const Bytes key = cursor.key();
    if (key.size() < prefix.size() || !equal(key.first(prefix.size()), prefix)) break;
    auto stored = parse(key, cursor.value());
    if (!stored) return tl::unexpected(std::move(stored.error()));
    if (auto taken = take(std::move(*stored)); !taken) return taken;
  }
  return cursor.status();
}

Result<std::vector<StoredContext>> Catalogue::after(Bytes key, size_t max_contexts) const {
  std::vector<StoredContext> contexts;
  Database::Cursor cursor = database_->cursor(Family::kContexts, Reach::kLong);
  cursor.seek(key);
  if (cursor.valid() && equal(cursor.key(), key)) cursor.next();
  for (; cursor.valid() && contexts.size() < max_contexts; cursor.next()) {
    auto stored = parse(cursor.key(), cursor.value());
    if (!stored) return tl::unexpected(std::move(stored.error()));
    contexts.push_back(std::move(*stored));
  }
  if (auto status = cursor.status(); !status) return tl::unexpected(std::move(status.error()));
  return contexts;
}

Result<std::vector<std::string>> Catalogue::names(std::string_view prefix, size_t max_names) const {
  std::vector<std::string> names;
  Database::Cursor cursor = database_->cursor(Family::kNames, Reach::kFew);
  for (cursor.seek(as_bytes(prefix)); cursor.valid() && names.size() < max_names; cursor.next()) {
    const std::string_view name = as_text(cursor.key());
    if (!name.starts_with(prefix)) break;
    names.emplace_back(name);
  }
  if (auto status = cursor.status(); !status) return tl::unexpected(std::move(status.error()));
  return names;
}

}  // namespace osprey::storage
