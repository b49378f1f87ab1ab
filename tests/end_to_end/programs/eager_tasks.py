"""Coroutines and asynchronous generators, as eager tasks where the version has them (3.12); traced and profiled
functions; recursion beyond the usual limit."""
import asyncio
import sys
import threading

TIMES = 300


async def numbers():
    for _ in range(TIMES):
        await asyncio.sleep(0)
        yield bytes(31001)                      # LINE numbers


async def eager():
    kept = bytes(31002)                         # LINE eager
    await asyncio.sleep(0)
    return kept, bytes(31003)                   # LINE eager woken


async def main():
    loop = asyncio.get_running_loop()
    if hasattr(asyncio, "eager_task_factory"):
        loop.set_task_factory(asyncio.eager_task_factory)
    tasks = [asyncio.ensure_future(eager()) for _ in range(TIMES)]
    found = [block async for block in numbers()]
    return found + await asyncio.gather(*tasks)


def tracer(frame, event, argument):
    noticed.append(bytes(31004))                # LINE tracer
    del noticed[:]
    return tracer


def traced():
    return bytes(31005)                         # LINE traced


def deep(depth):
    if depth:
        return deep(depth - 1)
    return bytes(31006)                         # LINE deep


noticed = []
print(len(asyncio.run(main())))
sys.settrace(tracer)
for _ in range(TIMES):
    traced()
sys.settrace(None)
sys.setprofile(tracer)
for _ in range(TIMES):
    traced()
sys.setprofile(None)
threading.setprofile(tracer)
thread = threading.Thread(target=traced)
thread.start()
thread.join()
threading.setprofile(None)
sys.setrecursionlimit(3000)
threading.stack_size(64 << 20)
thread = threading.Thread(target=lambda: [deep(1500) for _ in range(3)])
thread.start()
thread.join()
