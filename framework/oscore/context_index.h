// One hash index of the table of contexts: from IDs to the contexts that have them, read by all
// workers while the writer changes it.
//
//   slots   | . | tag, first | gone | tag, first | . | ...      one word each, eight a cache line
//                     |
//                     +-> context -> context -> nullptr         those with equal IDs, newest first
//
// Open addressing with linear probing; at most three quarters of the slots are not empty, one
// quarter always is, so every lookup ends. Most lookups read one line of slots, then the context.
// Contexts with equal IDs hang together by a link in each, so that thousands of one
// kid cost no lookup but their own.
//
// For readers every change is one store: of a slot or of a link (release; readers load with
// acquire). A context that was taken out keeps its own link, so a reader that stands on it walks
// on. When there is no room, a new array is filled aside and published by one store; the old one is
// kept, unchanged, until a grace period has passed.
// Thread: find, next and prefetch_ by any; the rest by one writer at a time.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "framework/base/quiescence.h"
#include "framework/oscore/context.h"

namespace osprey::oscore {

class ContextIndex {
 public:
  enum class Key { kKid, kKidAndIdContext };

  // `hash_key`: random, drawn at start.
  ContextIndex(Key key, uint64_t hash_key);

  // The first context with these IDs; nullptr when there is none. An index by kid ignores
  // `id_context`.
  SecurityContext* find(Bytes kid, Bytes id_context) const;
  // The next one with the same IDs; nullptr after the last.
  SecurityContext* next(const SecurityContext& context) const;
  // Fetches the cache line where find will look first; reads nothing.
  void prefetch_slot(Bytes kid, Bytes id_context) const;
  // Fetches the context that find will most likely find; reads slots.
  void prefetch_context(Bytes kid, Bytes id_context) const;

  void insert(SecurityContext& context);
  // CHECKs that it is there.
  void remove(SecurityContext& context);
  // Makes room for this many different IDs.
  void expect(size_t num_keys);
  // Frees the arrays that no reader can still hold.
  void reclaim(Quiescence& readers);

  // Slots, and arrays that wait for reclaim; the writer's.
  size_t capacity() const { return slots_->mask + 1; }
  size_t num_retired() const { return retired_.size(); }

 private:
  // Nothing, or a context below 16 bits of its hash: both change in one store.
  using Word = uint64_t;
  static constexpr Word kEmpty = 0;
  static constexpr Word kGone = 1;  // had a context: lookups go on behind it
  using Link = std::atomic<SecurityContext*>;

  struct Slots {
    explicit Slots(size_t capacity)
        : mask(capacity - 1), words(std::make_unique<std::atomic<Word>[]>(capacity)) {}
    size_t mask;
    std::unique_ptr<std::atomic<Word>[]> words;
  };
  struct Place {
    size_t at = 0;
    SecurityContext* first = nullptr;  // nullptr: there is no such place
  };
  struct Retired {
    std::unique_ptr<Slots> slots;
    std::optional<Quiescence::Ticket> ticket;  // none until reclaim has seen it
  };

  static Word word_of(uint64_t hash, SecurityContext* context);
  static SecurityContext* context_in(Word word);
  static bool may_be(Word word, uint64_t hash);
  static size_t free_slot(const Slots& slots, uint64_t hash);

  uint64_t hash_of(Bytes kid, Bytes id_context) const;
  uint64_t hash_of(const SecurityContext& context) const;
  bool has_ids(const SecurityContext& context, Bytes kid, Bytes id_context) const;
  const Link& link(const SecurityContext& context) const;
  Link& link(SecurityContext& context) const;

  Place locate(const Slots& slots, Bytes kid, Bytes id_context) const;
  SecurityContext& predecessor_of(SecurityContext& first, const SecurityContext& context) const;
  void clear(size_t at);
  void rebuild(size_t capacity);

  // The readers' line.
  Key key_;
  uint64_t hash_key_;
  std::atomic<const Slots*> published_;  // slots_, for them

  // The writer's.
  alignas(64) std::unique_ptr<Slots> slots_;
  size_t num_keys_ = 0;  // slots with a context
  size_t num_gone_ = 0;
  std::vector<Retired> retired_;
};

}  // namespace osprey::oscore
