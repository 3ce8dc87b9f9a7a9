#include "apps/osprey/explain.h"

#include <algorithm>
#include <cstdio>

#include "apps/osprey/explain_oscore.h"
#include "apps/osprey/text.h"

namespace osprey::cli {
namespace {

using storage::OpenMode;
using storage::Store;

// As people copy it: with blanks, colons or line ends between the digits.
Result<std::vector<uint8_t>> read_hex(const char* what, std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == ':' || c == '\n' || c == '\t'; });
  auto bytes = from_hex(text);
  if (!bytes) {
    return fail(std::string(what) + " is not hex",
                "copy the UDP payload as hex digits; blanks and colons may stand between them");
  }
  return std::move(*bytes);
}

std::string scalar_text(const Json& value) {
  if (value.is_string()) {
    auto text = value.get<std::string>();
    return text.empty() ? "empty" : text;
  }
  if (value.is_null()) return "none";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.dump();
}

// An option on one line: "  @8 OSCORE (9, class U, critical): ...".
std::string option_line(const Json& option) {
  std::string line = "@" + scalar_text(option["offset"]) + " " + scalar_text(option["name"]) +
                     " (" + scalar_text(option["number"]) + ", class " +
                     scalar_text(option["class"]) +
                     (option["critical"].get<bool>() ? ", critical): " : ", elective): ");
  const Json& value = option["value"];
  if (!value.is_object()) return line + scalar_text(value);
  bool is_first = true;
  for (const auto& [key, part] : value.items()) {
    line += (is_first ? "" : ", ") + key + " " + scalar_text(part);
    is_first = false;
  }
  return line;
}

void print_tree(const Json& tree, int indent) {
  for (const auto& [key, value] : tree.items()) {
    std::string name = key;
    std::ranges::replace(name, '_', ' ');
    if (value.is_object()) {
      if (value.empty()) continue;
      std::printf("%*s%s\n", indent, "", name.c_str());
      print_tree(value, indent + 2);
    } else if (value.is_array()) {
      std::printf("%*s%s%s\n", indent, "", name.c_str(), value.empty() ? ": none" : "");
      for (const Json& each : value) {
        if (each.is_object() && each.contains("number")) {
          std::printf("%*s%s\n", indent + 2, "", option_line(each).c_str());
          if (each.contains("fault")) {
            std::printf("%*sfault: %s\n", indent + 6, "", scalar_text(each["fault"]).c_str());
          }
        } else if (each.is_object()) {
          print_tree(each, indent + 2);
        } else {
          std::printf("%*s- %s\n", indent + 2, "", scalar_text(each).c_str());
        }
      }
    } else {
      std::printf("%*s%s: %s\n", indent, "", name.c_str(), scalar_text(value).c_str());
    }
  }
}

Json outcome_tree(const Outcome& outcome) {
  Json tree = {{"ok", outcome.ok}};
  if (outcome.ok) return tree;
  tree["failing_step"] = outcome.step;
  tree["reason"] = outcome.reason;
  if (!outcome.answer.empty()) tree["answer"] = outcome.answer;
  tree["likely_causes"] = outcome.likely_causes;
  return tree;
}

bool has_oscore_option(const coap::Message& message) {
  coap::OptionReader options = message.option_reader();
  while (const auto option = options.next()) {
    if (option->number == coap::option::kOscore) return true;
  }
  return false;
}

struct Inputs {
  std::vector<uint8_t> datagram;
  std::vector<uint8_t> request;
  std::unique_ptr<Store> store;  // null when none is given
};

Result<Inputs> read_inputs(const ExplainArguments& arguments) {
  Inputs inputs;
  auto datagram = read_hex("the datagram", arguments.hex);
  if (!datagram) return tl::unexpected(datagram.error());
  inputs.datagram = std::move(*datagram);
  if (arguments.request_hex) {
    auto request = read_hex("--request", *arguments.request_hex);
    if (!request) return tl::unexpected(request.error());
    inputs.request = std::move(*request);
  }
  if (arguments.store) {
    auto store = Store::open(*arguments.store, OpenMode::kInspect);
    if (!store) return tl::unexpected(store.error());
    inputs.store = std::move(*store);
  }
  return inputs;
}

// Decodes, and decrypts if it can; puts everything into `report`.
bool explain(const Inputs& inputs, const ExplainArguments& arguments, Json& report) {
  const DecodedMessage decoded = decode_datagram(inputs.datagram);
  report["datagram"] = decoded.tree;
  if (!decoded.ok) {
    report["result"] = {{"ok", false},
                        {"failing_step", "RFC 7252 3 (CoAP message format)"},
                        {"reason", decoded.reason},
                        {"fails_at_byte", decoded.failed_at}};
    return false;
  }
  const coap::Message& outer = decoded.message;
  if (!has_oscore_option(outer)) {
    report["result"] = {{"ok", true}, {"note", "no OSCORE option: this message is not protected"}};
    return true;
  }
  if (outer.payload.empty()) {
    report["result"] = {{"ok", false},
                        {"failing_step", "RFC 8613 2 (OSCORE option without payload)"},
                        {"reason", "there is no ciphertext: the message is malformed"},
                        {"fails_at_byte", inputs.datagram.size()}};
    return false;
  }
  Outcome outcome;
  if (inputs.store) {
    report["oscore"] = Json::object();
    const DecodedMessage request = decode_datagram(inputs.request);
    outcome = explain_oscore(outer, request.ok ? &request.message : nullptr, *inputs.store,
                             arguments.context, report["oscore"]);
  } else {
    outcome = explain_option(outer);
  }
  report["result"] = outcome_tree(outcome);
  if (outcome.ok) {
    report["result"]["note"] = !inputs.store ? "give --store DIR to decrypt it"
                               : coap::is_request(outer.code)
                                   ? "whether it is a replay (8.2 step 3) only "
                                     "the running server knows"
                                   : "it answers this request";
  }
  return outcome.ok;
}

}  // namespace

int run_explain(const ExplainArguments& arguments) {
  const auto inputs = read_inputs(arguments);
  if (!inputs) return report(inputs.error(), kBadUsage);
  Json tree;
  const bool ok = explain(*inputs, arguments, tree);
  if (arguments.json) {
    // Text is shown only where it is UTF-8; the rest is hex.
    std::printf("%s\n", tree.dump().c_str());
  } else {
    print_tree(tree, 0);
  }
  return ok ? kDone : kFailed;
}

}  // namespace osprey::cli
