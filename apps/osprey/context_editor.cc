#include "apps/osprey/context_editor.h"

#include <chrono>
#include <thread>

#include "apps/launch/admin_protocol.h"
#include "apps/osprey/admin_client.h"
#include "framework/base/check.h"

namespace osprey::cli {
namespace {

using oscore::ContextParameters;
using storage::NewContext;
using storage::Store;

static_assert(ContextEditor::kMaxGroup <= kMaxAdminGroup);

// How long another command, or a server that is just starting, is waited for.
constexpr int kAttempts = 10;
constexpr std::chrono::milliseconds kPause{100};

class StoreEditor final : public ContextEditor {
 public:
  explicit StoreEditor(std::unique_ptr<Store> store) : store_(std::move(store)) {}
  ~StoreEditor() override { static_cast<void>(close()); }

  Result<void> add(std::span<const NewContext> group) override {
    CHECK(group.size() <= kMaxGroup);
    return store_->add(group);
  }
  Result<void> replace(const ContextParameters& parameters) override {
    return store_->replace(parameters);
  }
  Result<void> remove(const std::string& name) override { return store_->remove(name); }
  Result<void> set_enabled(const std::string& name, bool enabled) override {
    return store_->set_enabled(name, enabled);
  }
  Result<void> close() override {
    if (is_closed_) return {};
    is_closed_ = true;
    return store_->close();
  }
  std::string place() const override { return "store " + store_->path(); }

 private:
  std::unique_ptr<Store> store_;
  bool is_closed_ = false;
};

class ServerEditor final : public ContextEditor {
 public:
  explicit ServerEditor(AdminClient server) : server_(std::move(server)) {}

  Result<void> add(std::span<const NewContext> group) override {
    CHECK(group.size() <= kMaxGroup);
    return call({{"operation", "add"}, {"contexts", group.size()}}, group);
  }
  Result<void> replace(const ContextParameters& parameters) override {
    const NewContext context{parameters.duplicate(), {}};
    return call({{"operation", "replace"}}, {&context, 1});
  }
  Result<void> remove(const std::string& name) override {
    return call({{"operation", "remove"}, {"name", name}});
  }
  Result<void> set_enabled(const std::string& name, bool enabled) override {
    return call({{"operation", enabled ? "enable" : "disable"}, {"name", name}});
  }
  Result<void> close() override { return {}; }
  std::string place() const override { return "the server at " + server_.socket(); }

 private:
  Result<void> call(const nlohmann::json& request, std::span<const NewContext> contexts = {}) {
    const auto answer = server_.call(request, contexts);
    if (!answer) return tl::unexpected(answer.error());
    return {};
  }

  AdminClient server_;
};

Result<std::unique_ptr<ContextEditor>> edit_store(const StorePlace& place) {
  auto store = Store::open(place.path, storage::OpenMode::kProvision, place.options());
  if (!store) return tl::unexpected(std::move(store.error()));
  return std::make_unique<StoreEditor>(std::move(*store));
}

// The lock's error names the process.
tl::unexpected<Error> fail_unreachable(const Error& locked, const std::string& socket) {
  return fail(locked.cause + ", and nobody answers at " + socket,
              locked.mend +
                  "; a server whose configuration says [admin] socket = \"PATH\" is "
                  "reached with --socket PATH");
}

}  // namespace

Result<std::unique_ptr<ContextEditor>> ContextEditor::open(const StorePlace& place) {
  const AdminClient server(place.socket.empty() ? admin_socket_path(place.path) : place.socket);
  if (!place.socket.empty()) return std::make_unique<ServerEditor>(server);
  for (int attempt = 1;; ++attempt) {
    const auto locked = why_locked(place.path);
    if (!locked) return edit_store(place);
    if (server.is_answered()) return std::make_unique<ServerEditor>(server);
    if (attempt == kAttempts) return fail_unreachable(*locked, server.socket());
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace osprey::cli
