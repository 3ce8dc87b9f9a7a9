// What a handler answers with. It holds its own memory, so a handler may pass it pieces of the
// request; what it is given is copied at once.
//
// A response without a call is 2.05 without payload for GET and FETCH, 2.04 for POST, PUT, PATCH
// and iPATCH, 2.02 for DELETE.
// Thread: the worker that owns the request's context.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "framework/base/bytes.h"
#include "framework/base/limits.h"
#include "framework/coap/code.h"
#include "framework/coap/content_format.h"
#include "framework/coap/message.h"
#include "framework/server/block.h"

namespace osprey {

class Response {
 public:
  // Longest option values together, and their number.
  static constexpr size_t kMaxOptionBytes = 256;
  static constexpr size_t kMaxOptions = 16;

  // Sets the payload and its Content-Format. A `body` above one block goes out block by block
  // (RFC 7959): this call takes the block that the request asks for, so a handler always passes the
  // whole representation, and the same one while it does not change.
  void content(ContentFormat format, Bytes body);
  void content(ContentFormat format, std::string_view body) { content(format, as_bytes(body)); }

  void code(coap::Code code) { code_ = code; }
  // 2.01 with the new resource's path, one Location-Path option for each segment ("a/b").
  void created(std::string_view path = {});
  void changed() { code_ = coap::Code::kChanged; }
  void deleted() { code_ = coap::Code::kDeleted; }
  // Discards what was set before. `diagnostic` is for people: UTF-8, cut to what fits.
  void error(coap::Code code, std::string_view diagnostic = {});

  void max_age(uint32_t seconds) { uint_option(coap::option::kMaxAge, seconds); }
  // The representation's; set it before content(), which makes one of its own for blocks without.
  void etag(Bytes tag);
  // Any further option but OSCORE; numbers in any order. One that may stand only once replaces the
  // earlier one. What exceeds the limits above makes the response 5.00.
  void option(uint16_t number, Bytes value);
  void uint_option(uint16_t number, uint64_t value);

  // For the pipeline.
  void reset(coap::Code default_code, std::optional<Block> asked_block);
  coap::Code code() const { return code_; }
  std::optional<uint16_t> content_format() const { return content_format_; }
  // The response with options delta-coded; borrows this object. Header fields are the caller's.
  coap::Message message();

 private:
  struct StoredOption {
    uint16_t number;
    uint16_t offset;
    uint16_t len;
  };

  bool has_option(uint16_t number) const;
  void remove_option(uint16_t number);
  void append_option(uint16_t number, Bytes value);
  void content_block(Bytes body);

  coap::Code code_ = coap::Code::kContent;
  std::optional<Block> asked_block_;
  std::optional<uint16_t> content_format_;
  std::string_view fault_;  // why it has become 5.00; empty if it has not
  bool has_own_etag_ = false;
  size_t num_options_ = 0;
  size_t values_len_ = 0;
  size_t payload_len_ = 0;
  std::array<StoredOption, kMaxOptions> options_;
  std::array<uint8_t, kMaxOptionBytes> values_;
  std::array<uint8_t, kMaxOptionBytes + 5 * kMaxOptions> wire_options_;
  std::array<uint8_t, kMaxPayload> payload_;
};

}  // namespace osprey
