// What must not stand twice in one store: a name, a Sender Key, a Recipient Key (RFC 8613 §3.3).
//
// Two contexts with one Sender Key would use the same nonces; with one Recipient Key, each would
// accept what the other has seen.
#pragma once

#include <string>
#include <unordered_map>

#include "framework/base/result.h"
#include "framework/oscore/context.h"
#include "storage/sha256.h"

namespace osprey::storage {

class ContextIndex {
 public:
  size_t size() const { return names_.size(); }

  // `place`: where this context is written, for error texts ("line 3"). Errors name both places.
  Result<void> add(const oscore::ContextParameters& parameters, const std::string& place);

 private:
  struct Entry {
    std::string name;
    std::string place;
  };
  struct First8 {
    size_t operator()(const Sha256& digest) const;
  };
  using ByKey = std::unordered_map<Sha256, const Entry*, First8>;

  std::unordered_map<std::string, Entry> names_;
  ByKey sender_keys_;
  ByKey recipient_keys_;
};

// Stands for the key that `id` gives with these parameters: equal for equal keys only. As the RFC
// does, it leaves the algorithm out: keys that differ only there count as equal.
Sha256 key_digest(const oscore::ContextParameters& parameters, Bytes id);

}  // namespace osprey::storage
