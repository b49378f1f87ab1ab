#include "analyzer/launch/preload_library.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "analyzer/launch/run_failure.h"

// Where `cmake --install` puts libraries below its prefix; see analyzer/CMakeLists.txt.
#ifndef CISTERN_LIBRARY_DIRECTORY
#define CISTERN_LIBRARY_DIRECTORY "lib"
#endif

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

constexpr char kLibraryName[] = "libcistern_preload.so";

std::string existing(const std::string& path) {
  if (access(path.c_str(), R_OK) != 0) throw run_failure(path, errno);
  return fs::canonical(path).string();
}

// The file of this program; without /proc, the path that it was executed by.
fs::path own_path() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) return program;
  const auto* const name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  const fs::path executed = fs::canonical(name != nullptr ? name : "", error);
  if (error) throw run_failure("/proc/self/exe", "missing (give the recorder's path with --preload-library)");
  return executed;
}

}  // namespace

std::string find_preload_library(const std::string& given) {
  if (!given.empty()) return existing(given);
  const fs::path program = own_path();
  const fs::path prefix = program.parent_path().parent_path();
  const fs::path built = prefix / "lib" / kLibraryName;
  const fs::path installed = prefix / CISTERN_LIBRARY_DIRECTORY / "cistern" / kLibraryName;
  for (const fs::path& candidate : {built, installed}) {
    if (access(candidate.c_str(), R_OK) == 0) return fs::canonical(candidate).string();
  }
  throw run_failure(kLibraryName, "neither " + built.string() + " nor " + installed.string() +
                                      " exists (give its path with --preload-library)");
}

std::string preload_value(const std::string& library, const std::string& inherited) {
  if (library.find_first_of(" :") != std::string::npos) {
    throw run_failure(library, "contains a space or a colon, which LD_PRELOAD cannot express (install it elsewhere)");
  }
  return inherited.empty() ? library : library + ":" + inherited;
}

}  // namespace cistern::analyzer
