#include "framework/oscore/context_index.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "framework/base/hash.h"

namespace osprey::oscore {
namespace {

constexpr size_t kMinCapacity = 16;

// A Word holds a pointer in its lower bits: user space of x86-64 and AArch64 ends below 2^48 unless
// a process asks for more.
constexpr unsigned kPointerBits = 48;
constexpr uint64_t kPointerMask = (uint64_t{1} << kPointerBits) - 1;

constexpr size_t max_used(size_t capacity) { return capacity / 4 * 3; }

// The smallest that holds `num_keys`.
size_t tight_capacity(size_t num_keys) {
  size_t capacity = std::max(kMinCapacity, std::bit_ceil(num_keys));
  if (num_keys > max_used(capacity)) capacity *= 2;
  return capacity;
}

// At most half full, so that a rebuild pays for itself by many inserts; smaller than before if most
// slots were only gone ones.
size_t roomy_capacity(size_t num_keys) {
  return std::max(kMinCapacity, std::bit_ceil(2 * num_keys));
}

}  // namespace

ContextIndex::Word ContextIndex::word_of(uint64_t hash, SecurityContext* context) {
  const auto pointer = reinterpret_cast<uintptr_t>(context);
  CHECK((pointer & ~kPointerMask) == 0 && pointer > kGone);
  return (hash & ~kPointerMask) | pointer;
}

SecurityContext* ContextIndex::context_in(Word word) {
  const Word pointer = word & kPointerMask;
  return reinterpret_cast<SecurityContext*>(pointer);  // NOLINT(performance-no-int-to-ptr)
}

// The 16 bits of hash keep most strangers from being looked at; the others are told by their IDs.
bool ContextIndex::may_be(Word word, uint64_t hash) {
  return word != kGone && ((word ^ hash) & ~kPointerMask) == 0;
}

ContextIndex::ContextIndex(Key key, uint64_t hash_key)
    : key_(key),
      hash_key_(hash_key),
      published_(nullptr),
      slots_(std::make_unique<Slots>(kMinCapacity)) {
  published_.store(slots_.get(), std::memory_order_release);
}

uint64_t ContextIndex::hash_of(Bytes kid, Bytes id_context) const {
  const uint64_t kid_hash = hash_bytes(hash_key_, kid);
  return key_ == Key::kKid ? kid_hash : hash_bytes(kid_hash, id_context);
}

uint64_t ContextIndex::hash_of(const SecurityContext& context) const {
  return hash_of(context.recipient_id(), context.id_context().value_or(Bytes()));
}

bool ContextIndex::has_ids(const SecurityContext& context, Bytes kid, Bytes id_context) const {
  return equal(context.recipient_id(), kid) &&
         (key_ == Key::kKid || equal(*context.id_context(), id_context));
}

const ContextIndex::Link& ContextIndex::link(const SecurityContext& context) const {
  return key_ == Key::kKid ? context.next_with_kid_ : context.next_with_ids_;
}

ContextIndex::Link& ContextIndex::link(SecurityContext& context) const {
  return key_ == Key::kKid ? context.next_with_kid_ : context.next_with_ids_;
}

ContextIndex::Place ContextIndex::locate(const Slots& slots, Bytes kid, Bytes id_context) const {
  const uint64_t hash = hash_of(kid, id_context);
  for (size_t at = hash & slots.mask;; at = (at + 1) & slots.mask) {
    const Word word = slots.words[at].load(std::memory_order_acquire);
    if (word == kEmpty) return {};
    if (!may_be(word, hash)) continue;
    SecurityContext* first = context_in(word);
    if (has_ids(*first, kid, id_context)) return {at, first};
  }
}

SecurityContext* ContextIndex::find(Bytes kid, Bytes id_context) const {
  return locate(*published_.load(std::memory_order_acquire), kid, id_context).first;
}

SecurityContext* ContextIndex::next(const SecurityContext& context) const {
  return link(context).load(std::memory_order_acquire);
}

void ContextIndex::prefetch_slot(Bytes kid, Bytes id_context) const {
  const Slots& slots = *published_.load(std::memory_order_acquire);
  __builtin_prefetch(&slots.words[hash_of(kid, id_context) & slots.mask]);
}

// All its lines: whoever finds it decrypts with it next.
void ContextIndex::prefetch_context(Bytes kid, Bytes id_context) const {
  const Slots& slots = *published_.load(std::memory_order_acquire);
  const uint64_t hash = hash_of(kid, id_context);
  for (size_t at = hash & slots.mask;; at = (at + 1) & slots.mask) {
    const Word word = slots.words[at].load(std::memory_order_acquire);
    if (word == kEmpty) return;
    if (!may_be(word, hash)) continue;
    const auto* bytes = reinterpret_cast<const uint8_t*>(context_in(word));
    for (size_t i = 0; i < sizeof(SecurityContext); i += 64) __builtin_prefetch(bytes + i);
    return;
  }
}

void ContextIndex::insert(SecurityContext& context) {
  const Place place =
      locate(*slots_, context.recipient_id(), context.id_context().value_or(Bytes()));
  const uint64_t hash = hash_of(context);
  link(context).store(place.first, std::memory_order_relaxed);  // the store below publishes it
  if (place.first != nullptr) {
    slots_->words[place.at].store(word_of(hash, &context), std::memory_order_release);
    return;
  }
  if (num_keys_ + num_gone_ + 1 > max_used(capacity())) rebuild(roomy_capacity(num_keys_ + 1));
  const size_t at = free_slot(*slots_, hash);
  if (slots_->words[at].load(std::memory_order_relaxed) == kGone) --num_gone_;
  slots_->words[at].store(word_of(hash, &context), std::memory_order_release);
  ++num_keys_;
}

// The first that holds no context, where `hash` is looked for.
size_t ContextIndex::free_slot(const Slots& slots, uint64_t hash) {
  size_t at = hash & slots.mask;
  while (slots.words[at].load(std::memory_order_relaxed) > kGone) at = (at + 1) & slots.mask;
  return at;
}

void ContextIndex::remove(SecurityContext& context) {
  const Place place =
      locate(*slots_, context.recipient_id(), context.id_context().value_or(Bytes()));
  CHECK(place.first != nullptr);
  SecurityContext* successor = next(context);
  if (place.first != &context) {
    link(predecessor_of(*place.first, context)).store(successor, std::memory_order_release);
  } else if (successor != nullptr) {
    const Word word = word_of(hash_of(context), successor);
    slots_->words[place.at].store(word, std::memory_order_release);
  } else {
    clear(place.at);
  }
}

SecurityContext& ContextIndex::predecessor_of(SecurityContext& first,
                                              const SecurityContext& context) const {
  SecurityContext* before = &first;
  while (next(*before) != &context) {
    before = next(*before);
    CHECK(before != nullptr);
  }
  return *before;
}

// A slot in front of an empty one may become empty itself: whoever looks for something behind it
// would have ended at the empty one. So may then the gone ones in front of it.
void ContextIndex::clear(size_t at) {
  const auto word = [&](size_t i) -> std::atomic<Word>& { return slots_->words[i & slots_->mask]; };
  word(at).store(kGone, std::memory_order_release);
  --num_keys_;
  ++num_gone_;
  if (word(at + 1).load(std::memory_order_relaxed) != kEmpty) return;
  for (; word(at).load(std::memory_order_relaxed) == kGone; --at) {
    word(at).store(kEmpty, std::memory_order_release);
    --num_gone_;
  }
}

void ContextIndex::expect(size_t num_keys) {
  if (tight_capacity(num_keys) > capacity()) rebuild(tight_capacity(num_keys));
}

// The links are in the contexts, so readers of both arrays walk the same ones.
void ContextIndex::rebuild(size_t capacity) {
  auto fresh = std::make_unique<Slots>(capacity);
  for (size_t i = 0; i <= slots_->mask; ++i) {
    const Word word = slots_->words[i].load(std::memory_order_relaxed);
    if (word <= kGone) continue;
    const size_t at = free_slot(*fresh, hash_of(*context_in(word)));
    fresh->words[at].store(word, std::memory_order_relaxed);
  }
  num_gone_ = 0;
  published_.store(fresh.get(), std::memory_order_release);
  retired_.push_back({std::exchange(slots_, std::move(fresh)), std::nullopt});
}

void ContextIndex::reclaim(Quiescence& readers) {
  for (Retired& retired : retired_) {
    if (!retired.ticket) retired.ticket = readers.begin_grace();
  }
  std::erase_if(retired_,
                [&](const Retired& retired) { return readers.has_passed(*retired.ticket); });
}

}  // namespace osprey::oscore
