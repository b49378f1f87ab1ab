#include "preload/hooks/pymalloc.h"

#include <atomic>

#include "preload/base/spin_lock.h"
#include "preload/cpython/interpreter.h"
#include "preload/hooks/should_record.h"
#include "preload/recorder/events.h"
#include "preload/recorder/loader_events.h"
#include "preload/recorder/python_events.h"

namespace cistern::preload {

thread_local constinit uint32_t t_until_check = 0;

namespace {

// Hooks may come to lie above each other: a debug layer or tracemalloc wraps a hook, then another hook wraps that. Each
// level keeps the allocator that it wraps, and wraps no other one later. Only the outermost hook records. Level 0 is
// for interpreters with a GIL, because its code is inlined and relies on the GIL; without a GIL the levels start at 1.
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

#define CISTERN_FRAME_IF_NATIVE (kNative ? CISTERN_OWN_FRAME : nullptr)

// Set by the OBJ hook: it is still called, perhaps from a layer above it.
std::atomic<bool> g_object_called{false};

// With `kNative` blocks get native frames. These hooks are separate because they need a frame pointer.
template <int kLevel, int kPyDomain, bool kNative>
struct Hook {
  static constexpr Domain kDomain = domain_of(kPyDomain);
  static const PyMemAllocatorEx& below() noexcept { return g_levels[kLevel].below[kPyDomain]; }

  static void note_object_call() noexcept {
    if constexpr (kPyDomain == PYMEM_DOMAIN_OBJ) {
      g_object_called.store(true, std::memory_order_relaxed);
    }
  }

  // Calls the real allocation function and records its block.
  template <typename Allocate>
  [[gnu::always_inline]] static void* allocate(size_t size, const void* frame, Allocate real) noexcept {
    void* block;
    {
      const OutermostGuard guard;
      block = real();
    }
    if (block == nullptr) return block;
    if constexpr (kLevel == 0 && kDomain != Domain::kRaw) {
      inlined::record_alloc(kDomain, block, size, frame);
    } else {
      record_alloc(kDomain, block, size, frame);
    }
    return block;
  }
  // Not inlined: the hooks jump here, so they save no registers where nothing is recorded, and the return address of
  // these functions is that of the hook.
  [[gnu::noinline]] static void* recorded_malloc(void* ctx, size_t size) noexcept {
    return allocate(size, CISTERN_FRAME_IF_NATIVE, [ctx, size] { return below().malloc(ctx, size); });
  }
  [[gnu::noinline]] static void* recorded_calloc(void* ctx, size_t count, size_t size) noexcept {
    return allocate(count * size, CISTERN_FRAME_IF_NATIVE,
                    [ctx, count, size] { return below().calloc(ctx, count, size); });
  }
  [[gnu::noinline]] static void* recorded_realloc(void* ctx, void* block, size_t size) noexcept {
    if (block == nullptr)
      return allocate(size, CISTERN_FRAME_IF_NATIVE, [ctx, size] { return below().realloc(ctx, nullptr, size); });
    const uint64_t begin_time = now();
    void* moved;
    {
      const OutermostGuard guard;
      moved = below().realloc(ctx, block, size);
    }
    if (moved != nullptr) record_realloc(kDomain, begin_time, block, moved, size, CISTERN_FRAME_IF_NATIVE);
    return moved;
  }
  [[gnu::noinline]] static void recorded_free(void* ctx, void* block) noexcept {
    if constexpr (kLevel == 0 && kDomain != Domain::kRaw) {
      inlined::record_free(kDomain, block);
    } else {
      record_free(kDomain, block);
    }
    const OutermostGuard guard;
    below().free(ctx, block);
  }

