#include "framework/oscore/derive.h"

#include <vector>

#include "framework/base/check.h"
#include "framework/cose/cbor_writer.h"
#include "framework/cose/hkdf.h"

namespace osprey::oscore {
namespace {

void derive(MutableBytes output, const MasterInput& input, Bytes id, std::string_view type) {
  constexpr size_t kHeadsAtMost = 32;  // array, three bstr or int heads, "Key", L
  const size_t context_len = input.id_context ? input.id_context->size() : 0;
  std::vector<uint8_t> space(kHeadsAtMost + id.size() + context_len);
  Writer info(space);
  write_info(info, input, id, type, output.size());
  CHECK(info.ok());
  cose::hkdf(*input.hkdf, output, input.master_salt, input.master_secret, info.written());
}

}  // namespace

void write_info(Writer& writer, const MasterInput& input, Bytes id, std::string_view type,
                size_t output_len) {
  cose::CborWriter cbor(writer);
  cbor.array(5);
  cbor.byte_string(id);
  if (input.id_context) {
    cbor.byte_string(*input.id_context);
  } else {
    cbor.null();
  }
  cbor.integer(input.aead->number);
  cbor.text(type);
  cbor.integer(static_cast<int64_t>(output_len));
}

void derive_key(MutableBytes key, const MasterInput& input, Bytes id) {
  CHECK(key.size() == input.aead->key_len);
  derive(key, input, id, "Key");
}

void derive_common_iv(MutableBytes common_iv, const MasterInput& input) {
  CHECK(common_iv.size() == input.aead->nonce_len);
  derive(common_iv, input, {}, "IV");
}

}  // namespace osprey::oscore
