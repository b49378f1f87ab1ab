"""Python called from C, from Python called from C: blocks of sizes of their own, each with the stack where it was made.

A line that calls Python code through C says what is between: `# through` and the extension's functions, the innermost
first, or C alone, where all of it is other people's. Prints a JSON object:
blocks: [[kind, size, [[function, file, line]…]]…], the innermost frame first.
"""
import ctypes
import functools
import gc
import json
import re
import sys
import threading

import mixed
import mixed_cpp

blocks, sizes = [], iter(range(60001, 100000, 2))
libc = ctypes.CDLL(None)


def here(kind):
    """Notes where it was called; returns a size that nothing else has."""
    frame, stack, size = sys._getframe(1), [], next(sizes)
    while frame:
        code = frame.f_code
        stack.append((getattr(code, "co_qualname", code.co_name), code.co_filename, frame.f_lineno))
        frame = frame.f_back
    blocks.append((kind, size, stack))
    return size


def inner(*ignored):
    mixed.block(here("malloc"))
    bytes(here("obj"))
    return 1


def middle():
    return inner()


def plain():
    return middle()


class Slots:
    def __lt__(self, other):
        return inner() == 1

    def __hash__(self):
        return inner()

    def __bool__(self):
        return inner() == 1

    def __format__(self, how):
        return str(inner())

    def __next__(self):
        return inner()

    def __iter__(self):
        return self

    @property
    def value(self):
        return inner()

    def __getattr__(self, name):
        return inner()

    def __del__(self):
        inner()


def numbers():
    inner()
    yield 1


def compare(left, right):
    inner()
    return -1


def by_address(left, right):
    return inner()


def builtins():
    sorted([1], key=middle_of)                                  # through C
    list(map(middle_of, [1]))                                   # through C
    list(filter(middle_of, [1]))                                # through C
    functools.reduce(inner, [1, 2])                             # through C
    functools.partial(inner, 1)()                               # through C
    re.sub("a", replaced, "a")
    sum(numbers())                                              # through C
    max(numbers())                                              # through C
    next(numbers())                                             # through C


def middle_of(number):
    return inner()


def replaced(match):
    return str(middle())


def slots():
    kept = [Slots(), Slots()]
    sorted(kept)                                                # through C
    hash(kept[0])                                               # through C
    {kept[0]: 1}                                                # through C
    bool(kept[0])                                               # through C
    format(kept[0])                                             # through C
    next(kept[0])                                               # through C
    mixed.get(kept[0], "value")                                 # through mixed_get
    mixed.get(kept[0], "absent")                                # through mixed_get
    kept.clear()                                                # through C


def callbacks():
    mixed.call(inner)                                           # through mixed_call
    mixed.call(middle)                                          # through mixed_call
    mixed.call(mixed_call_again)                                # through mixed_call
    mixed.deep(inner, 3)          # through mixed_call mixed_down mixed_down mixed_down mixed_down mixed_deep
    mixed.sort(compare)                                         # through mixed_compare mixed_sort
    mixed_cpp.sort(compare)                                     # through mixed_before mixed_cpp_sort
    array = (ctypes.c_int * 2)(2, 1)
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    function = kind(by_address)
    libc.qsort(array, 2, ctypes.sizeof(ctypes.c_int), function)     # through C


def mixed_call_again():
    mixed.call(middle)                                          # through mixed_call


def levels(number):
    if number == 0:
        return inner()
    if number % 3 == 0:
        return levels(number - 1)
    if number % 3 == 1:
        return mixed.call_with(levels, number - 1)              # through mixed_call_with
    return list(map(levels, [number - 1]))                      # through C


def fails():
    raise ValueError(inner())


def after_exceptions():
    """What was unwound leaves nothing behind."""
    try:
        mixed.call(failing)                                     # through mixed_call
    except ValueError:
        inner()
    try:
        mixed_cpp.sort(failing)                                 # through mixed_before mixed_cpp_sort
    except ValueError:
        inner()
    mixed.call(inner)                                           # through mixed_call


def failing(*ignored):
    fails()


def compiled():
    exec("inner()", globals())                                  # through C
    eval("inner()", globals())                                  # through C

    class Body:                                                 # through C
        inner()
        value = [inner() for _ in range(1)]

    import mixed_imported                                       # through C
    return Body, mixed_imported


def collected(phase, info):
    if phase == "start":
        inner()


def collecting():
    gc.callbacks.append(collected)
    gc.collect()                                                # through C
    gc.callbacks.remove(collected)


def in_thread():
    thread = threading.Thread(target=inner)
    thread.start()
    thread.join()


def main():
    for _ in range(3):  # what an interpreter makes of a call may change when it comes again
        plain()
        callbacks()
        levels(7)
    builtins()
    slots()
    after_exceptions()
    compiled()
    collecting()
    in_thread()


if __name__ == "__main__":
    main()
    print(json.dumps({"blocks": blocks}))
