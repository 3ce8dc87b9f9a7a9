// AEAD nonce (RFC 8613 §5.2):
//
//   x     = len(ID_PIV) (1) | ID_PIV, left-padded to N-6 | Partial IV, left-padded to 5
//   nonce = x XOR Common IV
//
// Only the last five bytes change from message to message, so a context keeps the rest, XORed with
// its Common IV, as one NonceBase for each ID.
#pragma once

#include "framework/base/short_bytes.h"
#include "framework/cose/algorithm.h"
#include "framework/oscore/option.h"

namespace osprey::oscore {

using Nonce = ShortBytes<cose::kMaxNonceLen>;
using PartialIv = ShortBytes<kMaxPartialIvLen>;
using Id = ShortBytes<cose::kMaxIdLen>;

class NonceBase {
 public:
  NonceBase() = default;

  // `id_piv`: the Sender ID of whoever made the Partial IV, at most len(common_iv) - 6 (CHECK).
  NonceBase(Bytes id_piv, Bytes common_iv);

  // `partial_iv`: at most 5 bytes.
  Nonce nonce(Bytes partial_iv) const;

 private:
  Nonce base_;
};

// Big endian without leading zeros; zero is one byte (RFC 8613 §6.1). CHECKs the 40 bits.
PartialIv encode_partial_iv(uint64_t sequence_number);

}  // namespace osprey::oscore
