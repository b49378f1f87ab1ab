// The compiled sample (native/sample.cpp): addresses within its functions, as the recorder would record them.
#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "analyzer/elf/elf_file.h"

namespace cistern::analyzer {

inline std::string sample_path(const std::string& name) {
  return std::string(CISTERN_NATIVE_SAMPLES) + "/" + name;
}

inline const void* g_called_from = nullptr;
__attribute__((noinline)) inline void call_back() {
  g_called_from = __builtin_return_address(0);
}

class NativeSample {
 public:
  NativeSample() : library_(dlopen(sample_path("sample.so").c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) throw std::runtime_error(dlerror());
  }

  // Within the call that `function` makes.
  uint64_t address_in(const char* function) const {
    reinterpret_cast<void (*)(void (*)())>(find(function))(call_back);
    Dl_info info{};
    dladdr(g_called_from, &info);
    return reinterpret_cast<uint64_t>(g_called_from) - 1 - reinterpret_cast<uint64_t>(info.dli_fbase);
  }
  uint32_t line(const char* constant) const { return static_cast<uint32_t>(*static_cast<const int*>(find(constant))); }
  static std::string build_id() { return std::string(ElfFile(sample_path("sample.so")).build_id()); }

 private:
  void* find(const char* name) const {
    void* const found = dlsym(library_, name);
    if (found == nullptr) throw std::runtime_error(name);
    return found;
  }
  void* library_;
};

}  // namespace cistern::analyzer
