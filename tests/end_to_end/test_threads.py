"""Many threads, with every kind of start and end: nothing is lost, nothing hangs, and the recorder's own memory does not
grow with the number of threads that have ended.

CISTERN_SHORT_THREADS says how many short-lived threads there are (a million takes minutes), CISTERN_LIVING_THREADS how
many live at once.
"""
import json
import os
import subprocess
import unittest

import interpreters
import product
import reader

SHORT_THREADS = int(os.environ.get("CISTERN_SHORT_THREADS", "40000"))
LIVING_THREADS = int(os.environ.get("CISTERN_LIVING_THREADS", "1500"))
MIB = 1 << 20

DEEP_PROGRAM = """
import sys, threading
def down(n):
    held = bytearray(1000)
    return down(n + 1) + len(held)
def try_it(say):
    try:
        down(0)
    except RecursionError as error:
        say(error)
said = []
try_it(said.append)
thread = threading.Thread(target=try_it, args=(said.append,))
thread.start(); thread.join()
threading.stack_size(32 * 1024 * 1024)
sys.setrecursionlimit(20000)
thread = threading.Thread(target=try_it, args=(said.append,))
thread.start(); thread.join()
print(len(said), said)
"""

# What is freed when the interpreter has gone: an extension's memory, by a C atexit handler and by a thread's destructor.
LATE_PROGRAM = """
import atexit, ctypes, threading
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.realloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
held = libc.malloc(ctypes.c_size_t(7001))
class AtTheVeryEnd:
    def __del__(self, free=libc.free, held=held): free(held)
AtTheVeryEnd.kept = AtTheVeryEnd()
atexit.register(libc.malloc, ctypes.c_size_t(7003))
thread = threading.Thread(target=libc.malloc, args=(ctypes.c_size_t(7005),))
thread.start(); thread.join()
print("done")
"""

# ctypes gives up the GIL, and without one leaves the interpreter, while it calls malloc.
DETACHED_PROGRAM = """import ctypes, threading
malloc = ctypes.CDLL(None).malloc
def kept():
    for _ in range(1):
        malloc(7007)
def work():
    for _ in range(3):
        kept()
work()
for _ in range(3):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
print("done")
"""

INNER = "#include <stdlib.h>\nvoid* inner(void) { return malloc(9001); }\n"
OUTER = """
#include <dlfcn.h>
#include <stdlib.h>
void* outer(void) {
  void* library = dlopen("libinner_of_cistern.so", RTLD_NOW);
  if (library == NULL) return NULL;
  void* (*inner)(void) = (void* (*)(void))dlsym(library, "inner");
  void* block = inner();
  dlclose(library);
  return block;
}
"""
# Closed and loaded again: `outer` finds `inner` by its RUNPATH alone, and nothing knows of a file that is gone.
RUNPATH_PROGRAM = """
import _ctypes, ctypes, sys
for _ in range(3):
    handle = _ctypes.dlopen(sys.argv[1], 0)
    outer = ctypes.CFUNCTYPE(ctypes.c_void_p)(_ctypes.dlsym(handle, "outer"))
    print(bool(outer()))
    del outer
    _ctypes.dlclose(handle)
    print(sum("of_cistern" in line for line in open("/proc/self/maps")))
"""


