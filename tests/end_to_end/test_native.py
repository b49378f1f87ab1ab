"""Native frames name the C function of an extension that asked for a block, with the right C line, below the right Python
line: in the profile (checked with binutils) and in the leak report; for extensions, packages, libraries that are
unloaded, signals and threads."""
import collections
import json
import os
import re
import shutil
import tempfile
import unittest

import interpreters
import native_places
import packages
import product
import reader

LEAKY = os.path.join(product.CASES, "programs", "c01_cext_leaks.py")
LEAKEXT = os.path.join(product.CASES, "cext", "leakext.c")
LIBRARIES = os.path.join(product.PROGRAMS, "native_libraries.py")
PACKAGES = os.path.join(product.PROGRAMS, "native_packages.py")
OF_C = ("malloc", "raw", "mmap")  # what `auto` has native frames for
COUNT = 60

Line = collections.namedtuple("Line", "function line")
STARTED = "[thread started here]"


def c_line(function, text):
    """The number of the line of leakext.c that has this text."""
    with open(LEAKEXT) as file:
        number, = [number for number, line in enumerate(file, 1) if text in line]
    return Line(function, number)


def marked_lines(program):
    with open(program) as file:
        return {found.group(1): number for number, found in
                enumerate((re.search(r"# LINE (\w+)", line) for line in file), 1) if found}


MALLOC, RAW, ERROR = (c_line("leak_malloc", "= malloc(n)"), c_line("leak_rawmalloc", "PyMem_RawMalloc(n)"),
                      c_line("error_path", "tmp = malloc(4096)"))
ALIGN, ALIGNED, MAPPED = (c_line("leak_memalign", "posix_memalign(&p"), c_line("leak_memalign", "aligned_alloc("),
                          c_line("leak_memalign", "mmap(NULL"))
GROW, CACHE = c_line("grow", "realloc(p"), c_line("cache_ok", "malloc(2048)")
WORKER, CREATE = c_line("worker", "malloc(1000)"), c_line("thread_leak", "pthread_create(&t")
REPR, APPEND = c_line("missing_decref", "PyObject_Repr(arg)"), c_line("list_append", "PyUnicode_FromFormat(")
UNASKED = (CREATE.function, "PyInit_leakext")  # what pthread_create and the module itself take is not looked at

# (Python line, domain, lines of the extension from the innermost): {(operation, size): times an iteration}.
CALLS = {
    ("B", "malloc", (MALLOC,)): {("alloc", 3000): 1},
    ("C", "raw", (RAW,)): {("alloc", 700): 1},
    ("D", "malloc", (ERROR,)): {("alloc", 4096): 1},
    ("F", "malloc", (ALIGN,)): {("alloc", 256): 1},
    ("F", "malloc", (ALIGNED,)): {("alloc", 320): 1, ("alloc", len("a duplicated configuration string") + 1): 1},
    ("F", "mmap", (MAPPED,)): {("map", 8192): 1},
    ("G", "malloc", (GROW,)): {("alloc", 128): 1, **{("realloc", 128 * i): 1 for i in range(2, 17)}},
    ("H", "malloc", (CACHE,)): {("alloc", 2048): 1},
    ("I", "malloc", (WORKER, STARTED, CREATE)): {("alloc", 1000): 1},
}
# What is left of it at the end: {key: (blocks, bytes) an iteration}; of objects the bytes depend on the version.
LEFT = {("A", "obj", (REPR,)): (1, None), ("B", "malloc", (MALLOC,)): (1, 3000), ("C", "raw", (RAW,)): (1, 700),
        ("D", "malloc", (ERROR,)): (0.1, 409.6), ("E", "obj", (APPEND,)): (10, None),
        ("F", "malloc", (ALIGN,)): (1, 256), ("F", "malloc", (ALIGNED,)): (2, 354), ("F", "mmap", (MAPPED,)): (1, 8192),
        ("G", "malloc", (GROW,)): (1, 2048), ("H", "malloc", (CACHE,)): (1, 2048),
        ("I", "malloc", (WORKER, STARTED, CREATE)): (1, 1000)}


