// Places where tests/crash lets the process die, as by kill -9, to see that nothing is reused.
//
// Only the crash build has them (meson option `crash_points`); there OSPREY_CRASH_POINT=NAME, or
// NAME:N for the N-th time it is passed, chooses one. In any other build they are nothing.
#pragma once

#include <cstdint>

namespace osprey {

// One row each: the constant, its name, when it is passed.
// clang-format off
#define OSPREY_CRASH_POINTS_TABLE(X) \
  X(kFileBeforeWrite, "file-before-write", "a small file is about to be replaced") \
  X(kFileBeforeRename, "file-before-rename", "its new content is synced beside the old") \
  X(kFileBeforeDirectorySync, "file-before-directory-sync", "it is renamed, the directory not synced") \
  X(kFileReplaced, "file-replaced", "the directory is synced") \
  X(kEpochBeforeFirstCopy, "epoch-before-first-copy", "an epoch is about to be written") \
  X(kEpochBetweenCopies, "epoch-between-copies", "the first copy is durable, the second old") \
  X(kEpochWritten, "epoch-written", "both copies are durable, nothing uses them yet") \
  X(kStartBeforeMeta, "start-before-meta", "the new epoch is durable, the database does not know it") \
  X(kStartMetaWritten, "start-meta-written", "the database knows the new epoch") \
  X(kCleanMarkConsumed, "clean-mark-consumed", "a clean stop is used up, nothing was sent yet") \
  X(kReservationBeforeWrite, "reservation-before-write", "numbers are chosen, nothing is written") \
  X(kReservationWritten, "reservation-written", "numbers are durable, no worker knows") \
  X(kReservationPublished, "reservation-published", "a worker may use the numbers") \
  X(kRequestDecrypted, "request-decrypted", "a request is authentic, its window not touched") \
  X(kWindowRecorded, "window-recorded", "the window has it, the application not") \
  X(kWindowInitialised, "window-initialised", "an Echo set the window, the request is not delivered") \
  X(kRequestDelivered, "request-delivered", "the application ran, nothing is sealed") \
  X(kResponseSealed, "response-sealed", "the batch is sealed, nothing is sent") \
  X(kStopBeforeSaving, "stop-before-saving", "workers have stopped, nothing is saved") \
  X(kStopHalfSaved, "stop-half-saved", "some windows and numbers are saved") \
  X(kStopSaved, "stop-saved", "all are saved, the database is open") \
  X(kStopClosed, "stop-closed", "the database is closed, the stop not marked clean") \
  X(kStopMarked, "stop-marked", "the stop is marked clean") \
  X(kChangeBeforeCommit, "change-before-commit", "contexts are about to be added or removed") \
  X(kChangeCommitted, "change-committed", "the database knows the change, memory does not") \
  X(kContextRemoved, "context-removed", "a context is out of the table, workers may still hold it") \
  X(kContextFetched, "context-fetched", "a context was read for a waiting packet, and is not in the table")
// clang-format on

enum class CrashPoint : uint8_t {
#define OSPREY_ROW(constant, name, when) constant,
  OSPREY_CRASH_POINTS_TABLE(OSPREY_ROW)
#undef OSPREY_ROW
};

#ifdef OSPREY_CRASH_BUILD
void crash_point(CrashPoint point);
#define CRASH_POINT(constant) ::osprey::crash_point(::osprey::CrashPoint::constant)
#else
#define CRASH_POINT(constant) static_cast<void>(0)
#endif

}  // namespace osprey
