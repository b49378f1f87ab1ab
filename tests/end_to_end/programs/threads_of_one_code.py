"""Threads that run the same functions at once. On CPython 3.14 and later without the GIL each has a copy of their
instructions, in an array that gets longer the more threads there are; what a thread leaves there a later one finds.
Some blocks are made while a thread is not attached to the interpreter, some by code objects that come and go, some by
generators that another thread began.
"""
import ctypes
import sys
import threading

WAVES = (2, 5, 12, 25, 3)  # threads at once
TURNS = 350  # of all threads of a wave

SOURCE = """
class Point:
    def __init__(self, x):
        self.x, self.y = x, str(x)

def plain(i):
    items = [bytes(100 + j % 7) for j in range(5)]
    return sum(map(len, items)) + len("%d %s" % (i, items[0]))

def deep(i, levels):
    if levels == 0:
        return len(bytes(150 + i % 50)) + len(Point(i).y)
    return deep(i, levels - 1) + 1

def detached(i):
    malloc(24)
    return i

def numbers(n):
    for i in range(n):
        yield bytes(200 + i % 50)

def kinds(i):
    return plain(i) + deep(i, i % 9) + len({j: [j] for j in range(i % 5)}) + (detached(i) if i % 16 == 0 else 0)
"""


def passing(i):
    scope = {}
    exec("def made(n):\n    return [bytes(n) for _ in range(3)]\nkept = made(%d)" % (300 + i % 20), scope)
    return len(scope["kept"])


def advance(begun, functions):
    """A step of a generator that this or another thread began."""
    try:
        one = begun.pop()
    except IndexError:
        one = functions["numbers"](40)
    block = next(one, None)
    if block is not None:
        begun.append(one)


def work(functions, begun, together, turns, totals):
    together.wait()
    total = 0
    for i in range(turns):
        total += functions["kinds"](i)
        if i % 8 == 0:
            total += passing(i)
        advance(begun, functions)
    totals.append(total)


def wave(count):
    functions = {"malloc": ctypes.CDLL(None).malloc}
    exec(compile(SOURCE, "one_code", "exec"), functions)
    begun, totals = [], []
    together = threading.Barrier(count)
    threads = [threading.Thread(target=work, args=(functions, begun, together, TURNS // count, totals))
               for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in begun:
        for _ in one:
            pass
    return totals


for count in WAVES:
    print(count, sorted(wave(count)))
    getattr(sys, "_clear_internal_caches", int)()  # copies that no thread has any more are freed
