"""Tasks that wait for each other, cancel each other and pass work on."""
import asyncio


async def leaf(i):
    await asyncio.sleep(0)
    return [i, {"i": i}]


async def branch(depth, i):
    if not depth:
        return await leaf(i)
    left, right = await asyncio.gather(branch(depth - 1, i), branch(depth - 1, i + 1))
    return left + right


async def ticks(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield "tick %d" % i


async def producer(queue, n):
    async for tick in ticks(n):
        await queue.put([tick])
    await queue.put(None)


async def consumer(queue):
    seen = 0
    while await queue.get() is not None:
        seen += 1
    return seen


async def sleeper():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        return ["cancelled"]


async def impatient(i):
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0)
    except asyncio.TimeoutError:
        return [i]


async def main():
    total = 0
    for i in range(6):
        total += len(await branch(8, i))
    queue = asyncio.Queue(5)
    total += (await asyncio.gather(producer(queue, 3000), consumer(queue)))[1]
    sleepers = [asyncio.ensure_future(sleeper()) for _ in range(1000)]
    await asyncio.sleep(0)
    for task in sleepers:
        task.cancel()
    total += sum(len(result) for result in await asyncio.gather(*sleepers))
    for i in range(500):
        total += len(await impatient(i))
    loop = asyncio.get_running_loop()
    total += sum(await asyncio.gather(*(loop.run_in_executor(None, lambda n=n: len([[]] * n)) for n in range(200))))
    print(total)


asyncio.run(main())