  // Every hook ends with a tail call of one of three functions.
  template <typename Result, typename... Arguments>
  [[gnu::always_inline]] static Result dispatch(Result (*recorded)(void*, Arguments...),
                                                Result (*real)(void*, Arguments...), const void* caller, void* ctx,
                                                Arguments... arguments) noexcept {
    note_object_call();
    const HookAction action = hook_action(kDomain);
    if (__builtin_expect(action == HookAction::kRecord, 1)) return recorded(ctx, arguments...);
    if (action == HookAction::kPassOn) return real(ctx, arguments...);
    return dispatch_slowly(recorded, real, caller, ctx, arguments...);
  }
  template <typename Result, typename... Arguments>
  [[gnu::noinline, gnu::cold]] static Result dispatch_slowly(Result (*recorded)(void*, Arguments...),
                                                             Result (*real)(void*, Arguments...), const void* caller,
                                                             void* ctx, Arguments... arguments) noexcept {
    return take_slow_path(kDomain, caller) ? recorded(ctx, arguments...) : real(ctx, arguments...);
  }

  static void* malloc(void* ctx, size_t size) noexcept {
    return dispatch(&recorded_malloc, below().malloc, __builtin_return_address(0), ctx, size);
  }
  static void* calloc(void* ctx, size_t count, size_t size) noexcept {
    return dispatch(&recorded_calloc, below().calloc, __builtin_return_address(0), ctx, count, size);
  }
  static void* realloc(void* ctx, void* block, size_t size) noexcept {
    return dispatch(&recorded_realloc, below().realloc, __builtin_return_address(0), ctx, block, size);
  }
  static void free(void* ctx, void* block) noexcept {
    if (block == nullptr) return below().free(ctx, block);
    dispatch(&recorded_free, below().free, __builtin_return_address(0), ctx, block);
  }

  static constexpr PyMemAllocatorEx table() noexcept { return {nullptr, malloc, calloc, realloc, free}; }
};

// From 3.11 on the arena callbacks also allocate chunks of the data stack (16 KiB): the analyzer recognises them by
// their size.
template <int kLevel>
struct ArenaHook {
  static const PyObjectArenaAllocator& below() noexcept { return g_levels[kLevel].arena_below; }

  static bool should_record_arena(const void* caller) noexcept {
    const uint32_t mask = g_recording_switch.mask.load(std::memory_order_relaxed);
    if ((mask & kDecided) == 0) take_slow_path(Domain::kObj, caller);
    return (g_recording_switch.mask.load(std::memory_order_relaxed) & (bit_of(Domain::kObj) | bit_of(Domain::kMem))) !=
           0;
  }
  static void* alloc(void* ctx, size_t size) noexcept {
    void* arena;
    {
      const ReentrancyGuard guard;
      arena = below().alloc(ctx, size);
    }
    if (arena != nullptr && should_record_arena(__builtin_return_address(0))) record_arena(false, arena, size);
    return arena;
  }
  static void free(void* ctx, void* arena, size_t size) noexcept {
    if (should_record_arena(__builtin_return_address(0))) record_arena(true, arena, size);
    const ReentrancyGuard guard;
    below().free(ctx, arena, size);
  }

