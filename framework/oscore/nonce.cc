#include "framework/oscore/nonce.h"

namespace osprey::oscore {

NonceBase::NonceBase(Bytes id_piv, Bytes common_iv) {
  CHECK(common_iv.size() > 1 + kMaxPartialIvLen);
  const size_t id_space = common_iv.size() - 1 - kMaxPartialIvLen;
  CHECK(id_piv.size() <= id_space);
  std::array<uint8_t, cose::kMaxNonceLen> x{};
  x[0] = static_cast<uint8_t>(id_piv.size());
  std::copy(id_piv.begin(), id_piv.end(), x.begin() + 1 + (id_space - id_piv.size()));
  for (size_t i = 0; i < common_iv.size(); ++i) x[i] ^= common_iv[i];
  base_ = Nonce(Bytes(x).first(common_iv.size()));
}

Nonce NonceBase::nonce(Bytes partial_iv) const {
  DCHECK(partial_iv.size() <= kMaxPartialIvLen);
  Nonce nonce = base_;
  const MutableBytes tail = nonce.space().last(partial_iv.size());
  for (size_t i = 0; i < partial_iv.size(); ++i) tail[i] ^= partial_iv[i];
  return nonce;
}

PartialIv encode_partial_iv(uint64_t sequence_number) {
  CHECK(sequence_number <= kMaxSequenceNumber);
  std::array<uint8_t, kMaxPartialIvLen> bytes;
  Writer writer(bytes);
  writer.uint(sequence_number, std::max<size_t>(1, uint_len(sequence_number)));
  return PartialIv(writer.written());
}

}  // namespace osprey::oscore
