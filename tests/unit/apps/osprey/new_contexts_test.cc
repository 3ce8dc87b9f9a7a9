#include "apps/osprey/new_contexts.h"

#include <set>

#include <gtest/gtest.h>

namespace osprey::cli {
namespace {

ContextArguments one() {
  ContextArguments arguments;
  arguments.name = "a";
  arguments.sender_id = "01";
  arguments.recipient_id = "";
  return arguments;
}

std::string error(const ContextArguments& arguments) {
  const auto make = contexts_of(arguments);
  return make ? "(no error)" : make.error().cause;
}

TEST(NewContexts, OneHasWhatIsGivenAndDefaultsForTheRest) {
  ContextArguments arguments = one();
  arguments.master_secret = "aabb";
  arguments.id_context = "";
  const auto made = (*contexts_of(arguments))(0);
  EXPECT_EQ(made.name, "a");
  EXPECT_EQ(to_hex(made.sender_id), "01");
  EXPECT_TRUE(made.recipient_id.empty());
  EXPECT_EQ(to_hex(made.master_secret.reveal()), "aabb");
  EXPECT_TRUE(made.id_context && made.id_context->empty());
  EXPECT_EQ(made.aead->name, "AES-CCM-16-64-128");
  EXPECT_EQ(made.replay_window_size, 32u);
}

TEST(NewContexts, WithoutASecretOneIsDrawn) {
  const auto made = (*contexts_of(one()))(0);
  EXPECT_EQ(made.master_secret.size(), kDrawnSecretLen);
  EXPECT_NE(to_hex(made.master_secret.reveal()),
            to_hex((*contexts_of(one()))(0).master_secret.reveal()));
}

// Goal: no two of many share a name, an ID or a secret. Method: 300, whose numbers take two bytes.
TEST(NewContexts, ManyDifferInAllThatMatters) {
  ContextArguments arguments = one();
  arguments.recipient_id.reset();
  arguments.count = 300;
  const auto make = *contexts_of(arguments);
  std::set<std::string> all;
  for (uint32_t i = 0; i < 300; ++i) {
    const auto made = make(i);
    EXPECT_EQ(made.sender_id.size(), 3u);
    EXPECT_EQ(made.name, "a-" + std::to_string(i));
    all.insert(to_hex(made.sender_id));
    all.insert(to_hex(made.recipient_id));
    all.insert(to_hex(made.master_secret.reveal()));
  }
  EXPECT_EQ(all.size(), 900u);
}

TEST(NewContexts, OtherEndHasTheIdsSwapped) {
  const auto made = (*contexts_of(one()))(0);
  const auto other = mirrored(made);
  EXPECT_EQ(other.sender_id, made.recipient_id);
  EXPECT_EQ(other.recipient_id, made.sender_id);
  EXPECT_TRUE(equal(other.master_secret.reveal(), made.master_secret.reveal()));
}

TEST(NewContexts, WhatIsWrongIsNamed) {
  const std::pair<void (*)(ContextArguments&), const char*> rows[] = {
      {[](ContextArguments& a) { a.sender_id.reset(); },
       "a context needs --sender-id and --recipient-id"},
      {[](ContextArguments& a) { a.sender_id = "0"; }, "--sender-id is not hex"},
      {[](ContextArguments& a) { a.master_salt = "xy"; }, "--master-salt is not hex"},
      {[](ContextArguments& a) { a.master_secret = ""; },
       "--master-secret must have 1 to 64 bytes"},
      {[](ContextArguments& a) { a.algorithm = "AES"; }, "unknown algorithm \"AES\""},
      {[](ContextArguments& a) { a.hkdf = "MD5"; }, "unknown HKDF \"MD5\""},
      {[](ContextArguments& a) { a.count = 0; }, "--count must be 1 to 100000000"},
      {[](ContextArguments& a) {
         a.count = 2;
         a.master_secret = "aa";
       },
       "--count draws a secret for each context"},
  };
  for (const auto& [spoil, wanted] : rows) {
    ContextArguments arguments = one();
    spoil(arguments);
    EXPECT_EQ(error(arguments), wanted);
  }
}

}  // namespace
}  // namespace osprey::cli
