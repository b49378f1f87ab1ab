"""asyncio with many tasks: queues, futures, time-outs, gathered results. Argument: how many rounds."""
import asyncio
import sys


async def produce(queue, number):
    for item in range(20):
        await queue.put({"producer": number, "item": item, "text": "%d/%d" % (number, item)})
        await asyncio.sleep(0)


async def consume(queue, found):
    while True:
        one = await queue.get()
        if one is None:
            return
        found[one["producer"]] = found.get(one["producer"], 0) + len(one["text"])


async def answer(number):
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, [number] * 3)
    return sum(await asyncio.wait_for(future, 60))


async def one_round():
    queue, found = asyncio.Queue(10), {}
    consumers = [asyncio.ensure_future(consume(queue, found)) for _ in range(5)]
    await asyncio.gather(*(produce(queue, number) for number in range(20)))
    for _ in consumers:
        await queue.put(None)
    await asyncio.gather(*consumers)
    return sum(found.values()) + sum(await asyncio.gather(*(answer(number) for number in range(100))))


async def main(rounds):
    return sum([await one_round() for _ in range(rounds)])


print(asyncio.run(main(int(sys.argv[1]))))
