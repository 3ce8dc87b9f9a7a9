#include "framework/server/request.h"

#include "framework/coap/option_table.h"

namespace osprey {
namespace {

namespace option = coap::option;
using coap::Code;
using coap::OptionView;

void refuse(RequestOptions& options, Code code, std::string_view text) {
  if (options.refusal != Code::kEmpty) return;  // the first reason is the one told
  options.refusal = code;
  options.refusal_text = text;
}

// Critical options that this server acts on. Others must be refused (RFC 7252 §5.4.1): it would
// break a promise to serve a conditional request or one block of a body as if it were the whole.
bool is_understood(uint16_t number) {
  switch (number) {
    case option::kUriHost:
    case option::kUriPort:
    case option::kUriPath:
    case option::kUriQuery:
    case option::kAccept:
    case option::kBlock2:
    case option::kProxyUri:     // understood, and answered 5.05
    case option::kProxyScheme:  // likewise
      return true;
    default: return false;
  }
}

// RFC 7252 §5.4.3, §5.4.5: a value of the wrong length, or one occurrence too many, is treated as
// an option that is not understood.
bool is_well_formed(const OptionView& option, bool repeated) {
  const coap::OptionInfo* info = coap::find_option(option.number);
  if (info == nullptr) return true;
  if (option.value.size() < info->min_len || option.value.size() > info->max_len) return false;
  return info->repeatable || !repeated;
}

void read_path_segment(RequestOptions& options, const OptionView& option) {
  options.path_too_deep = options.path_len == kMaxPathSegments;
  if (!options.path_too_deep) options.path[options.path_len++] = as_text(option.value);
}

void read_option(RequestOptions& options, const OptionView& option) {
  switch (option.number) {
    case option::kUriPath: read_path_segment(options, option); break;
    case option::kContentFormat:
      options.content_format = static_cast<uint16_t>(option.as_uint());
      break;
    case option::kAccept: options.accept = static_cast<uint16_t>(option.as_uint()); break;
    case option::kBlock2: options.block2 = Block::decode(option.value); break;
    case option::kProxyUri:
    case option::kProxyScheme:
      refuse(options, Code::kProxyingNotSupported, "this server is no proxy");
      break;
    default: break;
  }
}

// RFC 7959 §2.2: 4.00, which is not the same as an option that is not understood.
bool has_reserved_block_size(const OptionView& option) {
  const bool is_block = option.number == option::kBlock1 || option.number == option::kBlock2;
  return is_block && !Block::decode(option.value);
}

}  // namespace

RequestOptions read_request_options(coap::OptionReader reader) {
  RequestOptions options;
  std::optional<uint16_t> previous;
  while (const auto option = reader.next()) {
    const bool usable = is_well_formed(*option, option->number == previous);
    if (usable && has_reserved_block_size(*option)) {
      refuse(options, Code::kBadRequest, "reserved block size");
    } else if (coap::is_critical(option->number) && !(usable && is_understood(option->number))) {
      refuse(options, Code::kBadOption, "critical option not understood");
    } else if (usable) {
      read_option(options, *option);
    }
    previous = option->number;
  }
  return options;
}

std::string_view Request::parameter(std::string_view name) const {
  for (size_t i = 0; i < num_parameters_; ++i) {
    if (parameters_[i].name == name) return parameters_[i].value;
  }
  return {};
}

std::optional<std::string_view> Request::query(std::string_view name) const {
  coap::OptionReader options = message_.option_reader();
  while (const auto option = options.next()) {
    if (option->number != option::kUriQuery) continue;
    const std::string_view pair = as_text(option->value);
    if (!pair.starts_with(name)) continue;
    if (pair.size() == name.size()) return std::string_view();
    if (pair[name.size()] == '=') return pair.substr(name.size() + 1);
  }
  return std::nullopt;
}

std::optional<Bytes> Request::option(uint16_t number) const {
  coap::OptionReader options = message_.option_reader();
  while (const auto option = options.next()) {
    if (option->number == number) return option->value;
  }
  return std::nullopt;
}

bool Request::add_parameter(PathParameter parameter) {
  if (num_parameters_ == kMaxPathParameters) return false;
  parameters_[num_parameters_++] = parameter;
  return true;
}

}  // namespace osprey
