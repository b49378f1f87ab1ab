// The verdict of `cistern loop` as text.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/check/check_result.h"
#include "analyzer/render/layout/terminal.h"

namespace cistern::analyzer {

struct LoopCalls {
  std::string target;  // "package.module:function"
  uint64_t times = 0;  // calls between the first mark and the last
};

// `result` is of the loop's profile alone.
std::string loop_text(const CheckResult& result, const LoopCalls& calls, const Terminal& terminal);

}  // namespace cistern::analyzer