class Threads(product.Case):
    def record(self, *arguments, timeout=240):
        """Runs the target bare and recorded; returns the recorded run's output and the profile."""
        profile = self.path("p.cistern")
        command = [product.tool("thread_target"), *arguments]
        done = self.run_well(command, product.recorded_environment(profile, {"follow": "all"}), timeout=timeout)
        return done.out, profile

    def counts(self, profile, *sizes):
        done = self.run_well([product.tool("event_counts"), profile, *sizes], product.clean_environment())
        image, = json.loads(done.out)
        return image, {int(size): count for size, count in image["sizes"].items()}

    def summary(self, profile):
        result = product.cistern("summary", "--json", profile)
        self.assertEqual((result.code, result.err), (0, ""))
        return json.loads(result.out)

    def test_all_short_lived_threads_are_recorded_in_bounded_memory(self):
        out, profile = self.record("short", SHORT_THREADS, timeout=3600)
        self.assertEqual(out, "done\n")
        image, sizes = self.counts(profile, 5001, 5003)
        self.assertEqual((image["lost"], sizes), (0, {5001: SHORT_THREADS, 5003: SHORT_THREADS}))
        result = self.summary(profile)
        image, = result["images"]
        self.assertTrue(result["complete"])
        self.assertEqual((image["lost_events"], image["torn_bytes"], image["unknown_frees"]), (0, 0, 0))
        # One chunk of 64 slots, and tables that nothing was put into: threads that have ended take no more.
        self.assertLess(image["recorder_bytes"], 24 * MIB)
        # The makers have blocks of libc's own, for their threads.
        short = [thread for thread in result["threads"] if thread["allocations"] in (2, 3)]
        self.assertEqual(len(short), SHORT_THREADS)
        self.assertEqual(sum(thread["end_bytes"] // 5001 for thread in short), SHORT_THREADS)

    def test_all_of_many_concurrent_threads_are_recorded(self):
        out, profile = self.record("alive", LIVING_THREADS)
        self.assertEqual(out, "done\n")
        image, sizes = self.counts(profile, 5005)
        self.assertEqual((image["lost"], sizes), (0, {5005: LIVING_THREADS}))
        self.assertTrue(self.summary(profile)["complete"])

    def test_signal_handlers_on_their_own_stack_may_interrupt_the_recorder(self):
        blocks = 20000
        command = [product.tool("thread_target"), "signals", blocks]
        bare = self.run_well(command, product.clean_environment())
        out, profile = self.record("signals", blocks)
        self.assertEqual(out, bare.out)
        _, sizes = self.counts(profile, 5007)
        self.assertEqual(sizes, {5007: blocks + 1}, "what the handler interrupted is whole")
        image, = self.summary(profile)["images"]
        counters = image["counters"]
        self.assertGreater(counters["guarded_events"], 0, "the handler never met the recorder")
        self.assertEqual(counters["lost_events"], counters["guarded_events"])
        self.assertEqual((image["unknown_frees"], image["implied_frees"]), (0, 0))

    def test_cancelled_threads_leave_nothing_locked(self):
        threads = 300
        out, profile = self.record("cancel", threads)
        self.assertEqual(out, "done\n")
        result = self.summary(profile)
        self.assertEqual(result["images"][0]["lost_events"], 0)
        # Only the kernel knows that they ended: it is asked at every 64th new thread.
        self.assertLess(result["images"][0]["recorder_bytes"], 40 * MIB, "a state was lost with its thread")
        self.assertEqual(sum(not thread["main"] for thread in result["threads"]), threads)

    def test_destructors_of_thread_locals_allocate_and_free(self):
        threads = 300
        _, profile = self.record("locals", threads)
        image, sizes = self.counts(profile, 5011, 5013)
        self.assertEqual((image["lost"], sizes), (0, {5011: 2 * threads, 5013: 3 * threads}))
        self.assertEqual(self.summary(profile)["images"][0]["unknown_frees"], 0)

    def test_the_smallest_stack_of_a_thread_is_enough(self):
        bare = self.run_well([product.tool("thread_target"), "small"], product.clean_environment())
        out, profile = self.record("small")
        used = [int(text.split()[0]) for text in (bare.out, out)]
        self.assertLess(used[1] - used[0], 4096, "bytes of stack, bare and recorded: %s" % used)
        image, = self.summary(profile)["images"]
        self.assertGreater(image["events"], 300000)
        self.assertEqual(image["lost_events"], 0)

    def test_allocations_before_and_after_main_are_recorded(self):
        _, profile = self.record("late")
        image, sizes = self.counts(profile, 5017, 5019, 5021)
        self.assertEqual((image["lost"], sizes), (0, {5017: 2, 5019: 1, 5021: 2}))

    def test_late_allocations_and_frees_of_python_programs_are_recorded(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile = self.path(interpreter.name + ".cistern")
                done = self.run_well([interpreter.path, "-c", LATE_PROGRAM], product.recorded_environment(profile))
                self.assertEqual(done.out, "done\n")
                image = reader.only_image(profile)
                self.assertEqual(image.losses["lost"], 0)
                native = [event for event in image.events() if event.op == 1 and event.domain == 0]
                made = {event.size: event.address for event in native if event.size in (7001, 7003, 7005)}
                self.assertEqual(sorted(made), [7001, 7003, 7005])
                freed = {event.address for event in image.events() if event.op == 2}
                self.assertIn(made[7001], freed)

    def test_python_recurses_to_its_limit_as_without_the_recorder(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                command = [interpreter.path, "-c", DEEP_PROGRAM]
                bare = self.run_well(command, product.clean_environment())
                profile = self.path(interpreter.name + ".cistern")
                done = self.run_well(command, product.recorded_environment(profile))
                self.assertEqual(done.out, bare.out)
                self.assertEqual(self.summary(profile)["images"][0]["lost_events"], 0)

    def lines_of_detached(self, interpreter, *below):
        profile = self.path("%s-%d.cistern" % (interpreter.name, len(below)))
        self.run_well([*below, interpreter.path, "-c", DETACHED_PROGRAM], product.recorded_environment(profile))
        image = reader.only_image(profile)
        stacks = [image.stack(event.stack) for event in image.events() if event.op == 1 and event.size == 7007]
        frames = [next(frame for frame in stack if frame.kind == reader.PYTHON) for stack in stacks]
        self.assertEqual({frame.function for frame in frames}, {"kept"})
        return [frame.line for frame in frames]

    def test_allocations_of_a_detached_thread_have_their_line(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                self.assertEqual(self.lines_of_detached(interpreter), [5] * 12)

    # Which copy of its instructions a frame is in is read from memory that may be gone. Where that cannot be asked, a
    # frame has the first line of its function, unless something was allocated at the same place just before.
    def test_a_sandbox_costs_a_detached_thread_only_its_line(self):
        below = [product.tool("deny_calls"), "process_vm_readv=EPERM", "--"]
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                lines = self.lines_of_detached(interpreter, *below)
                if interpreter.free_threaded and interpreter.version >= (3, 14):
                    self.assertEqual(len(lines), 12)
                    self.assertLessEqual(set(lines), {3, 5})
                else:
                    self.assertEqual(lines, [5] * 12)

    def library(self, name, source, *flags):
        path = self.path(name + ".c")
        with open(path, "w", encoding="utf-8") as file:
            file.write(source)
        made = os.path.join(self.folder, *flags[:1], "lib%s_of_cistern.so" % name)
        os.makedirs(os.path.dirname(made), exist_ok=True)
        subprocess.check_call([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-fno-builtin", path, "-o", made,
                               *flags[1:]])
        return made

    def test_dlopen_finds_what_the_runpath_of_its_caller_says_and_dlclose_unloads_it(self):
        self.library("inner", INNER, "deps")
        outer = self.library("outer", OUTER, "", "-Wl,--enable-new-dtags,-rpath,$ORIGIN/deps", "-ldl")
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                command = [interpreter.path, "-c", RUNPATH_PROGRAM, outer]
                bare = self.run_well(command, product.clean_environment())
                self.assertEqual(bare.out, "True\n0\n" * 3)
                profile = self.path(interpreter.name + ".cistern")
                done = self.run_well(command, product.recorded_environment(profile))
                self.assertEqual(done.out, bare.out)
                result = self.summary(profile)
                self.assertTrue(result["complete"])
                blocks = [event for event in reader.only_image(profile).events() if event.op == 1 and event.size == 9001]
                self.assertEqual(len(blocks), 3)


if __name__ == "__main__":
    unittest.main()
