#include "framework/server/response.h"

#include <algorithm>
#include <cstring>
#include <utility>

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
  fault_ = {};
  has_own_etag_ = false;
  num_options_ = 0;
  values_len_ = 0;
  payload_len_ = 0;
}

void Response::content(ContentFormat format, Bytes body) {
  remove_option(option::kBlock2);  // of an earlier call
  remove_option(option::kSize2);
  if (std::exchange(has_own_etag_, false)) remove_option(option::kETag);
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
  if (!has_option(option::kETag)) {
    etag(entity_tag(body));
    has_own_etag_ = true;
  }
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

void Response::etag(Bytes tag) {
  remove_option(option::kETag);
  has_own_etag_ = false;
  append_option(option::kETag, tag);
}

void Response::option(uint16_t number, Bytes value) {
  if (number == option::kOscore) {
    fault_ = "OSCORE is no option of the application";
    return;
  }
  const coap::OptionInfo* info = coap::find_option(number);
  if (info != nullptr && !info->repeatable) remove_option(number);
  append_option(number, value);
}

// The values behind it move up.
void Response::remove_option(uint16_t number) {
  size_t num_kept = 0;
  size_t kept_len = 0;
  for (size_t i = 0; i < num_options_; ++i) {
    StoredOption stored = options_[i];
    if (stored.number == number) continue;
    std::memmove(values_.data() + kept_len, values_.data() + stored.offset, stored.len);
    stored.offset = static_cast<uint16_t>(kept_len);
    kept_len += stored.len;
    options_[num_kept++] = stored;
  }
  num_options_ = num_kept;
  values_len_ = kept_len;
}

void Response::append_option(uint16_t number, Bytes value) {
  if (num_options_ == kMaxOptions || value.size() > values_.size() - values_len_) {
    fault_ = "response options too long";
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
  if (!fault_.empty()) error(coap::Code::kInternalServerError, fault_);
  // Sorts a copy, as the values stay in the order in which they came.
  auto sorted = options_;
  const auto used = std::span(sorted).first(num_options_);
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
