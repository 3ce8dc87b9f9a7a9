#include "framework/oscore/context.h"

#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/support/contexts.h"
#include "tests/unit/support/hex.h"

namespace osprey::oscore {
namespace {

using test::hex;

// Derives after `change`; the error's cause, or empty.
std::string cause_of(const std::function<void(ContextParameters&)>& change) {
  ContextParameters parameters = test::client_parameters({.name = "pump-7"});
  change(parameters);
  const auto context = SecurityContext::derive(parameters);
  return context ? "" : context.error().cause;
}

TEST(Context, BothEndsDeriveTheSameKeysCrossed) {
  const auto client = test::client_context();
  const auto server = test::server_context();
  EXPECT_TRUE(equal(client->sender_key().reveal(), server->recipient_key().reveal()));
  EXPECT_TRUE(equal(client->recipient_key().reveal(), server->sender_key().reveal()));
  EXPECT_FALSE(equal(client->sender_key().reveal(), client->recipient_key().reveal()));
  EXPECT_TRUE(equal(client->common_iv(), server->common_iv()));
  EXPECT_TRUE(equal(client->sender_id(), server->recipient_id()));
}

TEST(Context, DefaultsAreThoseOfRfc8613) {
  const ContextParameters parameters;
  EXPECT_EQ(parameters.aead->number, 10);
  EXPECT_EQ(parameters.hkdf->name, "HKDF SHA-256");
  EXPECT_EQ(parameters.replay_window_size, 32u);
  EXPECT_FALSE(parameters.id_context.has_value());
  EXPECT_TRUE(parameters.master_salt.empty());
}

// After a restart nobody knows what was seen or used: nothing is accepted, no number is at hand.
TEST(Context, StartsWithAnUnsetWindowAndNoNumbers) {
  const auto context = test::client_context();
  EXPECT_FALSE(context->window().is_set());
  EXPECT_FALSE(context->sequence().take().has_value());
}

TEST(Context, RefusesIdsTheNonceHasNoRoomFor) {
  for (const cose::AeadAlgorithm& algorithm : cose::aead_algorithms()) {
    const size_t longest = algorithm.max_id_len();
    const std::vector<uint8_t> fits(longest, 0x77), too_long(longest + 1, 0x77);
    const auto with = [&](const std::vector<uint8_t>& sender,
                          const std::vector<uint8_t>& recipient) {
      return cause_of([&](ContextParameters& parameters) {
        parameters.aead = &algorithm;
        parameters.sender_id = sender;
        parameters.recipient_id = recipient;
      });
    };
    EXPECT_EQ(with(fits, {}), "") << algorithm.name;
    EXPECT_EQ(with({}, fits), "") << algorithm.name;
    EXPECT_NE(with(too_long, {}).find("pump-7: sender_id"), std::string::npos) << algorithm.name;
    EXPECT_NE(with({}, too_long).find("pump-7: recipient_id"), std::string::npos) << algorithm.name;
  }
}

TEST(Context, RefusesWhatCannotBeSafe) {
  EXPECT_EQ(cause_of([](ContextParameters&) {}), "");
  EXPECT_NE(cause_of([](ContextParameters& p) { p.master_secret = {}; }).find("master secret"),
            std::string::npos);
  EXPECT_NE(cause_of([](ContextParameters& p) { p.recipient_id = p.sender_id; }).find("equal"),
            std::string::npos);
  EXPECT_NE(cause_of([](ContextParameters& p) { p.sender_id = p.recipient_id = {}; }).find("equal"),
            std::string::npos);
  EXPECT_NE(cause_of([](ContextParameters& p) { p.id_context.emplace(256); }).find("id_context"),
            std::string::npos);
  EXPECT_EQ(cause_of([](ContextParameters& p) { p.id_context.emplace(255); }), "");
  for (const size_t size : {size_t{0}, kMaxReplayWindow + 1, SIZE_MAX}) {
    EXPECT_NE(cause_of([&](ContextParameters& p) { p.replay_window_size = size; }).find("replay"),
              std::string::npos)
        << size;
  }
  for (const size_t size : {size_t{1}, kMaxReplayWindow}) {
    EXPECT_EQ(cause_of([&](ContextParameters& p) { p.replay_window_size = size; }), "") << size;
  }
}

// I7: an error text is for people, who must not find a key in it.
TEST(Context, ErrorsDoNotShowTheSecret) {
  ContextParameters parameters = test::client_parameters({});
  parameters.sender_id = std::vector<uint8_t>(20, 1);
  const auto context = SecurityContext::derive(parameters);
  ASSERT_FALSE(context.has_value());
  EXPECT_EQ(context.error().text().find("0102030405060708"), std::string::npos);
}

TEST(Context, FirstWorkerToClaimItKeepsIt) {
  const auto context = test::client_context();
  EXPECT_EQ(context->claim(3), 3);
  EXPECT_EQ(context->claim(3), 3);
  EXPECT_EQ(context->claim(4), 3);
}

// Goal: two workers never both believe they own a context. Method: race for many contexts.
TEST(Context, RacingWorkersAgreeOnTheOwner) {
  for (int round = 0; round < 50; ++round) {
    const auto context = test::client_context();
    WorkerIndex seen[2] = {};
    {
      std::jthread other([&] { seen[1] = context->claim(1); });
      seen[0] = context->claim(0);
    }
    EXPECT_EQ(seen[0], seen[1]);
    EXPECT_LE(seen[0], 1);
  }
}

TEST(Context, AbsentAndEmptyIdContextAreTwoContexts) {
  const auto absent = test::client_context();
  const auto empty = test::client_context({.id_context = ""});
  EXPECT_FALSE(absent->id_context().has_value());
  ASSERT_TRUE(empty->id_context().has_value());
  EXPECT_TRUE(empty->id_context()->empty());
  EXPECT_FALSE(equal(absent->sender_key().reveal(), empty->sender_key().reveal()));
}

// Goal: a store may keep derived keys and leave the master secret out. Method: derive, take the
// secret away, make a context of what is left.
TEST(Context, NeedsNoMasterSecretOnceKeysAreDerived) {
  ContextParameters parameters = test::server_parameters({});
  const auto derived = SecurityContext::derive(parameters);
  ASSERT_TRUE(derived.has_value());
  const DerivedKeys keys = derive_keys(parameters);
  parameters.master_secret = {};
  const SecurityContext restored(parameters, keys);
  EXPECT_TRUE(equal(restored.sender_key().reveal(), (*derived)->sender_key().reveal()));
  EXPECT_TRUE(equal(restored.recipient_key().reveal(), (*derived)->recipient_key().reveal()));
  EXPECT_TRUE(equal(restored.common_iv(), (*derived)->common_iv()));
  EXPECT_FALSE(restored.window().is_set());
}

}  // namespace
}  // namespace osprey::oscore
