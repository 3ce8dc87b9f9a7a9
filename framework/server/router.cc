#include "framework/server/router.h"

#include <set>

namespace osprey {
namespace {

constexpr size_t kMaxParameterDepth = Request::kMaxPathParameters;

// The root has no segments; every slash has one on both sides of it.
std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  if (path.empty()) return segments;
  for (;;) {
    const size_t end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    if (end == path.size()) return segments;
    path.remove_prefix(end + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}' &&
         segment.substr(1, segment.size() - 2).find_first_of("{}") == std::string_view::npos;
}

Result<void> check_path(const std::string& path, const std::vector<std::string>& segments) {
  if (segments.size() > kMaxPathSegments) {
    return fail("resource \"" + path + "\": more than " + std::to_string(kMaxPathSegments) +
                " path segments");
  }
  std::set<std::string_view> parameters;
  for (const std::string& segment : segments) {
    if (segment.empty()) {
      return fail("resource \"" + path + "\": empty path segment",
                  "write the path without leading, trailing or double slashes");
    }
    if (is_parameter(segment)) {
      if (!parameters.insert(segment).second) {
        return fail("resource \"" + path + "\": " + segment + " stands in it twice",
                    "give each parameter a name of its own");
      }
    } else if (segment.find_first_of("{}") != std::string::npos) {
      return fail("resource \"" + path + "\": braces must enclose a whole segment, as in a/{id}");
    }
  }
  if (parameters.size() > kMaxParameterDepth) {
    return fail("resource \"" + path + "\": more than " + std::to_string(kMaxParameterDepth) +
                " parameters");
  }
  return {};
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> named;
  std::unique_ptr<Node> any;  // {parameter}
  std::string parameter;      // its name, without braces
  const Resource* resource = nullptr;
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

Resource& Router::add(std::string path) {
  return *resources_.emplace_back(std::make_unique<Resource>(std::move(path)));
}

Result<void> Router::place(Resource& resource) {
  const std::vector<std::string> segments = split(resource.path());
  if (auto checked = check_path(resource.path(), segments); !checked) return checked;
  Node* node = root_.get();
  for (const std::string& segment : segments) {
    std::unique_ptr<Node>& child = is_parameter(segment) ? node->any : node->named[segment];
    if (!child) child = std::make_unique<Node>();
    if (is_parameter(segment)) {
      const std::string name = segment.substr(1, segment.size() - 2);
      if (!node->parameter.empty() && node->parameter != name) {
        return fail("resource \"" + resource.path() + "\": {" + name + "} is called {" +
                        node->parameter + "} in another resource",
                    "give the parameter one name");
      }
      node->parameter = name;
    }
    node = child.get();
  }
  if (node->resource != nullptr) {
    return fail("resource \"" + resource.path() + "\" is defined twice");
  }
  node->resource = &resource;
  return {};
}

Result<void> Router::finish() {
  for (const auto& resource : resources_) {
    if (auto placed = place(*resource); !placed) return placed;
    const bool is_template = resource->path().find('{') != std::string::npos;
    if (!resource->is_listed() || is_template) continue;
    if (!links_.empty()) links_ += ",";
    links_ += resource->link();
  }
  Resource& core = add(".well-known/core");
  core.access(Access::kPlainAllowed)
      .produces({ContentFormat::kLinkFormat})
      .get([this](const Request&, Response& response) {
        response.content(ContentFormat::kLinkFormat, links_);
      });
  return place(core);
}

const Resource* Router::find(std::span<const std::string_view> path, Request& request) const {
  return find_below(*root_, path, request);
}

// Depth is bounded by kMaxPathSegments.
const Resource* Router::find_below(const Node& node, std::span<const std::string_view> path,
                                   Request& request) const {
  if (path.empty()) return node.resource;
  const auto rest = path.subspan(1);
  if (const auto named = node.named.find(path[0]); named != node.named.end()) {
    if (const Resource* found = find_below(*named->second, rest, request)) return found;
  }
  if (!node.any) return nullptr;
  const Resource* found = find_below(*node.any, rest, request);
  if (found != nullptr && !request.add_parameter({node.parameter, path[0]})) return nullptr;
  return found;
}

}  // namespace osprey
