#include "preload/hooks/pymalloc.h"

#include <atomic>

#include "preload/base/spin_lock.h"
#include "preload/cpython/interpreter.h"
#include "preload/hooks/thread_starts.h"
#include "preload/recorder/events.h"
#include "preload/recorder/lifecycle.h"
#include "preload/recorder/ports.h"

namespace cistern::preload {

thread_local constinit uint32_t t_until_check = 0;

namespace {

// Hooks may come to lie above each other: a debug layer or tracemalloc wraps ours, ours is then put on top again. Each
// level keeps what it wraps; only the outermost records.
constexpr int kLevels = 4;
constexpr int kPyDomains = 3;

struct Level {
  PyMemAllocatorEx below[kPyDomains];
  PyObjectArenaAllocator arena_below;
};
constinit Level g_levels[kLevels];

constexpr Domain domain_of(int py_domain) noexcept {
  return py_domain == PYMEM_DOMAIN_RAW ? Domain::kRaw : py_domain == PYMEM_DOMAIN_MEM ? Domain::kMem : Domain::kObj;
}

// Calls of the OBJ hook: a sign that it is still reached, from below another layer.
std::atomic<uint64_t> g_object_calls{0};

template <int kLevel, int kPyDomain>
struct Hook {
  static constexpr Domain kDomain = domain_of(kPyDomain);
  static const PyMemAllocatorEx& below() noexcept { return g_levels[kLevel].below[kPyDomain]; }

