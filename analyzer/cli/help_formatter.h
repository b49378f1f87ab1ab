// The text of --help: the layout of CLI11, with descriptions wrapped at 80 columns.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace cistern::analyzer {

class HelpFormatter : public CLI::Formatter {
 public:
  // `description_column`: where descriptions begin.
  explicit HelpFormatter(size_t description_column) { column_width(description_column); }

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_subcommand(const CLI::App* command) const override;

 private:
  std::string row(const std::string& name, const std::string& description) const;
};

}  // namespace cistern::analyzer
