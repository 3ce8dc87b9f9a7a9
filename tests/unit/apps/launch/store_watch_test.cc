#include "apps/launch/store_watch.h"

#include <gtest/gtest.h>

namespace osprey {
namespace {

using Health = storage::StoreThread::Health;

// All that it says at one look; "!" before warnings, "; " between.
std::string said(StoreWatch& watch, const Health& health) {
  std::string all;
  for (const StoreWatch::Notice& notice : watch.look(health)) {
    all += (all.empty() ? "" : "; ") + std::string(notice.is_warning ? "!" : "") + notice.text;
  }
  return all;
}

TEST(StoreWatch, TellsHowFarLoadingIsAndOnceThatItIsDone) {
  StoreWatch watch;
  Health health;
  health.num_contexts = 10;
  EXPECT_EQ(said(watch, health), "loading contexts: 0 of 10");
  health.num_loaded = 4;
  EXPECT_EQ(said(watch, health), "loading contexts: 4 of 10");
  health.num_loaded = 10;
  health.has_all = true;
  EXPECT_EQ(said(watch, health), "all contexts are in memory: 10");
  EXPECT_EQ(said(watch, health), "");
}

TEST(StoreWatch, WarnsOncePerTrouble) {
  StoreWatch watch;
  Health health;
  health.has_all = true;
  said(watch, health);
  health.is_behind = true;
  health.num_failures = 1;
  health.last_failure = "no space left";
  EXPECT_TRUE(said(watch, health).starts_with("!the store cannot write"));
  health.num_failures = 5;  // it tries again and again
  EXPECT_EQ(said(watch, health), "");
  health.is_behind = false;
  EXPECT_EQ(said(watch, health), "the store can write again");
  EXPECT_EQ(said(watch, health), "");
}

TEST(StoreWatch, TroubleBetweenTwoLooksIsNotMissed) {
  StoreWatch watch;
  Health health;
  health.has_all = true;
  said(watch, health);
  health.num_failures = 1;
  health.last_failure = "no space left";
  EXPECT_EQ(said(watch, health), "!the store could not write for a moment: no space left");
  EXPECT_EQ(said(watch, health), "");
}

TEST(StoreWatch, WarnsWhenMoreContextsAreDamaged) {
  StoreWatch watch;
  Health health;
  health.has_all = true;
  said(watch, health);
  health.num_damaged = 2;
  health.last_damage = "context a: wrong tag";
  EXPECT_EQ(said(watch, health),
            "!2 contexts are damaged and not served; the last: context a: wrong tag");
  EXPECT_EQ(said(watch, health), "");
}

}  // namespace
}  // namespace osprey
