#include "analyzer/cli/help_formatter.h"

#include "analyzer/render/layout/heading.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kColumns = 80;

}  // namespace

// CLI11 separates groups by two empty lines.
std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::string text = Formatter::make_help(app, std::move(name), mode);
  for (size_t at = text.find("\n\n\n"); at != std::string::npos; at = text.find("\n\n\n")) text.erase(at, 1);
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  return row(make_option_name(option, is_positional) + make_option_opts(option), make_option_desc(option));
}

// Only the name of the value. The description says what else matters.
std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_type_size() == 0 || option->get_type_name().empty()) return {};
  const bool repeats = option->get_expected_max() == CLI::detail::expected_max_vector_size;
  return " " + option->get_type_name() + (repeats ? "..." : "");
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return row(command->get_name(), command->get_description());
}

std::string HelpFormatter::row(const std::string& name, const std::string& description) const {
  const std::string indent(column_width_, ' ');
  std::string out = "  " + name;
  if (out.size() + 2 > column_width_) out += "\n" + indent;
  if (out.back() != ' ') out.resize(column_width_, ' ');
  return out + wrapped(description, kColumns, column_width_, column_width_);
}

}  // namespace cistern::analyzer
