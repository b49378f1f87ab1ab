"""A process with children of every kind. Each image allocates blocks of its own size (plus one byte) and prints one line
"NAME PID PARENT SIZE COUNT"; NAME is how it was created.

usage: family.py            the whole family
       family.py NAME SIZE  one image that exec or subprocess started
"""
import multiprocessing
import os
import subprocess
import sys

COUNT = 50
kept = []


def allocate(name, size):
    kept.extend(bytes(size + 1 - sys.getsizeof(b"")) for _ in range(COUNT))
    os.write(1, ("%s %d %d %d %d\n" % (name, os.getpid(), os.getppid(), size, COUNT)).encode())


def with_fork():
    pid = os.fork()
    if pid == 0:
        allocate("fork", 3001)
        grandchild = os.fork()
        if grandchild == 0:
            allocate("grandchild", 3003)
            os._exit(0)
        os.waitpid(grandchild, 0)
        os._exit(0)
    os.waitpid(pid, 0)


def with_exec():
    pid = os.fork()
    if pid == 0:
        allocate("before-exec", 3005)
        os.execv(sys.executable, [sys.executable, __file__, "after-exec", "3007"])
    os.waitpid(pid, 0)


def with_subprocess():
    subprocess.check_call([sys.executable, __file__, "subprocess", "3009"])
    # A shell is no Python; the Python below it is one.
    subprocess.check_call(["/bin/sh", "-c", "true && '%s' '%s' below-shell 3011" % (sys.executable, __file__)])
    subprocess.check_call(["/bin/sh", "-c", "true"])


def with_multiprocessing():
    for method, size in (("fork", 3013), ("spawn", 3015)):
        process = multiprocessing.get_context(method).Process(target=allocate, args=("mp-" + method, size))
        process.start()
        process.join()
        assert process.exitcode == 0


def main():
    if len(sys.argv) > 1:
        allocate(sys.argv[1], int(sys.argv[2]))
        return
    allocate("first", 2999)
    with_fork()
    with_exec()
    with_subprocess()
    with_multiprocessing()
    allocate("last", 3017)


if __name__ == "__main__":
    main()
