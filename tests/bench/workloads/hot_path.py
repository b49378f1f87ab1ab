"""One path, many times: an object is allocated and freed. Arguments: kind, depth of the Python stack, repetitions.

same: the stack equals the previous one, as in a loop in C; frame: a Python call begins and ends in between; through: as
same, but each function below was called from C, like a callback."""
import collections
import itertools
import sys


def same(times):
    """`times` objects from one instruction: no frame moves."""
    collections.deque(itertools.starmap(object, itertools.repeat((), times)), maxlen=0)


def make():
    return object()


def frame(times):
    for _ in itertools.repeat(None, times):
        make()


def below(depth, work, times):
    return below(depth - 1, work, times) if depth else work(times)


def through(depth, work, times):
    return next(map(through, (depth - 1,), (work,), (times,))) if depth else work(times)


# With the frames that it has by itself, with the module's.
KINDS = {"same": (below, same, 3), "frame": (below, frame, 4), "through": (through, same, 3)}


descend, work, own = KINDS[sys.argv[1]]
descend(int(sys.argv[2]) - own, work, int(sys.argv[3]))
