"""Allocates blocks of known sizes in tasks that others await by every method, and prints the expected stack of each.

Frames are (function, file, line, awaiting), the innermost first, from the caller of make() on. What awaits is read from
the objects' own attributes, and compared with asyncio's own graph where that follows the same frames. Before 3.14,
and without the GIL, nothing awaits.
"""
import asyncio
import ctypes
import json
import sys
import sysconfig
import threading

KNOWS = sys.version_info >= (3, 14) and not sysconfig.get_config_var("Py_GIL_DISABLED")
SEVERAL, CUT = "[several]", "[cut]"
MOST = 63  # tasks and futures that are followed

sizes = iter(range(100001, 10000000, 64))
kept, blocks, differing = [], [], []
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
lock = threading.Lock()


def frame_of(frame, awaiting):
    return (frame.f_code.co_qualname if sys.version_info >= (3, 11) else frame.f_code.co_name, frame.f_code.co_filename,
            frame.f_lineno, awaiting)


def suspended(coroutine):
    """Its frames and those of what it waits for, innermost first; None when it runs."""
    frames = []
    while hasattr(coroutine, "cr_frame") or hasattr(coroutine, "gi_frame"):
        kind = "cr" if hasattr(coroutine, "cr_frame") else "gi"
        if getattr(coroutine, kind + "_running"):
            return None
        if getattr(coroutine, kind + "_frame") is None:
            break
        frames.insert(0, frame_of(getattr(coroutine, kind + "_frame"), True))
        coroutine = coroutine.cr_await if kind == "cr" else coroutine.gi_yieldfrom
    return frames


def awaiting(task):
    """What awaits it, innermost first."""
    frames, seen = [], [task]
    while True:
        awaiters = task._asyncio_awaited_by
        if not awaiters:
            return frames
        if len(awaiters) > 1:
            return frames + [SEVERAL]
        task, = awaiters
        if task in seen:
            return frames
        if len(seen) > MOST:
            return frames + [CUT]
        seen.append(task)
        if hasattr(task, "get_coro"):
            more = suspended(task.get_coro())
            if more is None:
                return frames
            frames += more


def by_asyncio(graph):
    frames = [graph.call_stack[-1].frame]  # where they join
    while graph is not None and len(graph.awaited_by) == 1:
        graph, = graph.awaited_by
        frames += [frame_of(entry.frame, True) for entry in graph.call_stack]
    return frames


def current_task():
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def expected(compare):
    task = current_task() if KNOWS else None
    if task is not None and not isinstance(task, asyncio.Future):
        task = None
    outermost = None if task is None else task.get_coro().cr_frame
    if task is not None and compare:
        said = by_asyncio(asyncio.capture_call_graph(depth=3))
        if said != [outermost] + awaiting(task):
            differing.append((repr(said), repr([outermost] + awaiting(task))))
    stack, frame = [], sys._getframe(2)
    while frame is not None:
        stack.append(frame_of(frame, False))
        if frame is outermost:
            stack += awaiting(task)
        frame = frame.f_back
    return stack


def make(kind, compare=True):
    """A block from Python, and one from C that needs no GIL."""
    with lock:
        size, other = next(sizes), next(sizes)
    stack = expected(compare)
    kept.append(bytes(size))
    kept.append(libc.malloc(other))
    blocks.append((kind, size, other, stack))


async def leaf(kind, **how):
    make(kind, **how)
    await asyncio.sleep(0)
    make(kind + ", later", **how)


async def between(kind, **how):
    await leaf(kind, **how)


async def awaits_a_task(kind):
    task = asyncio.ensure_future(between(kind))
    await task


async def gathers(kind):
    await asyncio.gather(awaits_a_task(kind), between(kind), asyncio.gather(between(kind), leaf(kind)))


async def groups(kind):
    if not hasattr(asyncio, "TaskGroup"):
        return
    async with asyncio.TaskGroup() as outer:
        outer.create_task(leaf(kind))
        async with asyncio.TaskGroup() as inner:
            inner.create_task(awaits_a_task(kind))
            await inner.create_task(leaf(kind))  # awaited twice by the same task


async def waits(kind):
    tasks = [asyncio.ensure_future(leaf(kind)) for _ in range(3)]
    await asyncio.wait(tasks[:2])
    for next_one in asyncio.as_completed(tasks[2:]):
        await next_one
    await asyncio.wait_for(leaf(kind), 60)
    await asyncio.shield(leaf(kind))


async def in_several_steps(kind, go_on):
    make(kind + ", awaited by nobody")
    await go_on[0].wait()
    make(kind + ", by the first")
    await go_on[1].wait()
    make(kind + ", by the second")


async def changes_awaiters(kind):
    go_on = [asyncio.Event(), asyncio.Event()]
    task = asyncio.ensure_future(in_several_steps(kind, go_on))
    await asyncio.sleep(0)

    async def first():
        await asyncio.shield(task)

    async def second():
        await task

    one = asyncio.ensure_future(first())
    await asyncio.sleep(0)
    go_on[0].set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    one.cancel()
    await asyncio.gather(one, return_exceptions=True)
    other = asyncio.ensure_future(second())
    await asyncio.sleep(0)
    go_on[1].set()
    await other


