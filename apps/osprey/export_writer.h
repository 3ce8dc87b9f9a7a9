// Where exported contexts go, in one of the formats that import reads again:
//
//   json, csv   standard output, or a new file (0600)
//   aiocoap     a new directory, with a context directory for each, by its name
//   libcoap     a new directory, with NAME.conf and NAME.seq for each
#pragma once

#include <memory>
#include <string>

#include "framework/base/result.h"
#include "framework/oscore/context.h"
#include "storage/context_lines.h"

namespace osprey::cli {

class ExportWriter {
 public:
  // `to`: empty for standard output. Errors: there is something of that name; the format needs
  // one, or the secrets.
  static Result<std::unique_ptr<ExportWriter>> open(const std::string& format,
                                                    const std::string& to, storage::Reveal reveal);
  virtual ~ExportWriter() = default;

  // `next`: the own number that the next owner begins at.
  virtual Result<void> write(const oscore::ContextParameters& parameters, uint64_t next) = 0;
  // Last: everything is written, and a file is on the disk.
  virtual Result<void> finish() { return {}; }
};

}  // namespace osprey::cli
