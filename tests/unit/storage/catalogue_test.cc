#include "storage/catalogue.h"

#include "storage/records/fields.h"
#include "storage/records/sequence_record.h"
#include "tests/unit/storage/store_world.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;

ContextParameters named(ContextParameters parameters, const std::string& name) {
  parameters.name = name;
  return parameters;
}

// A store that is open for provisioning.
class CatalogueTest : public ::testing::Test {
 protected:
  CatalogueTest() {
    auto opened = OpenedStore::open(directory_.path(), OpenMode::kProvision, directory_.options());
    EXPECT_TRUE(opened) << error_of(opened);
    store_ = std::move(*opened);
  }

  Catalogue& catalogue() { return store_->catalogue(); }
  uint64_t count() { return catalogue().meta().num_contexts; }
  StoredContext stored(const std::string& name) {
    auto found = catalogue().find(name);
    EXPECT_TRUE(found && *found) << name;
    return std::move(**found);
  }
  void add(const ContextParameters& parameters, const BroughtAlong& brought = {}) {
    Catalogue::Change change(catalogue());
    const auto added = change.add(parameters, brought);
    EXPECT_TRUE(added) << error_of(added);
    EXPECT_TRUE(change.commit());
  }
  void remove(const std::string& name, uint64_t used_below) {
    Catalogue::Change change(catalogue());
    change.remove(stored(name), used_below);
    EXPECT_TRUE(change.commit());
  }
  std::string add_error(const ContextParameters& parameters) {
    Catalogue::Change change(catalogue());
    return error_of(change.add(parameters));
  }
  std::optional<SequenceRecord> numbers(const std::string& name) {
    const auto value = store_->database().get(Family::kSequences, stored(name).key.view());
    if (!value || !*value) return std::nullopt;
    return *parse_sequence_record(as_bytes(std::string_view(**value)));
  }
  bool has_window(const std::string& name) {
    const auto value = store_->database().get(Family::kWindows, stored(name).key.view());
    return value && *value;
  }

  StoreDirectory directory_;
  std::unique_ptr<OpenedStore> store_;
};

// What collides with numbered_context(0), and what the error says.
struct Collision {
  const char* what;
  std::function<void(ContextParameters&)> change;
  const char* error;
};
const Collision kCollisions[] = {
    {"name",
     [](auto& p) {
       p = numbered_context(9);
       p.name = "context-0";
     },
     "there is a context named context-0 already"},
    {"Sender Key", [](auto& p) { p.recipient_id = {9}; },
     "contexts context-0 and other have the same Sender Key"},
    {"Recipient Key", [](auto& p) { p.sender_id = {9}; },
     "contexts context-0 and other have the same Recipient Key"},
};

ContextParameters colliding(const Collision& collision) {
  ContextParameters parameters = named(numbered_context(0), "other");
  collision.change(parameters);
  return parameters;
}

TEST_F(CatalogueTest, NothingIsThereTwiceAcrossChanges) {
  add(numbered_context(0));
  for (const Collision& c : kCollisions) {
    const std::string error = add_error(colliding(c));
    EXPECT_TRUE(contains(error, c.error)) << error;
  }
  EXPECT_EQ(count(), 1u);
  // Both ends of one context may lie in one store: they use different keys.
  ContextParameters other_end = named(numbered_context(0), "other end");
  std::swap(other_end.sender_id, other_end.recipient_id);
  add(other_end);
  EXPECT_EQ(count(), 2u);
}

// Goal: a failing member leaves nothing of its change.
TEST_F(CatalogueTest, NothingIsThereTwiceInOneChange) {
  for (const Collision& c : kCollisions) {
    Catalogue::Change change(catalogue());
    ASSERT_TRUE(change.add(numbered_context(0))) << c.what;
    EXPECT_FALSE(change.add(colliding(c))) << c.what;
  }
  EXPECT_EQ(count(), 0u);
  EXPECT_FALSE(*catalogue().find("context-0"));
}

TEST_F(CatalogueTest, RemovedMakesRoomInTheSameChangeAndOnlyOnce) {
  add(numbered_context(0));
  for (const Collision& c : kCollisions) {
    Catalogue::Change change(catalogue());
    change.remove(stored("context-0"), 40);
    ASSERT_TRUE(change.add(colliding(c))) << c.what;
    ContextParameters second = colliding(c);
    second.name = "third";
    EXPECT_FALSE(change.add(second)) << c.what;
    EXPECT_FALSE(change.add(named(numbered_context(8), colliding(c).name))) << c.what;
  }
  EXPECT_EQ(count(), 1u) << "nothing was committed";
}

TEST_F(CatalogueTest, CountsWhatThereIs) {
  add(numbered_context(0));
  add(numbered_context(1));
  remove("context-0", 5);
  EXPECT_EQ(count(), 1u);
  Catalogue::Change change(catalogue());
  change.remove(stored("context-1"), 5);
  ASSERT_TRUE(change.add(numbered_context(0)));
  ASSERT_TRUE(change.add(numbered_context(2)));
  EXPECT_EQ(change.size(), 3u);
  ASSERT_TRUE(change.commit());
  EXPECT_EQ(count(), 2u);
  EXPECT_EQ(*catalogue().names("context-", 10),
            (std::vector<std::string>{"context-0", "context-2"}));
  size_t seen = 0;
  ASSERT_TRUE(catalogue().for_each([&](const StoredContext&) -> Result<void> {
    ++seen;
    return {};
  }));
  EXPECT_EQ(seen, 2u);
}

