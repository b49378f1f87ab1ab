#include "preload/base/loaded_modules.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstring>
#include <utility>

#include "preload/arch/arch.h"
#include "preload/base/elf.h"
#include "preload/base/memory.h"
#include "preload/base/text.h"

namespace cistern::preload {
namespace {

// struct dl_find_object (glibc 2.35, dlfcn.h), which older headers do not have. Fields that some other architectures
// have come behind these (DLFO_STRUCT_HAS_EH_DBASE, DLFO_STRUCT_HAS_EH_COUNT; neither x86-64 nor aarch64).
struct FoundObject {
  unsigned long long flags;
  void* map_start;
  void* map_end;
  link_map* module;
  void* eh_frame;
  unsigned long long reserved[7];
};
using FindObject = int (*)(void* address, FoundObject* result);
std::atomic<FindObject> g_find_object{nullptr};

bool find_object(uintptr_t address, FoundObject& object) noexcept {
  const FindObject find = g_find_object.load(std::memory_order_relaxed);
  return find != nullptr && find(reinterpret_cast<void*>(address), &object) == 0;
}

bool is_executable(const LoadedModule& module) noexcept {
  const uintptr_t headers = getauxval(AT_PHDR);
  return headers >= module.start && headers < module.end;
}

// The module that find_object() found, or false when its headers are not in memory.
bool describe_object(const FoundObject& object, LoadedModule& module) noexcept {
  if (!describe_module(reinterpret_cast<uintptr_t>(object.map_start), module)) return false;
  const char* const name = object.module->l_name;
  module.path = name == nullptr ? "" : name;
  module.executable = module.path.empty() || is_executable(module);
  return true;
}

constexpr size_t kLineBytes = 8192;  // longer than a line of /proc/self/maps: a path has at most 4,096 bytes
constexpr size_t kBufferBytes = 64 * 1024;
static_assert(kLineBytes < kBufferBytes);

// Lines of /proc/self/maps, in order of addresses.
class Mappings {
 public:
  Mappings() noexcept {
    buffer_ = static_cast<char*>(map_memory(kBufferBytes));
    fd_ = raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>("/proc/self/maps"), O_RDONLY | O_CLOEXEC);
  }
  ~Mappings() {
    if (!is_error(fd_)) raw_syscall(SYS_close, fd_);
    if (buffer_ != nullptr) unmap_memory(buffer_, kBufferBytes);
  }
  Mappings(const Mappings&) = delete;
  Mappings& operator=(const Mappings&) = delete;

  bool is_open() const noexcept { return buffer_ != nullptr && !is_error(fd_); }

  // The next line, without its end. It is valid until the next call.
  bool next(std::string_view& line) noexcept {
    size_t length = text().find('\n');
    while (length == std::string_view::npos && fill()) length = text().find('\n');
    if (length == std::string_view::npos) return false;
    line = text().substr(0, length);
    begin_ += length + 1;
    return true;
  }

 private:
  std::string_view text() const noexcept { return {buffer_ + begin_, end_ - begin_}; }

  bool fill() noexcept {
    std::memmove(buffer_, buffer_ + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ >= kLineBytes) return false;
    long got = -EINTR;
    while (got == -EINTR) {
      got = raw_syscall(SYS_read, fd_, reinterpret_cast<long>(buffer_ + end_), static_cast<long>(kBufferBytes - end_));
    }
    if (got <= 0) return false;
    end_ += static_cast<size_t>(got);
    return true;
  }

