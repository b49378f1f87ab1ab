// The public C API, as a recorder exports it, that does nothing but write its calls to the file FAKE_API_LOG names.

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#define CISTERN_IMPLEMENTATION
#include "cistern/cistern.h"

namespace {

int recording = 0;

void log(const char* call, const char* argument = "") {
  const char* path = std::getenv("FAKE_API_LOG");
  std::FILE* const file = path != nullptr ? std::fopen(path, "a") : nullptr;
  if (file == nullptr) return;
  std::fprintf(file, "%s%s\n", call, argument);
  std::fclose(file);
}

}  // namespace

extern "C" {
void cistern_mark(const char* name) {
  log("mark ", name);
}
void cistern_start() {
  log("start");
  recording = 1;
}
void cistern_stop() {
  log("stop");
  recording = 0;
}
int cistern_flush() {
  log("flush");
  return std::getenv("FAKE_API_FULL") != nullptr ? ENOSPC : 0;
}
int cistern_enabled() {
  return recording;
}
}
