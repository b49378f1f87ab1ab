"""Counts, bytes, functions and lines of known blocks are exact, on every interpreter."""
import collections
import json
import os
import shutil
import tempfile
import unittest

import interpreters
import product
import reader

PROGRAM = os.path.join(product.PROGRAMS, "known_stacks.py")
EXTENSION = os.path.join(product.HERE, "native", "known_blocks.c")

MMAP = reader.DOMAINS.index("mmap")
BOUNDARY = "[thread started here]"


def events_of(kind, size):
    """(operation, domain, size) of each event that one call of this kind causes."""
    domain = {"raw": "raw", "mem": "mem", "object": "obj"}.get(kind.split("_")[0], "malloc")
    if kind == "mmap":
        return [("map", "mmap", size)]
    if kind == "mremap":
        return [("map", "mmap", size + 4096), ("remap", "mmap", size)]
    if kind.endswith("realloc"):
        return [("alloc", domain, size + 2), ("realloc", domain, size)]
    return [("alloc", domain, size)]


class Expectation:
    """What the program said of itself, in the terms of a profile."""

    def __init__(self, text):
        said = json.loads(text)
        started_at = self._frames(said["started_at"])
        self.stacks = []
        for frames in said["stacks"]:
            stack = self._frames(frames)
            # A thread's own frames end in the function it was started with; then comes the stack of its start.
            if stack[-1][0][0] != "<module>":
                stack += [(BOUNDARY, 1)] + started_at
            self.stacks.append(run_lengths(stack))
        self.events, self.survivors = collections.Counter(), collections.Counter()
        for kind, size, _, stack in said["blocks"]:
            events = events_of(kind, size)
            self.events.update((event, self.stacks[stack]) for event in events)
            domain = events[-1][1]
            self.survivors[domain, self.stacks[stack], "blocks"] += 1
            self.survivors[domain, self.stacks[stack], "bytes"] += size
        self.sizes = {event[2] for event, _ in self.events}
        self.places = {stack[0][0] for stack in self.stacks}  # where the extension is called

    @staticmethod
    def _frames(rows):
        return [((name, file, line), times) for name, file, line, times in rows]


def run_lengths(frames):
    """((frame, times)…): equal frames that follow each other are one entry, so that deep stacks stay short."""
    stack = []
    for frame, times in frames:
        if stack and stack[-1][0] == frame:
            stack[-1] = frame, stack[-1][1] + times
        else:
            stack.append((frame, times))
    return tuple(stack)


def python_part(frames):
    """A recorded stack without its native frames, in the form of run_lengths()."""
    stack = []
    for frame in frames:
        if frame.kind == reader.PYTHON:
            stack.append((frame[1:], 1))
        elif frame.kind == reader.BOUNDARY:
            stack.append((BOUNDARY, 1))
        elif frame.kind != reader.NATIVE:
            stack.append(("[node of kind %d]" % frame.kind, 1))
    return run_lengths(stack)


def recorded_events(image, expected):
    found, memo = collections.Counter(), {}
    for event in image.events():
        # Mapped sizes are even, and the interpreter has blocks of such a size too.
        if event.op in (2, 5, 7) or event.size not in expected.sizes or (event.size % 2 == 0 and event.domain != MMAP):
            continue
        if event.stack not in memo:
            memo[event.stack] = python_part(image.stack(event.stack))
        stack = memo[event.stack]
        if stack and stack[0][0] in expected.places:
            found[(reader.OPS[event.op], reader.DOMAINS[event.domain], event.size), stack] += 1
    return found


def reported_survivors(report, expected):
    found = collections.Counter()
    for group in report["groups"]:
        stack = []
        for frame in group["stack"]:
            if frame["native"]:
                continue
            stack.append(((frame["function"], frame["file"], frame["line"]) if frame["file"] else BOUNDARY, 1))
        stack = run_lengths(stack)
        if (group["domain"], stack, "blocks") in expected.survivors:
            found[group["domain"], stack, "blocks"] += group["blocks"]
            found[group["domain"], stack, "bytes"] += group["bytes"]
    return found


def brief(stack):
    shown = [frame if isinstance(frame, str) else "%s %s:%s ×%d" % (frame[0], os.path.basename(frame[1] or "?"),
                                                                    frame[2], times) for frame, times in stack]
    return " < ".join(shown[:6] + (["… %d places" % len(shown)] if len(shown) > 6 else []))


class KnownStacks(product.Case):
    recorded = {}  # by interpreter: the program runs once for all tests

    @classmethod
    def setUpClass(cls):
        cls.profiles = tempfile.mkdtemp(prefix="cistern-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.profiles)

    def record(self, interpreter):
        if interpreter not in self.recorded:
            folder = interpreters.extension(interpreter, EXTENSION)
            profile = os.path.join(self.profiles, "known-%s.cistern" % interpreter)
            done = self.run_well([interpreter.path, PROGRAM], product.recorded_environment(profile, PYTHONPATH=folder))
            self.recorded[interpreter] = profile, Expectation(done.out)
        return self.recorded[interpreter]

    def assert_same(self, wanted, found, what):
        missing, extra = wanted - found, found - wanted
        if not missing and not extra:
            return
        lines = ["%s: %d missing, %d unexpected" % (what, sum(missing.values()), sum(extra.values()))]
        for title, side in (("missing", missing), ("unexpected", extra)):
            for (key, stack), times in list(side.items())[:4]:
                lines.append("  %s %d × %s at %s" % (title, times, key, brief(stack)))
        self.fail("\n".join(lines))

    def test_every_event_has_its_size_its_domain_and_its_whole_stack(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile, expected = self.record(interpreter)
                image = reader.only_image(profile)
                self.assertEqual(image.losses.get("lost", 0), 0)
                self.assert_same(expected.events, recorded_events(image, expected), interpreter.name)

    def test_the_leak_report_has_every_survivor_with_its_whole_stack(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile, expected = self.record(interpreter)
                result = product.cistern("leaks", "--all", "--json", "--top", "1000000", profile)
                self.assertEqual((result.code, result.err), (0, ""))
                found = reported_survivors(json.loads(result.out), expected)
                self.assert_same(collections.Counter({((d, w), s): n for (d, s, w), n in expected.survivors.items()}),
                                 collections.Counter({((d, w), s): n for (d, s, w), n in found.items()}),
                                 interpreter.name)


if __name__ == "__main__":
    unittest.main()
