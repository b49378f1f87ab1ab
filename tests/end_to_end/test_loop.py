"""`cistern loop` calls a function under marks and reports whether it leaks."""
import json
import os
import unittest

import interpreters
import product

MODULE = """
import os, signal, sys
kept = []

def healthy():
    return [object() for i in range(50)], {str(i): i for i in range(20)}

def leaky():
    healthy()
    kept.append(bytes(200))

async def healthy_coroutine():
    import asyncio
    await asyncio.sleep(0)
    return healthy()

async def leaky_coroutine():
    await healthy_coroutine()
    leaky()

class Service:
    def __init__(self):
        self.seen = []
    def leaky(self):
        self.seen.append(bytes(300))
    @classmethod
    def healthy(cls):
        return healthy()
    @staticmethod
    def also_healthy():
        return healthy()

calls = 0
def counted():
    global calls
    calls += 1
    if calls == 5:
        print(calls, *sys.argv)

def raises():
    global calls
    calls += 1
    if calls > 15:
        raise KeyError("some key")

def leaves():
    global calls
    calls += 1
    if calls > 15:
        sys.exit(0)

def dies():
    os.kill(os.getpid(), signal.SIGKILL)
"""


class Loop(product.Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("pkg"))
        open(self.path("pkg/__init__.py"), "w").close()
        with open(self.path("pkg/mod.py"), "w") as file:
            file.write(MODULE)
        self.python = interpreters.one_of("3.11", "3.12").path
        self.profile = self.path("loop.cistern")

    def loop(self, function, *arguments, python=None, times=200):
        return product.run([product.CISTERN, "loop", "--python", python or self.python, "--times", str(times), "-f",
                            "-o", self.profile, "pkg.mod:" + function, *arguments],
                           product.clean_environment(NO_COLOR="1"), cwd=self.folder)

    def marks(self):
        timeline = json.loads(product.cistern("timeline", "--json", "--points", "1", self.profile).out)
        return [mark["name"] for mark in timeline["marks"]]


class Healthy(Loop):
    def test_healthy_functions_pass_on_every_interpreter(self):
        for one in interpreters.supported():
            for function in ("healthy", "healthy_coroutine", "Service.healthy", "Service.also_healthy"):
                with self.subTest(interpreter=one.name, function=function):
                    done = self.loop(function, python=one.path)
                    self.assertEqual((done.code, done.err), (0, ""), done.out)
                    self.assertTrue(done.out.startswith("PASS  nothing grew in 200 calls of pkg.mod:" + function))

    def test_counted_calls_lie_between_marks_after_a_warm_up(self):
        for warm_up, calls_before in (([], 20), (["--warm-up", "3"], 3)):
            done = self.loop("counted", *warm_up, "--", "a", "--times")
            self.assertEqual((done.code, done.err), (0, ""))
            self.assertEqual(done.out.splitlines()[0], "5 pkg.mod:counted a --times")
            self.assertEqual(self.marks(), ["iteration"] * 201)

    def test_the_driver_allocates_nothing_between_marks(self):
        for one in interpreters.supported():
            with self.subTest(interpreter=one.name):
                self.assertEqual(self.loop("Service.also_healthy", python=one.path, times=1000).code, 0)
                live = {}
                for which in ("iteration:100", "iteration:1001"):
                    report = product.cistern("leaks", "--all", "--json", "--at", which, "--function", "loop",
                                           self.profile)
                    live[which] = json.loads(report.out)["live_blocks"]
                self.assertLess(abs(live["iteration:1001"] - live["iteration:100"]), 30, live)


class Leaky(Loop):
    def test_leaking_functions_fail_and_their_line_is_named(self):
        for one in interpreters.supported():
            for function, line in (("leaky", 10), ("leaky_coroutine", 10), ("Service.leaky", 25)):
                with self.subTest(interpreter=one.name, function=function):
                    done = self.loop(function, python=one.path)
                    self.assertEqual((done.code, done.err), (1, ""), done.out)
                    self.assertRegex(done.out, r"(?m)^ +(Service\.)?leaky +mod\.py:%d$" % line)
                    self.assertRegex(done.out.replace("\n  ", " "), r"(?m)^FAIL  .* leaked in 200 calls of pkg\.mod:%s: "
                                     % function)

    def test_the_verdict_as_json_is_that_of_check(self):
        done = self.loop("leaky", "--json")
        verdict = json.loads(done.out)
        self.assertEqual((done.code, verdict["schema"], verdict["passed"]), (1, "cistern.check/1", False))
        self.assertEqual(verdict["failures"][0]["leaks"][0]["growth"], "marked")


class Unfinished(Loop):
    def test_an_exception_is_printed_and_gives_no_verdict(self):
        done = self.loop("raises")
        self.assertEqual(done.code, 125)
        self.assertIn("KeyError: 'some key'\n", done.err)
        self.assertIn("cistern: pkg.mod:raises: not all calls were made", done.err)
        self.assertEqual(done.out, "")

    def test_an_exit_during_the_calls_gives_no_verdict(self):
        done = self.loop("leaves", "--warm-up", "10")
        self.assertEqual((done.code, done.out), (125, ""))
        self.assertIn("not all calls were made: the program ended after 5 of 200 calls (nothing was checked)", done.err)

    def test_a_fatal_signal_gives_its_exit_code(self):
        done = self.loop("dies")
        self.assertEqual((done.code, done.out), (137, ""))
        self.assertEqual(done.err, "cistern: pkg.mod:dies: killed by signal 9 (nothing was checked)\n")

    def test_a_missing_function_or_python_gives_no_verdict(self):
        self.assertEqual(self.loop("absent").code, 125)
        for target, code in (("pkg.absent:f", 125), ("pkg.mod", 2), (":f", 2), ("pkg.mod:", 2)):
            done = product.run([product.CISTERN, "loop", "--python", self.python, "-f", "-o", self.profile, target],
                               product.clean_environment(), cwd=self.folder)
            self.assertEqual((done.code, done.out), (code, ""), target)
        done = product.run([product.CISTERN, "loop", "--python", self.path("no-python"), "pkg.mod:healthy"],
                           product.clean_environment(), cwd=self.folder)
        self.assertEqual((done.code, len(done.err.splitlines())), (127, 1))

    def test_the_profile_is_named_after_the_function(self):
        done = product.run([product.CISTERN, "loop", "--python", self.python, "--times", "20", "pkg.mod:healthy"],
                           product.clean_environment(), cwd=self.folder)
        self.assertEqual((done.code, done.err), (0, ""))
        names = [name for name in os.listdir(self.folder) if name.endswith(".cistern")]
        self.assertEqual(len(names), 1)
        self.assertRegex(names[0], r"^cistern\.pkg\.mod\.healthy\.\d+\.cistern$")
        self.assertIn("next: cistern leaks --all %s\n" % names[0], done.out)


if __name__ == "__main__":
    unittest.main()
