// One client of the admin socket: its lines in, answers out (admin_protocol.h has the language).
//
// Secrets (I7): lines of contexts go to parse_exported_line as they are; of every other line the
// JSON library sees no master secret either, should somebody put one there. No answer and no log
// line repeats a value but names.
//
// Thread: the admin socket's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/store.h"

namespace osprey {

// What a session works on. `counters`: those of all workers, as a JSON object.
struct AdminTarget {
  storage::Store& store;  // serves; nobody else changes it meanwhile
  std::function<std::string()> counters;
};

class AdminSession {
 public:
  // `client`: who it is, for the log. The target is borrowed.
  AdminSession(AdminTarget& target, std::string client)
      : target_(target), client_(std::move(client)) {}

  // Takes a line without its end. The answer, without its end, or nothing while lines of contexts
  // are still to come.
  std::optional<std::string> take(std::string_view line);

  // The last answer is the last: what follows could not be understood.
  bool is_over() const { return is_over_; }

 private:
  enum class Operation { kAdd, kReplace, kRemove, kEnable, kDisable, kStatus };
  struct Request {
    Operation operation = Operation::kStatus;
    std::string name;
    size_t num_contexts = 0;
  };

  static Result<Request> parse(std::string_view line);
  void take_context(std::string_view line);
  Result<void> change();
  std::string status() const;
  std::string finish(const Result<void>& done);

  AdminTarget& target_;
  std::string client_;
  Request request_;
  size_t num_missing_ = 0;  // lines of contexts still to come
  std::vector<storage::NewContext> contexts_;
  std::optional<Error> error_;  // the first among those lines
  bool is_over_ = false;
};

// {"ok": false, ...}.
std::string admin_failure(const Error& error);

}  // namespace osprey
