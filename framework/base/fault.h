// Mistakes made on purpose, each of which the crash checker (tests/crash) must notice: who finds
// nothing in a server that makes them finds nothing at all.
//
// Only the crash build has them (meson option `crash_points`); there OSPREY_FAULT=NAME chooses one.
// In any other build FAULT() is the constant false.
#pragma once

#include <cstdint>

namespace osprey {

// One row each: the constant, its name, the promise it breaks.
// clang-format off
#define OSPREY_FAULTS_TABLE(X) \
  X(kNoEpochStep, "no-epoch-step", "I1: a start after a crash takes the old epoch again") \
  X(kNumberNotUsedUp, "number-not-used-up", "I1: an own number is given out again and again") \
  X(kRangeGivenTwice, "range-given-twice", "I1: a reserved range begins with numbers that were used") \
  X(kCleanMarkKept, "clean-mark-kept", "I1, I2: a clean stop counts for more than one start") \
  X(kUnsavedNumbers, "unsaved-numbers", "I1: a clean stop does not save the next numbers") \
  X(kCopyTrusted, "copy-trusted", "I1: a restored copy of the store is taken for the store") \
  X(kSenderForgotten, "sender-forgotten", "I1: a Sender Key that comes back begins anew") \
  X(kChallengeReusesNonce, "challenge-reuses-nonce", "I1: a challenge is sealed under the request's nonce") \
  X(kRecordBeforeAuthentication, "record-before-authentication", "I2, I3: the window moves before the tag is checked") \
  X(kNoSecondLook, "no-second-look", "I2: two copies in one batch are both served") \
  X(kNotRecorded, "not-recorded", "I2: the window is looked at and never told") \
  X(kStaleWindow, "stale-window", "I2: a window of an earlier stop is accepted") \
  X(kEmptyWindow, "empty-window", "I2: after a crash a window begins empty, without an Echo") \
  X(kEchoKeyFixed, "echo-key-fixed", "I2: an Echo of before the restart still counts") \
  X(kAnyEcho, "any-echo", "I2: an Echo is accepted for any context")
// clang-format on

enum class Fault : uint8_t {
#define OSPREY_ROW(constant, name, promise) constant,
  OSPREY_FAULTS_TABLE(OSPREY_ROW)
#undef OSPREY_ROW
};

#ifdef OSPREY_CRASH_BUILD
bool has_fault(Fault fault);
#define FAULT(constant) ::osprey::has_fault(::osprey::Fault::constant)
#else
#define FAULT(constant) false
#endif

}  // namespace osprey
