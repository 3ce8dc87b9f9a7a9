#include "framework/server/response.h"

#include <algorithm>
#include <cstring>

#include "framework/base/check.h"
#include "framework/base/hash.h"

namespace osprey {
namespace {

namespace option = coap::option;

constexpr uint8_t kLargestSizeExponent = 6;  // 1024 bytes
static_assert(kMaxPayload == size_t{1} << (kLargestSizeExponent + 4));

// Lets a client see that blocks belong to one representation (RFC 7959 §2.4). Not a MAC.
std::array<uint8_t, 8> entity_tag(Bytes body) {
  std::array<uint8_t, 8> tag;
  Writer writer(tag);
  writer.uint(hash_bytes(0, body), tag.size());
  return tag;
}

}  // namespace

void Response::reset(coap::Code default_code, std::optional<Block> asked_block) {
  code_ = default_code;
  asked_block_ = asked_block;
  content_format_.reset();
  num_options_ = 0;
  values_len_ = 0;
  payload_len_ = 0;
}

void Response::content(ContentFormat format, Bytes body) {
  content_format_ = static_cast<uint16_t>(format);
  uint_option(option::kContentFormat, *content_format_);
  const size_t block_size = asked_block_ ? asked_block_->size() : kMaxPayload;
  if (body.size() > block_size || (asked_block_ && asked_block_->number > 0)) {
    content_block(body);
    return;
  }
  payload_len_ = body.size();
  if (!body.empty()) std::memcpy(payload_.data(), body.data(), body.size());
}

// The one block of `body` that was asked for; the first if none was.
void Response::content_block(Bytes body) {
  Block block = asked_block_.value_or(Block{});
  if (block.offset() >= body.size()) {
    error(coap::Code::kBadRequest, "block beyond the end");
    return;
  }
  const Bytes rest = body.subspan(block.offset());
  block.more = rest.size() > block.size();
  payload_len_ = std::min(rest.size(), block.size());
  std::memcpy(payload_.data(), rest.data(), payload_len_);
  if (!has_option(option::kETag)) etag(entity_tag(body));
  uint_option(option::kBlock2, block.encode());
  if (block.number == 0) uint_option(option::kSize2, body.size());
}

void Response::created(std::string_view path) {
  code_ = coap::Code::kCreated;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end > 0) option(option::kLocationPath, as_bytes(path.substr(0, end)));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
}

void Response::error(coap::Code code, std::string_view diagnostic) {
  reset(code, asked_block_);
  payload_len_ = std::min(diagnostic.size(), kMaxPayload);
  if (payload_len_ > 0) std::memcpy(payload_.data(), diagnostic.data(), payload_len_);
}

bool Response::has_option(uint16_t number) const {
  return std::any_of(options_.begin(), options_.begin() + num_options_,
                     [&](const StoredOption& stored) { return stored.number == number; });
}

void Response::option(uint16_t number, Bytes value) {
  if (num_options_ == kMaxOptions || value.size() > values_.size() - values_len_) {
    error(coap::Code::kInternalServerError, "response options too long");
    return;
  }
  options_[num_options_++] = {number, static_cast<uint16_t>(values_len_),
                              static_cast<uint16_t>(value.size())};
  if (!value.empty()) std::memcpy(values_.data() + values_len_, value.data(), value.size());
  values_len_ += value.size();
}

void Response::uint_option(uint16_t number, uint64_t value) {
  std::array<uint8_t, 8> bytes;
  Writer writer(bytes);
  writer.uint(value, uint_len(value));
  option(number, writer.written());
}

coap::Message Response::message() {
  const auto used = std::span(options_).first(num_options_);
  // Insertion sort keeps the order of equal numbers and, unlike stable_sort, never allocates.
  for (size_t i = 1; i < used.size(); ++i) {
    for (size_t j = i; j > 0 && used[j].number < used[j - 1].number; --j) {
      std::swap(used[j], used[j - 1]);
    }
  }
  Writer writer(wire_options_);
  coap::OptionWriter options(writer);
  for (const StoredOption& stored : used) {
    options.opaque(stored.number, Bytes(values_).subspan(stored.offset, stored.len));
  }
  DCHECK(writer.ok());
  coap::Message message;
  message.code = code_;
  message.options = writer.written();
  message.payload = Bytes(payload_).first(payload_len_);
  return message;
}

}  // namespace osprey
