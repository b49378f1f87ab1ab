// A plug-in of embed_target: the library whose dlopen brings Python.
#include <dlfcn.h>

extern "C" void* open_library(const char* path, int how) {
  return dlopen(path, how);
}
