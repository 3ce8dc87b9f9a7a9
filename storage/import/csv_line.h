// One line of CSV taken apart and put together (RFC 4180 §2), secrets and all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "framework/base/result.h"
#include "storage/secret_text.h"

namespace osprey::storage {

// At least one value; an empty line is one empty value. Errors begin with `place`.
Result<std::vector<SecretText>> split_csv_line(std::string_view line, const std::string& place);

// In quotes where it must be.
void append_csv_value(SecretText& line, std::string_view value);

}  // namespace osprey::storage
