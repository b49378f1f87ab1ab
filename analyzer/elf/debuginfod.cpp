#include "analyzer/elf/debuginfod.h"

#include <dlfcn.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

namespace cistern::analyzer {
namespace {

constexpr std::chrono::seconds kLongestWait{60};  // for one file

// <elfutils/debuginfod.h> of 0.180 and later.
struct Client;
using Progress = int (*)(Client*, long, long);

using Clock = std::chrono::steady_clock;

class Library {
 public:
  Library() {
    void* const library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return;
    find(library, "debuginfod_begin", begin);
    find(library, "debuginfod_end", end);
    find(library, "debuginfod_set_progressfn", set_progress);
    find(library, "debuginfod_set_user_data", set_user_data);
    find(library, "debuginfod_get_user_data", get_user_data);
    find(library, "debuginfod_find_debuginfo", find_debuginfo);
  }
  bool is_there() const {
    return begin != nullptr && end != nullptr && set_progress != nullptr && set_user_data != nullptr &&
           get_user_data != nullptr && find_debuginfo != nullptr;
  }

  Client* (*begin)() = nullptr;
  void (*end)(Client*) = nullptr;
  void (*set_progress)(Client*, Progress) = nullptr;
  void (*set_user_data)(Client*, void*) = nullptr;
  void* (*get_user_data)(Client*) = nullptr;
  int (*find_debuginfo)(Client*, const unsigned char*, int, char**) = nullptr;

 private:
  template <typename Function>
  static void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
  }
};

const Library& library() {
  static const Library loaded;
  return loaded;
}

int goes_on(Client* client, long, long) {
  const auto* const deadline = static_cast<const Clock::time_point*>(library().get_user_data(client));
  return Clock::now() > *deadline ? 1 : 0;
}

}  // namespace

std::optional<std::string> fetch_debug_file(const std::string& build_id, std::string_view module,
                                            DebuginfodRequest on_request) {
  const char* const urls = std::getenv("DEBUGINFOD_URLS");
  if (urls == nullptr || *urls == '\0') return std::nullopt;
  Client* const client = library().is_there() ? library().begin() : nullptr;
  if (client == nullptr) return std::nullopt;
  on_request(std::string(module.substr(module.rfind('/') + 1)), build_id);
  auto deadline = Clock::now() + kLongestWait;
  library().set_user_data(client, &deadline);
  library().set_progress(client, goes_on);
  char* path = nullptr;
  // Length 0 means that the id is a hexadecimal string.
  const int descriptor =
      library().find_debuginfo(client, reinterpret_cast<const unsigned char*>(build_id.c_str()), 0, &path);
  std::optional<std::string> found;
  if (descriptor >= 0) {
    close(descriptor);
    if (path != nullptr) found = path;
  }
  std::free(path);
  library().end(client);
  return found;
}

}  // namespace cistern::analyzer
