// The keywords of libcoap's OSCORE configuration, and its names of HKDFs (coap-oscore-conf(5)).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "storage/import/value_reader.h"

namespace osprey::storage {

struct LibcoapKeyword {
  std::string_view name;
  std::string_view encodings;  // that it may have: "hex or ascii"; empty: any
  // For what is refused here unless it is false: why, and what to do.
  std::string_view refusal;
  std::string_view mend;

  bool has_encoding(std::string_view encoding) const;
};

// nullptr when libcoap has no such keyword.
const LibcoapKeyword* find_libcoap_keyword(std::string_view name);
std::vector<std::string_view> libcoap_keyword_names();

// By COSE's number, which all versions know, and by name (RFC 9053 §6.1.2).
std::span<const HkdfName> libcoap_hkdf_names();

}  // namespace osprey::storage