  static constexpr PyObjectArenaAllocator table() noexcept { return {nullptr, alloc, free}; }
};

template <int kPyDomain, bool kNative>
constexpr PyMemAllocatorEx hook_of(int level) noexcept {
  constexpr PyMemAllocatorEx kHooks[kLevels] = {
      Hook<0, kPyDomain, kNative>::table(), Hook<1, kPyDomain, kNative>::table(), Hook<2, kPyDomain, kNative>::table(),
      Hook<3, kPyDomain, kNative>::table()};
  return kHooks[level];
}
template <int kPyDomain>
PyMemAllocatorEx hook_of(int level) noexcept {
  const bool native = has_native_frames(domain_of(kPyDomain));
  return native ? hook_of<kPyDomain, true>(level) : hook_of<kPyDomain, false>(level);
}
PyMemAllocatorEx hook_of(int py_domain, int level) noexcept {
  return py_domain == PYMEM_DOMAIN_RAW   ? hook_of<PYMEM_DOMAIN_RAW>(level)
         : py_domain == PYMEM_DOMAIN_MEM ? hook_of<PYMEM_DOMAIN_MEM>(level)
                                         : hook_of<PYMEM_DOMAIN_OBJ>(level);
}
constexpr PyObjectArenaAllocator kArenaHooks[kLevels] = {ArenaHook<0>::table(), ArenaHook<1>::table(),
                                                         ArenaHook<2>::table(), ArenaHook<3>::table()};

PyMemAllocatorEx allocator_of(int py_domain) noexcept {
  PyMemAllocatorEx allocator{};
  g_python.functions.get_allocator(py_domain, &allocator);
  return allocator;
}

// Returns the level whose hook `allocator` is; kLevels when it is not a hook.
int level_of(int py_domain, const PyMemAllocatorEx& allocator) noexcept {
  int level = 0;
  while (level < kLevels && hook_of(py_domain, level).malloc != allocator.malloc) ++level;
  return level;
}

// Returns the level that wraps `below` already (the program has removed the hook), else an unused level; kLevels when
// there is none.
template <typename Below, typename Get>
int level_for(const Below& below, Get wrapped) noexcept {
  int level = g_python.free_threaded ? 1 : 0;
  while (level < kLevels && !(wrapped(level) == Below{}) && !(wrapped(level) == below)) ++level;
  return level;
}

void install(int py_domain, DomainMask domains) noexcept {
  const PyMemAllocatorEx allocator = allocator_of(py_domain);
  if ((domains & bit_of(domain_of(py_domain))) == 0 || level_of(py_domain, allocator) < kLevels) return;
  const int level = level_for(allocator, [py_domain](int i) { return g_levels[i].below[py_domain]; });
  if (level == kLevels) return;
  g_levels[level].below[py_domain] = allocator;
  PyMemAllocatorEx hook = hook_of(py_domain, level);
  // The context stays the same: another thread may call a function while half of the table has been copied.
  hook.ctx = allocator.ctx;
  g_python.functions.set_allocator(py_domain, &hook);
}

void install_arena(DomainMask domains) noexcept {
  if ((domains & (bit_of(Domain::kObj) | bit_of(Domain::kMem))) == 0) return;
  PyObjectArenaAllocator arena{};
  g_python.functions.get_arena_allocator(&arena);
  for (const PyObjectArenaAllocator& hook : kArenaHooks) {
    if (hook.alloc == arena.alloc) return;
  }
  const int level = level_for(arena, [](int i) { return g_levels[i].arena_below; });
  if (level == kLevels) return;
  g_levels[level].arena_below = arena;
  PyObjectArenaAllocator hook = kArenaHooks[level];
  hook.ctx = arena.ctx;
  g_python.functions.set_arena_allocator(&hook);
}

SpinLock g_install_lock;
bool g_missing_before = false;

// The allocator of small objects before the interpreter is initialized and chooses one: pymalloc, if it is compiled in.
void* (*g_pymalloc)(void* ctx, size_t size) = nullptr;

// Returns the allocator that the topmost hook calls; the topmost allocator where there is no hook.
PyMemAllocatorEx below_top(int py_domain) noexcept {
  const PyMemAllocatorEx allocator = allocator_of(py_domain);
  const int level = level_of(py_domain, allocator);
  return level < kLevels ? g_levels[level].below[py_domain] : allocator;
}

void note_pymalloc() noexcept {
  const auto object = below_top(PYMEM_DOMAIN_OBJ).malloc;
  if (g_pymalloc == nullptr && !is_initialized() && object != below_top(PYMEM_DOMAIN_RAW).malloc) g_pymalloc = object;
}

void install_all(DomainMask domains) noexcept {
  for (const int py_domain : {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ}) install(py_domain, domains);
  install_arena(domains);
  note_pymalloc();
  const auto object = below_top(PYMEM_DOMAIN_OBJ).malloc;
  const bool pymalloc_below = !g_python.free_threaded && g_pymalloc != nullptr && object == g_pymalloc &&
                              below_top(PYMEM_DOMAIN_MEM).malloc == g_pymalloc;
  allow_shared_times(pymalloc_below);
}

bool on_top(int py_domain) noexcept {
  return level_of(py_domain, allocator_of(py_domain)) < kLevels;
}

// Returns the allocator below all hooks that lie directly above each other.
PyMemAllocatorEx under_hooks(int py_domain) noexcept {
  PyMemAllocatorEx allocator = allocator_of(py_domain);
  for (int level = level_of(py_domain, allocator); level < kLevels; level = level_of(py_domain, allocator)) {
    allocator = g_levels[level].below[py_domain];
  }
  return allocator;
}

}  // namespace

void abandon_python_hooks() noexcept {
  g_install_lock.reset();
}

void install_python_hooks(DomainMask domains) noexcept {
  const Locked locked(g_install_lock);
  install_all(domains);
}

void note_python_allocators() noexcept {
  const Locked locked(g_install_lock);
  note_pymalloc();
}

void forget_python_hooks() noexcept {
  const Locked locked(g_install_lock);
  for (Level& level : g_levels) level = Level{};
  g_pymalloc = nullptr;
}

// Returns the allocator below a layer of debug hooks, whose context is a debug_alloc_api_t with the allocator at offset
// 8 (Objects/obmalloc.c, 3.8 – 3.15). pymalloc and malloc have no context.
static PyMemAllocatorEx under_debug_layer(const PyMemAllocatorEx& allocator) noexcept {
  if (allocator.ctx == nullptr) return allocator;
  return load<PyMemAllocatorEx>(static_cast<const uint8_t*>(allocator.ctx), 8);
}

AllocatorFacts python_allocator() noexcept {
  const PyMemAllocatorEx object = under_hooks(PYMEM_DOMAIN_OBJ);
  const PyMemAllocatorEx raw_allocator = under_hooks(PYMEM_DOMAIN_RAW);
  AllocatorFacts facts;
  facts.debug_layer = object.ctx != nullptr;
  const auto allocator = under_debug_layer(object).malloc;
  if (allocator == under_debug_layer(raw_allocator).malloc) {
    facts.allocator = "malloc";
  } else if (g_python.free_threaded || (g_pymalloc != nullptr && allocator != g_pymalloc)) {
    facts.allocator = "mimalloc";  // 3.13 and later: without the GIL, or chosen by PYTHONMALLOC
  } else {
    facts.allocator = "pymalloc";
  }
  return facts;
}

// While the interpreter starts, every native event checks; later one in 256. Without an interpreter one in 16 checks
// whether one has been loaded: an interpreter allocates far more often than that before its first frame.
void check_python_hooks_now(const void* caller) noexcept {
  constexpr uint32_t kBetweenChecks = 256;
  constexpr uint32_t kBetweenSearches = 16;
  if (!g_python.found) {
    t_until_check = kBetweenSearches;
    return check_for_new_python(caller);
  }
  t_until_check = 0;
  const bool running = python_runs();
  if (running || !has_python_stacks()) t_until_check = kBetweenChecks;
  if (!has_python_stacks()) return;
  if ((recorded_domains() & bit_of(Domain::kObj)) == 0) return check_for_asyncio(caller);
  if (__builtin_expect(on_top(PYMEM_DOMAIN_OBJ), 1)) {
    g_missing_before = false;
    if (!on_top(PYMEM_DOMAIN_RAW)) install_python_hooks(recorded_domains());
    return;
  }
  const Locked locked(g_install_lock);
  const bool called = g_object_called.exchange(false, std::memory_order_relaxed);
  if (!g_missing_before || called) {
    // The hook is not on top. It may be called by a layer above it: the next check knows.
    g_missing_before = true;
    return;
  }
  g_missing_before = false;
  const ReentrancyGuard guard;
  install_all(recorded_domains());
  if (on_top(PYMEM_DOMAIN_OBJ)) record_reinstalled_hooks();
}

}  // namespace cistern::preload
