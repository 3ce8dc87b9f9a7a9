// Contexts as CSV (RFC 4180), one a line below a line that names the columns:
//
//   name,master_secret,sender_id,recipient_id,algorithm
//   sensor-1,0102030405060708090a0b0c0d0e0f10,01,02,AES-CCM-16-64-128
//
// Columns are named as the keys of a line between stores (context_lines.h) and stand in any order.
// Values are theirs without quotes. An empty one is the default; an empty id_context is none, and
// the ID Context of no bytes, which is another, is written `empty`.
//
// A value may be in quotes, but not go on to the next line: none has anything to say there. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/result.h"
#include "storage/context_lines.h"
#include "storage/import/imported_context.h"

namespace osprey::storage {

class CsvColumns {
 public:
  // From the first line. Errors begin with `place`, "file.csv: line 1".
  static Result<CsvColumns> parse(std::string_view line, const std::string& place);

  // A line below; `place` becomes its source. No window.
  Result<ImportedContext> parse_row(std::string_view line, const std::string& place) const;

 private:
  std::vector<std::string_view> keys_;  // of each column, in the order of the file
};

// Lines without their end.
std::string write_csv_header();
// `parameters` must be writable (CHECK).
SecretText write_csv_row(const oscore::ContextParameters& parameters, uint64_t sender_sequence,
                         Reveal reveal);

}  // namespace osprey::storage