def is_asked_for(own):
    return bool(own) and own[0] != STARTED and own[0].function not in UNASKED


class Native(product.Case):
    leaks = {}

    @classmethod
    def setUpClass(cls):
        cls.profiles = tempfile.mkdtemp(prefix="cistern-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.profiles)

    def innermost(self, image, event):
        """The native frames up to the innermost Python frame, and that frame; None if there is none."""
        run = []
        for frame in image.stack(event.stack):
            if frame.kind == reader.PYTHON:
                return run, frame
            run.append(frame)
        return run, None

    def say(self, interpreter, *row):
        interpreters.say("%-24s %s" % (interpreter, " ".join("%-12s" % part for part in row)))

    # An extension's defects

    def leaky(self, interpreter, native):
        """The profile and its image; recorded once for all tests."""
        if (interpreter, native) not in self.leaks:
            folder = interpreters.extension(interpreter, LEAKEXT)
            profile = os.path.join(self.profiles, "%s-%s.cistern" % (interpreter, native))
            self.run_well([interpreter.path, LEAKY], product.recorded_environment(
                profile, {"native": native}, PYTHONPATH=folder, N=str(COUNT), PYTHONDONTWRITEBYTECODE="1"))
            self.leaks[interpreter, native] = profile, reader.only_image(profile)
        return self.leaks[interpreter, native]

    def own_lines(self, image, run):
        found = []
        for frame in run:
            place = native_places.place_of(image, frame) if frame.kind == reader.NATIVE else None
            if frame.kind == reader.BOUNDARY:
                found.append(STARTED)
            elif place and os.path.basename(place[0]).startswith("leakext."):
                function, file, line = native_places.line_of(*place)
                self.assertEqual(os.path.basename(file), "leakext.c")
                found.append(Line(function, line))
        return tuple(found)

    def calls_of(self, image, markers):
        """The number of calls by marker, in the form of CALLS."""
        found = collections.defaultdict(collections.Counter)
        for event in image.events():
            if reader.OPS[event.op] not in ("alloc", "realloc", "map"):
                continue
            run, python = self.innermost(image, event)
            own = self.own_lines(image, run)
            if is_asked_for(own):
                self.assertEqual(python.file, LEAKY)
                found[markers.get(python.line), reader.DOMAINS[event.domain], own][
                    reader.OPS[event.op], event.size] += 1
        return {key: dict(counts) for key, counts in found.items()}

    def test_each_block_of_an_extension_has_its_c_line_below_its_python_line(self):
        markers = {line: marker for marker, line in marked_lines(LEAKY).items()}
        wanted = {key: {what: times * COUNT for what, times in calls.items()} for key, calls in CALLS.items()}
        for interpreter in interpreters.supported():
            for native in ("leaf", "full", "auto"):
                with self.subTest(interpreter=interpreter.name, native=native):
                    image = self.leaky(interpreter, native)[1]
                    found = self.calls_of(image, markers)
                    self.assertEqual({key: calls for key, calls in found.items() if key[1] in OF_C}, wanted)
                    objects = {key: sum(calls.values()) for key, calls in found.items() if key[1] not in OF_C}
                    if native == "auto":
                        self.assertEqual(objects, {})
                    else:
                        self.assertGreaterEqual(objects["A", "obj", (REPR,)], COUNT)
                        self.assertGreaterEqual(objects["E", "obj", (APPEND,)], 10 * COUNT)
                    self.say(interpreter, native, "%d lines" % len(found))

    def test_the_leak_report_shows_the_same_lines(self):
        markers = {line: marker for marker, line in marked_lines(LEAKY).items()}
        for interpreter in interpreters.supported():
            for native in ("leaf", "full", "auto"):
                with self.subTest(interpreter=interpreter.name, native=native):
                    found = self.reported(self.leaky(interpreter, native)[0], markers)
                    wanted = {key: left for key, left in LEFT.items() if native != "auto" or key[1] in OF_C}
                    self.assertEqual(set(found), set(wanted))
                    for key, (blocks, size) in wanted.items():
                        if size is not None:
                            self.assertEqual(found[key], (round(blocks * COUNT), round(size * COUNT)), key)
                        else:  # and what the interpreter keeps for itself
                            self.assertAlmostEqual(found[key][0], blocks * COUNT, delta=0.05 * COUNT, msg=key)
                    self.say(interpreter, native, "report of %d lines" % len(found))

    def reported(self, profile, markers):
        result = product.cistern("leaks", "--all", "--json", "--top", "1000000", profile)
        self.assertEqual((result.code, result.err), (0, ""))
        found = collections.defaultdict(lambda: [0, 0])
        for group in json.loads(result.out)["groups"]:
            own = []
            for frame in group["stack"]:
                if frame.get("boundary"):
                    own.append(STARTED)
                elif not frame["native"]:
                    break
                elif os.path.basename(frame["module"]).startswith("leakext."):
                    self.assertEqual(os.path.basename(frame["file"]), "leakext.c")
                    own.append(Line(frame["function"], frame["line"]))
            if is_asked_for(own):
                key = markers.get(frame["line"]), group["domain"], tuple(own)
                found[key][0] += group["blocks"]
                found[key][1] += group["bytes"]
        # A buffer that the interpreter keeps for the next time (3.14 and later) is its own.
        return {key: tuple(sums) for key, sums in found.items() if key[1] != "mem"}

    def test_small_objects_have_no_native_frames_by_default_and_nothing_has_any_with_none(self):
        for interpreter in interpreters.supported():
            for native, without in (("auto", ("mem", "obj")), ("none", reader.DOMAINS)):
                with self.subTest(interpreter=interpreter.name, native=native):
                    image, seen = self.leaky(interpreter, native)[1], collections.Counter()
                    for event in image.events():
                        if event.op not in (2, 5, 7) and event.stack:
                            domain = reader.DOMAINS[event.domain]
                            frames = image.stack(event.stack)
                            seen[domain, any(frame.kind == reader.NATIVE for frame in frames)] += 1
                    for domain in reader.DOMAINS:
                        if domain in without:
                            self.assertEqual(seen[domain, True], 0, domain)
                        else:
                            self.assertGreater(seen[domain, True], 0, domain)
                    self.assertGreater(seen["obj", False], 1000)

    # Libraries

    def test_libraries_that_are_unloaded_and_signals(self):
        lines = marked_lines(LIBRARIES)
        for interpreter in interpreters.supported():
            for native in ("auto", "leaf", "full"):
                with self.subTest(interpreter=interpreter.name, native=native):
                    profile, said = self.libraries(interpreter, native)
                    image = reader.only_image(profile)
                    events = {event.size: event for event in image.events() if event.op == 1 and
                              70000 < event.size < 74000 and reader.DOMAINS[event.domain] == "malloc"}
                    self.check_plugins(image, events, lines["plugin"], said)
                    self.check_static_blocks(image, events, lines["static_block"])
                    self.check_signals(image, events, lines)
                    self.say(interpreter, native, "dlclose", "constructors", "signals")

    def libraries(self, interpreter, native):
        profile = self.path("libraries.cistern")
        done = self.run_well([interpreter.path, LIBRARIES, product.TOOLS],
                             product.recorded_environment(profile, {"native": native, "force": "on"}))
        return profile, done.out.split()

    def named(self, image, event):
        """(file, function) of each native frame above the innermost Python frame, and that frame."""
        run, python = self.innermost(image, event)
        places = [native_places.place_of(image, frame) for frame in run]
        self.assertTrue(all(places), "a frame in no module")
        return [(os.path.basename(place[0]), native_places.function_of(image, frame))
                for place, frame in zip(places, run)], python

    def check_plugins(self, image, events, line, addresses):
        for i in range(20):
            name = ("plugin_east", "plugin_west")[i % 2]
            run, python = self.named(image, events[71001 + 2 * i])
            self.assertEqual(run[0], ("lib%s.so" % name, name))
            self.assertEqual(python[1:], ("plugin", LIBRARIES, line))
        self.assertTrue(set(addresses[::2]) & set(addresses[1::2]), "no library was loaded at the address of another one")

    def check_static_blocks(self, image, events, line):
        for size, function in ((70001, "StaticBlock"), (70003, "initial_block")):
            run, _ = self.named(image, events[size])
            self.assertEqual(run[0][0], "libstatic_block.so")
            self.assertIn(function, run[0][1])
            self.assertIn(LIBRARIES, [frame.file for frame in image.stack(events[size].stack)])
            own = [frame for frame in image.stack(events[size].stack) if frame.file == LIBRARIES]
            self.assertEqual(own[1][1:], ("main", LIBRARIES, line))
            loader = [file for file, _ in run if file.startswith("ld-linux")]
            self.assertTrue(loader and any(file.startswith("_ctypes") for file, _ in run))

    def check_signals(self, image, events, lines):
        for i in range(5):
            for size, interrupted in ((72001 + 2 * i, ["spin", "interrupted"]), (73001 + 2 * i, ["interrupts_itself"])):
                run, python = self.named(image, events[size])
                own = [function for file, function in run if file == "libinterrupted.so"]
                self.assertEqual(own, ["handle_signal", *interrupted])
                self.assertEqual(python[1:], ("main", LIBRARIES, lines[interrupted[-1]]))
                if interrupted[0] == "spin":  # the signal's own frame is between, nothing else
                    self.assertEqual([function for _, function in run[2:4]], interrupted)

    # Packages

    def test_packages_appear_as_the_module_that_allocates(self):
        packages.needed_by(self)
        interpreter = interpreters.one_of("3.12", "3.11", "3.13")
        folder = packages.packages_for(interpreter, ["numpy", "pandas", "lxml", "pillow", "cryptography", "orjson"])
        lines = marked_lines(PACKAGES)
        for native, wanted in (("auto", OF_C), ("leaf", reader.DOMAINS)):
            with self.subTest(interpreter=interpreter.name, native=native):
                profile, same = self.path("packages.cistern"), {"PYTHONPATH": folder, "PYTHONHASHSEED": "0"}
                bare = self.run_well([interpreter.path, PACKAGES], product.clean_environment(**same))
                recorded = self.run_well([interpreter.path, PACKAGES], product.recorded_environment(
                    profile, {"native": native, "force": "on"}, **same))
                self.assertEqual(recorded.out, bare.out)
                found = self.allocating(reader.only_image(profile), folder, lines)
                for name in lines:
                    if name == "orjson" and native == "auto":  # it takes all of its memory as objects
                        self.assertEqual(found[name], 0)
                    else:
                        self.assertGreater(found[name], 0, name)
                self.say(interpreter, native, *("%s %d" % (name, found[name]) for name in lines))

    def allocating(self, image, folder, lines):
        """How many blocks at each package's line have a frame of a module of the package above the innermost Python frame."""
        found = collections.Counter()
        for event in image.events():
            if reader.OPS[event.op] not in ("alloc", "realloc", "map"):
                continue
            frames = image.stack(event.stack)
            at = [frame.line for frame in frames if frame.file == PACKAGES and frame.function == "main"]
            run, _ = self.innermost(image, event)
            paths = [native_places.place_of(image, frame)[0] for frame in run if frame.kind == reader.NATIVE]
            for name, line in lines.items():
                inside = os.path.join(folder, name) + os.sep
                found[name] += at == [line] and any(path.startswith(inside) for path in paths)
        return found


if __name__ == "__main__":
    unittest.main()
