// A store that is served, without workers: what the admin socket works on.
#pragma once

#include <gtest/gtest.h>

#include "apps/launch/admin_session.h"
#include "framework/oscore/context_table.h"
#include "tests/unit/storage/support.h"

namespace osprey::test {

class ServedStore {
 public:
  ServedStore() {
    EXPECT_TRUE(storage::Store::init(path()).has_value());
    auto opened = storage::Store::open(path(), storage::OpenMode::kServe);
    EXPECT_TRUE(opened.has_value()) << opened.error().text();
    store_ = std::move(*opened);
    EXPECT_TRUE(store_->serve(table_, nobody_, {nullptr}).has_value());
  }
  ~ServedStore() { EXPECT_TRUE(store_->close().has_value()); }
  ServedStore(const ServedStore&) = delete;
  ServedStore& operator=(const ServedStore&) = delete;

  std::string path() const { return directory_.path_of("store"); }
  std::string path_of(const std::string& name) const { return directory_.path_of(name); }
  AdminTarget target() {
    return {*store_, [] { return std::string(R"({"served": 7})"); }};
  }

  // Names of all contexts, in order, with one blank after each; "!" after those that are disabled.
  std::string contexts() const {
    std::string all;
    const auto reader = storage::Store::open(path(), storage::OpenMode::kInspect);
    EXPECT_TRUE(reader.has_value());
    const auto names = (*reader)->names("", 1000);
    for (const std::string& name : *names) {
      all += name + ((*(*reader)->find(name))->record.enabled ? " " : "! ");
    }
    return all;
  }

 private:
  storage::TempDirectory directory_;
  Quiescence nobody_{0};
  oscore::ContextTable table_{1};
  std::unique_ptr<storage::Store> store_;
};

// A line of a context of its own keys.
inline std::string context_line(const std::string& name, uint32_t number,
                                uint64_t sender_sequence = 0) {
  oscore::ContextParameters parameters = storage::numbered_context(number);
  parameters.name = name;
  return std::string(
      storage::write_exported_line(parameters, sender_sequence, storage::Reveal::kYes));
}

}  // namespace osprey::test
