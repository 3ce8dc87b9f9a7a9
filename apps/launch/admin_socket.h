// The admin socket of a server: whoever may write to its file changes contexts while the server
// serves (admin_protocol.h). A control thread of its own; workers know nothing of it.
//
// Everything is bounded: lines, clients at a time, and how long one may be silent. Others wait in
// the kernel's queue meanwhile, and one who does not read its answers is dropped.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "apps/launch/admin_session.h"
#include "storage/file_descriptor.h"

namespace osprey {

class AdminSocket {
 public:
  struct Limits {
    size_t max_clients = 8;
    std::chrono::milliseconds max_silence{10'000};
  };

  // Listens at `path`, where a file that a killed server left is replaced, and starts the thread.
  // After the store's lock is held, so that it is nobody else's file. Mode 0660.
  static Result<std::unique_ptr<AdminSocket>> start(const std::string& path, AdminTarget target,
                                                    Limits limits);
  static Result<std::unique_ptr<AdminSocket>> start(const std::string& path, AdminTarget target) {
    return start(path, std::move(target), Limits());
  }

  // Finishes the request that it is at, drops all clients, removes the file.
  ~AdminSocket();
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

 private:
  class Client;

  AdminSocket(std::string path, AdminTarget target, Limits limits);
  Result<void> listen();
  void run();
  bool wait();
  void accept();

  std::string path_;
  AdminTarget target_;
  Limits limits_;
  storage::FileDescriptor stop_;  // eventfd
  storage::FileDescriptor listener_;
  std::list<Client> clients_;
  std::thread thread_;
};

}  // namespace osprey
