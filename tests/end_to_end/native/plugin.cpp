// A library that allocates by a function of its own name: PLUGIN, set where it is compiled. All builds of it have the
// same shape, so that one can take the place of another.
#include <cstddef>
#include <cstdlib>

extern "C" [[gnu::noinline]] void* PLUGIN(std::size_t size) {
  char* const block = static_cast<char*>(malloc(size));
  if (block != nullptr) block[0] = 1;
  return block;
}
