"""Stacks have what awaited the running asyncio task at that moment: what asyncio's own graph says on CPython 3.14 and
later, nothing before.
"""
import collections
import json
import os
import unittest

import interpreters
import product
import reader

PROGRAM = os.path.join(product.PROGRAMS, "awaiting.py")
SEVERAL, CUT = "[several]", "[cut]"
KINDS = ("a task", "gather", "TaskGroup", "wait", "another awaiter, by the first", "another awaiter, by the second",
         "an awaiter that moves on", "several", "several, later", "addresses used again", "cancelled",
         "cancelled, later", "__await__", "an asynchronous generator", "eager, later", "an own class", "a circle",
         "one that runs", "deep", "too deep", "a loop below", "a loop below, before", "a loop below, after", "threads")
NEVER = ("the main task", "another awaiter, awaited by nobody", "a callback, done", "a callback, callback",
         "a task in Python", "a circle, by itself")


def knows_tasks(interpreter):
    return interpreter.version >= (3, 14) and not interpreter.free_threaded


def plain(function, file, line, awaiting):
    """Before 3.11 the program knows no qualified names."""
    return function.rpartition(".")[2], os.path.basename(file), line, awaiting


def recorded(stack):
    """The Python frames of a thread from the caller of make() on."""
    frames = []
    for frame in stack:
        if frame.kind == reader.BOUNDARY:
            break
        if frame.kind == reader.TRUNCATED:
            frames.append(CUT)
        elif frame.kind == reader.AWAITING and frame.function is None:
            frames.append(SEVERAL)
        elif frame.kind in (reader.PYTHON, reader.AWAITING):
            frames.append(plain(*frame[1:], frame.kind == reader.AWAITING))
    return frames[1:]


def wanted(stack):
    return [frame if isinstance(frame, str) else plain(*frame) for frame in stack]


def awaits(frame):
    return isinstance(frame, str) or frame[3]


class Awaiting(product.Case):
    def record(self, interpreter, options, preload=product.PRELOAD, **more):
        profile = self.path("awaiting-%s.cistern" % interpreter)
        env = product.recorded_environment(profile, dict(options, force="on"), preload=preload, **more)
        reported = json.loads(self.run_well([interpreter.path, PROGRAM], env).out)
        self.assertEqual(reported["differing"], [])
        return profile, reported["blocks"]

    def stacks_by_size(self, profile):
        """Of blocks that were made once."""
        image = reader.images(profile)[0]
        found = collections.defaultdict(list)
        for event in image.events():
            if reader.OPS[event.op] == "alloc" and event.size > 100000:
                found[reader.DOMAINS[event.domain], event.size].append(event.stack)
        return {block: image.stack(stacks[0]) for block, stacks in found.items() if len(stacks) == 1}

    def assert_as_reported(self, interpreter, profile, blocks, domain="obj"):
        """`domain`: of the objects; None: they are not recorded."""
        stacks = self.stacks_by_size(profile)
        counts = collections.Counter()
        for kind, size, other, stack in blocks:
            objects = [(domain, size + interpreter.empty_bytes)] if domain else []
            for block in objects + [("malloc", other)]:
                self.assertEqual(recorded(stacks[block]), wanted(stack), "%s, %s" % (kind, block[0]))
            counts[kind] += sum(awaits(frame) for frame in recorded(stacks["malloc", other]))
        return counts

    def check(self, interpreter, options, **how):
        counts = self.assert_as_reported(interpreter, *self.record(interpreter, options, **how))
        for kind in KINDS:
            if knows_tasks(interpreter):
                self.assertGreater(counts[kind], 0, kind)
        for kind in counts if not knows_tasks(interpreter) else NEVER:
            self.assertEqual(counts[kind], 0, kind)

    def test_awaiting_frames_are_those_of_asyncios_graph(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter):
                self.check(interpreter, {})

    def test_awaiting_frames_are_the_same_with_native_frames(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter):
                self.check(interpreter, {"native": "full"})

    def test_awaiting_frames_are_the_same_where_only_native_blocks_are_recorded(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter):
                profile, blocks = self.record(interpreter, {"domains": "malloc,mmap"})
                # Without the GIL large objects are mimalloc's, too.
                domain = None if interpreter.free_threaded else "malloc"
                self.assert_as_reported(interpreter, profile, blocks, domain)

    def test_awaiting_frames_are_those_of_the_reference_walker(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter):
                report = self.path("report-%s" % interpreter)
                self.check(interpreter, {"native": "full"}, preload=product.CHECKED_PRELOAD, CISTERN_CHECK_REPORT=report)
                with open(report) as file:
                    said = dict(zip(*[iter(file.read().split())] * 2))
                self.assertEqual((said["mismatches"], said["native_mismatches"]), ("0", "0"), said)


if __name__ == "__main__":
    unittest.main()
