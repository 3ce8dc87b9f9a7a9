#include "framework/server/resource.h"

#include <algorithm>

#include "framework/base/check.h"

namespace osprey {
namespace {

std::vector<uint16_t> numbers(const std::vector<ContentFormat>& formats) {
  std::vector<uint16_t> result;
  result.reserve(formats.size());
  for (const ContentFormat format : formats) result.push_back(static_cast<uint16_t>(format));
  return result;
}

// RFC 3986 §3.3: what may stand in a path as it is.
bool is_path_char(char c) {
  constexpr std::string_view kOthers = "/-._~!$&'()*+,;=:@";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

std::string percent_encoded(std::string_view path) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : path) {
    if (is_path_char(c)) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    encoded.push_back('%');
    encoded.push_back(kDigits[byte >> 4]);
    encoded.push_back(kDigits[byte & 0x0f]);
  }
  return encoded;
}

// RFC 6690 §2: a quoted string; backslash and quote are escaped.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result.push_back('\\');
    result.push_back(c);
  }
  return result + "\"";
}

}  // namespace

Resource& Resource::on(coap::Code method, Handler handler) {
  const auto index = static_cast<size_t>(method) - 1;
  CHECK(index < kNumMethods);
  handlers_[index] = std::move(handler);
  return *this;
}

Resource& Resource::produces(const std::vector<ContentFormat>& formats) {
  produces_ = numbers(formats);
  return *this;
}

Resource& Resource::consumes(const std::vector<ContentFormat>& formats) {
  consumes_ = numbers(formats);
  return *this;
}

Resource& Resource::access(Access access) {
  access_ = access;
  return *this;
}

Resource& Resource::title(std::string title) {
  title_ = std::move(title);
  return *this;
}

Resource& Resource::type(std::string resource_type) {
  type_ = std::move(resource_type);
  return *this;
}

Resource& Resource::unlisted() {
  listed_ = false;
  return *this;
}

const Handler* Resource::handler(coap::Code method) const {
  const auto index = static_cast<size_t>(method) - 1;
  return index < kNumMethods && handlers_[index] ? &handlers_[index] : nullptr;
}

bool Resource::allows(const std::vector<uint16_t>& formats, uint16_t format) {
  return formats.empty() || std::find(formats.begin(), formats.end(), format) != formats.end();
}

std::string Resource::link() const {
  std::string link = "</" + percent_encoded(path_) + ">";
  if (access_ == Access::kOscoreOnly) link += ";osc";  // RFC 8613 §9
  if (!produces_.empty()) {
    std::string list;
    for (const uint16_t format : produces_) {
      list += (list.empty() ? "" : " ") + std::to_string(format);
    }
    link += ";ct=" + (produces_.size() == 1 ? list : quoted(list));
  }
  if (!type_.empty()) link += ";rt=" + quoted(type_);
  if (!title_.empty()) link += ";title=" + quoted(title_);
  return link;
}

}  // namespace osprey
