// Content-Format numbers that handlers and tools name most (IANA CoRE registry, RFC 7252 §12.3).
#pragma once

#include <cstdint>
#include <string_view>

namespace osprey {

enum class ContentFormat : uint16_t {
  kTextPlain = 0,
  kLinkFormat = 40,
  kXml = 41,
  kOctetStream = 42,
  kExi = 47,
  kJson = 50,
  kJsonPatch = 51,
  kMergePatch = 52,
  kCbor = 60,
  kCwt = 61,
  kCborSeq = 63,
  kSenmlJson = 110,
  kSenmlCbor = 112,
  kProblemDetails = 257,
};

}  // namespace osprey
