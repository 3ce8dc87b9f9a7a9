// What goes to a terminal: byte runs from outside as text where they are text, else as hex.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "framework/base/bytes.h"
#include "framework/base/result.h"

namespace osprey::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kBadUsage = 2;

// Whole UTF-8 without surrogates and overlong forms (RFC 3629).
bool is_utf8(Bytes bytes);

// UTF-8 without control characters but for tab and line ends: harmless to a terminal.
bool is_printable(Bytes bytes);

// The IANA name of a Content-Format, or its number.
std::string content_format_name(uint64_t number);

// "osprey: cause" and "to mend" on standard error; returns `exit_code`.
int report(const Error& error, int exit_code);
// The same and, for programs, {"error": ..., "mend": ...} on standard output.
int report(const Error& error, int exit_code, bool json);

// On one line. What is not UTF-8 is shown as far as it is.
std::string json_text(const nlohmann::ordered_json& json);

}  // namespace osprey::cli
