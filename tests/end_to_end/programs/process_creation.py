"""Creates processes by every method of Python. Each allocates blocks of its own size (plus one byte) and prints one line
"NAME PID PARENT SIZE COUNT"; PARENT is the process that forked or started it.

usage: process_creation.py                    all of them
       process_creation.py NAME PARENT SIZE   one that exec or spawn started
"""
import multiprocessing
import os
import signal
import subprocess
import sys
import threading

COUNT = 40
kept = []
sizes = iter(range(3001, 3999, 2))


def allocate(name, parent, size):
    kept.extend(bytes(size + 1 - sys.getsizeof(b"")) for _ in range(COUNT))
    os.write(1, ("%s %d %d %d %d\n" % (name, os.getpid(), parent, size, COUNT)).encode())


def program(name, size, parent=None):
    return [sys.executable, __file__, name, str(os.getpid() if parent is None else parent), str(size)]


def forked(name, size, then=None):
    """Forks a child that allocates, does `then` and ends; waits for it."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        allocate(name, parent, size)
        if then is not None:
            then()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0, name


def generations(depth):
    size = next(sizes)
    forked("generation", size, (lambda: generations(depth - 1)) if depth > 1 else None)


def environments_of_their_own():
    """Children of a child, which are given what its parent's environment was."""
    def start():
        copy = dict(os.environ)
        subprocess.check_call(program("subprocess", next(sizes)), env=copy)
        pid = os.posix_spawn(sys.executable, program("posix-spawn", next(sizes)), copy)
        assert os.waitpid(pid, 0)[1] == 0
        forked("before-exec", next(sizes), lambda: os.execve(
            sys.executable, program("after-exec", next(sizes)), copy))
    forked("middle", next(sizes), start)


def with_a_function_before_exec():
    subprocess.check_call(program("preexec", next(sizes)), close_fds=True, preexec_fn=lambda: os.nice(0))


def from_a_thread():
    thread = threading.Thread(target=forked, args=("from-thread", next(sizes)))
    thread.start()
    thread.join()


def thread_in_a_child():
    parent, size = os.getpid(), next(sizes)
    pid = os.fork()
    if pid == 0:
        thread = threading.Thread(target=allocate, args=("thread-in-child", parent, size))
        thread.start()
        thread.join()
        os._exit(0)
    os.waitpid(pid, 0)


def on_a_terminal():
    parent, size, out = os.getpid(), next(sizes), os.dup(1)
    pid, master = os.forkpty()
    if pid == 0:
        os.dup2(out, 1)
        allocate("forkpty", parent, size)
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(master)
    os.close(out)


def daemon():
    """Two forks, a session of its own, another directory, every descriptor closed but the one to say so."""
    ready, report_end = os.pipe()
    first, size = os.getpid(), next(sizes)
    middle = os.fork()
    if middle == 0:
        os.setsid()
        parent = os.getpid()
        if os.fork() != 0:
            os._exit(0)
        os.chdir("/")
        out = os.dup2(1, 500)
        say = os.dup2(report_end, 501)
        os.closerange(0, 500)
        os.closerange(502, 1 << 16)
        os.dup2(out, 1)
        allocate("daemon", parent, size)
        os.write(say, b"k")
        os._exit(0)
    os.waitpid(middle, 0)
    os.close(report_end)
    assert os.read(ready, 1) == b"k", first
    os.read(ready, 1)  # until it has ended
    os.close(ready)


def killed():
    parent, size = os.getpid(), next(sizes)
    pid = os.fork()
    if pid == 0:
        allocate("killed", parent, size)
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL


def by_server():
    process = multiprocessing.get_context("forkserver").Process(target=allocate_below, args=("forkserver", next(sizes)))
    process.start()
    process.join()
    assert process.exitcode == 0


def allocate_below(name, size):
    allocate(name, os.getppid(), size)


def main():
    if len(sys.argv) > 1:
        allocate(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
        return
    allocate("first", 0, next(sizes))
    generations(5)
    environments_of_their_own()
    with_a_function_before_exec()
    from_a_thread()
    thread_in_a_child()
    on_a_terminal()
    daemon()
    killed()
    by_server()


if __name__ == "__main__":
    main()
