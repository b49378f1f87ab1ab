"""`cistern leaks` without --all on programs of known behaviour: each leaking line is shown with
its number of blocks, and nothing healthy is shown."""
import json
import os
import unittest

import interpreters
import product

PROGRAMS = os.path.join(product.CASES, "programs")
EXTENSION = os.path.join(product.CASES, "cext", "leakext.c")
TOLERANCE = 0.05


class Case:
    """A program that makes `iterations`, and the lines (by a text on them) that leak, with the blocks an iteration that all
    of them together leave: from `least` to `most`, as the program's header says, or as was counted where it differs."""

    def __init__(self, program, iterations, lines, least, most, versions=None, without_gil=None):
        self.program = os.path.join(PROGRAMS, program)
        self.iterations = iterations
        self.texts = lines
        self.least, self.most = least, most
        self.versions = versions or (lambda version: True)
        self.without_gil = without_gil  # the lines that leak there, by version, where they are others or more versions

    def leaks_on(self, interpreter):
        if interpreter.free_threaded and self.without_gil:
            return True
        return self.versions(interpreter.version)

    def lines(self, interpreter):
        texts = interpreter.free_threaded and self.without_gil and self.without_gil(interpreter.version) or self.texts
        with open(self.program) as file:
            return {number for number, line in enumerate(file, 1)
                    if any(text in line for text in texts) and not line.startswith("#@")}


LEAKS = [
    # Gone by 3.13.15 and 3.14.10.
    Case("r04_syntaxerror_reinit.py", 20000, ["# LEAK-LINE"], 4, 4, lambda version: (3, 10) <= version < (3, 13, 15)),
    # Two of the five blocks are tuples of the failing call, the others are what it was given.
    Case("r05_math_dist_error.py", 20000, ["# LEAK-LINE"], 2, 2, lambda version: version < (3, 10)),
    Case("r07_pickle_build_error.py", 10000, ["# LEAK-LINE"], 3, 3,
         lambda version: version < (3, 12, 8) or (3, 13) <= version < (3, 13, 1)),
    # The call of `profile`. 3.13 keeps one block less than the header says.
    Case("p01_lru_cache_method.py", 5000, ['.profile("en")'], 6, 8),
    # The call of `step`. What `main` made for the call of `run` (a frame before 3.11, the number) is one or two of the
    # header's ten blocks.
    Case("p02_traceback_frames.py", 2000, ["        step(i)"], 8, 10),
    # With the formatter's line. 3.13 keeps two blocks less than the header says.
    Case("p04_logging_handlers.py", 2000, ["# LEAK-LINE", "# its formatter"], 13, 24),
    Case("p06_warning_registry.py", 10000, ["# LEAK-LINE"], 2, 2),
    Case("c02_ctypes_strdup.py", 20000, ["# LEAK-LINE"], 1, 1),
    Case("c03_ctypes_pointer_cache.py", 2000, ["# LEAK-LINE"], 33, 33, lambda version: version < (3, 14)),
    # The first half of its run, of the first line, had ended: a ramp. Without the GIL what is interned stays on later
    # versions too (Objects/unicodeobject.c, 3.13 – 3.15); pathlib interns the parts of paths up to 3.13.
    Case("r02_interned_immortal.py", 20000, ["# LEAK-LINE 2"], 1, 1, lambda version: version[:2] == (3, 12),
         without_gil=lambda version: ["# LEAK-LINE (pathlib" if version < (3, 14) else "# LEAK-LINE 2"]),
]
HEALTHY = ["h01_import_caches.py", "h02_freelists_interning.py", "h03_bounded_caches.py",
           "f02_glibc_top_pinned.py", "f03_thread_arenas.py"]
# Blocks an iteration of each line of c01, from its header; A–G leak, I happened once.
C01_LINES = {"A": 1, "B": 1, "C": 1, "D": 0.1, "E": 10, "F": 4, "G": 1}


def frames_of(group, program):
    name = os.path.basename(program)
    return {frame["line"] for frame in group["stack"] if frame["file"] and os.path.basename(frame["file"]) == name}


