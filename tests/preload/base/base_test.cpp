#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "preload/arch/arch.h"
#include "preload/base/clock.h"
#include "preload/base/elf.h"
#include "preload/base/loaded_modules.h"
#include "preload/base/memory.h"
#include "preload/base/message.h"
#include "preload/base/proc.h"
#include "preload/base/real.h"
#include "preload/base/recording_switch.h"
#include "preload/base/spin_lock.h"
#include "preload/base/text.h"

namespace cistern::preload {
namespace {

TEST(Text, KeepsTextThatFitsAndReportsThatMoreDidNot) {
  Text<8> text;
  text.add("ab").add(uint64_t{1234});
  EXPECT_EQ(text.view(), "ab1234");
  EXPECT_TRUE(text.complete());
  text.add("xyz");
  EXPECT_EQ(text.view(), "ab1234x");
  EXPECT_FALSE(text.complete());
  EXPECT_STREQ(text.c_str(), "ab1234x");
}

TEST(Proc, AgreesWithTheKernelAboutThisProcess) {
  EXPECT_EQ(process_id(), static_cast<uint32_t>(getpid()));
  EXPECT_GT(process_start_ticks(), 0u);
  EXPECT_EQ(process_start_ticks(), thread_start_ticks(process_id()));
  EXPECT_GT(memory_use().resident_bytes, 1'000'000u);
  EXPECT_TRUE(thread_exists(thread_id()));
  EXPECT_FALSE(thread_exists(0x3ffffff));
}

TEST(Elf, FindsTheSymbolsThatDlsymFinds) {
  struct Search {
    int found = 0;
    void* address = nullptr;
  } search;
  for_each_module(
      [](void* context, const LoadedModule& module) {
        auto* search = static_cast<Search*>(context);
        if (module.path.find("libc.so") == std::string_view::npos) return true;
        search->address = find_symbol(module, "qsort");
        ++search->found;
        EXPECT_EQ(find_symbol(module, "no_such_symbol_anywhere"), nullptr);
        EXPECT_FALSE(module.build_id.empty());
        EXPECT_LT(module.start, module.end);
        return true;
      },
      &search);
  EXPECT_EQ(search.found, 1);
  EXPECT_EQ(search.address, dlsym(RTLD_DEFAULT, "qsort"));
}

struct Listed {
  std::string path;
  uintptr_t base, start, end;
  std::string build_id;
  auto operator<=>(const Listed&) const = default;
};

std::vector<Listed> listed_modules() {
  std::vector<Listed> found;
  const auto visit = [](void* context, const LoadedModule& module) {
    const std::string path(base_name(module.path));
    const Listed one{path, module.base, module.start, module.end, std::string(module.build_id)};
    static_cast<std::vector<Listed>*>(context)->push_back(one);
    return true;
  };
  EXPECT_TRUE(for_each_module(visit, &found));
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<Listed> modules_of_the_loader() {
  std::vector<Listed> found;
  const auto visit = [](dl_phdr_info* info, size_t, void* context) {
    Listed one{std::string(base_name(info->dlpi_name)), info->dlpi_addr, UINTPTR_MAX, 0, ""};
    for (const auto* header = info->dlpi_phdr; header != info->dlpi_phdr + info->dlpi_phnum; ++header) {
      if (header->p_type != PT_LOAD) continue;
      one.start = std::min<uintptr_t>(one.start, info->dlpi_addr + header->p_vaddr);
      one.end = std::max<uintptr_t>(one.end, info->dlpi_addr + header->p_vaddr + header->p_memsz);
    }
    static_cast<std::vector<Listed>*>(context)->push_back(one);
    return 0;
  };
  dl_iterate_phdr(visit, &found);
  std::sort(found.begin(), found.end());
  return found;
}

TEST(LoadedModules, AreThoseOfTheLoaderWithAndWithoutItsHelp) {
  // The kernel follows symbolic links: libunwind.so.8.0.1 for libunwind.so.8.
  const auto without_texts = [](std::vector<Listed> modules, bool paths_too) {
    for (Listed& module : modules) {
      module.build_id.clear();
      if (paths_too) module.path = module.path.empty() ? "" : "a file";
    }
    std::sort(modules.begin(), modules.end());
    return modules;
  };
  prepare_module_search();
  const auto by_libc = listed_modules();
  EXPECT_EQ(without_texts(by_libc, false), modules_of_the_loader());
  CodeRange range;
  const auto here = reinterpret_cast<uintptr_t>(&listed_modules);
  EXPECT_EQ(find_code_range(here, range), module_search_is_cheap());
  forget_find_object();
  EXPECT_FALSE(module_search_is_cheap());
  const auto by_kernel = listed_modules();
  EXPECT_EQ(without_texts(by_kernel, true), without_texts(by_libc, true));
  bool executable = false;
  EXPECT_TRUE(visit_module_at(
      here, [](void* context, const LoadedModule& module) { *static_cast<bool*>(context) = module.executable; },
      &executable));
  EXPECT_TRUE(executable);
  EXPECT_FALSE(visit_module_at(
      1, [](void*, const LoadedModule&) {}, nullptr));
  prepare_module_search();
}

TEST(LoadedModules, AreNotReadWhileOneIsUnloaded) {
  EXPECT_TRUE(ModuleReading());
  unloading_begins();
  EXPECT_FALSE(ModuleReading());
  EXPECT_FALSE(for_each_module([](void*, const LoadedModule&) { return true; }, nullptr));
  unloading_begins();
  unloading_ends();
  EXPECT_FALSE(ModuleReading());
  unloading_ends();
  EXPECT_TRUE(ModuleReading());
  unloading_ends();  // of a forked child
  EXPECT_TRUE(ModuleReading());
}

TEST(Elf, DistinguishesTheLoaderFromOtherCode) {
  EXPECT_FALSE(in_loader(reinterpret_cast<const void*>(&for_each_module)));
  EXPECT_TRUE(in_loader(dlsym(RTLD_DEFAULT, "__tls_get_addr")));
}

TEST(Memory, IsZeroAndCountedWhenMapped) {
  const uint64_t before = own_bytes();
  auto* const bytes = static_cast<char*>(map_memory(10'000));
  ASSERT_NE(bytes, nullptr);
  EXPECT_EQ(own_bytes(), before + 12'288);
  EXPECT_EQ(bytes[9'999], 0);
  bytes[0] = 1;
  clear_memory(bytes, 10'000);
  EXPECT_EQ(bytes[0], 0);
  unmap_memory(bytes, 10'000);
  EXPECT_EQ(own_bytes(), before);
}

TEST(Memory, IsResidentAtOnceWhenFilled) {
  constexpr size_t kPages = 3;
  void* const bytes = map_filled_memory(kPages * 4096);
  ASSERT_NE(bytes, nullptr);
  unsigned char there[kPages] = {};
  ASSERT_EQ(mincore(bytes, kPages * 4096, there), 0);
  for (const unsigned char page : there) EXPECT_EQ(page & 1, 1);
  unmap_memory(bytes, kPages * 4096);
}

// print_once() prints once in a process: each test prints in a child.
[[noreturn]] void print_and_exit(std::string_view what, std::string_view where, std::string_view why) {
  remember_stderr();
  print_once(what, where, why);
  print_once("more");
  _exit(0);
}

TEST(Message, HasOneLineOfWhatWhereAndWhy) {
  EXPECT_EXIT(print_and_exit("recording stopped", "/tmp/x", "no space left"), testing::ExitedWithCode(0),
              "^cistern: recording stopped: /tmp/x: no space left\n$");
}

TEST(Message, LeavesOutEmptyParts) {
  EXPECT_EXIT(print_and_exit("not recording", "", "an old kernel"), testing::ExitedWithCode(0),
              "^cistern: not recording: an old kernel\n$");
}

TEST(Message, CutsALongPathAndKeepsTheReason) {
  EXPECT_EXIT(print_and_exit("not recording", std::string(4000, 'x'), "the path is too long"),
              testing::ExitedWithCode(0), "^cistern: not recording: x+…: the path is too long\n$");
}

TEST(Message, StaysOneLineWhenThePathHasALineBreak) {
  EXPECT_EXIT(print_and_exit("not recording", "/tmp/a\nb", "no such directory"), testing::ExitedWithCode(0),
              "^cistern: not recording: /tmp/a.b: no such directory\n$");
}

TEST(Clock, AdvancesAtItsRate) {
  choose_clock();
  const uint64_t begin_ns = read_clock(CLOCK_MONOTONIC);
  const uint64_t begin = now();
  uint64_t end_ns = begin_ns;
  while (end_ns - begin_ns < 20'000'000) end_ns = read_clock(CLOCK_MONOTONIC);
  const double units = static_cast<double>(now() - begin) * static_cast<double>(1u << g_clock.shift);
  const double seconds = static_cast<double>(end_ns - begin_ns) / 1e9;  // more than 0.02 on a busy machine
  EXPECT_NEAR(units / static_cast<double>(g_clock.hz), seconds, seconds / 4);
}

TEST(RecordingSwitch, IsWipedInAForkedChildAndOnlyThere) {
  ASSERT_TRUE(wipe_switch_on_fork());
  g_recording_switch.mask.store(kDecided | kAllDomains);
  const pid_t child = fork();
  if (child == 0) _exit(g_recording_switch.mask.load() == 0 ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(g_recording_switch.mask.load(), kDecided | kAllDomains);
}

TEST(RealFunctions, AreThoseOfTheCLibrary) {
  resolve_real_functions();
  EXPECT_EQ(reinterpret_cast<void*>(g_real.fork), dlsym(RTLD_NEXT, "fork"));
  void* const block = g_real.malloc(100);
  EXPECT_FALSE(in_bootstrap_pool(block));
  g_real.free(block);
}

TEST(SpinLock, AdmitsOneThreadAtATime) {
  SpinLock lock;
  int count = 0;
  const auto work = [&] {
    for (int i = 0; i < 50'000; ++i) {
      const Locked locked(lock);
      ++count;
    }
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(count, 100'000);
}

}  // namespace
}  // namespace cistern::preload
