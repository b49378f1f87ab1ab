"""Native and Python frames of a mixed stack are in the order of their calls: every stack of a program of callbacks and
recursion is compared with what the program, its source and gdb say."""
import bisect
import collections
import functools
import json
import os
import re
import shutil
import tempfile
import unittest

import interpreters
import native_places
import product
import reader

PROGRAM = os.path.join(product.PROGRAMS, "mixed_calls.py")
EXTENSIONS = [os.path.join(product.HERE, "native", name) for name in ("mixed.c", "mixed_cpp.cpp")]
DEBUGGER = os.path.join(product.HERE, "stacks_by_gdb.py")
EVALUATION = "evaluation of Python code"
MODES = ("full", "leaf", "auto", "none")

# A stack in parts, the innermost first: runs[i] is above python[i], and one more run is below the last.
Parts = collections.namedtuple("Parts", "runs python")


def parts(frames):
    """The parts of a stack, up to where its thread was started; those of what started it, or None."""
    runs, python = [[]], []
    for at, frame in enumerate(frames):
        if frame.kind == reader.BOUNDARY:
            return Parts(runs, python), parts(frames[at + 1:])[0]
        if frame.kind == reader.PYTHON:
            python.append(list(frame[1:]))
            runs.append([])
        else:
            runs[-1].append(frame)
    return Parts(runs, python), None


class Source:
    """The native functions that the program's lines call, from their comments `# through`."""

    def __init__(self, *files):
        self.lines = {}
        for file in files:
            with open(file) as opened:
                self.lines[file] = opened.read().splitlines()

    def through(self, file, line):
        """The names of a call's native functions; [] for other C code, None for no C code; "unknown" in files of others."""
        if file not in self.lines:
            return "unknown"
        found = re.search(r"# through (.+)$", self.lines[file][line - 1])
        if found is None:
            return None
        return [name for name in found.group(1).split() if name != "C"]


SOURCE = Source(PROGRAM, os.path.join(product.PROGRAMS, "mixed_imported.py"))


class Recorded:
    """A run of the program: its own list of blocks, and their stacks in the profile."""

    def __init__(self, out, profile, empty_bytes):
        self.image = reader.only_image(profile)
        self.blocks = {size + (empty_bytes if kind == "obj" else 0): (kind, stack)
                       for kind, size, stack in json.loads(out)["blocks"]}
        self.stacks = {}
        for event in self.image.events():
            if event.op == 1 and event.size in self.blocks and self._is_of(event):
                assert event.size not in self.stacks, event.size
                self.stacks[event.size] = self.image.stack(event.stack)

    def _is_of(self, event):
        return reader.DOMAINS[event.domain] == self.blocks[event.size][0]


class Debugged:
    """A run below gdb: its profile, and the native frames that gdb saw at each block of the extension."""

    def __init__(self, recorded, stacks):
        self.recorded, self.stacks = recorded, dict(stacks)
        self.modules = sorted((module.start, module) for module in recorded.image.modules.values())

    def sequence(self, size, wanted):
        """Native frames, by module and address, and evaluations of Python code. The innermost one by its name alone:
        the block is allocated some instructions after the breakpoint. In an interpreter without symbols evaluations
        are where `wanted` has them."""
        (_, name), *callers = self.stacks[size]
        found = [name]
        for pc, name in callers:
            if name and name.startswith("_PyEval_EvalFrameDefault"):
                found.append(EVALUATION)
            elif name is None and wanted[len(found):][:1] == [EVALUATION]:  # no symbol; what is around it tells
                found.append(EVALUATION)
            else:
                module = self.modules[bisect.bisect_right(self.modules, (pc, )) - 1][1]
                path = native_places.path_of(self.recorded.image, module)
                if os.path.realpath(path) != os.path.realpath(product.PRELOAD):
                    found.append((path, pc - 1 - module.base))
        return found


@functools.lru_cache(None)
def why_no_debugger():
    """Why gdb cannot run a program here; None if it can."""
    if shutil.which("gdb") is None:
        return "gdb is not here"
    done = product.run(["gdb", "-batch", "-nx", "-ex", "set startup-with-shell off", "-ex", "run", "--args", "/bin/true"],
                       product.clean_environment())
    return None if "exited normally" in done.out else "gdb may not run a program here"


