#include "preload/recorder/child_environment.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "cistern/format/options.h"
#include "preload/base/memory.h"

namespace cistern::preload {
namespace {

constexpr std::string_view kPreload = "LD_PRELOAD=";
constexpr std::string_view kLibrary = "libcistern_preload";
constexpr size_t kMaxVariables = 8192;  // of an environment that is copied to the stack

// "CISTERN_SESSION=…", without a value before this process is recorded, unless its parent gave it one. In `environ`,
// unless the program has replaced it there.
Text<4096 + 128> g_session;
bool g_recorded = false;
PathText g_run_file;
bool g_withdrawn = false;

bool is_variable(std::string_view entry, std::string_view name) noexcept {
  return entry.starts_with(name) && entry.size() > name.size() && entry[name.size()] == '=';
}

bool is_session(std::string_view entry) noexcept {
  return is_variable(entry, kSessionVariable);
}

bool is_cisterns(std::string_view entry) noexcept {
  return is_session(entry) || is_variable(entry, kOptionsVariable) || is_variable(entry, kRunVariable);
}

// Calls visit(library) for each entry of an LD_PRELOAD variable; the loader takes spaces and colons between them.
template <typename Visit>
void for_each_library(std::string_view variable, Visit visit) noexcept {
  variable.remove_prefix(kPreload.size());
  while (!variable.empty()) {
    const size_t size = variable.find_first_of(": ");
    const std::string_view library = variable.substr(0, size);
    if (!library.empty()) visit(library);
    variable.remove_prefix(size == std::string_view::npos ? variable.size() : size + 1);
  }
}

bool preloads_library(std::string_view entry) noexcept {
  bool found = false;
  if (!entry.starts_with(kPreload)) return found;
  for_each_library(entry, [&](std::string_view library) { found |= base_name(library).starts_with(kLibrary); });
  return found;
}

// Writes an LD_PRELOAD variable without this library to `out`. Returns nullptr when nothing else is in it.
char* without_library(std::string_view entry, char* out) noexcept {
  char* at = out + kPreload.copy(out, kPreload.size());
  const char* const begin = at;
  for_each_library(entry, [&](std::string_view library) {
    if (base_name(library).starts_with(kLibrary)) return;
    if (at != begin) *at++ = ':';
    at += library.copy(at, library.size());
  });
  *at = '\0';
  return at == begin ? nullptr : out;
}

// Copies the environment without Cistern's variables. `memory` holds all pointers, a nullptr, and the text of
// LD_PRELOAD.
char** copy_without_cisterns(char* const* environment, size_t count, void* memory) noexcept {
  auto** const out = static_cast<char**>(memory);
  auto* text = reinterpret_cast<char*>(out + count + 1);
  size_t kept = 0;
  for (; *environment != nullptr; ++environment) {
    char* entry = *environment;
    if (preloads_library(entry)) {
      const size_t bytes = std::strlen(entry) + 1;
      entry = without_library(entry, text);
      text += bytes;
    }
    if (entry != nullptr && !is_cisterns(entry)) out[kept++] = entry;
  }
  out[kept] = nullptr;
  return out;
}

char** copy_with_session(char* const* environment, void* memory) noexcept {
  auto** const out = static_cast<char**>(memory);
  size_t kept = 0;
  for (; *environment != nullptr; ++environment) {
    if (!is_session(*environment)) out[kept++] = *environment;
  }
  out[kept++] = const_cast<char*>(g_session.c_str());
  out[kept] = nullptr;
  return out;
}

struct Contents {
  size_t count = 0;
  size_t preload_bytes = 0;  // of LD_PRELOAD if it names this library; 0: it does not
  bool cisterns = false;
  bool session_right = false;
};

Contents contents_of(char* const* environment) noexcept {
  Contents found;
  for (; environment[found.count] != nullptr; ++found.count) {
    const std::string_view entry(environment[found.count]);
    if (preloads_library(entry)) found.preload_bytes += entry.size() + 1;
    found.cisterns |= is_cisterns(entry);
    found.session_right |= is_session(entry) && entry == g_session.view();
  }
  return found;
}

size_t bytes_without_cisterns(const Contents& found) noexcept {
  return (found.count + 1) * sizeof(char*) + found.preload_bytes;
}

}  // namespace

void begin_environment() noexcept {
  if (const char* const value = getenv(kRunVariable)) g_run_file.add(value);
  const char* const session = getenv(kSessionVariable);
  g_session.clear();
  g_session.add(kSessionVariable).add("=").add(session == nullptr ? "" : session);
  if (environ == nullptr) return;
  size_t count = 0;
  while (environ[count] != nullptr) ++count;
  if (void* const memory = map_memory((count + 2) * sizeof(char*))) environ = copy_with_session(environ, memory);
}

std::string_view inherited_session() noexcept {
  std::string_view text = g_session.view();
  text.remove_prefix(std::min(text.size(), std::string_view(kSessionVariable).size() + 1));
  return text;
}

const char* run_file() noexcept {
  return g_run_file.empty() ? nullptr : g_run_file.c_str();
}

void export_session(const ImageIdentity& image, uint32_t generation, const PathText& first_profile) noexcept {
  g_session.clear();
  g_session.add(kSessionVariable).add("=");
  g_session.add(uint64_t{image.pid}).add(":").add(image.start_ticks).add(":").add(image.start_unix_ns).add(":");
  g_session.add(uint64_t{image.number}).add(":").add(uint64_t{generation}).add(":").add(first_profile.view());
  g_recorded = true;
}

void withdraw_from_environment(bool at_start) noexcept {
  g_withdrawn = true;
  if (!at_start || environ == nullptr) return;
  const Contents found = contents_of(environ);
  if (void* const memory = map_memory(bytes_without_cisterns(found))) {
    environ = copy_without_cisterns(environ, found.count, memory);
  }
}

bool preloads_recorder(char* const* environment) noexcept {
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    if (preloads_library(*environment)) return true;
  }
  return false;
}

size_t child_environment_bytes(char* const* environment) noexcept {
  if (environment == nullptr || (!g_withdrawn && !g_recorded)) return 0;
  const Contents found = contents_of(environment);
  if (found.count > kMaxVariables) return 0;
  if (g_withdrawn) return found.cisterns || found.preload_bytes != 0 ? bytes_without_cisterns(found) : 0;
  // A child that is not recorded needs no session.
  return found.preload_bytes != 0 && !found.session_right ? (found.count + 2) * sizeof(char*) : 0;
}

char* const* child_environment(char* const* environment, void* memory) noexcept {
  if (!g_withdrawn) return copy_with_session(environment, memory);
  size_t count = 0;
  while (environment[count] != nullptr) ++count;
  return copy_without_cisterns(environment, count, memory);
}

}  // namespace cistern::preload
