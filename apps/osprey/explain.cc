#include "apps/osprey/explain.h"

#include "apps/osprey/text.h"

namespace osprey::cli {

int run_explain(const ExplainArguments&) { return report({"explain is being written", ""}, kFailed); }

}  // namespace osprey::cli
