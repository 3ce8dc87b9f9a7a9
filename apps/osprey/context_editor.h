// Changes to the contexts of a store, wherever they are made:
//
//   nobody has the store   in the store itself, opened for as long as the editor lives
//   a server serves it     by the server, through its admin socket
//   another command has it for a moment: waits
//
// The store's lock decides.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "apps/osprey/store_place.h"

namespace osprey::cli {

class ContextEditor {
 public:
  static constexpr size_t kMaxGroup = 1000;  // contexts in one add

  static Result<std::unique_ptr<ContextEditor>> open(const StorePlace& place);
  virtual ~ContextEditor() = default;

  // Each as a whole or not at all, durably (storage/store.h). At most kMaxGroup contexts (CHECK).
  virtual Result<void> add(std::span<const storage::NewContext> group) = 0;
  virtual Result<void> replace(const oscore::ContextParameters& parameters) = 0;
  virtual Result<void> remove(const std::string& name) = 0;
  virtual Result<void> set_enabled(const std::string& name, bool enabled) = 0;

  // Last; the destructor closes too, and says nothing.
  virtual Result<void> close() = 0;

  // "store DIR", "the server at SOCKET".
  virtual std::string place() const = 0;
};

}  // namespace osprey::cli
