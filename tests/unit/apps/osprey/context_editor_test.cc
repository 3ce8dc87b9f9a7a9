#include "apps/osprey/context_editor.h"

#include <gtest/gtest.h>

#include "apps/launch/admin_protocol.h"
#include "apps/launch/admin_socket.h"
#include "tests/unit/apps/launch/served_store.h"

namespace osprey::cli {
namespace {

using storage::error_of;
using test::ServedStore;

std::vector<storage::NewContext> contexts(uint32_t first, uint32_t count) {
  std::vector<storage::NewContext> made;
  for (uint32_t i = first; i < first + count; ++i) {
    made.push_back({storage::numbered_context(i), {}});
  }
  return made;
}

// Does one of everything; contexts 1 and 2 stay, 2 disabled.
void edit(ContextEditor& editor) {
  EXPECT_EQ(error_of(editor.add(contexts(1, 3))), "(no error)");
  EXPECT_TRUE(
      error_of(editor.add(contexts(3, 1))).starts_with("there is a context named context-3"));
  EXPECT_EQ(error_of(editor.remove("context-3")), "(no error)");
  EXPECT_EQ(error_of(editor.set_enabled("context-1", false)), "(no error)");
  EXPECT_EQ(error_of(editor.set_enabled("context-1", true)), "(no error)");
  EXPECT_EQ(error_of(editor.set_enabled("context-2", false)), "(no error)");
  oscore::ContextParameters other = storage::numbered_context(9);
  other.name = "context-1";
  EXPECT_EQ(error_of(editor.replace(other)), "(no error)");
  EXPECT_TRUE(error_of(editor.remove("context-3")).starts_with("there is no context named"));
  EXPECT_EQ(error_of(editor.close()), "(no error)");
}

TEST(ContextEditor, AFreeStoreIsOpened) {
  const storage::TempDirectory directory;
  const StorePlace place{directory.path_of("store"), {}, {}};
  ASSERT_TRUE(storage::Store::init(place.path));
  {
    const auto editor = ContextEditor::open(place);
    ASSERT_TRUE(editor.has_value()) << editor.error().text();
    EXPECT_EQ((*editor)->place(), "store " + place.path);
    edit(**editor);
  }
  const auto store = open_to_read(place);
  ASSERT_TRUE(store.has_value());
  EXPECT_EQ((*store)->num_contexts(), 2u);
  EXPECT_FALSE((*(*store)->find("context-2"))->record.enabled);
}

TEST(ContextEditor, AServedStoreIsChangedByItsServer) {
  ServedStore store;
  const std::string path = admin_socket_path(store.path());
  const auto socket = AdminSocket::start(path, store.target());
  ASSERT_TRUE(socket.has_value());
  const auto editor = ContextEditor::open({store.path(), {}, {}});
  ASSERT_TRUE(editor.has_value()) << editor.error().text();
  EXPECT_EQ((*editor)->place(), "the server at " + path);
  edit(**editor);
  EXPECT_EQ(store.contexts(), "context-1 context-2! ");
}

TEST(ContextEditor, ASocketElsewhereIsNamed) {
  ServedStore store;
  const std::string path = store.path_of("elsewhere.sock");
  const auto socket = AdminSocket::start(path, store.target());
  ASSERT_TRUE(socket.has_value());
  const auto editor = ContextEditor::open({store.path(), {}, path});
  ASSERT_TRUE(editor.has_value());
  EXPECT_EQ(error_of((*editor)->add(contexts(1, 1000))), "(no error)");
}

TEST(ContextEditor, AStoreInUseWithoutAServerNamesTheProcess) {
  ServedStore store;
  const std::string error = error_of(ContextEditor::open({store.path(), {}, {}}));
  EXPECT_NE(error.find("is in use by process " + std::to_string(getpid())), std::string::npos)
      << error;
  EXPECT_NE(error.find("nobody answers at " + store.path() + "/admin.sock"), std::string::npos);
  EXPECT_NE(error.find("--socket PATH"), std::string::npos);
}

TEST(ContextEditor, WhatIsNoStoreIsLeftAsItIs) {
  const storage::TempDirectory directory;
  const std::string error = error_of(ContextEditor::open({directory.path(), {}, {}}));
  EXPECT_NE(error.find("is not a store"), std::string::npos) << error;
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

}  // namespace
}  // namespace osprey::cli