class Growth(product.Case):
    def record(self, interpreter, program, **more):
        profile = self.path("%s-%s.cistern" % (os.path.basename(program), interpreter))
        arguments = [program] if program.endswith(".py") else ["-c", program]
        done = product.run([interpreter.path] + arguments,
                           product.recorded_environment(profile, PYTHONHASHSEED="0", **more))
        self.assertEqual((done.code, done.out), (0, ""))  # some print figures on stderr
        return profile

    def leaks(self, profile, *options):
        result = product.cistern("leaks", "--json", *options, profile)
        self.assertEqual((result.code, result.err), (0, ""))
        report = json.loads(result.out)
        self.assertTrue(report["complete"])
        return report["groups"]

    def assert_blocks(self, groups, iterations, least, most, what):
        found = sum(group["blocks"] for group in groups) / iterations
        self.assertTrue(least * (1 - TOLERANCE) <= found <= most * (1 + TOLERANCE),
                        "%s: %.3f blocks an iteration, expected %g to %g" % (what, found, least, most))

    def check_case(self, interpreter, case):
        profile = self.record(interpreter, case.program, N=str(case.iterations))
        groups = self.leaks(profile)
        os.remove(profile)
        if not case.leaks_on(interpreter):
            self.assertEqual(groups, [], "the control is clean")
            return
        lines = case.lines(interpreter)
        hits = [bool(frames_of(group, case.program) & lines) for group in groups]
        self.assertEqual(hits, sorted(hits, reverse=True), "no other group ranks above those of the leaking lines")
        self.assertEqual({group["growth"] for group in groups}, {"steady"})
        self.assert_blocks([group for group, hit in zip(groups, hits) if hit], case.iterations, case.least, case.most,
                           "lines %s" % sorted(lines))

    def test_each_leaking_line_is_shown_with_its_blocks_and_controls_have_no_leak(self):
        for interpreter in interpreters.supported():
            for case in LEAKS:
                with self.subTest(interpreter=interpreter.name, program=os.path.basename(case.program)):
                    self.check_case(interpreter, case)

    def test_each_leaking_line_of_the_extension_is_shown_and_one_time_allocations_are_not(self):
        program, count = os.path.join(PROGRAMS, "c01_cext_leaks.py"), 1000
        with open(program) as file:
            lines = {marker: number for number, line in enumerate(file, 1)
                     for marker in [*C01_LINES, "I"] if "# LINE %s" % marker in line}
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile = self.record(interpreter, program, N=str(count),
                                      PYTHONPATH=interpreters.extension(interpreter, EXTENSION))
                groups = self.leaks(profile)
                for marker, blocks in C01_LINES.items():
                    at_line = [group for group in groups if lines[marker] in frames_of(group, program)]
                    self.assert_blocks(at_line, count, blocks, blocks, "line " + marker)
                self.assertFalse([group for group in groups if lines["I"] in frames_of(group, program)])
                once = [group for group in self.leaks(profile, "--all")
                        if lines["I"] in frames_of(group, program) and group["blocks"] >= count]
                self.assertEqual([group["growth"] for group in once], ["one-off"])

    def test_a_line_that_stopped_growing_is_a_ramp_and_no_leak(self):
        program = os.path.join(PROGRAMS, "r02_interned_immortal.py")
        interned = [one for one in interpreters.supported() if one.version[:2] == (3, 12)]
        for interpreter in interned:
            profile = self.record(interpreter, program, N="20000")
            with open(program) as file:
                first, = [number for number, line in enumerate(file, 1) if "# LEAK-LINE (pathlib" in line]
            at_line = [group for group in self.leaks(profile, "--all", "--top", "20")
                       if first in frames_of(group, program) and group["blocks"] >= 20000]
            self.assertEqual([group["growth"] for group in at_line], ["ramp"])

    def test_healthy_programs_have_no_leak(self):
        for interpreter in interpreters.supported():
            for program in HEALTHY + ["pass"]:
                with self.subTest(interpreter=interpreter.name, program=program):
                    path = os.path.join(PROGRAMS, program) if program.endswith(".py") else program
                    profile = self.record(interpreter, path)
                    self.assertEqual(self.leaks(profile), [])
                    os.remove(profile)


if __name__ == "__main__":
    unittest.main()
