// Finds key material in memory that is given back (I7): a program with freed_memory.cc in it looks
// at every block before it goes.
#pragma once

#include <string_view>

namespace osprey::storage {

// Bytes that occur in the secret and nowhere else, and their hex.
inline constexpr std::string_view kWatchedSecret =
    "\x21\x7e\x5e\x40\x5e\x42\x67\x2a\x3b\x4c\x5d\x6e\x71\x62\x73\x64";  // ASCII, for all formats
inline constexpr std::string_view kWatchedHex = "217e5e405e42672a3b4c5d6e71627364";

// Watches while it lives.
class FreedMemoryWatch {
 public:
  FreedMemoryWatch();
  ~FreedMemoryWatch();
  FreedMemoryWatch(const FreedMemoryWatch&) = delete;
  FreedMemoryWatch& operator=(const FreedMemoryWatch&) = delete;

  // Blocks given back so far that held a part of the secret.
  int num_leaks() const;
};

}  // namespace osprey::storage
