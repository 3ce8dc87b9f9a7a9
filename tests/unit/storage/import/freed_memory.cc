#include "tests/unit/storage/import/freed_memory.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace osprey::storage {
namespace {

constexpr size_t kShortest = 8;  // bytes of either that count as a leak

std::atomic<bool> is_watching = false;
std::atomic<int> num_leaks_so_far = 0;

bool contains_part(std::string_view text, std::string_view secret) {
  for (size_t i = 0; i + kShortest <= secret.size(); i += kShortest / 2) {
    if (text.find(secret.substr(i, kShortest)) != std::string_view::npos) return true;
  }
  return false;
}

void give_back(void* memory) noexcept {
  if (memory != nullptr && is_watching) {
    const std::string_view text(static_cast<char*>(memory), malloc_usable_size(memory));
    if (contains_part(text, kWatchedSecret) || contains_part(text, kWatchedHex)) ++num_leaks_so_far;
  }
  std::free(memory);
}

}  // namespace

FreedMemoryWatch::FreedMemoryWatch() {
  num_leaks_so_far = 0;
  is_watching = true;
}
FreedMemoryWatch::~FreedMemoryWatch() { is_watching = false; }
int FreedMemoryWatch::num_leaks() const { return num_leaks_so_far; }

}  // namespace osprey::storage

void* operator new(size_t size) {
  // Zeroed: what an earlier owner left behind is not this one's leak.
  void* memory = std::calloc(1, size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { osprey::storage::give_back(memory); }
void operator delete(void* memory, size_t) noexcept { osprey::storage::give_back(memory); }
