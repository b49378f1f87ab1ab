#include "analyzer/check/suppressions.h"

#include <fmt/format.h>

// toml++ asserts a condition that is false for a text like "[[[a", and reports the error only after the assertion. So
// its assertions are off, and so are its assumptions for the compiler.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "analyzer/read/failure.h"
#include "analyzer/symbols/selection.h"

namespace cistern::analyzer {
namespace {

bool fits(const std::string& pattern, std::string_view text) {
  return pattern.empty() || matches(pattern, text);
}

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

class SuppressionReader {
 public:
  SuppressionReader(const std::string& name, std::chrono::sys_days today) : name_(name), today_(today) {}

  std::vector<Suppression> read(std::string_view text) const {
    std::vector<Suppression> entries;
    for (const auto& [key, value] : parse(text)) {
      const toml::array* const list = value.as_array();
      if (key.str() != "suppress" || list == nullptr || !list->is_homogeneous(toml::node_type::table)) {
        fail(value, fmt::format("unknown key '{}'; write entries as [[suppress]]", key.str()));
      }
      for (const toml::node& node : *list) entries.push_back(entry_of(*node.as_table()));
    }
    return entries;
  }

 private:
  [[noreturn]] void fail(const toml::source_region& where, const std::string& what) const {
    throw usage_error(fmt::format("{}:{}: {}", name_, where.begin.line, what));
  }
  [[noreturn]] void fail(const toml::node& node, const std::string& what) const { fail(node.source(), what); }

  toml::table parse(std::string_view text) const {
    try {
      return toml::parse(text);
    } catch (const toml::parse_error& error) {
      std::string what(error.description());
      fail(error.source(), what.substr(0, what.find('\n')));
    }
  }

  Suppression entry_of(const toml::table& table) const {
    Suppression entry;
    entry.line = table.source().begin.line;
    for (const auto& [key, value] : table) take(entry, key.str(), value);
    if (entry.function.empty() && entry.file.empty() && entry.module.empty() && entry.kind.empty()) {
      fail(table, "this entry would suppress everything: add function, file, module or kind");
    }
    if (entry.reason.find_first_not_of(" \t\n") == std::string::npos) fail(table, "a reason is required");
    return entry;
  }

  void take(Suppression& entry, std::string_view name, const toml::node& value) const {
    if (name == "expires") return take_expiry(entry, value);
    std::string* const field = field_of(entry, name);
    if (field == nullptr) {
      fail(value, fmt::format("unknown field '{}'; known fields: function, file, module, kind, reason, expires", name));
    }
    const auto* const text = value.as_string();
    if (text == nullptr || (text->get().empty() && name != "reason")) {
      fail(value, fmt::format("{} must be a non-empty string", name));
    }
    *field = text->get();
  }

  static std::string* field_of(Suppression& entry, std::string_view name) {
    if (name == "function") return &entry.function;
    if (name == "file") return &entry.file;
    if (name == "module") return &entry.module;
    if (name == "kind") return &entry.kind;
    return name == "reason" ? &entry.reason : nullptr;
  }

  void take_expiry(Suppression& entry, const toml::node& value) const {
    const auto* const date = value.as_date();
    if (date == nullptr) fail(value, "expires must be a date without quotes, such as 2027-01-31");
    const toml::date day = date->get();
    const std::chrono::year_month_day last{std::chrono::year(day.year), std::chrono::month(day.month),
                                           std::chrono::day(day.day)};
    entry.expires = fmt::format("{:04}-{:02}-{:02}", day.year, day.month, day.day);
    entry.expired = std::chrono::sys_days(last) < today_;
  }

  const std::string& name_;
  std::chrono::sys_days today_;
};

}  // namespace

bool Suppression::matches(const CallTree& tree, const LeakGroup& group) const {
  if (!fits(kind, name_of(group.kind))) return false;
  bool place = function.empty() && file.empty();
  bool native = module.empty();
  for (const Frame* frame : tree.stack(group.stack)) {
    const bool is_native = frame->kind == FrameKind::kNative;
    const bool in_file = fits(file, frame->file) || (is_native && fits(file, frame->module));
    place = place || (fits(function, frame->function) && in_file);
    native = native || (is_native && (fits(module, frame->module) || fits(module, last_part(frame->module))));
  }
  return place && native;
}

Suppressions::Suppressions(std::string_view text, const std::string& name, std::chrono::sys_days today)
    : name_(name), entries_(SuppressionReader(name_, today).read(text)) {}

std::optional<size_t> Suppressions::suppress(const CallTree& tree, const LeakGroup& group) {
  std::optional<size_t> first;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].matches(tree, group)) continue;
    entries_[i].used = true;
    if (!entries_[i].expired && !first) first = i;
  }
  return first;
}

Suppressions read_suppressions(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || file.bad() || text.bad()) throw usage_error(path + ": " + error_text(errno));
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return Suppressions(text.str(), path, today);
}

}  // namespace cistern::analyzer
