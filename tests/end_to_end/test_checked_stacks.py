"""On every event the captured stack equals that of the reference walker, and each native frame equals libunwind's.

The checking library walks the whole stack each time and writes its counts to CISTERN_CHECK_REPORT: names and numbers.
"""
import os
import re
import unittest

import interpreters
import packages
import product
import test_apps

CAPTURES = 100000


class CheckedStacks(product.Case):
    def check(self, interpreter, program, more_env=(), timeout=240, native="leaf"):
        bare = product.run([interpreter.path, program], product.clean_environment(PYTHONHASHSEED="0", **dict(more_env)))
        self.assertEqual((bare.code, bare.err), (0, ""))
        profile, report = self.path("checked.cistern"), self.path("report")
        env = product.recorded_environment(profile, {"force": "on", "native": native}, preload=product.CHECKED_PRELOAD,
                                           CISTERN_CHECK_REPORT=report, PYTHONHASHSEED="0", **dict(more_env))
        done = product.run([interpreter.path, program], env, timeout=timeout)
        self.assertEqual((done.code, done.out, done.err), (bare.code, bare.out, bare.err))
        with open(report) as file:
            text = file.read()
        os.remove(report)
        result = {name: int(number) for name, number in re.findall(r"(\w+) (\d+)", text)}
        for name in ("mismatches", "misplaced", "unplaced", "native_mismatches", "native_differences", "native_ends"):
            self.assertEqual(result.get(name), 0, text)
        self.assertGreater(result["captures"], CAPTURES)
        self.assertGreater(result["native_captures"], 0.9 * result["captures"], text)
        self.assertGreater(result["native_frames"], result["native_captures"] / 16, text)  # 1 in 16 is compared

    def on_every_interpreter(self, program, native="leaf"):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                self.check(interpreter, os.path.join(product.PROGRAMS, program), native=native)

    def test_stacks_equal_full_walks_in_a_recursive_program(self):
        self.on_every_interpreter("recursive.py")

    def test_stacks_equal_full_walks_in_a_program_of_generators(self):
        self.on_every_interpreter("generators.py")

    def test_stacks_equal_full_walks_in_an_asyncio_program(self):
        self.on_every_interpreter("asyncio_tasks.py", native="full")

    def test_stacks_equal_full_walks_in_threads_that_run_the_same_code(self):
        self.on_every_interpreter("threads_of_one_code.py")

    def test_stacks_equal_full_walks_where_threads_share_one_copy_of_the_code(self):
        for interpreter in interpreters.supported():
            if interpreter.free_threaded:
                for variable, value in (("PYTHON_TLBC", "0"), ("PYTHON_GIL", "1")):
                    with self.subTest(interpreter=interpreter.name, variable=variable):
                        self.check(interpreter, os.path.join(product.PROGRAMS, "threads_of_one_code.py"),
                                   {variable: value})

    def test_stacks_equal_full_walks_in_sympy(self):
        packages.needed_by(self)
        app = test_apps.apps()[0]
        folder = test_apps.packages_for(app.interpreter, app.packages)
        self.check(app.interpreter, app.program, {"PYTHONPATH": folder})


if __name__ == "__main__":
    unittest.main()
