// The known word that a mistyped one most likely means: for error texts about configuration keys.
#pragma once

#include <span>
#include <string_view>

namespace osprey {

// Edits that turn `a` into `b`: letters put in, left out, changed, or swapped with their neighbour.
// Case does not count.
size_t edit_distance(std::string_view a, std::string_view b);

// The word of `known` with the fewest edits, the first of equals. Empty when every one is so far
// off that naming it would not help (more than a third of its letters), or `word` is very long.
// Borrowed from `known`.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace osprey
