"""A server whose four workers are forked before it serves. Each request leaks in the worker that
answers it. Half-way one worker is killed and another one is forked in its place. Prints "WORKER PID REQUESTS" for each.

usage: prefork_server.py SOCKET REQUESTS
"""
import os
import signal
import socket
import sys

WORKERS = 4
SIZE = 3000
EMPTY = sys.getsizeof(b"")
config = [bytearray(1000) for _ in range(5000)]  # inherited by all
remembered = []


def answer(request):
    body = b"".join(b"%d;" % number for number in range(200))
    remembered.append(bytes(SIZE + 1 - EMPTY))  # WORKER-LEAK-LINE
    return b"%d" % (len(body) + len(request))


def serve(listener):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    while True:
        connection, _ = listener.accept()
        reply = answer(connection.recv(100))
        connection.sendall(b"%d %s" % (os.getpid(), reply))
        connection.close()


def start_worker(listener):
    pid = os.fork()
    if pid == 0:
        serve(listener)
    return pid


def ask(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.sendall(b"hello")
        return int(client.recv(100).split()[0])


def main():
    path, requests = sys.argv[1], int(sys.argv[2])
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    workers, answered = [], {}
    while sum(answered.values()) < requests:
        if len(workers) < WORKERS:
            workers.append(start_worker(listener))
            answered[workers[-1]] = 0
            continue
        answered[ask(path)] += 1
        if sum(answered.values()) == requests // 2:
            os.kill(workers[0], signal.SIGKILL)
            os.waitpid(workers.pop(0), 0)
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
    for pid, count in answered.items():
        print("WORKER", pid, count)


if __name__ == "__main__":
    main()