  static void alive() noexcept {
    if constexpr (kPyDomain == PYMEM_DOMAIN_OBJ) {
      g_object_calls.store(g_object_calls.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  }

  template <typename Allocate>
  static void* allocate(size_t size, const void* caller, Allocate real) noexcept {
    alive();
    if (!records(kDomain, caller)) return real();
    void* block;
    {
      const Nested nested;
      block = real();
    }
    if (block != nullptr) record_alloc(kDomain, block, size);
    return block;
  }

  static void* malloc(void* ctx, size_t size) noexcept {
    return allocate(size, __builtin_return_address(0), [ctx, size] { return below().malloc(ctx, size); });
  }
  static void* calloc(void* ctx, size_t count, size_t size) noexcept {
    return allocate(count * size, __builtin_return_address(0),
                    [ctx, count, size] { return below().calloc(ctx, count, size); });
  }
  static void* realloc(void* ctx, void* block, size_t size) noexcept {
    if (block == nullptr) {
      return allocate(size, __builtin_return_address(0), [ctx, size] { return below().realloc(ctx, nullptr, size); });
    }
    alive();
    if (!records(kDomain, __builtin_return_address(0))) return below().realloc(ctx, block, size);
    const uint64_t begin_time = now();
    void* moved;
    {
      const Nested nested;
      moved = below().realloc(ctx, block, size);
    }
    if (moved != nullptr) record_realloc(kDomain, begin_time, block, moved, size);
    return moved;
  }
  static void free(void* ctx, void* block) noexcept {
    alive();
    if (block == nullptr || !records(kDomain, __builtin_return_address(0))) return below().free(ctx, block);
    record_free(kDomain, block);
    const Nested nested;
    below().free(ctx, block);
  }

  static bool is(const PyMemAllocatorEx& allocator) noexcept { return allocator.malloc == malloc; }
  static PyMemAllocatorEx over(const PyMemAllocatorEx& allocator) noexcept {
    g_levels[kLevel].below[kPyDomain] = allocator;
    // The old context is kept: another thread may call one of the functions while the table is half copied.
    return PyMemAllocatorEx{allocator.ctx, malloc, calloc, realloc, free};
  }
};

// Arena callbacks also bring chunks of the data stack (3.11 and later, 16 KiB): the size tells.
template <int kLevel>
struct ArenaHook {
  static const PyObjectArenaAllocator& below() noexcept { return g_levels[kLevel].arena_below; }

  static bool wanted(const void* caller) noexcept {
    const uint32_t mask = g_gate.mask.load(std::memory_order_relaxed);
    if ((mask & kAwake) == 0) wake(Domain::kObj, caller);
    return (g_gate.mask.load(std::memory_order_relaxed) & (bit_of(Domain::kObj) | bit_of(Domain::kMem))) != 0;
  }
  static void* alloc(void* ctx, size_t size) noexcept {
    void* arena;
    {
      const Nested nested;
      arena = below().alloc(ctx, size);
    }
    if (arena != nullptr && wanted(__builtin_return_address(0))) record_arena(false, arena, size);
    return arena;
  }
  static void free(void* ctx, void* arena, size_t size) noexcept {
    if (wanted(__builtin_return_address(0))) record_arena(true, arena, size);
    const Nested nested;
    below().free(ctx, arena, size);
  }

  static bool is(const PyObjectArenaAllocator& allocator) noexcept { return allocator.alloc == alloc; }
  static PyObjectArenaAllocator over(const PyObjectArenaAllocator& allocator) noexcept {
    g_levels[kLevel].arena_below = allocator;
    return PyObjectArenaAllocator{allocator.ctx, alloc, free};
  }
};

template <int kPyDomain>
bool is_ours(const PyMemAllocatorEx& allocator) noexcept {
  return Hook<0, kPyDomain>::is(allocator) || Hook<1, kPyDomain>::is(allocator) || Hook<2, kPyDomain>::is(allocator) ||
         Hook<3, kPyDomain>::is(allocator);
}

PyMemAllocatorEx allocator_of(int py_domain) noexcept {
  PyMemAllocatorEx allocator{};
  g_python.functions.get_allocator(py_domain, &allocator);
  return allocator;
}

template <int kLevel, int kPyDomain>
void install(DomainMask domains) noexcept {
  PyMemAllocatorEx allocator = allocator_of(kPyDomain);
  if ((domains & bit_of(domain_of(kPyDomain))) == 0 || is_ours<kPyDomain>(allocator)) return;
  allocator = Hook<kLevel, kPyDomain>::over(allocator);
  g_python.functions.set_allocator(kPyDomain, &allocator);
}

template <int kLevel>
void install_level(DomainMask domains) noexcept {
  install<kLevel, PYMEM_DOMAIN_RAW>(domains);
  install<kLevel, PYMEM_DOMAIN_MEM>(domains);
  install<kLevel, PYMEM_DOMAIN_OBJ>(domains);
  if ((domains & (bit_of(Domain::kObj) | bit_of(Domain::kMem))) == 0) return;
  PyObjectArenaAllocator arena{};
  g_python.functions.get_arena_allocator(&arena);
  if (ArenaHook<0>::is(arena) || ArenaHook<1>::is(arena) || ArenaHook<2>::is(arena) || ArenaHook<3>::is(arena)) return;
  arena = ArenaHook<kLevel>::over(arena);
  g_python.functions.set_arena_allocator(&arena);
}

SpinLock g_install_lock;
int g_next_level = 0;
uint64_t g_calls_at_suspicion = 0;
bool g_suspicious = false;

void install_next_level(DomainMask domains) noexcept {
  switch (g_next_level++) {
    case 0:
      return install_level<0>(domains);
    case 1:
      return install_level<1>(domains);
    case 2:
      return install_level<2>(domains);
    case 3:
      return install_level<3>(domains);
    default:
      g_next_level = kLevels;
  }
}

bool object_hook_on_top() noexcept {
  return is_ours<PYMEM_DOMAIN_OBJ>(allocator_of(PYMEM_DOMAIN_OBJ));
}

// What the interpreter had before the first installation, and what is now under our topmost hook.
PyMemAllocatorEx under_hooks(int py_domain) noexcept {
  PyMemAllocatorEx allocator = allocator_of(py_domain);
  for (int level = kLevels - 1; level >= 0; --level) {
    const bool ours = py_domain == PYMEM_DOMAIN_RAW   ? is_ours<PYMEM_DOMAIN_RAW>(allocator)
                      : py_domain == PYMEM_DOMAIN_MEM ? is_ours<PYMEM_DOMAIN_MEM>(allocator)
                                                      : is_ours<PYMEM_DOMAIN_OBJ>(allocator);
    if (!ours) break;
    const bool is_level = g_levels[level].below[py_domain].malloc != nullptr && level < g_next_level;
    if (is_level) return g_levels[level].below[py_domain];
  }
  return allocator;
}

}  // namespace

void abandon_hooks() noexcept {
  g_install_lock.reset();
  abandon_thread_starts();
}

void install_python_hooks(DomainMask domains) noexcept {
  const Locked locked(g_install_lock);
  install_next_level(domains);
}

// What a layer of debug hooks wraps: its context is a debug_alloc_api_t, whose allocator lies at 8
// (Objects/obmalloc.c, 3.8 – 3.13). pymalloc and malloc have no context.
static PyMemAllocatorEx under_debug_layer(const PyMemAllocatorEx& allocator) noexcept {
  if (allocator.ctx == nullptr) return allocator;
  return load<PyMemAllocatorEx>(static_cast<const uint8_t*>(allocator.ctx), 8);
}

AllocatorFacts python_allocator() noexcept {
  const PyMemAllocatorEx object = under_hooks(PYMEM_DOMAIN_OBJ);
  const PyMemAllocatorEx raw_allocator = under_hooks(PYMEM_DOMAIN_RAW);
  AllocatorFacts facts;
  facts.debug_layer = object.ctx != nullptr;
  const bool same = under_debug_layer(object).malloc == under_debug_layer(raw_allocator).malloc;
  facts.allocator = same ? "malloc" : "pymalloc";
  return facts;
}

// While the interpreter starts, every native event looks; afterwards one in 256.
void check_python_hooks_now() noexcept {
  constexpr uint32_t kBetweenChecks = 256;
  const bool starting = g_recorder.python_stacks && !g_recorder.phases.root_seen();
  t_until_check = starting ? 0 : kBetweenChecks;
  if (!g_recorder.python_stacks || (g_recorder.options.domains & bit_of(Domain::kObj)) == 0) return;
  if (__builtin_expect(object_hook_on_top(), 1)) {
    g_suspicious = false;
    return;
  }
  const Locked locked(g_install_lock);
  const uint64_t calls = g_object_calls.load(std::memory_order_relaxed);
  if (!g_suspicious || calls != g_calls_at_suspicion) {
    // Not on top; but perhaps reached from below another layer: then calls go on being counted.
    g_suspicious = true;
    g_calls_at_suspicion = calls;
    return;
  }
  g_suspicious = false;
  if (g_next_level >= kLevels) return;
  const Nested nested;
  install_next_level(g_recorder.options.domains);
  hooks_reinstalled();
}

}  // namespace cistern::preload
