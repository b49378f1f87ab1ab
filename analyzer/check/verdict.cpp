#include "analyzer/check/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tsl/robin_map.h>

#include <algorithm>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/json/report_json.h"

namespace cistern::analyzer {
namespace {

void add(Amount& sum, const Amount& amount) {
  sum.bytes += amount.bytes;
  sum.blocks += amount.blocks;
}

bool is_wanted(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// A limit of nothing forbids blocks of no bytes as well.
bool exceeds(const Amount& amount, const SizeLimit& limit) {
  return amount.bytes > limit.bytes || (limit.bytes == 0 && amount.blocks != 0);
}

bool ended_cleanly(const ImageFacts& facts) {
  if (facts.exit_code.value_or(0) != 0) return false;
  return facts.ended_by == "exit" || facts.ended_by == "_exit" || facts.ended_by == "exec";
}

class Judge {
 public:
  Judge(const LeakFindings& findings, const CheckOptions& options, Suppressions& suppressions)
      : findings_(findings), options_(options), suppressions_(suppressions) {}

  Verdict judge(std::vector<HeldMemory> held) {
    verdict_.held = std::move(held);
    note_what_is_missing();
    collect_leaks();
    judge_leaks();
    for (size_t i = 0; i < findings_.images.size(); ++i) judge_image(i);
    return std::move(verdict_);
  }

 private:
  void note_what_is_missing() {
    if (!all_complete(findings_.images)) verdict_.incomplete = notes(findings_.images);
    if (!options_.judges_leaks()) return;
    for (const ImageFacts& facts : findings_.images) {
      if (facts.implementation.empty() || facts.python_stacks || !all_complete({facts})) continue;
      verdict_.incomplete.push_back(
          fmt::format("process {}: Python stacks are off, so leaks cannot be told from the rest", facts.pid));
    }
    const bool kinds_known = std::any_of(findings_.groups.begin(), findings_.groups.end(),
                                         [](const LeakGroup& group) { return group.kind != LeakKind::kUnknown; });
    if (!kinds_known && !is_wanted(options_.kinds, name_of(LeakKind::kUnknown))) {
      verdict_.incomplete.push_back(fmt::format("no census was taken, so leaks of kind {} cannot be told from the rest",
                                                fmt::join(options_.kinds, " or ")));
    }
  }

  void collect_leaks() {
    for (const LeakGroup& group : findings_.groups) {
      if (group.is_leak()) collect(group);
    }
    std::stable_sort(verdict_.leaks.begin(), verdict_.leaks.end(), [](const StackLeak& a, const StackLeak& b) {
      return a.amount.bytes != b.amount.bytes ? a.amount.bytes > b.amount.bytes : a.amount.blocks > b.amount.blocks;
    });
  }

  void collect(const LeakGroup& group) {
    if (!is_wanted(options_.kinds, name_of(group.kind)) || !is_wanted(options_.growths, name_of(group.growth.growth))) {
      return add(verdict_.not_counted, group.amount);
    }
    if (const auto entry = suppressions_.suppress(findings_.tree, group)) {
      verdict_.suppressed.push_back({&group, *entry});
      return add(verdict_.suppressed_amount, group.amount);
    }
    add(verdict_.leaked, group.amount);
    const auto [at, added] = index_.insert({raw(group.stack), verdict_.leaks.size()});
    if (added) verdict_.leaks.push_back({&group, {}});
    StackLeak& leak = verdict_.leaks[at->second];
    add(leak.amount, group.amount);
    if (group.amount.bytes > leak.greatest->amount.bytes) leak.greatest = &group;
  }

  void judge_leaks() {
    const auto limit = options_.leak_limit();
    if (limit && exceeds(verdict_.leaked, *limit)) {
      verdict_.failures.push_back({LimitKind::kLeak, *limit, verdict_.leaked, nullptr, verdict_.leaks});
    }
    if (!options_.max_leak_per_stack) return;
    std::vector<StackLeak> above;
    Amount sum;
    for (const StackLeak& leak : verdict_.leaks) {
      if (!exceeds(leak.amount, *options_.max_leak_per_stack)) continue;
      above.push_back(leak);
      add(sum, leak.amount);
    }
    if (above.empty()) return;
    verdict_.failures.push_back({LimitKind::kLeakPerStack, *options_.max_leak_per_stack, sum, nullptr, above});
  }

  void judge_image(size_t index) {
    const ImageFacts& facts = findings_.images[index];
    judge_figure(LimitKind::kPeak, options_.max_peak, facts.peak, facts);
    if (index < verdict_.held.size()) {
      judge_figure(LimitKind::kHeld, options_.max_held, {verdict_.held[index].bytes(), 0}, facts);
    }
    if (!options_.require_clean_exit || ended_cleanly(facts)) return;
    verdict_.failures.push_back({LimitKind::kCleanExit, {}, {}, &facts, {}});
  }

  void judge_figure(LimitKind kind, const std::optional<SizeLimit>& limit, const Amount& amount,
                    const ImageFacts& facts) {
    if (limit && amount.bytes > limit->bytes) verdict_.failures.push_back({kind, *limit, amount, &facts, {}});
  }

  const LeakFindings& findings_;
  const CheckOptions& options_;
  Suppressions& suppressions_;
  tsl::robin_map<uint64_t, size_t, MixedHash> index_;  // by stack
  Verdict verdict_;
};

}  // namespace

std::string_view name_of(LimitKind kind) {
  switch (kind) {
    case LimitKind::kLeak:
      return "max-leak";
    case LimitKind::kLeakPerStack:
      return "max-leak-per-stack";
    case LimitKind::kPeak:
      return "max-peak";
    case LimitKind::kHeld:
      return "max-held";
    case LimitKind::kCleanExit:
      break;
  }
  return "require-clean-exit";
}

Verdict judge(const LeakFindings& findings, std::vector<HeldMemory> held, const CheckOptions& options,
              Suppressions& suppressions) {
  return Judge(findings, options, suppressions).judge(std::move(held));
}

}  // namespace cistern::analyzer
