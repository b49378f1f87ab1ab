#include "analyzer/render/text/loop_text.h"

#include <fmt/format.h>

#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

std::string verdict_text(const CheckedProfile& checked, const LoopCalls& calls) {
  const std::string in_calls = fmt::format("in {} of {}", plural(calls.times, "call"), calls.target);
  if (checked.verdict.failures.empty()) return "nothing grew " + in_calls;
  const Amount& leaked = checked.verdict.leaked;
  const std::string text =
      fmt::format("{} in {} leaked {}", format_bytes(leaked.bytes), plural(leaked.blocks, "block"), in_calls);
  double bytes = 0;
  double blocks = 0;
  for (const LeakGroup& group : checked.findings.groups) {
    if (!group.is_leak()) continue;
    bytes += group.growth.bytes_per_mark;
    blocks += group.growth.blocks_per_mark;
  }
  if (blocks == 0) return text;
  return text + fmt::format(": {} in {:.3g} blocks per call", format_bytes(static_cast<uint64_t>(bytes)), blocks);
}

}  // namespace

std::string loop_text(const CheckResult& result, const LoopCalls& calls, const Terminal& terminal) {
  const CheckedProfile& checked = *result.profiles.front();
  const auto columns = static_cast<size_t>(terminal.columns);
  std::string out;
  for (const std::string& reason : texts_of(checked.verdict.missing))
    out += wrapped("NOT COMPLETE  " + reason, columns);
  const std::string word = result.passed() ? "PASS" : checked.verdict.complete() ? "FAIL" : "····";
  out += wrapped(word + "  " + verdict_text(checked, calls), columns);
  if (checked.verdict.failures.empty()) out += "next: cistern leaks --all " + shell_word(checked.path) + "\n";
  return out;
}

}  // namespace cistern::analyzer
