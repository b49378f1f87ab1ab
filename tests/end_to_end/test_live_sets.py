"""Random programs against their own model: live sets at marks and at the end, exact to the block."""
import collections
import json
import os
import time
import unittest

import heap_model
import product
import reader

SEEDS = int(os.environ.get("CISTERN_HEAP_SEEDS", "12"))

Moment = collections.namedtuple("Moment", "name allocations frees reallocations blocks ranges")


def read_model(path):
    moments = []
    with open(path) as file:
        for line in file:
            kind, *rest = line.split()
            if kind == "mark":
                moments.append(Moment(rest[0], *map(int, rest[1:]), {}, []))
            elif kind == "block":
                moments[-1].blocks[int(rest[0])] = int(rest[1])
            else:
                moments[-1].ranges.append((int(rest[0]), int(rest[1])))
    return moments


def count_events(image, since, until):
    counts = collections.Counter()
    for event in image.events():
        if event.domain == 0 and event.op in (1, 2, 3) and since < event.time < until:
            counts[reader.OPS[event.op]] += 1
    return counts["alloc"], counts["free"], counts["realloc"]


class LiveSets(product.Case):
    def record(self, seed, threads, steps, end):
        profile, model = self.path("%d-%s.cistern" % (seed, end)), self.path("%d-%s.model" % (seed, end))
        self.run_well([product.tool("random_heap"), seed, threads, steps, model, end],
                      product.recorded_environment(profile, {"follow": "all"}))
        return profile, read_model(model)

    def check(self, image, moments):
        self.assertEqual(image.losses.get("lost", 0), 0)
        marks = {name: time for time, _, name in image.marks}
        self.assertEqual(sorted(marks), sorted(m.name for m in moments))
        begin = marks["begin"]
        heap = heap_model.Heap(image)
        for moment in moments:
            until = marks[moment.name]
            heap.advance(until)
            live = {b.address: b.size for b in heap.blocks.values() if b.domain == "malloc" and b.time > begin}
            self.assert_same_blocks(moment, live)
            self.assertEqual(heap.coverage(), heap_model.merged(moment.ranges), "ranges at " + moment.name)
            self.assertEqual(heap.implied_frees, 0, "blocks that began on a live one, at " + moment.name)
        self.assertEqual(count_events(image, begin, until),
                         (moment.allocations, moment.frees, moment.reallocations), "events until " + moment.name)

    def assert_same_blocks(self, moment, live):
        if live == moment.blocks:
            return
        missing = {a: s for a, s in moment.blocks.items() if live.get(a) != s}
        extra = {a: s for a, s in live.items() if moment.blocks.get(a) != s}
        self.fail("at %s: %d of %d blocks missing or of another size (%s), %d unexpected (%s)" % (
            moment.name, len(missing), len(moment.blocks), sample(missing), len(extra), sample(extra)))

    def test_live_sets_are_exact_at_marks_and_at_the_end(self):
        started = time.monotonic()
        for seed in range(1, SEEDS + 1):
            threads, end = (1, 2, 4, 8)[seed % 4], ("return", "_exit")[seed // 4 % 2]
            with self.subTest(seed=seed, threads=threads, end=end):
                profile, moments = self.record(seed, threads, 24000 // threads, end)
                self.check(reader.only_image(profile), moments)
        print("%d programs in %.1f s" % (SEEDS, time.monotonic() - started))

    def test_reports_agree_with_the_model_at_the_end(self):
        profile, moments = self.record(99, 4, 10000, "_exit")
        image = reader.only_image(profile)
        self.check(image, moments)
        result = product.cistern("leaks", "--all", "--json", "--top", "1000000", profile)
        self.assertEqual((result.code, result.err), (0, ""))
        report = json.loads(result.out)
        self.assertTrue(report["complete"])
        heap = heap_model.Heap(image).advance()
        blocks = [block for block in heap.blocks.values() if block.domain == "malloc"]
        groups = [group for group in report["groups"] if group["domain"] == "malloc"]
        self.assertEqual((sum(g["blocks"] for g in groups), sum(g["bytes"] for g in groups)),
                         (len(blocks), sum(block.size for block in blocks)))
        mapped = sum(g["bytes"] for g in report["groups"] if g["domain"] == "mmap")
        self.assertEqual(mapped, sum(end - start for start, end in heap.coverage()))


def sample(blocks):
    return ", ".join("%#x: %d" % pair for pair in sorted(blocks.items())[:3])


if __name__ == "__main__":
    unittest.main()
