"""Generators in each other, resumed from different places, closed early, and thrown into."""
import contextlib
import itertools


def numbers(n):
    for i in range(n):
        yield [i]


def chained(depth, n):
    if depth:
        for item in chained(depth - 1, n):
            yield item + [depth]
    else:
        yield from numbers(n)


def delegating(depth, n):
    if depth:
        return (yield from delegating(depth - 1, n)) + [depth]
    yield from ({"n": i} for i in range(n))
    return [0]


def echo():
    received = []
    while True:
        try:
            value = yield list(received)
            received = received[-5:] + [value]
        except KeyError as error:
            received = [str(error)]


@contextlib.contextmanager
def opened(name):
    resource = {name: [name]}
    try:
        yield resource
    finally:
        resource.clear()


def from_here(steps):
    return next(steps)


def from_there(steps):
    return [next(steps)][0]


def main():
    total = 0
    for depth in range(25):
        total += sum(len(item) for item in chained(depth, 60))
        total += sum(item["n"] for item in delegating(depth, 60))
    shared = chained(8, 6000)
    for _ in range(3000):
        total += len(from_here(shared)) + len(from_there(shared))
    talker = echo()
    next(talker)
    for i in range(6000):
        total += len(talker.send("value %d" % i) if i % 10 else talker.throw(KeyError(i)))
    for i in range(3000):
        with opened("name %d" % i) as one, opened("other %d" % i) as two:
            total += len(one) + len(two)
    early = [itertools.islice(chained(5, 1000), 3) for _ in range(300)]
    total += sum(len(item) for some in early for item in some)
    total += len([x for x in (y + [y] for y in (list(z) for z in ((i, i) for i in range(5000))))])
    print(total)


main()