TEST_F(CatalogueTest, SenderKeyThatComesBackGoesOnAboveAllThatWasUsed) {
  const struct {
    const char* name;
    uint64_t used_below;
    uint64_t brought;
    uint64_t floor;
  } kCases[] = {{"removed", kEpochLen + 40, 0, kEpochLen + 40},
                {"brought along less", kEpochLen + 50, 3, kEpochLen + 50},
                {"brought along more", kEpochLen + 60, kEpochLen + 70, kEpochLen + 70}};
  add(numbered_context(0));
  EXPECT_FALSE(numbers("context-0"));
  for (const auto& c : kCases) {
    remove("context-0", c.used_below);
    add(numbered_context(0), {.sequence_floor = c.brought, .window = nullptr});
    EXPECT_EQ(numbers("context-0"), (SequenceRecord{c.floor, c.floor})) << c.name;
  }
  // Under another Recipient Key the Sender Key is the same one.
  remove("context-0", kEpochLen + 80);
  ContextParameters other = named(numbered_context(0), "other");
  other.recipient_id = {9};
  add(other);
  EXPECT_EQ(numbers("other"), (SequenceRecord{kEpochLen + 80, kEpochLen + 80}));
  remove("other", kEpochLen + 90);
  add(numbered_context(0));
  EXPECT_EQ(numbers("context-0"), (SequenceRecord{kEpochLen + 90, kEpochLen + 90}));
}

TEST_F(CatalogueTest, NumbersAboveTheEpochLiftIt) {
  EXPECT_EQ(catalogue().meta().epoch, 1u);
  add(numbered_context(0), {.sequence_floor = 5, .window = nullptr});
  EXPECT_EQ(catalogue().meta().epoch, 1u);
  add(numbered_context(1), {.sequence_floor = 3 * kEpochLen, .window = nullptr});
  EXPECT_EQ(catalogue().meta().epoch, 2u) << "the first number of epoch 3 is not used";
  add(numbered_context(2), {.sequence_floor = 3 * kEpochLen + 1, .window = nullptr});
  EXPECT_EQ(catalogue().meta().epoch, 3u);
  Catalogue::Change change(catalogue());
  const BroughtAlong too_much{.sequence_floor = kMaxNumber + 1, .window = nullptr};
  EXPECT_TRUE(contains(error_of(change.add(numbered_context(3), too_much)), "40 bits"));
}

// Goal: what a context saw here is not forgotten for what its source knew (I2).
TEST_F(CatalogueTest, ImportedWindowCountsOnlyForKeysThatAreNew) {
  oscore::ReplayWindow window;
  window.initialise_at(7);
  const BroughtAlong brought{.sequence_floor = 0, .window = &window};
  add(numbered_context(0), brought);
  EXPECT_TRUE(has_window("context-0"));
  remove("context-0", 40);
  add(numbered_context(0), brought);
  EXPECT_FALSE(has_window("context-0"));
  Catalogue::Change change(catalogue());
  change.remove(stored("context-0"), 50);
  ASSERT_TRUE(change.add(numbered_context(0), brought));
  ASSERT_TRUE(change.commit());
  EXPECT_FALSE(has_window("context-0"));
}

TEST_F(CatalogueTest, AddRefusesWhatARecordCannotHold) {
  const std::function<void(ContextParameters&)> kBad[] = {
      [](auto& p) { p.name = ""; },
      [](auto& p) { p.name = "a\nb"; },
      [](auto& p) { p.master_secret = {}; },
      [](auto& p) { p.master_salt.assign(256, 0); },
      [](auto& p) { p.id_context.emplace(256, uint8_t{0}); },
      [](auto& p) { p.sender_id.assign(8, 1); },
      [](auto& p) { p.aead = cose::find_aead("AES-CCM-64-64-128"); },  // IDs of one byte at most
      [](auto& p) { p.recipient_id = p.sender_id; },
      [](auto& p) { p.replay_window_size = 0; },
      [](auto& p) { p.replay_window_size = 5000; },
  };
  for (const auto& spoil : kBad) {
    ContextParameters parameters = numbered_context(1);
    spoil(parameters);
    EXPECT_NE(add_error(parameters), "(no error)");
  }
  EXPECT_EQ(count(), 0u);
}

TEST_F(CatalogueTest, SlicesAreTheWholeInOrder) {
  Catalogue::Change change(catalogue());
  for (uint32_t i = 0; i < 10; ++i) ASSERT_TRUE(change.add(numbered_context(i)));
  ASSERT_TRUE(change.commit());
  std::vector<std::string> names;
  ContextKey last;
  for (;;) {
    const auto slice = catalogue().after(last.view(), 3);
    ASSERT_TRUE(slice);
    if (slice->empty()) break;
    for (const StoredContext& context : *slice) names.push_back(context.record.parameters.name);
    last = slice->back().key;
  }
  ASSERT_EQ(names.size(), 10u);
  for (uint32_t i = 0; i < 10; ++i) EXPECT_EQ(names[i], "context-" + std::to_string(i));
}

}  // namespace
}  // namespace osprey::storage
