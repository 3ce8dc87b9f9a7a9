// Result<T>: the control path's answer. An Error is a sentence a person can act on.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace osprey {

struct Error {
  std::string cause;  // what is wrong, with the name of the thing that is
  std::string mend;   // the command or edit that mends it; empty when there is none

  // One line for a terminal or a log: "cause; to mend: ...".
  std::string text() const { return mend.empty() ? cause : cause + "\n  to mend: " + mend; }
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string cause, std::string mend = {}) {
  return tl::unexpected<Error>(Error{std::move(cause), std::move(mend)});
}

}  // namespace osprey
