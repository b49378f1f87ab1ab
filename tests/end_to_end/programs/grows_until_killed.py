"""Fills a cache, works for a while without growing, then grows at one line until it is killed: by itself after
sys.argv[1] blocks, or with 0 by a limit on its memory."""
import os
import signal
import sys

BLOCK = 50_000
cache = [bytearray(1000) for _ in range(20000)]
held = []


def work():
    for _ in range(60000):
        bytes(2000)


def remember():
    held.append(bytearray(BLOCK))


work()
limit = int(sys.argv[1])
while not limit or len(held) < limit:
    remember()
os.kill(os.getpid(), signal.SIGKILL)
