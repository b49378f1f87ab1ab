"""Works in rounds for longer than a small profile can hold: a mark names each round, which makes and drops a known
number of blocks of a size of its own, in a function that was compiled for it. A thread from the beginning does
the same with one size.

    flight.py ROUNDS
"""
import ctypes
import sys
import threading

ARRAYS = 250
THREAD_SIZE = 9000
EMPTY = sys.getsizeof(b"")
WORK = """
def work_%d():
    for _ in range(%d):
        bytes(%d)
"""


def size_of(number):
    return 20000 + number % 1000  # larger than anything that the compiler asks for


class Beside:
    def __init__(self):
        self.rounds, self.done = threading.Semaphore(0), threading.Semaphore(0)

    def work(self):
        while True:
            self.rounds.acquire()
            bytes(THREAD_SIZE + 1 - EMPTY)
            self.done.release()

    def launch(self):
        threading.Thread(target=self.work, daemon=True).start()


def main(rounds):
    mark = ctypes.CDLL(None).cistern_mark
    beside = Beside()
    beside.launch()
    for number in range(rounds):
        space = {}
        exec(compile(WORK % (number, ARRAYS, size_of(number) + 1 - EMPTY), "round_%d.py" % number, "exec"), space)
        mark(b"%d" % number)
        space["work_%d" % number]()
        beside.rounds.release()
        beside.done.acquire()


main(int(sys.argv[1]))
