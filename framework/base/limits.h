// Every bound of the data path in one place (I6). Pools, rings and tables are sized from these.
#pragma once

#include <cstddef>
#include <cstdint>

namespace osprey {

// Packets of one batch: what one recvmmsg or one NIC burst brings.
inline constexpr size_t kBatchMax = 64;

// Longest datagram taken or sent: 1152 bytes of message are safe on any path (RFC 7252 §4.6); the
// rest of an Ethernet frame is room for peers who know their path.
inline constexpr size_t kMaxDatagram = 1472;

// Largest payload of one response; larger representations go block by block (RFC 7959).
inline constexpr size_t kMaxPayload = 1024;

// Longest token served. Longer ones are legal (RFC 8974) and answered 4.00.
inline constexpr size_t kMaxTokenLen = 32;

// Path segments and templates looked at by the router.
inline constexpr size_t kMaxPathSegments = 16;

// Contexts tried when a request's kid fits several (RFC 8613 §3.3): bounds what one datagram can
// cost.
inline constexpr size_t kMaxContextCandidates = 8;

inline constexpr size_t kMaxReplayWindow = 4096;
inline constexpr size_t kDefaultReplayWindow = 32;

}  // namespace osprey
