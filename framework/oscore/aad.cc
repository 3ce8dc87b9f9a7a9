#include "framework/oscore/aad.h"

#include "framework/base/check.h"
#include "framework/cose/cbor_writer.h"

namespace osprey::oscore {
namespace {

constexpr int64_t kOscoreVersion = 1;

// array(5) 1 array(1) alg, two bstr heads, empty bstr: every head but a large alg is one byte.
size_t external_aad_len(const cose::AeadAlgorithm& algorithm, Bytes kid, Bytes piv) {
  return 7 + (algorithm.number >= 24 ? 1 : 0) + kid.size() + piv.size();
}

}  // namespace

void write_external_aad(Writer& writer, const cose::AeadAlgorithm& algorithm, Bytes request_kid,
                        Bytes request_piv) {
  cose::CborWriter cbor(writer);
  cbor.array(5);
  cbor.integer(kOscoreVersion);
  cbor.array(1);
  cbor.integer(algorithm.number);
  cbor.byte_string(request_kid);
  cbor.byte_string(request_piv);
  cbor.byte_string({});  // class I options: RFC 8613 has none
}

Bytes write_aad(AadBuffer& aad, const cose::AeadAlgorithm& algorithm, Bytes request_kid,
                Bytes request_piv) {
  Writer writer(aad);
  cose::CborWriter cbor(writer);
  cbor.array(3);
  cbor.text("Encrypt0");
  cbor.byte_string({});  // protected header
  cbor.byte_string_head(external_aad_len(algorithm, request_kid, request_piv));
  write_external_aad(writer, algorithm, request_kid, request_piv);
  DCHECK(writer.ok());
  return writer.written();
}

}  // namespace osprey::oscore
