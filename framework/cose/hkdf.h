// HKDF (RFC 5869) and HMAC-SHA-256, by OpenSSL's libcrypto.
#pragma once

#include "framework/base/bytes.h"
#include "framework/cose/algorithm.h"

namespace osprey::cose {

// Extract and expand: fills `output` (at most 255 hash lengths, CHECKed). An empty salt stands for
// hash-length zero bytes. Control path: it allocates. Failure of libcrypto aborts: there is no key
// to go on with.
void hkdf(const HkdfAlgorithm& algorithm, MutableBytes output, Bytes salt, Bytes secret,
          Bytes info);

// The pseudorandom key of the extract step alone (tests and `explain` show it).
void hkdf_extract(const HkdfAlgorithm& algorithm, MutableBytes prk, Bytes salt, Bytes secret);

}  // namespace osprey::cose
