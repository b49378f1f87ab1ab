"""One path, many times: an object is allocated and freed. Arguments: kind, depth of the Python stack, how often.

same: the stack is the very one of the time before, as a loop in C makes it; frame: a call comes and goes in between."""
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


KINDS = {"same": (same, 3), "frame": (frame, 4)}  # and the frames that it has by itself, with the module's


work, own = KINDS[sys.argv[1]]
below(int(sys.argv[2]) - own, work, int(sys.argv[3]))
