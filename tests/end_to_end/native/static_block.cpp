// A library that allocates while it is loaded, in the constructor of a static object and in an initializer.
#include <cstdlib>

namespace {

struct StaticBlock {
  [[gnu::noinline]] StaticBlock() : block(malloc(70001)) {}
  void* block;
};

[[gnu::noinline]] void* initial_block() {
  return malloc(70003);
}

StaticBlock constructed;
void* initialized = initial_block();

}  // namespace

extern "C" bool are_there() {
  return constructed.block != nullptr && initialized != nullptr;
}
