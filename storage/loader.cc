#include "storage/loader.h"

#include <algorithm>

#include "framework/base/crash_point.h"

namespace osprey::storage {
namespace {

using oscore::SecurityContext;

// The value under exactly `key`, if the walk finds it there. Keys only go up.
Bytes value_at(Database::Cursor& cursor, Bytes key) {
  while (cursor.valid() && std::ranges::lexicographical_compare(cursor.key(), key)) cursor.next();
  return cursor.valid() && equal(cursor.key(), key) ? cursor.value() : Bytes();
}

}  // namespace

void Loader::make_cursors() {
  Database& database = store_.database();
  cursors_.emplace(Cursors{database.cursor(Family::kContexts, Reach::kLong),
                           database.cursor(Family::kSequences, Reach::kLong),
                           database.cursor(Family::kWindows, Reach::kLong)});
  const Bytes from = as_bytes(std::string_view(next_key_));
  cursors_->contexts.seek(from);
  cursors_->sequences.seek(from);
  cursors_->windows.seek(from);
}

Result<void> Loader::load(size_t at_most) {
  if (is_done_) return {};
  if (!cursors_) make_cursors();
  Database::Cursor& contexts = cursors_->contexts;
  for (size_t i = 0; i < at_most && contexts.valid(); ++i, contexts.next()) {
    const Bytes key = contexts.key();
    SavedState saved;
    saved.sequence = saved_numbers(value_at(cursors_->sequences, key), store_.standing());
    saved.window = value_at(cursors_->windows, key);
    // A walk that ended because of an error has not found that there is nothing (I1).
    if (auto status = status_of_cursors(); !status) return status;
    bring_in(key, contexts.value(), saved);
    ++num_seen_;
  }
  if (contexts.valid()) {
    next_key_.assign(as_text(contexts.key()));
    return {};
  }
  if (auto status = status_of_cursors(); !status) return status;
  cursors_.reset();
  is_done_ = true;
  return {};
}

// After an error they are gone.
Result<void> Loader::status_of_cursors() {
  for (const Database::Cursor* cursor :
       {&cursors_->contexts, &cursors_->sequences, &cursors_->windows}) {
    if (cursor->valid()) continue;
    if (auto status = cursor->status(); !status) {
      cursors_.reset();
      return status;
    }
  }
  return {};
}

void Loader::bring_in(Bytes key, Bytes value, const SavedState& saved) {
  const auto record = parse_context_record(key, value, store_.wrap());
  if (!record) return note_damage(record.error());
  const auto context = live_.bring_in(*record, saved, store_.standing());
  if (!context) note_damage(context.error());
}

void Loader::note_damage(const Error& error) {
  ++num_damaged_;
  last_damage_ = error.text();
}

Result<void> Loader::fetch(Bytes prefix) {
  Database::Cursor cursor = store_.database().cursor(Family::kContexts, Reach::kFew);
  for (cursor.seek(prefix); cursor.valid(); cursor.next()) {
    const Bytes key = cursor.key();
    if (key.size() < prefix.size() || !equal(key.first(prefix.size()), prefix)) break;
    const auto saved = saved_state(key);
    if (!saved) return tl::unexpected(saved.error());
    bring_in(key, cursor.value(), saved->state());
  }
  return cursor.status();
}

Result<Loader::Saved> Loader::saved_state(Bytes key) const {
  auto sequence = store_.database().get(Family::kSequences, key);
  if (!sequence) return tl::unexpected(sequence.error());
  auto window = store_.database().get(Family::kWindows, key);
  if (!window) return tl::unexpected(window.error());
  const Bytes record = *sequence ? as_bytes(std::string_view(**sequence)) : Bytes();
  return Saved{saved_numbers(record, store_.standing()), std::move(*window)};
}

Result<SecurityContext*> Loader::fetch(const StoredContext& stored) {
  const auto saved = saved_state(stored.key.view());
  if (!saved) return tl::unexpected(saved.error());
  CRASH_POINT(kContextFetched);
  return live_.bring_in(stored.record, saved->state(), store_.standing());
}

}  // namespace osprey::storage
