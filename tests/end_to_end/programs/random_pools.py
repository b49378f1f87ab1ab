"""Fills and empties pymalloc's pools at random, and lets READER_LIBRARY read them at random moments.
Usage: random_pools.py READER_LIBRARY SEED ROUNDS mark|stats
"""
import ctypes
import random
import sys
import threading

reader = ctypes.PyDLL(sys.argv[1])
reader.pool_reader_mark.argtypes = [ctypes.c_char_p]
reader.pool_reader_mark.restype = None
reader.pool_reader_stats.argtypes = [ctypes.c_char_p, ctypes.py_object]
reader.pool_reader_stats.restype = ctypes.py_object
chance = random.Random(int(sys.argv[2]))
rounds = int(sys.argv[3])
stats = sys.argv[4] == "stats"
api = ctypes.pythonapi


def bind(family):
    functions = []
    for name, arguments, result in (("Malloc", [ctypes.c_size_t], ctypes.c_void_p),
                                    ("Calloc", [ctypes.c_size_t, ctypes.c_size_t], ctypes.c_void_p),
                                    ("Realloc", [ctypes.c_void_p, ctypes.c_size_t], ctypes.c_void_p),
                                    ("Free", [ctypes.c_void_p], None)):
        function = ctypes.PyDLL(None)[family + name]
        function.argtypes, function.restype = arguments, result
        functions.append(function)
    return functions


FAMILIES = [bind("PyObject_"), bind("PyMem_")]
blocks = []   # (family, address, size)
objects = []
lock = threading.Lock()


def any_size():
    kind = chance.random()
    if kind < 0.05:
        return chance.choice((0, 1, 15, 16, 17, 496, 497, 511, 512, 513))
    if kind < 0.15:
        return chance.randrange(513, 5000)
    return chance.randrange(1, 513)


def make():
    family, size = chance.choice(FAMILIES), any_size()
    count = chance.choice((1, 1, 40))
    for _ in range(count):
        address = family[0](size) if chance.random() < 0.8 else family[1](1, size)
        blocks.append((family, address, size))


def free(count):
    for _ in range(min(count, len(blocks))):
        at = chance.randrange(len(blocks))
        blocks[at], blocks[-1] = blocks[-1], blocks[at]
        family, address, _ = blocks.pop()
        family[3](address)


def resize():
    if not blocks:
        return
    at = chance.randrange(len(blocks))
    family, address, size = blocks[at]
    kind = chance.random()
    if kind < 0.5:
        new = max(size - chance.randrange(0, size // 4 + 1), 0)  # in place, in a class that is not its own
    elif kind < 0.6:
        new = size + chance.randrange(0, 16)
    else:
        new = any_size()
    blocks[at] = (family, family[2](address, new), new)


class Node:
    def __init__(self, value):
        self.value = value
        self.text = "n" * chance.randrange(1, 300)


def churn():
    kind = chance.randrange(6)
    if kind == 0:
        objects.append([Node(i) for i in range(chance.randrange(100))])
    elif kind == 1:
        objects.append({str(i): (i, i * 1.5) for i in range(chance.randrange(200))})
    elif kind == 2:
        objects.append([bytes(chance.randrange(600)) for _ in range(chance.randrange(300))])
    elif kind == 3:
        grown = bytearray()
        for _ in range(chance.randrange(60)):
            grown += b"x" * chance.randrange(20)
        objects.append(grown)
    elif kind == 4:
        objects.append(set(map(str, range(chance.randrange(300)))))
    elif objects:
        chance.shuffle(objects)
        del objects[:chance.randrange(len(objects))]


def in_another_thread():
    """Blocks go from thread to thread, and their last free with them."""
    threads = [threading.Thread(target=steps, args=(30,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def steps(count):
    for _ in range(count):
        with lock:
            kind = chance.random()
            if kind < 0.4:
                make()
            elif kind < 0.7:
                resize()
            elif kind < 0.8:
                churn()
            else:
                free(chance.randrange(1, 20))


for number in range(rounds):
    steps(chance.randrange(1, 40))
    if chance.random() < 0.03:
        in_another_thread()
    if chance.random() < 0.05:
        free(len(blocks) * chance.randrange(50, 101) // 100)
    if chance.random() < 0.03:
        for _ in range(3000):
            make()
    name = ("m%d" % number).encode()
    if stats:
        reader.pool_reader_stats(name, sys._debugmallocstats)
    else:
        reader.pool_reader_mark(name)
