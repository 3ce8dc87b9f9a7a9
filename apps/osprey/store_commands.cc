#include "apps/osprey/store_commands.h"

#include <unistd.h>

#include <cstdio>

#include "apps/launch/admin_protocol.h"
#include "apps/osprey/admin_client.h"
#include "apps/osprey/text.h"
#include "storage/kek_file.h"

namespace osprey::cli {

using storage::Store;

int init_store(const StorePlace& place) {
  if (!place.key_file.empty() && access(place.key_file.c_str(), F_OK) != 0) {
    if (const auto made = storage::create_kek(place.key_file); !made) {
      return report(made.error(), kBadUsage);
    }
    std::printf("made key file %s: without it nobody can read the store\n", place.key_file.c_str());
  }
  if (const auto made = Store::init(place.path, place.options()); !made) {
    return report(made.error(), kBadUsage);
  }
  std::printf("made store %s\n", place.path.c_str());
  return kDone;
}

int adopt_store(const StorePlace& place) {
  if (const auto adopted = Store::adopt(place.path, place.options()); !adopted) {
    return report(adopted.error(), kBadUsage);
  }
  std::printf("%s is a store of its own now; make sure that what it was copied from is not used\n",
              place.path.c_str());
  return kDone;
}

int check_store(const StorePlace& place, bool json) {
  const auto store = open_to_read(place);
  if (!store) return report(store.error(), kBadUsage, json);
  uint64_t num_contexts = 0;
  uint64_t num_disabled = 0;
  const auto read = (*store)->for_each([&](const storage::StoredContext& each) -> Result<void> {
    ++num_contexts;
    if (!each.record.enabled) ++num_disabled;
    return {};
  });
  if (!read) return report(read.error(), kFailed, json);
  if (json) {
    const nlohmann::ordered_json object = {{"contexts", num_contexts}, {"disabled", num_disabled}};
    std::printf("%s\n", object.dump().c_str());
  } else {
    std::printf("%s: %llu contexts, all whole; %llu of them disabled\n", place.path.c_str(),
                static_cast<unsigned long long>(num_contexts),
                static_cast<unsigned long long>(num_disabled));
  }
  return kDone;
}

int ask_status(const StorePlace& place) {
  const AdminClient server(place.socket.empty() ? admin_socket_path(place.path) : place.socket);
  auto answer = server.call({{"operation", "status"}});
  if (!answer) return report(answer.error(), kFailed, true);
  answer->erase("ok");
  std::printf("%s\n", answer->dump().c_str());
  return kDone;
}

}  // namespace osprey::cli
