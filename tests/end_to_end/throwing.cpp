// A library that throws C++ exceptions through frames which allocate, for Python to call by ctypes.
#include <dlfcn.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace {

[[gnu::noipa]] void fail(int depth, std::vector<std::string>& seen) {
  seen.emplace_back(100 + static_cast<size_t>(depth), 'x');
  if (depth == 0) throw std::runtime_error(std::string(200, 'e'));
  std::string kept(64 + static_cast<size_t>(depth), 'k');
  fail(depth - 1, seen);
  seen.push_back(kept);
}

}  // namespace

// Throws and catches `count` times; returns how many came through whole.
extern "C" int throw_many(int count) {
  int caught = 0;
  for (int i = 0; i < count; ++i) {
    std::vector<std::string> seen;
    try {
      fail(i % 20, seen);
    } catch (const std::runtime_error& error) {
      caught += std::string(error.what()) == std::string(200, 'e') && seen.size() == static_cast<size_t>(i % 20 + 1);
    }
  }
  return caught;
}

// The library that throws: where _Unwind_RaiseException is bound.
extern "C" const char* who_throws() {
  Dl_info info{};
  void* const function = dlsym(RTLD_DEFAULT, "_Unwind_RaiseException");
  return function != nullptr && dladdr(function, &info) != 0 ? info.dli_fname : "nobody";
}