def places_of_libraries(interpreter, image):
    """Settings by which gdb finds the files of an interpreter that runs below another loader."""
    if interpreter.below is None:
        return []
    folders = {os.path.dirname(module.path) for module in image.modules.values() if module.path.startswith("/")}
    return ["sysroot " + interpreter.below, "solib-search-path " + ":".join(sorted(folders))]


def say(interpreter, check, figures):
    interpreters.say("%-24s %-5s %s" % (interpreter, check, figures))


def brief(frames):
    return ["%s:%s" % (frame.function, frame.line) if frame.kind == reader.PYTHON else
            "[%d] %s+%x" % (frame.kind, frame.file, frame.line) for frame in frames]


class Mixed(product.Case):
    runs = {}

    @classmethod
    def setUpClass(cls):
        cls.profiles = tempfile.mkdtemp(prefix="cistern-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.profiles)

    def environment(self, interpreter, native):
        folders = sorted({interpreters.extension(interpreter, extension) for extension in EXTENSIONS})
        profile = os.path.join(self.profiles, "%s-%s.cistern" % (interpreter, native))
        return profile, product.recorded_environment(profile, {"native": native, "force": "on"}, PYTHONHASHSEED="0",
                                                     PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=":".join(folders))

    def recorded(self, interpreter, native):
        """Runs the program once for all tests."""
        if (interpreter, native) not in self.runs:
            profile, env = self.environment(interpreter, native)
            done = self.run_well([interpreter.path, PROGRAM], env)
            self.runs[interpreter, native] = Recorded(done.out, profile, interpreter.empty_bytes)
        return self.runs[interpreter, native]

    def own_names(self, recorded, run):
        """The functions of a run that belong to the extensions, the innermost first."""
        return [name for name in (native_places.function_of(recorded.image, frame) for frame in run)
                if name and name.startswith("mixed_")]

    def places(self, recorded, run):
        return [native_places.place_of(recorded.image, frame) for frame in run]

    def test_python_frames_are_those_that_the_program_sees(self):
        for interpreter in interpreters.supported():
            for native in MODES:
                with self.subTest(interpreter=interpreter.name, native=native):
                    recorded = self.recorded(interpreter, native)
                    self.assertEqual(set(recorded.stacks), set(recorded.blocks))
                    self.assertGreater(len(recorded.blocks), 100)
                    for size, (_, expected) in recorded.blocks.items():
                        seen = parts(recorded.stacks[size])[0].python
                        if interpreter.version < (3, 11):  # its code objects say no more of themselves
                            seen = [[name.rpartition(".")[2], *place] for name, *place in seen]
                        self.assertEqual(seen, expected)

    def test_native_frames_are_between_the_python_frames_that_call_through_c(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                recorded, checked = self.recorded(interpreter, "full"), collections.Counter()
                for size, stack in recorded.stacks.items():
                    try:
                        self.check_full(interpreter, recorded, recorded.blocks[size][0], parts(stack)[0], checked)
                    except AssertionError as error:
                        self.fail("%s\n%s" % (error, "\n".join(brief(stack))))
                say(interpreter, "full", "%(none)d calls of Python by Python, %(C)d through C, %(own)d of them "
                    "through functions of the extensions" % checked)

    def check_full(self, interpreter, recorded, kind, found, checked):
        self.assertTrue(all(frame.kind == reader.NATIVE and frame.file for run in found.runs for frame in run))
        self.assertTrue(found.runs[0])
        self.assertEqual(self.own_names(recorded, found.runs[0]),
                         ["mixed_allocate", "mixed_block"] if kind == "malloc" else [])
        self.assertTrue(found.runs[-1])
        self.assertEqual(self.own_names(recorded, found.runs[-1]), [])
        for run, (_, file, line) in zip(found.runs[1:], found.python[1:]):
            through = SOURCE.through(file, line)
            if through == "unknown":
                continue
            self.assertEqual(self.own_names(recorded, run), through or [], "below line %d" % line)
            checked["none" if through is None else "C"] += 1
            checked["own"] += bool(through)
            # Up to 3.10 each Python function is called through C.
            self.assertEqual(bool(run), through is not None or interpreter.version < (3, 11), "below line %d" % line)

    def test_leaf_has_the_same_innermost_native_frames_and_no_others(self):
        for interpreter in interpreters.supported():
            full = self.recorded(interpreter, "full")
            for native, kinds in (("leaf", ("malloc", "obj")), ("auto", ("malloc",)), ("none", ())):
                with self.subTest(interpreter=interpreter.name, native=native):
                    recorded = self.recorded(interpreter, native)
                    for size, stack in recorded.stacks.items():
                        found = parts(stack)[0]
                        wanted = []
                        if recorded.blocks[size][0] in kinds:
                            wanted = self.places(full, parts(full.stacks[size])[0].runs[0])
                        self.assertEqual(self.places(recorded, found.runs[0]), wanted)
                        self.assertFalse(any(found.runs[1:]))

    def test_a_thread_continues_with_the_stack_that_started_it(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                recorded = self.recorded(interpreter, "full")
                started = [found for found in map(parts, recorded.stacks.values()) if found[1]]
                self.assertEqual(len(started), 2)
                for _, start in started:
                    names = [name.rpartition(".")[2] for name, _, _ in start.python]
                    self.assertEqual(names[-3:], ["in_thread", "main", "<module>"])
                    self.assertIn("start", names)
                    self.assertTrue(start.runs[0] and start.runs[-1])

    def test_the_order_of_frames_equals_gdbs(self):
        why = why_no_debugger()
        if why:
            interpreters.say("NOT TESTED: %s, since %s" % (self.id(), why))
            self.skipTest(why)
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                debugged = self.debugged(interpreter)
                leaf, compared = self.recorded(interpreter, "leaf"), collections.Counter()
                for size, stack in debugged.recorded.stacks.items():
                    if debugged.recorded.blocks[size][0] == "malloc":
                        compared += self.compare(debugged, size, parts(stack)[0], leaf)
                say(interpreter, "gdb", "%(stacks)d stacks of %(native)d native frames and %(evaluations)d evaluations "
                    "of %(python)d Python frames are the same" % compared)

    def compare(self, debugged, size, found, leaf):
        by_profile = self.sequence_of(debugged.recorded, found)
        by_gdb = debugged.sequence(size, by_profile)
        self.assertEqual(by_profile, by_gdb, "full, block of %d bytes" % size)
        innermost = by_gdb[:by_gdb.index(EVALUATION)]
        self.assertEqual(self.sequence_of(leaf, Parts(parts(leaf.stacks[size])[0].runs[:1], [])), innermost,
                         "leaf, block of %d bytes" % size)
        evaluations = by_gdb.count(EVALUATION)
        return collections.Counter(stacks=1, native=len(by_gdb) - evaluations, evaluations=evaluations,
                                   python=len(found.python))

    def sequence_of(self, recorded, found):
        """Native frames, by module and address, and evaluations: Python frames with no native one between."""
        sequence = self.places(recorded, found.runs[0])
        sequence[0] = native_places.function_of(recorded.image, found.runs[0][0])
        for run in found.runs[1:]:
            if sequence[-1] != EVALUATION:
                sequence.append(EVALUATION)
            sequence += self.places(recorded, run)
        return sequence

    def debugged(self, interpreter):
        profile, env = self.environment(interpreter, "full")
        stacks = self.path("%s.stacks" % interpreter)
        places = places_of_libraries(interpreter, self.recorded(interpreter, "leaf").image)
        command = ["gdb", "-batch", "-nx"]
        for setting in ["debuginfod enabled off", "auto-load python-scripts off", *places]:
            command += ["-iex", "set " + setting]
        for name in ("LD_PRELOAD", "CISTERN_OPTIONS"):
            command += ["-ex", "set environment %s %s" % (name, env.pop(name))]
        env.update(GDB_FUNCTION="mixed_allocate", GDB_STACKS=stacks)
        done = product.run(command + ["-x", DEBUGGER, "--args", interpreter.path, PROGRAM], env)
        said = [line for line in done.out.splitlines() if line.startswith('{"blocks"')]
        self.assertEqual((done.code, len(said)), (0, 1), done.out[-2000:] + done.err[-2000:])
        with open(stacks) as file:
            return Debugged(Recorded(said[0], profile, interpreter.empty_bytes), json.load(file))


if __name__ == "__main__":
    unittest.main()
