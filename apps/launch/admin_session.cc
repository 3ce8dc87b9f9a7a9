#include "apps/launch/admin_session.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "apps/launch/admin_protocol.h"
#include "apps/launch/report.h"
#include "storage/context_lines.h"
#include "storage/masked_json.h"
#include "storage/words.h"

namespace osprey {
namespace {

using Json = nlohmann::json;

constexpr const char* kOk = R"({"ok": true})";
constexpr const char* kWhere = "the request";
constexpr std::array<std::string_view, 3> kKeys = {"operation", "contexts", "name"};
constexpr std::array<std::string_view, 1> kSecretKeys = {"master_secret"};
// In the order of AdminSession::Operation.
constexpr std::array<std::string_view, 6> kOperations = {"add",    "replace", "remove",
                                                         "enable", "disable", "status"};

Result<Json> parse_request_object(std::string_view line) {
  const storage::JsonForm form{.keys = kKeys,
                               .rule = "one request per line",
                               .example = R"({"operation": "status"})",
                               .numbers = "contexts is the only number"};
  return storage::parse_object(storage::mask_secret(line, kSecretKeys), form, kWhere);
}

Result<size_t> parse_operation(const Json& object) {
  const auto found = object.find("operation");
  if (found != object.end() && found->is_string()) {
    const auto word = std::ranges::find(kOperations, found->get_ref<const std::string&>());
    if (word != kOperations.end()) return static_cast<size_t>(word - kOperations.begin());
  }
  return fail(std::string(kWhere) + ": key \"operation\": expected one of " +
              storage::joined(kOperations));
}

// It goes to the log, so it is what a context can be called.
bool is_name(const std::string& text) {
  const auto is_control = [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; };
  return text.size() <= storage::kMaxContextNameLen && std::ranges::none_of(text, is_control);
}

Result<std::string> parse_name(const Json& object) {
  const auto found = object.find("name");
  if (found != object.end() && found->is_string() &&
      is_name(found->get_ref<const std::string&>())) {
    return found->get<std::string>();
  }
  return fail(std::string(kWhere) + ": key \"name\": expected the name of a context");
}

Result<size_t> parse_count(const Json& object) {
  const auto found = object.find("contexts");
  if (found != object.end() && found->is_number_unsigned() && *found >= 1u &&
      *found <= kMaxAdminGroup) {
    return found->get<size_t>();
  }
  return fail(std::string(kWhere) + ": key \"contexts\": expected a number from 1 to " +
              std::to_string(kMaxAdminGroup));
}

}  // namespace

std::string admin_failure(const Error& error) {
  const nlohmann::ordered_json json = {{"ok", false}, {"cause", error.cause}, {"mend", error.mend}};
  // Names of contexts are text; whatever else got into a message is shown as far as it is.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> AdminSession::take(std::string_view line) {
  if (num_missing_ > 0) {
    take_context(line);
    if (--num_missing_ > 0) return std::nullopt;
    return finish(error_ ? tl::unexpected(*error_) : change());
  }
  auto request = parse(line);
  if (!request) {
    is_over_ = true;
    return admin_failure(request.error());
  }
  request_ = std::move(*request);
  if (request_.operation == Operation::kStatus) return status();
  num_missing_ = request_.num_contexts;
  if (num_missing_ > 0) return std::nullopt;
  return finish(change());
}

Result<AdminSession::Request> AdminSession::parse(std::string_view line) {
  const auto object = parse_request_object(line);
  if (!object) return tl::unexpected(object.error());
  const auto operation = parse_operation(*object);
  if (!operation) return tl::unexpected(operation.error());
  Request request;
  request.operation = static_cast<Operation>(*operation);
  switch (request.operation) {
    case Operation::kStatus: break;
    case Operation::kReplace: request.num_contexts = 1; break;
    case Operation::kAdd: {
      const auto count = parse_count(*object);
      if (!count) return tl::unexpected(count.error());
      request.num_contexts = *count;
      break;
    }
    default: {
      auto name = parse_name(*object);
      if (!name) return tl::unexpected(name.error());
      request.name = std::move(*name);
    }
  }
  return request;
}

// After an error the rest of the group is taken, and dropped, so that the next request is found.
void AdminSession::take_context(std::string_view line) {
  if (error_) return;
  const size_t number = request_.num_contexts - num_missing_ + 1;
  storage::NewContext context;
  auto parsed = storage::parse_exported_line(line, number, context.brought.sequence_floor);
  if (!parsed) {
    error_ = std::move(parsed.error());
    return;
  }
  context.parameters = std::move(*parsed);
  contexts_.push_back(std::move(context));
}

Result<void> AdminSession::change() {
  storage::Store& store = target_.store;
  switch (request_.operation) {
    case Operation::kAdd: return store.add(contexts_);
    case Operation::kReplace: return store.replace(contexts_[0].parameters);
    case Operation::kRemove: return store.remove(request_.name);
    case Operation::kEnable: return store.set_enabled(request_.name, true);
    case Operation::kDisable: return store.set_enabled(request_.name, false);
    case Operation::kStatus: break;
  }
  return {};
}

std::string AdminSession::status() const {
  return R"({"ok": true, "store": )" + health_json(target_.store.health()) + R"(, "counters": )" +
         target_.counters() + "}";
}

// Every change is in the log, with who asked for it.
std::string AdminSession::finish(const Result<void>& done) {
  const std::string_view operation = kOperations[static_cast<size_t>(request_.operation)];
  std::string what = request_.name;
  if (request_.operation == Operation::kReplace && !contexts_.empty()) {
    what = contexts_[0].parameters.name;
  }
  if (request_.operation == Operation::kAdd) {
    what = request_.num_contexts == 1 && !contexts_.empty()
               ? contexts_[0].parameters.name
               : std::to_string(request_.num_contexts) + " contexts";
  }
  contexts_.clear();
  error_.reset();
  if (!done) {
    spdlog::warn("admin, {}: {} {}: refused: {}", client_, operation, what, done.error().cause);
    return admin_failure(done.error());
  }
  spdlog::info("admin, {}: {} {}", client_, operation, what);
  return kOk;
}

}  // namespace osprey
