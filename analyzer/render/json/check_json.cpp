#include "analyzer/render/json/check_json.h"

#include <fmt/format.h>

#include "analyzer/render/json/report_json.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

Json bytes_or_null(const std::optional<SizeLimit>& limit) {
  return limit ? Json(limit->bytes) : Json(nullptr);
}

Json limits_json(const CheckLimits& limits) {
  return {
      {"max_leak", bytes_or_null(limits.leak_limit())},
      {"max_leak_per_stack", bytes_or_null(limits.max_leak_per_stack)},
      {"max_peak", bytes_or_null(limits.max_peak)},
      {"max_held", bytes_or_null(limits.max_held)},
      {"require_clean_exit", limits.require_clean_exit},
  };
}

class CheckJson {
 public:
  CheckJson(const CheckResult& result, const CheckQuery& query, const OutputOptions& output)
      : result_(result), query_(query), output_(output) {}

  Json json() const {
    Json profiles = Json::array();
    Json failures = Json::array();
    Json suppressed = Json::array();
    for (const auto& checked : result_.profiles) {
      profiles.push_back(profile_json(*checked));
      for (const LimitFailure& failure : checked->verdict.failures) failures.push_back(failure_json(*checked, failure));
      for (const SuppressedLeak& leak : checked->verdict.suppressed) {
        suppressed.push_back(suppressed_json(*checked, leak));
      }
    }
    return {
        {"schema", "cistern.check/1"},     {"passed", result_.passed()},
        {"complete", result_.complete()},  {"limits", limits_json(query_.limits)},
        {"failures", std::move(failures)}, {"suppressed", std::move(suppressed)},
        {"suppressions", entries_json()},  {"profiles", std::move(profiles)},
    };
  }

 private:
  Json group_json(const LeakFindings& findings, const LeakGroup& group, const Amount& amount) const {
    const auto rate = group.bytes_per_second();
    const bool marked = group.growth.growth == Growth::kMarked;
    return {
        {"kind", name_of(group.kind)},
        {"growth", name_of(group.growth.growth)},
        {"bytes", amount.bytes},
        {"blocks", amount.blocks},
        {"bytes_per_second", rate ? Json(*rate) : Json(nullptr)},
        {"bytes_per_mark", marked ? Json(group.growth.bytes_per_mark) : Json(nullptr)},
        {"stack", stack_json(findings.tree, group.stack, output_.depth_or(0))},
    };
  }

  Json failure_json(const CheckedProfile& checked, const LimitFailure& failure) const {
    const bool limited = failure.kind != LimitKind::kCleanExit;
    Json json = {
        {"profile", checked.path},
        {"limit", name_of(failure.kind)},
        {"limit_bytes", limited ? Json(failure.limit.bytes) : Json(nullptr)},
        {"bytes", limited ? Json(failure.amount.bytes) : Json(nullptr)},
        {"pid", failure.image != nullptr ? Json(failure.image->pid) : Json(nullptr)},
    };
    if (!limited) json["ended_by"] = failure.image->ended_by;
    if (!limited) json["exit_code"] = failure.image->exit_code ? Json(*failure.image->exit_code) : Json(nullptr);
    Json leaks = Json::array();
    for (const StackLeak& leak : failure.leaks) {
      if (leaks.size() >= output_.top_or(0)) break;
      leaks.push_back(group_json(checked.findings, *leak.greatest, leak.amount));
    }
    json["leaks"] = std::move(leaks);
    return json;
  }

  Json suppressed_json(const CheckedProfile& checked, const SuppressedLeak& leak) const {
    const Suppression& entry = result_.suppressions.entries()[leak.entry];
    Json json = group_json(checked.findings, *leak.group, leak.group->amount);
    json["profile"] = checked.path;
    json["line"] = entry.line;
    json["reason"] = entry.reason;
    return json;
  }

  Json entries_json() const {
    Json list = Json::array();
    for (const Suppression& entry : result_.suppressions.entries()) {
      list.push_back({
          {"line", entry.line},
          {"reason", entry.reason},
          {"expires", entry.expires.empty() ? Json(nullptr) : Json(entry.expires)},
          {"expired", entry.expired},
          {"used", entry.used},
      });
    }
    return list;
  }

  Json profile_json(const CheckedProfile& checked) const {
    const Verdict& verdict = checked.verdict;
    Json images = images_json(checked.findings.images);
    for (size_t i = 0; i < images.size(); ++i) {
      const bool asked = i < verdict.held.size();
      images[i]["held_pools_bytes"] = asked ? Json(verdict.held[i].pools_bytes) : Json(nullptr);
      images[i]["held_glibc_bytes"] = asked ? Json(verdict.held[i].glibc_bytes) : Json(nullptr);
    }
    return {
        {"path", checked.path},
        {"passed", verdict.passed()},
        {"complete", verdict.complete()},
        {"incomplete_because", reasons_json(verdict.missing)},
        {"leak_bytes", verdict.leaked.bytes},
        {"leak_blocks", verdict.leaked.blocks},
        {"suppressed_bytes", verdict.suppressed_amount.bytes},
        {"not_counted_bytes", verdict.not_counted.bytes},
        {"images", std::move(images)},
    };
  }

  const CheckResult& result_;
  const CheckQuery& query_;
  const OutputOptions& output_;
};

}  // namespace

std::string check_json(const CheckResult& result, const CheckQuery& query, const OutputOptions& output) {
  return json_text(CheckJson(result, query, output).json());
}

}  // namespace cistern::analyzer
