// From a request's path to its resource.
//
// A tree of path segments: each node has named children, and at most one for `{parameter}`. A named
// child is tried before the parameter. Looking up allocates nothing.
// Built before the server runs, read by all workers afterwards.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/result.h"
#include "framework/server/resource.h"

namespace osprey {

class Router {
 public:
  Router();
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // `path`: "a/b/{id}", without leading slash; "" is the root. A bad or repeated path is reported
  // by finish(), so that an application can chain its calls.
  Resource& add(std::string path);

  // Call once after the last add: checks all paths and writes /.well-known/core (RFC 6690), which
  // anyone may read.
  Result<void> finish();

  // The resource at `path`, with its parameters put into `request`; nullptr if there is none.
  const Resource* find(std::span<const std::string_view> path, Request& request) const;

 private:
  struct Node;

  const Resource* find_below(const Node& node, std::span<const std::string_view> path,
                             Request& request) const;
  Result<void> place(Resource& resource);

  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Resource>> resources_;
  std::string links_;
};

}  // namespace osprey
