#include "storage/import/libcoap_conf.h"

#include <algorithm>
#include <array>
#include <set>

#include "storage/import/libcoap_words.h"
#include "storage/import/value_reader.h"
#include "storage/words.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;

// One line, taken apart. Borrowed from the text.
struct Entry {
  std::string_view keyword;
  std::string_view encoding;
  std::string_view value;  // without its quotes
};

Encoding byte_encoding(std::string_view encoding) {
  return encoding == "hex" ? Encoding::kHex : Encoding::kBytes;
}

// What stands between the quotes, or up to the end of the line.
Result<std::string_view> unquoted(std::string_view value, const std::string& place) {
  if (!value.starts_with('"')) return value;
  const size_t end = value.find('"', 1);
  if (end == std::string_view::npos) return fail(place + ": the quote does not close");
  if (end + 1 != value.size()) return fail(place + ": the line goes on after its closing quote");
  return value.substr(1, end - 1);
}

Result<Entry> split(std::string_view line, const std::string& place) {
  const size_t first = line.find(',');
  const size_t second = first == std::string_view::npos ? first : line.find(',', first + 1);
  // A line that breaks off in the middle may begin with anything: it is not repeated.
  if (second == std::string_view::npos) {
    return fail(place + ": expected keyword,encoding,value", "as in sender_id,hex,\"01\"");
  }
  const auto value = unquoted(line.substr(second + 1), place);
  if (!value) return tl::unexpected(value.error());
  return Entry{line.substr(0, first), line.substr(first + 1, second - first - 1), *value};
}

// Takes one entry after the other, and knows the contexts at the end.
class Conf {
 public:
  explicit Conf(std::string path) : path_(std::move(path)) {}

  Result<void> take(const Entry& entry, const std::string& place);
  Result<LibcoapConf> end(const std::string& name) const;

 private:
  Result<void> check(const Entry& entry, const std::string& place);
  void read(ValueReader& reader, const Entry& entry);
  ImportedContext context(const std::string& name, const std::vector<uint8_t>& recipient_id) const;

  std::string path_;
  ContextParameters common_;
  std::vector<std::vector<uint8_t>> recipient_ids_;
  uint64_t ssn_freq_ = 1;
  std::set<std::string_view> seen_;
};

Result<void> Conf::take(const Entry& entry, const std::string& place) {
  if (const auto checked = check(entry, place); !checked) return checked;
  ValueReader reader(place);
  read(reader, entry);
  if (reader.error()) return tl::unexpected(*reader.error());
  return {};
}

Result<void> Conf::check(const Entry& entry, const std::string& place) {
  const LibcoapKeyword* keyword = find_libcoap_keyword(entry.keyword);
  if (keyword == nullptr) {
    return fail_unknown_key(place, entry.keyword, libcoap_keyword_names());
  }
  const std::string named = place + ": keyword " + in_quotes(keyword->name);
  if (!keyword->encodings.empty() && !keyword->has_encoding(entry.encoding)) {
    return fail(named + ": expected the encoding " + std::string(keyword->encodings));
  }
  if (!keyword->refusal.empty() && (entry.encoding != "bool" || entry.value != "false")) {
    return fail(named + " " + std::string(keyword->refusal), std::string(keyword->mend));
  }
  // libcoap takes the last of two numbers, and no second secret, salt or ID.
  if (!seen_.insert(keyword->name).second && keyword->name != "recipient_id") {
    return fail(named + " stands there twice", "leave one of them out");
  }
  return {};
}

void Conf::read(ValueReader& reader, const Entry& entry) {
  const std::string_view key = entry.keyword;
  const auto bytes = [&](std::vector<uint8_t>& out, size_t max_len) {
    reader.bytes(out, key, byte_encoding(entry.encoding), entry.value, max_len);
  };
  if (key == "master_secret") {
    reader.secret(common_.master_secret, key, byte_encoding(entry.encoding), entry.value);
  }
  if (key == "master_salt") bytes(common_.master_salt, kMaxSaltLen);
  if (key == "id_context") bytes(common_.id_context.emplace(), kMaxIdContextLen);
  if (key == "sender_id") bytes(common_.sender_id, cose::kMaxIdLen);
  if (key == "recipient_id") bytes(recipient_ids_.emplace_back(), cose::kMaxIdLen);
  if (key == "aead_alg") reader.aead(common_.aead, key, entry.value);
  if (key == "hkdf_alg") reader.hkdf(common_.hkdf, key, entry.value, libcoap_hkdf_names());
  if (key == "replay_window") reader.replay_window(common_.replay_window_size, key, entry.value);
  if (key == "ssn_freq") {
    reader.sequence(ssn_freq_, key, entry.value);
    if (ssn_freq_ == 0) reader.refuse(key, "expected a number above 0");
  }
  bool is_on = false;
  if (entry.encoding == "bool") reader.flag(is_on, key, entry.value);
}

ImportedContext Conf::context(const std::string& name,
                              const std::vector<uint8_t>& recipient_id) const {
  ImportedContext context;
  context.parameters = common_.duplicate();
  context.parameters.recipient_id = recipient_id;
  context.parameters.name = name;
  if (recipient_ids_.size() > 1) context.parameters.name += "-" + to_hex(recipient_id);
  context.source = path_;
  return context;
}

Result<LibcoapConf> Conf::end(const std::string& name) const {
  for (const char* needed : {"master_secret", "sender_id", "recipient_id"}) {
    if (!seen_.contains(needed)) {
      return fail(path_ + ": there is no " + needed,
                  "add a line " + std::string(needed) + ",hex,\"...\"");
    }
  }
  LibcoapConf conf;
  conf.ssn_freq = ssn_freq_;
  for (const auto& recipient_id : recipient_ids_) {
    auto each = checked(context(name, recipient_id));
    if (!each) return tl::unexpected(each.error());
    conf.contexts.push_back(std::move(*each));
  }
  return conf;
}

}  // namespace

Result<LibcoapConf> parse_libcoap_conf(std::string_view text, const std::string& name,
                                       const std::string& path) {
  Conf conf(path);
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string place = path + ": line " + std::to_string(number);
    const size_t len = text.find('\n');
    if (len == std::string_view::npos) {
      return fail(place + ": libcoap does not read a last line without an end of line",
                  "delete that line, or end it, if the other end has its value");
    }
    std::string_view line = text.substr(0, len);
    text.remove_prefix(len + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto entry = split(line, place);
    if (!entry) return tl::unexpected(entry.error());
    if (const auto taken = conf.take(*entry, place); !taken) return tl::unexpected(taken.error());
  }
  return conf.end(name);
}

Result<uint64_t> parse_libcoap_sequence(std::string_view text, uint64_t ssn_freq,
                                        const std::string& path) {
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r'; };
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  const auto next = text.empty() ? std::optional<uint64_t>(0) : number_of<uint64_t>(text);
  if (!next || *next > kMaxSequenceFloor) {
    return fail(path + ": expected one number from 0 to " + std::to_string(kMaxSequenceFloor));
  }
  // libcoap writes the end of each run of ssn_freq numbers before it uses the first, but does not
  // wait for the disk: the last write may be lost.
  return std::min(kMaxSequenceFloor, *next + std::min(ssn_freq, kMaxSequenceFloor));
}

}  // namespace osprey::storage
