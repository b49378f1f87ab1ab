#include "analyzer/render/export/export.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "analyzer/render/export/collapsed.h"
#include "analyzer/render/layout/terminal.h"

namespace cistern::analyzer {
namespace {

void write_file(const std::string& path, const std::string& text) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "we"));
  const bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
                       std::fflush(file.get()) == 0;
  if (!written) throw unreadable(path, std::strerror(errno));
}

}  // namespace

ExitCode export_profiles(const ExportOptions& options) {
  const Recordings recordings = open_profiles(options.report.query.paths);
  const AllocationsByStack by_stack = allocations_by_stack(recordings, options.report.query);
  warn_about(by_stack);
  const std::string text = collapsed_stacks(by_stack, options.what, options.blocks);
  options.output.empty() ? write_out(text) : write_file(options.output, text);
  return recordings.exit_code();
}

}  // namespace cistern::analyzer
