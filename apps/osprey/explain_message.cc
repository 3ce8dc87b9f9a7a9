#include "apps/osprey/explain_message.h"

#include "apps/osprey/text.h"
#include "framework/oscore/option.h"
#include "framework/server/block.h"

namespace osprey::cli {
namespace {

using coap::OptionView;

const char* class_letters(coap::OscoreClass oscore_class) {
  switch (oscore_class) {
    case coap::OscoreClass::kInner: return "E";
    case coap::OscoreClass::kOuter: return "U";
    case coap::OscoreClass::kBoth: return "E+U";
  }
  return "?";
}

Json oscore_option_value(Bytes value) {
  oscore::OscoreOption option;
  const auto error = oscore::parse_oscore_option(value, option);
  if (error != oscore::OptionError::kNone) {
    return {{"hex", to_hex(value)}, {"fails", oscore::option_error_text(error)}};
  }
  Json tree = {{"hex", to_hex(value)}};
  tree["partial_iv"] = option.partial_iv.empty() ? Json() : Json(to_hex(option.partial_iv));
  if (!option.partial_iv.empty()) tree["sequence_number"] = read_uint(option.partial_iv);
  tree["kid_context"] = option.kid_context ? Json(to_hex(*option.kid_context)) : Json();
  tree["kid"] = option.kid ? Json(to_hex(*option.kid)) : Json();
  return tree;
}

Json uint_value(const OptionView& option) {
  switch (option.number) {
    case coap::option::kBlock1:
    case coap::option::kBlock2: {
      const auto block = Block::decode(option.value);
      if (!block) return {{"hex", to_hex(option.value)}, {"fails", "size exponent 7, or too long"}};
      return {{"number", block->number}, {"more", block->more}, {"size", block->size()}};
    }
    case coap::option::kContentFormat:
    case coap::option::kAccept:
      return std::to_string(option.as_uint()) + " " + content_format_name(option.as_uint());
    default: return option.as_uint();
  }
}

Json value_of(const OptionView& option, const coap::OptionInfo* info) {
  if (option.number == coap::option::kOscore) return oscore_option_value(option.value);
  if (info == nullptr) return to_hex(option.value);
  switch (info->format) {
    case coap::ValueFormat::kEmpty: return option.value.empty() ? "" : to_hex(option.value);
    case coap::ValueFormat::kOpaque: return to_hex(option.value);
    case coap::ValueFormat::kUint: return uint_value(option);
    case coap::ValueFormat::kString:
      if (!is_printable(option.value)) return {{"hex", to_hex(option.value)}};
      return as_text(option.value);
  }
  return to_hex(option.value);
}

Json option_tree(const OptionView& option, size_t offset) {
  const coap::OptionInfo* info = coap::find_option(option.number);
  Json tree = {{"offset", offset},
               {"number", option.number},
               {"name", info != nullptr ? info->name : "unknown"},
               {"class", class_letters(coap::oscore_class(option.number))},
               {"critical", coap::is_critical(option.number)}};
  tree["value"] = value_of(option, info);
  const size_t len = option.value.size();
  if (info != nullptr && (len < info->min_len || len > info->max_len)) {
    tree["fault"] = std::to_string(len) + " bytes, but " + std::to_string(info->min_len) + " to " +
                    std::to_string(info->max_len) + " are allowed";
  }
  if (info == nullptr && coap::is_critical(option.number)) {
    tree["fault"] = "critical, and not known here: the message must be refused";
  }
  return tree;
}

Json payload_tree(Bytes payload, size_t offset) {
  Json tree = {{"offset", offset}, {"len", payload.size()}, {"hex", to_hex(payload)}};
  if (is_printable(payload)) tree["text"] = as_text(payload);
  return tree;
}

std::string reason_of(coap::ParseError error) {
  switch (error) {
    case coap::ParseError::kNone: return "";
    case coap::ParseError::kTooShort: return "fewer than 4 bytes: no CoAP header";
    case coap::ParseError::kVersion: return "the version is not 1: receivers drop it silently";
    case coap::ParseError::kTokenLength:
      return "the token length is reserved, or the token runs past the end";
    case coap::ParseError::kOption: return "an option runs past the end, or has a reserved length";
    case coap::ParseError::kEmptyPayload: return "a payload marker with nothing after it";
    case coap::ParseError::kEmptyWithContent:
      return "code 0.00 (Empty) with bytes after the Message ID";
  }
  return "unknown";
}

}  // namespace

std::string code_name(coap::Code code) {
  const std::string_view method = coap::method_name(code);
  if (!method.empty()) return coap::code_text(code) + " " + std::string(method);
  if (code == coap::Code::kEmpty) return "0.00 Empty";
  return coap::code_text_with_name(code);
}

DecodedBody decode_body(Bytes body, size_t offset, Json& tree) {
  tree["options"] = Json::array();
  coap::OptionReader reader(body);
  std::optional<uint16_t> last;
  while (true) {
    const size_t at = offset + body.size() - reader.rest().size();
    const auto option = reader.next();
    if (reader.failed()) return {false, reason_of(coap::ParseError::kOption), at};
    if (!option) break;
    tree["options"].push_back(option_tree(*option, at));
    const coap::OptionInfo* info = coap::find_option(option->number);
    if (option->number == last && info != nullptr && !info->repeatable) {
      tree["options"].back()["fault"] = "must not be repeated";
    }
    last = option->number;
  }
  const Bytes rest = reader.rest();
  const size_t at = offset + body.size() - rest.size();
  if (rest.size() == 1) return {false, reason_of(coap::ParseError::kEmptyPayload), at};
  if (!rest.empty()) tree["payload"] = payload_tree(rest.subspan(1), at + 1);
  return {true, "", 0};
}

DecodedMessage decode_datagram(Bytes datagram) {
  DecodedMessage decoded;
  decoded.tree["len"] = datagram.size();
  const auto [error, message] = coap::parse(datagram);
  decoded.message = message;
  decoded.reason = reason_of(error);
  if (error == coap::ParseError::kTooShort) return decoded;
  decoded.tree["version"] = datagram[0] >> 6;
  decoded.tree["type"] = coap::type_name(message.type);
  decoded.tree["code"] = code_name(message.code);
  decoded.tree["message_id"] = message.message_id;
  if (error == coap::ParseError::kVersion) return decoded;
  decoded.failed_at = coap::kHeaderLen;
  if (error == coap::ParseError::kTokenLength || error == coap::ParseError::kEmptyWithContent) {
    return decoded;
  }
  decoded.tree["token"] = to_hex(message.token);
  const size_t body_at = coap::header_len(message.token);
  const DecodedBody body = decode_body(datagram.subspan(body_at), body_at, decoded.tree);
  decoded.ok = body.ok;
  decoded.reason = body.reason;
  decoded.failed_at = body.failed_at;
  return decoded;
}

}  // namespace osprey::cli
