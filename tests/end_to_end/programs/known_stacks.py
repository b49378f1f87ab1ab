"""Allocates known blocks at known lines and prints, as JSON, what a profile must hold.

Every block has a size of its own, odd wherever the call allows it, so that no block of the interpreter is taken for
it. The whole stack is taken from the interpreter's own frames, on the line of the call.
"""
import _thread
import gc
import json
import sys
import threading
import types

import known_blocks

KINDS = ("malloc", "calloc", "realloc", "reallocarray", "memalign", "aligned_alloc", "valloc", "posix_memalign", "mmap",
         "mremap", "raw_malloc", "raw_calloc", "raw_realloc", "mem_malloc", "mem_calloc", "mem_realloc",
         "object_malloc", "object_calloc", "object_realloc")
DEPTHS = (1, 5, 200, 5000)
sys.setrecursionlimit(20000)
threading.stack_size(256 << 20)

expected = []
stacks = []
names = {}
callers_known = [None]
next_small = iter(range(131, 512, 2))
next_large = iter(range(10001, 200000, 2))
next_pages = iter(range(3, 4000))
starting_lock = _thread.allocate_lock()


def code_of(owner):
    return owner.gi_code if isinstance(owner, types.GeneratorType) else owner.__code__


def qualified_name(code):
    """As the language defines it, from the function or generator that has this code; modules and classes have none."""
    place = code.co_filename, code.co_firstlineno, code.co_name
    if place not in names:
        if hasattr(code, "co_qualname"):
            names[place] = code.co_qualname
        else:
            found = [o.__qualname__ for o in gc.get_objects()
                     if type(o) in (types.FunctionType, types.GeneratorType) and code_of(o) is code]
            names[place] = found[0] if found else code.co_name
    return names[place]


def frames_from(frame):
    """[[function, file, line, times]…], innermost first; equal frames that follow each other are counted."""
    frames = []
    while frame is not None:
        entry = [qualified_name(frame.f_code), frame.f_code.co_filename, frame.f_lineno]
        if frames and frames[-1][:3] == entry:
            frames[-1][3] += 1
        else:
            frames.append(entry + [1])
        frame = frame.f_back
    return frames


def callers_of(frame):
    """frames_from(), which is long work under a deep stack, once for each place that is returned to."""
    place = id(frame), frame and frame.f_lasti
    if callers_known[0] != place:
        callers_known[:] = place, frames_from(frame), frame  # held, so that its id stays its own
    return callers_known[1]


def note(kind, size, without_gil, result):
    """Called on the very line of the allocation, in the frame above."""
    frame = sys._getframe(1)
    own = [qualified_name(frame.f_code), frame.f_code.co_filename, frame.f_lineno, 1]
    stack = [own] + callers_of(frame.f_back)
    if not stacks or stacks[-1] != stack:
        stacks.append(stack)
    expected.append([kind, size, bool(without_gil), len(stacks) - 1])


def size_for(kind):
    if kind in ("mmap", "mremap"):
        return 4096 * next(next_pages)
    return next(next_large)


def every_kind():
    for kind in KINDS:
        modes = (False,) if kind.startswith(("mem_", "object_")) else (False, True)
        for without_gil in modes:
            for times in range(2 + without_gil):
                size = size_for(kind)
                note(kind, size, without_gil, known_blocks.allocate(kind, size, without_gil))
    for kind in ("raw_malloc", "mem_malloc", "object_malloc"):
        size = next(next_small)
        note(kind, size, False, known_blocks.allocate(kind, size, False))


def descend(levels):
    if levels == 1:
        every_kind()
    else:
        descend(levels - 1)


class Walker:
    def method(self, levels):
        if levels == 0:
            return one_block(3)
        return self.by_lambda(levels)

    def by_lambda(self, levels):
        return (lambda n: self.by_generator(n))(levels)

    def by_generator(self, levels):
        return next(step for step in self.steps(levels))

    def steps(self, levels):
        def nested(n):
            return [self.by_map(k) for k in (n,)]
        yield nested(levels)

    def by_map(self, levels):
        return list(map(lambda n: eval("call(n)", {"call": self.method, "n": n - 1}), [levels]))


def one_block(times):
    for _ in range(times):
        size = next(next_large)
        note("object_malloc", size, False, known_blocks.allocate("object_malloc", size, False))
        size = next(next_large)
        note("malloc", size, True, known_blocks.allocate("malloc", size, True))


def all_depths():
    # A frame each for this function and for the ones that call the extension: the depth is that of the whole stack.
    for depth in DEPTHS[1:]:
        own = sum(times for _, _, _, times in frames_from(sys._getframe()))
        descend(max(1, depth - own - 1))
    Walker().method(1)
    Walker().method(40)


class Made:
    def __init__(self, levels):
        one_block(1)
        if levels:
            Made(levels - 1)


def constructors():
    """So often that the interpreter comes to enter __init__ without a call of C, with a frame of its own between."""
    for _ in range(30):
        Made(3)


def fresh_code(count):
    """Functions that are made, called once and freed: the next one's code is likely to lie where the last one's did."""
    for i in range(count):
        namespace = {"one_block": one_block}
        text = "\n" * (i % 50) + "def made_%d():\n    return one_block(1)\nmade_%d()\n" % (i, i)
        exec(compile(text, "made_%d.py" % i, "exec"), namespace)


class_size = next(next_large)
class Body: note("malloc", class_size, False, known_blocks.allocate("malloc", class_size, False))


def second_thread():
    try:
        for kind in KINDS:  # depth 1
            size = size_for(kind)
            note(kind, size, False, known_blocks.allocate(kind, size, False))
        all_depths()
        constructors()
        fresh_code(100)
    finally:
        starting_lock.release()


def main():
    all_depths()
    constructors()
    fresh_code(200)
    starting_lock.acquire()
    # Named here, on the line of the start, since the thread's stack goes on with this one.
    started_at.append(frames_from(sys._getframe())); _thread.start_new_thread(second_thread, ())
    starting_lock.acquire()


started_at = []
size = next(next_large)
note("object_malloc", size, False, known_blocks.allocate("object_malloc", size, False))
main()
# Depth 1 in the main thread: the module's own frame.
for kind in KINDS:
    size = size_for(kind)
    note(kind, size, False, known_blocks.allocate(kind, size, False))
json.dump({"blocks": expected, "stacks": stacks, "started_at": started_at[0]}, sys.stdout)
