// A CoAP message as a tree for people and programs, with byte offsets (RFC 7252 §3).
#pragma once

#include <nlohmann/json.hpp>

#include "framework/coap/message.h"

namespace osprey::cli {

using Json = nlohmann::ordered_json;

struct DecodedMessage {
  bool ok = false;
  Json tree;              // header, options and payload as far as they decode
  std::string reason;     // why not ok
  size_t failed_at = 0;   // byte of the datagram where it fails
  coap::Message message;  // if ok; borrows the datagram
};

DecodedMessage decode_datagram(Bytes datagram);

struct DecodedBody {
  bool ok = false;
  std::string reason;
  size_t failed_at = 0;
};

// Options and payload into `tree`; `offset` is where `body` begins, for the offsets shown.
DecodedBody decode_body(Bytes body, size_t offset, Json& tree);

// "2.05 Content".
std::string code_name(coap::Code code);

}  // namespace osprey::cli
