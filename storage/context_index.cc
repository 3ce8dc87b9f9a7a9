#include "storage/context_index.h"

#include <cstring>
#include <utility>

namespace osprey::storage {
namespace {

tl::unexpected<Error> fail_twice(const std::string& name, const std::string& place,
                                 const std::string& other, const std::string& other_place,
                                 const char* key, const char* fields, const char* why) {
  return fail("context \"" + name + "\" (" + place + ") has the same " + key + " as context \"" +
                  other + "\" (" + other_place + "): " + why,
              std::string("give one of them another ") + fields + ", or remove it");
}

}  // namespace

size_t ContextIndex::First8::operator()(const Sha256& digest) const {
  size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

// Every part with its length before it, so that no two inputs read the same.
Sha256 key_digest(const oscore::ContextParameters& parameters, Bytes id) {
  const Bytes secret = parameters.master_secret.reveal();
  const Bytes salt = parameters.master_salt;
  const Bytes id_context = parameters.id_context ? Bytes(*parameters.id_context) : Bytes();
  const std::array<uint64_t, 5> lens = {secret.size(), salt.size(), id_context.size(), id.size(),
                                        parameters.id_context ? uint64_t{1} : uint64_t{0}};
  const Bytes lens_bytes(reinterpret_cast<const uint8_t*>(lens.data()), sizeof lens);
  return sha256({lens_bytes, secret, salt, id_context, id});
}

Result<void> ContextIndex::add(const oscore::ContextParameters& parameters,
                               const std::string& place) {
  const auto [named, is_new] = names_.try_emplace(parameters.name, Entry{parameters.name, place});
  if (!is_new) {
    return fail("context \"" + parameters.name + "\" is there twice: " + named->second.place +
                    " and " + place,
                "rename one of the two, or remove it");
  }
  const Entry& entry = named->second;
  const auto sender =
      sender_keys_.try_emplace(key_digest(parameters, parameters.sender_id), &entry);
  if (!sender.second) {
    const Entry& other = *sender.first->second;
    return fail_twice(parameters.name, place, other.name, other.place, "Sender Key",
                      "master_secret, id_context or sender_id", "both would use the same nonces");
  }
  const auto recipient =
      recipient_keys_.try_emplace(key_digest(parameters, parameters.recipient_id), &entry);
  if (!recipient.second) {
    const Entry& other = *recipient.first->second;
    return fail_twice(parameters.name, place, other.name, other.place, "Recipient Key",
                      "master_secret, id_context or recipient_id",
                      "each would accept what the other has seen");
  }
  return {};
}

}  // namespace osprey::storage
