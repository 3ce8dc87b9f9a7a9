// The Internet checksum (RFC 1071), as IPv4, UDP and ICMP use it.
#pragma once

#include <bit>
#include <cstring>

#include "framework/base/bytes.h"

namespace osprey {

// A sum of 16-bit words that is not folded yet. Words are added as they lie in memory: the sum of
// swapped words is the swapped sum, so nothing is turned round before the end.
class Checksum {
 public:
  // `bytes` begins at an even place of what is summed up; only the last piece may be of odd length.
  void add(Bytes bytes) {
    const uint8_t* data = bytes.data();
    size_t len = bytes.size();
    for (; len >= 8; data += 8, len -= 8) {
      uint64_t word = 0;
      std::memcpy(&word, data, 8);
      add_word(word);
    }
    if (len == 0) return;
    uint64_t rest = 0;
    std::memcpy(&rest, data, len);
    add_word(rest);
  }

  // A 16-bit number in the order of this machine.
  void add_number(uint16_t number) { add_word(to_network(number)); }

  // The value for a header's checksum field, in the order of this machine. Over what holds a right
  // checksum already it is 0.
  uint16_t finish() const {
    uint64_t sum = (sum_ & 0xffffffff) + (sum_ >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return to_network(static_cast<uint16_t>(~sum));
  }

 private:
  static uint16_t to_network(uint16_t number) {
    static_assert(std::endian::native == std::endian::little);
    return static_cast<uint16_t>(number << 8 | number >> 8);
  }

  void add_word(uint64_t word) {
    sum_ += word;
    sum_ += sum_ < word ? 1 : 0;  // the carry comes round
  }

  uint64_t sum_ = 0;
};

inline uint16_t internet_checksum(Bytes bytes) {
  Checksum sum;
  sum.add(bytes);
  return sum.finish();
}

}  // namespace osprey
