"""Four threads allocate and free blocks, each of its own size, and count completed calls in shared memory.

usage: count_until_killed.py COUNTERS [CALLS _exit|abort|exec|exit]
"""
import mmap
import os
import sys
import threading

THREADS = 4
# In words of 8 bytes: completed calls at 2…5, as the native program has them; "has begun" at 8…11.
FIRST_SIZE = 5001  # of thread 0; its block takes one byte more (EMPTY come to those of a bytes object), and the next thread's two

EMPTY = sys.getsizeof(b"")


def work(index, calls):
    counts[8 + index] = 1
    # Item by item: without the GIL threads that slice one memoryview release it (CPython 3.13).
    while sum(counts[8 + i] for i in range(THREADS)) < THREADS:
        pass
    place, size, completed = 2 + index, FIRST_SIZE + 2 * index, 0
    while completed < calls:
        bytes(size + 1 - EMPTY)
        completed += 1
        counts[place] = completed


def main():
    calls = int(sys.argv[2]) if len(sys.argv) > 2 else 1 << 60
    threads = [threading.Thread(target=work, args=(i, calls)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if sys.argv[3] == "_exit":
        os._exit(7)
    if sys.argv[3] == "abort":
        os.abort()
    if sys.argv[3] == "exec":
        os.execv("/bin/echo", ["echo", "taken over"])


with open(sys.argv[1], "w+b") as file:
    file.truncate(mmap.PAGESIZE)
    counts = memoryview(mmap.mmap(file.fileno(), mmap.PAGESIZE)).cast("Q")
main()
