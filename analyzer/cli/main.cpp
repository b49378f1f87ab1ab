// The program `cistern`: runs the command line, and turns every error into one line on standard error and an exit code.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "analyzer/cli/command_line.h"
#include "analyzer/read/failure.h"
#include "analyzer/render/layout/columns.h"

namespace cistern::analyzer {
namespace {

int report_failure(const std::string& message, ExitCode code) {
  std::fprintf(stderr, "cistern: %s\n", printable(message).c_str());
  return static_cast<int>(code);
}

// Opens /dev/null for each closed standard descriptor. Otherwise a file that is opened later would get the number, and
// the output. A program that `run` starts finds the descriptor closed, as before.
void occupy_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) open("/dev/null", O_RDWR | O_CLOEXEC);
  }
}

}  // namespace
}  // namespace cistern::analyzer

int main(int argc, char** argv) {
  using cistern::analyzer::ExitCode;
  cistern::analyzer::occupy_standard_descriptors();
  try {
    return cistern::analyzer::run_command_line(argc, argv);
  } catch (const cistern::analyzer::Failure& failure) {
    return cistern::analyzer::report_failure(failure.what(), failure.code());
  } catch (const std::bad_alloc&) {
    return cistern::analyzer::report_failure("out of memory", ExitCode::kInternal);
  } catch (const std::exception& error) {
    return cistern::analyzer::report_failure(std::string("internal error: ") + error.what(), ExitCode::kInternal);
  }
}
