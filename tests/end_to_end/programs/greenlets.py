"""Greenlets that switch between functions: each block belongs to the function that allocates it."""
import os

import greenlet

COUNT = int(os.environ.get("N", 200))


def ping(depth, size):
    if depth:
        return ping(depth - 1, size)
    kept = []
    while True:
        other.switch()
        kept.append(bytes(size))            # LINE ping
        if len(kept) == COUNT:
            return kept


def pong():
    kept = []
    while True:
        kept.append(bytes(40001))           # LINE pong
        main.switch()


def children():
    found = []
    for number in range(COUNT):
        child = greenlet.greenlet(lambda size: bytes(size))     # LINE child
        found.append(child.switch(40002 if number % 2 else 40003))
    return found


def generator():
    for _ in range(COUNT):
        other.switch()
        yield bytes(40004)                  # LINE generator


main = greenlet.getcurrent()
other = greenlet.greenlet(pong)
blocks = [ping(0, 40005), ping(17, 40006), children(), list(generator())]
print([len(some) for some in blocks])
