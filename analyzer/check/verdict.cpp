#include "analyzer/check/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tsl/robin_map.h>

#include <algorithm>

#include "analyzer/read/mixed_hash.h"

namespace cistern::analyzer {
namespace {

bool is_wanted(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// A limit of 0 bytes forbids blocks of size 0, too.
bool exceeds(const Amount& amount, const SizeLimit& limit) {
  return amount.bytes > limit.bytes || (limit.bytes == 0 && amount.blocks != 0);
}

bool ended_cleanly(const ImageFacts& facts) {
  if (facts.exit_code.value_or(0) != 0) return false;
  return facts.ended_by == "exit" || facts.ended_by == "_exit" || facts.ended_by == "exec";
}

class Judge {
 public:
  Judge(const LeakFindings& findings, const CheckLimits& limits, Suppressions& suppressions)
      : findings_(findings), limits_(limits), suppressions_(suppressions) {}

  Verdict judge(std::vector<HeldMemory> held) {
    verdict_.held = std::move(held);
    find_missing_data();
    collect_leaks();
    judge_leaks();
    for (size_t i = 0; i < findings_.images.size(); ++i) judge_image(i);
    return std::move(verdict_);
  }

 private:
  void find_missing_data() {
    if (!all_complete(findings_.images)) verdict_.missing = missing_data(findings_.images);
    if (!limits_.judges_leaks()) return;
    for (const ImageFacts& facts : findings_.images) {
      if (facts.implementation.empty() || facts.python_stacks || !all_complete({facts})) continue;
      verdict_.missing.push_back({MissingData::Kind::kLeaksWithoutStacks, facts.pid, 0, 0, {}});
    }
    const bool kinds_known = std::any_of(findings_.groups.begin(), findings_.groups.end(),
                                         [](const LeakGroup& group) { return group.kind != LeakKind::kUnknown; });
    if (!kinds_known && !is_wanted(limits_.kinds, name_of(LeakKind::kUnknown))) {
      verdict_.missing.push_back(
          {MissingData::Kind::kKindsOfLeaks, 0, 0, 0, fmt::format("{}", fmt::join(limits_.kinds, " or "))});
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
    if (!is_wanted(limits_.kinds, name_of(group.kind)) || !is_wanted(limits_.growths, name_of(group.growth.growth))) {
      verdict_.not_counted += group.amount;
      return;
    }
    if (const auto entry = suppressions_.suppress(findings_.tree, group)) {
      verdict_.suppressed.push_back({&group, *entry});
      verdict_.suppressed_amount += group.amount;
      return;
    }
    verdict_.leaked += group.amount;
    const auto [at, added] = index_.insert({raw(group.stack), verdict_.leaks.size()});
    if (added) verdict_.leaks.push_back({&group, {}});
    StackLeak& leak = verdict_.leaks[at->second];
    leak.amount += group.amount;
    if (group.amount.bytes > leak.greatest->amount.bytes) leak.greatest = &group;
  }

  void judge_leaks() {
    const auto limit = limits_.leak_limit();
    if (limit && exceeds(verdict_.leaked, *limit)) {
      verdict_.failures.push_back({LimitKind::kLeak, *limit, verdict_.leaked, nullptr, verdict_.leaks});
    }
    if (!limits_.max_leak_per_stack) return;
    std::vector<StackLeak> above;
    Amount sum;
    for (const StackLeak& leak : verdict_.leaks) {
      if (!exceeds(leak.amount, *limits_.max_leak_per_stack)) continue;
      above.push_back(leak);
      sum += leak.amount;
    }
    if (above.empty()) return;
    verdict_.failures.push_back({LimitKind::kLeakPerStack, *limits_.max_leak_per_stack, sum, nullptr, above});
  }

  void judge_image(size_t index) {
    const ImageFacts& facts = findings_.images[index];
    judge_figure(LimitKind::kPeak, limits_.max_peak, facts.peak, facts);
    if (index < verdict_.held.size()) {
      judge_figure(LimitKind::kHeld, limits_.max_held, {verdict_.held[index].bytes(), 0}, facts);
    }
    if (!limits_.require_clean_exit || ended_cleanly(facts)) return;
    verdict_.failures.push_back({LimitKind::kCleanExit, {}, {}, &facts, {}});
  }

  void judge_figure(LimitKind kind, const std::optional<SizeLimit>& limit, const Amount& amount,
                    const ImageFacts& facts) {
    if (limit && amount.bytes > limit->bytes) verdict_.failures.push_back({kind, *limit, amount, &facts, {}});
  }

  const LeakFindings& findings_;
  const CheckLimits& limits_;
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

Verdict judge(const LeakFindings& findings, std::vector<HeldMemory> held, const CheckLimits& limits,
              Suppressions& suppressions) {
  return Judge(findings, limits, suppressions).judge(std::move(held));
}

}  // namespace cistern::analyzer
