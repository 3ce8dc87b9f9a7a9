#include "bench/store/served_store.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "bench/micro/world.h"

namespace osprey::bench {
namespace {

using storage::NewContext;
using storage::OpenMode;
using storage::Store;

constexpr size_t kGroup = 1'000;  // contexts in one synced write

NewContext server_end(size_t i) {
  NewContext context{client_parameters(i, *cose::find_aead(cose::kAesCcm16_64_128)), {}};
  std::swap(context.parameters.sender_id, context.parameters.recipient_id);
  return context;
}

void fill(Store& store, size_t num_contexts) {
  std::vector<NewContext> group;
  for (size_t i = 0; i < num_contexts; ++i) {
    group.push_back(server_end(i));
    if (group.size() < kGroup && i + 1 < num_contexts) continue;
    must(store.add(group));
    group.clear();
  }
}

}  // namespace

ServedStore::ServedStore(const std::string& path, size_t num_contexts) {
  must(Store::init(path));
  auto empty = must(Store::open(path, OpenMode::kProvision));
  fill(*empty, num_contexts);
  must(empty->close());
  empty.reset();
  store_ = must(Store::open(path, OpenMode::kServe));
  must(store_->serve(table_, readers_, {nullptr}));
  while (!link().has_all()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace osprey::bench