async def moves_on(kind):
    async def many():
        for _ in range(4):
            make(kind)
            await asyncio.sleep(0)

    task = asyncio.ensure_future(many())
    await asyncio.wait([task], timeout=0)
    await asyncio.wait([task], timeout=0)
    await task


async def by_several(kind):
    task = asyncio.ensure_future(leaf(kind, compare=False))

    async def one():
        await task

    await asyncio.gather(one(), one(), between(kind))
    task = asyncio.ensure_future(leaf(kind, compare=False))
    three = [asyncio.ensure_future(one()) for _ in range(3)]
    await asyncio.sleep(0)
    three[0].cancel()
    three[1].cancel()
    await asyncio.gather(*three, return_exceptions=True)


async def at_the_same_addresses(kind):
    for i in range(100):
        if i % 3 == 0:
            await asyncio.ensure_future(leaf(kind))
        elif i % 3 == 1:
            await asyncio.gather(leaf(kind))
        else:
            await asyncio.ensure_future(between(kind))


async def cancelled(kind):
    async def sleeps():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            make(kind)
            await asyncio.sleep(0)
            make(kind + ", later")
            raise

    task = asyncio.ensure_future(sleeps())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0, task.cancel)
    await asyncio.gather(task, return_exceptions=True)


class Awaitable:
    def __init__(self, task):
        self.task = task

    def __await__(self):
        yield from self.task


async def by_a_generator(kind):
    await Awaitable(asyncio.ensure_future(leaf(kind, compare=False)))


async def numbers():
    for i in range(2):
        await asyncio.sleep(0)
        yield i


async def beside_a_generator(kind):
    async def counts():
        async for _ in numbers():
            make(kind, compare=False)

    await asyncio.ensure_future(counts())


async def from_a_callback(kind):
    task = asyncio.ensure_future(leaf(kind))
    task.add_done_callback(lambda _: make(kind + ", done"))
    asyncio.get_running_loop().call_soon(make, kind + ", callback")
    await task
    await asyncio.sleep(0)


async def eagerly(kind):
    if not hasattr(asyncio, "eager_task_factory"):
        return
    loop = asyncio.get_running_loop()
    loop.set_task_factory(asyncio.eager_task_factory)
    try:
        await asyncio.ensure_future(between(kind))
        await gathers(kind)
        await groups(kind)
    finally:
        loop.set_task_factory(None)


class Mixed:
    __slots__ = ()


class OwnTask(Mixed, asyncio.Task):
    more = None


async def of_an_own_class(kind, task_class):
    loop = asyncio.get_running_loop()
    loop.set_task_factory(lambda loop, coroutine, **how: task_class(coroutine, loop=loop, **how))
    try:
        await gathers(kind)
    finally:
        loop.set_task_factory(None)


async def in_a_circle(kind):
    if not KNOWS:
        return
    me = asyncio.current_task()

    async def inner():
        asyncio.future_add_to_awaited_by(me, asyncio.current_task())
        make(kind, compare=False)
        asyncio.future_discard_from_awaited_by(me, asyncio.current_task())

    await asyncio.ensure_future(inner())
    asyncio.future_add_to_awaited_by(me, me)
    make(kind + ", by itself", compare=False)
    asyncio.future_discard_from_awaited_by(me, me)


async def by_one_that_runs(kind):
    """The awaiter of a task that is awaited by the running one is the running one."""
    if not KNOWS:
        return
    other = asyncio.ensure_future(asyncio.sleep(0))
    asyncio.future_add_to_awaited_by(asyncio.current_task(), other)
    make(kind, compare=False)
    await other
    asyncio.future_discard_from_awaited_by(asyncio.current_task(), other)


async def deep(kind, depth, **how):
    if depth:
        return await asyncio.ensure_future(deep(kind, depth - 1, **how))
    await leaf(kind, **how)


def in_a_loop_below(kind):
    """A loop of its own in the middle of a task, as nest_asyncio makes them."""
    if not KNOWS:
        return
    outer, me = asyncio.get_running_loop(), asyncio.current_task()
    asyncio.tasks._swap_current_task(outer, None)
    asyncio.events._set_running_loop(None)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(awaits_a_task(kind))
    loop.close()
    asyncio.events._set_running_loop(outer)
    asyncio.tasks._swap_current_task(outer, me)


async def nests(kind):
    async def inner():
        make(kind + ", before")
        in_a_loop_below(kind)
        make(kind + ", after")

    await asyncio.ensure_future(inner())


async def main():
    make("the main task")
    await awaits_a_task("a task")
    await gathers("gather")
    await groups("TaskGroup")
    await waits("wait")
    await changes_awaiters("another awaiter")
    await moves_on("an awaiter that moves on")
    await by_several("several")
    await at_the_same_addresses("addresses used again")
    await cancelled("cancelled")
    await by_a_generator("__await__")
    await beside_a_generator("an asynchronous generator")
    await from_a_callback("a callback")
    await eagerly("eager")
    await of_an_own_class("an own class", OwnTask)
    await of_an_own_class("a task in Python", asyncio.tasks._PyTask)
    await in_a_circle("a circle")
    await by_one_that_runs("one that runs")
    await deep("deep", 50)
    await deep("too deep", 100, compare=False)
    await nests("a loop below")


def in_threads():
    def run():
        asyncio.run(gathers("threads"))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


asyncio.run(main())
in_threads()
print(json.dumps({"blocks": blocks, "differing": differing}))
