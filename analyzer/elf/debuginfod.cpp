#include "analyzer/elf/debuginfod.h"

#include <dlfcn.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace cistern::analyzer {
namespace {

constexpr std::chrono::seconds kLongestWait{60};  // for one file

// <elfutils/debuginfod.h> of 0.178 and later.
struct Client;
using Progress = int (*)(Client*, long, long);

std::chrono::steady_clock::time_point g_deadline;

int goes_on(Client*, long, long) {
  return std::chrono::steady_clock::now() > g_deadline ? 1 : 0;
}

class Library {
 public:
  Library() {
    void* const library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return;
    find(library, "debuginfod_begin", begin);
    find(library, "debuginfod_end", end);
    find(library, "debuginfod_set_progressfn", set_progress);
    find(library, "debuginfod_find_debuginfo", find_debuginfo);
  }
  bool is_there() const {
    return begin != nullptr && end != nullptr && set_progress != nullptr && find_debuginfo != nullptr;
  }

  Client* (*begin)() = nullptr;
  void (*end)(Client*) = nullptr;
  void (*set_progress)(Client*, Progress) = nullptr;
  int (*find_debuginfo)(Client*, const unsigned char*, int, char**) = nullptr;

 private:
  template <typename Function>
  static void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
  }
};

}  // namespace

std::optional<std::string> fetch_debug_file(const std::string& build_id, std::string_view module) {
  const char* const urls = std::getenv("DEBUGINFOD_URLS");
  if (urls == nullptr || *urls == '\0') return std::nullopt;
  static const Library library;
  Client* const client = library.is_there() ? library.begin() : nullptr;
  if (client == nullptr) return std::nullopt;
  const std::string name(module.substr(module.rfind('/') + 1));
  std::fprintf(stderr, "cistern: asking debuginfod for %s (%s)\n", name.empty() ? "a module" : name.c_str(),
               build_id.c_str());
  g_deadline = std::chrono::steady_clock::now() + kLongestWait;
  library.set_progress(client, goes_on);
  char* path = nullptr;
  // A length of 0: the id is text.
  const int descriptor =
      library.find_debuginfo(client, reinterpret_cast<const unsigned char*>(build_id.c_str()), 0, &path);
  std::optional<std::string> found;
  if (descriptor >= 0) {
    close(descriptor);
    if (path != nullptr) found = path;
  }
  std::free(path);
  library.end(client);
  return found;
}

}  // namespace cistern::analyzer
