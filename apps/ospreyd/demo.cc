#include "apps/ospreyd/demo.h"

#include <ctime>
#include <map>
#include <memory>
#include <mutex>

namespace osprey {
namespace {

constexpr size_t kMaxReadings = 10'000;
constexpr size_t kMaxReadingLen = 64;
constexpr size_t kLargeLen = 10'000;

// What clients have put, shared by all workers. A handler may hold a lock as short as this one; in
// an application with much state, each worker would have its own.
class Readings {
 public:
  std::optional<std::string> find(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? std::nullopt : std::optional(found->second);
  }

  enum class Put { kCreated, kChanged, kFull };
  Put put(std::string_view id, std::string_view reading) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_id_.find(id); found != by_id_.end()) {
      found->second = reading;
      return Put::kChanged;
    }
    if (by_id_.size() >= kMaxReadings) return Put::kFull;
    by_id_.emplace(id, reading);
    return Put::kCreated;
  }

  void remove(std::string_view id) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_id_.find(id); found != by_id_.end()) by_id_.erase(found);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> by_id_;
};

void hello(const Request& request, Response& response) {
  std::string text = "Hello, ";
  text += request.peer().name;
  response.content(ContentFormat::kTextPlain, text + "!");
}

void echo(const Request& request, Response& response) {
  const auto format =
      request.content_format().value_or(static_cast<uint16_t>(ContentFormat::kOctetStream));
  response.content(static_cast<ContentFormat>(format), request.payload());
}

void tell_time(const Request&, Response& response) {
  response.max_age(1);
  response.content(ContentFormat::kTextPlain, std::to_string(std::time(nullptr)));
}

void get_reading(const Readings& readings, const Request& request, Response& response) {
  const auto reading = readings.find(request.parameter("id"));
  if (!reading) return response.error(coap::Code::kNotFound, "no reading yet; PUT one");
  response.content(ContentFormat::kTextPlain, *reading);
}

void put_reading(Readings& readings, const Request& request, Response& response) {
  if (request.payload().size() > kMaxReadingLen) {
    return response.error(coap::Code::kRequestEntityTooLarge);
  }
  switch (readings.put(request.parameter("id"), request.text())) {
    case Readings::Put::kCreated: return response.created();
    case Readings::Put::kChanged: return response.changed();
    case Readings::Put::kFull:
      return response.error(coap::Code::kServiceUnavailable, "no room for another sensor");
  }
}

std::string large_text() {
  std::string text;
  for (int line = 0; text.size() < kLargeLen; ++line) {
    text += "line " + std::to_string(line) + " of a representation that takes several blocks\n";
  }
  text.resize(kLargeLen);
  return text;
}

}  // namespace

void add_demo_resources(Server& server) {
  server.resource("hello")
      .get(hello)
      .produces({ContentFormat::kTextPlain})
      .title("Greets whom it has authenticated");
  server.resource("echo").post(echo).fetch(echo).title("Gives back what it gets");
  server.resource("time").get(tell_time).produces({ContentFormat::kTextPlain});

  const auto readings = std::make_shared<Readings>();
  server.resource("sensors/{id}/temperature")
      .get([readings](const Request& request, Response& response) {
        get_reading(*readings, request, response);
      })
      .put([readings](const Request& request, Response& response) {
        put_reading(*readings, request, response);
      })
      .del([readings](const Request& request, Response& response) {
        readings->remove(request.parameter("id"));
        response.deleted();
      })
      .produces({ContentFormat::kTextPlain})
      .consumes({ContentFormat::kTextPlain});

  server.resource("large")
      .get([text = large_text()](const Request&, Response& response) {
        response.content(ContentFormat::kTextPlain, text);
      })
      .produces({ContentFormat::kTextPlain})
      .title("Comes block by block");
}

}  // namespace osprey