  char* buffer_;
  long fd_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

uint64_t take_hexadecimal(std::string_view& text) noexcept {
  uint64_t value = 0;
  while (!text.empty()) {
    const char c = text.front();
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) break;
    value = value << 4 | static_cast<uint64_t>(digit);
    text.remove_prefix(1);
  }
  return value;
}

std::string_view take_word(std::string_view& text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

struct Mapping {
  uintptr_t start = 0;
  bool code = false;  // executable
  bool writable = false;
  bool begins_file = false;  // a part of a file, from its beginning on
  uint64_t device = 0;
  uint64_t inode = 0;  // 0: of no file
  std::string_view path;
};

// "7f31c0a28000-7f31c0bbd000 r-xp 00028000 08:01 1835109    /usr/lib/x86_64-linux-gnu/libc.so.6" (Linux,
// fs/proc/task_mmu.c, show_map_vma).
Mapping parse(std::string_view line) noexcept {
  Mapping mapping;
  mapping.start = take_hexadecimal(line);
  take_word(line);  // the end
  const std::string_view access = take_word(line);
  if (access.size() < 3) return mapping;
  mapping.writable = access[1] == 'w';
  mapping.code = access[2] == 'x';
  std::string_view offset = take_word(line);
  std::string_view device = take_word(line);
  mapping.device = take_hexadecimal(device) << 32;
  if (!device.empty()) device.remove_prefix(1);  // the colon
  mapping.device |= take_hexadecimal(device);
  std::string_view inode = take_word(line);
  mapping.inode = take_number(inode);
  mapping.begins_file = take_hexadecimal(offset) == 0 && mapping.inode != 0 && access[0] == 'r';
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  constexpr std::string_view kDeleted = " (deleted)";
  if (line.ends_with(kDeleted)) line.remove_suffix(kDeleted.size());
  mapping.path = line;
  return mapping;
}

// Finds modules among mappings that are read in order. A module is complete when its last segment, which is writable,
// is mapped: while the loader maps it, what lies there is something else.
class ModuleStarts {
 public:
  // Returns where the module begins whose first writable part is `mapping`; otherwise 0.
  uintptr_t start_of(const Mapping& mapping) noexcept {
    if (mapping.path == "[vdso]") return mapping.start;
    if (mapping.begins_file) {
      device_ = mapping.device;
      inode_ = mapping.inode;
      begin_ = mapping.start;
      code_ = false;
    }
    if (begin_ == 0 || mapping.device != device_ || mapping.inode != inode_) return 0;
    code_ = code_ || mapping.code;
    if (!code_ || !mapping.writable) return 0;
    return std::exchange(begin_, 0);
  }

 private:
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
  uintptr_t begin_ = 0;
  bool code_ = false;
};

// Where there is no /proc: by the loader's list, read as a debugger does.
void for_each_linked_module(bool (*visit)(void* context, const LoadedModule& module), void* context) noexcept {
  for (const link_map* listed = _r_debug.r_map; listed != nullptr; listed = listed->l_next) {
    FoundObject object{};
    LoadedModule module;
    if (module_search_is_cheap()) {
      if (!find_object(reinterpret_cast<uintptr_t>(listed->l_ld), object) || !describe_object(object, module)) continue;
    } else {
      const uintptr_t start = listed->l_addr != 0 ? listed->l_addr : getauxval(AT_PHDR) & ~(kPageBytes - 1);
      if (!describe_module(start, module)) continue;
      module.executable = is_executable(module);
      if (!module.executable && listed->l_name != nullptr) module.path = listed->l_name;
    }
    if (!visit(context, module)) return;
  }
}

// As for_each_module(), without a ModuleReading.
bool for_each_mapped_module(bool (*visit)(void* context, const LoadedModule& module), void* context) noexcept {
  Mappings mappings;
  if (!mappings.is_open()) {
    for_each_linked_module(visit, context);
    return true;
  }
  ModuleStarts starts;
  uintptr_t last = 0;
  const bool ask_libc = module_search_is_cheap();
  for (std::string_view line; mappings.next(line);) {
    const Mapping mapping = parse(line);
    LoadedModule module;
    if (ask_libc) {
      FoundObject object{};
      if (!mapping.code || !find_object(mapping.start, object)) continue;
      const auto start = reinterpret_cast<uintptr_t>(object.map_start);
      if (start == last || !describe_object(object, module)) continue;
      last = start;
    } else {
      const uintptr_t start = starts.start_of(mapping);
      if (start == 0 || !describe_module(start, module)) continue;
      module.executable = is_executable(module);
      if (!module.executable) module.path = mapping.path;
    }
    if (!visit(context, module)) break;
  }
  return true;
}

// Both are sequentially consistent: either a reader sees that a module is being unloaded, or the unloader sees it.
std::atomic<int> g_readers{0};
std::atomic<int> g_unloaders{0};

// Not below 0: a forked child begins at 0, also if it was forked in a destructor that dlclose() runs.
void decrease(std::atomic<int>& count) noexcept {
  int value = count.load(std::memory_order_relaxed);
  while (value > 0 && !count.compare_exchange_weak(value, value - 1, std::memory_order_seq_cst)) {
  }
}

}  // namespace

// Nothing is unloaded meanwhile, so the loader's list can be read as a debugger does.
void for_each_module_at_start(bool (*visit)(void* context, const LoadedModule& module), void* context) noexcept {
  for (const link_map* listed = _r_debug.r_map; listed != nullptr; listed = listed->l_next) {
    LoadedModule module;
    module.path = listed->l_name == nullptr ? "" : listed->l_name;
    module.base = listed->l_addr;
    module.dynamic = listed->l_ld;
    if (!visit(context, module)) return;
  }
}

void prepare_module_search() noexcept {
  for_each_module_at_start(
      [](void*, const LoadedModule& module) {
        void* const found = find_symbol(module, "_dl_find_object");
        g_find_object.store(reinterpret_cast<FindObject>(found), std::memory_order_relaxed);
        return found == nullptr;
      },
      nullptr);
}

bool find_code_range(uintptr_t address, CodeRange& range) noexcept {
  FoundObject object{};
  if (!find_object(address, object)) return false;
  range.eh_frame_header = static_cast<const uint8_t*>(object.eh_frame);
  range.start = reinterpret_cast<uintptr_t>(object.map_start);
  range.end = reinterpret_cast<uintptr_t>(object.map_end);
  return true;
}

bool module_search_is_cheap() noexcept {
  return g_find_object.load(std::memory_order_relaxed) != nullptr;
}

bool visit_module_at(uintptr_t address, void (*visit)(void* context, const LoadedModule& module),
                     void* context) noexcept {
  struct Search {
    uintptr_t address;
    void (*visit)(void*, const LoadedModule&);
    void* context;
    bool found;
  } search{address, visit, context, false};
  if (module_search_is_cheap()) {
    FoundObject object{};
    LoadedModule module;
    if (!find_object(address, object) || !describe_object(object, module)) return false;
    visit(context, module);
    return true;
  }
  for_each_mapped_module(
      [](void* data, const LoadedModule& module) {
        auto& search = *static_cast<Search*>(data);
        if (search.address < module.start || search.address >= module.end) return true;
        search.found = true;
        search.visit(search.context, module);
        return false;
      },
      &search);
  return search.found;
}

bool for_each_module(bool (*visit)(void* context, const LoadedModule& module), void* context) noexcept {
  const ModuleReading reading;
  return reading && for_each_mapped_module(visit, context);
}

ModuleReading::ModuleReading() noexcept {
  g_readers.fetch_add(1, std::memory_order_seq_cst);
  held_ = g_unloaders.load(std::memory_order_seq_cst) == 0;
}

ModuleReading::~ModuleReading() {
  decrease(g_readers);
}

// The wait has a bound: a reader that a signal handler of this thread interrupted goes on only after it.
void unloading_begins() noexcept {
  constexpr int kTurns = 10'000;
  g_unloaders.fetch_add(1, std::memory_order_seq_cst);
  for (int turn = 0; turn < kTurns && g_readers.load(std::memory_order_seq_cst) > 0; ++turn) {
    raw_syscall(SYS_sched_yield);
  }
}

void unloading_ends() noexcept {
  decrease(g_unloaders);
}

void abandon_module_reading() noexcept {
  g_readers.store(0, std::memory_order_relaxed);
  g_unloaders.store(0, std::memory_order_relaxed);
}

bool in_loader(const void* address) noexcept {
  struct Range {
    uintptr_t start = 0;
    uintptr_t end = 0;
  };
  static const Range loader = [] {
    LoadedModule module;
    const uintptr_t at = getauxval(AT_BASE);
    if (at == 0 || !describe_module(at, module)) return Range{};
    return Range{module.start, module.end};
  }();
  const auto at = reinterpret_cast<uintptr_t>(address);
  return at >= loader.start && at < loader.end;
}

void forget_find_object() noexcept {
  g_find_object.store(nullptr, std::memory_order_relaxed);
}

}  // namespace cistern::preload
