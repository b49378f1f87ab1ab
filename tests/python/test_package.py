"""The Python package on every interpreter: without a recorder, and with a library that logs what reaches it.

Environment, set by CMake: CISTERN_SOURCE_DIR, FAKE_API (the library). CISTERN_INTERPRETERS names a file with the
interpreters, as `scripts/python-matrix --json` prints them; without it that script is run.
"""
import errno
import json
import os
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ["CISTERN_SOURCE_DIR"]
FAKE_API = os.environ["FAKE_API"]
PACKAGE = os.path.join(SOURCE, "scripts", "python")

USE_ALL = """
import cistern
assert not cistern.enabled()
cistern.mark("first"); cistern.mark(); cistern.mark("\\u00e4"); cistern.mark(7)
cistern.start()
with cistern.recording():
    pass
assert cistern.enabled() is %r
cistern.stop()

@cistern.recording()
def work(number):
    return number + 1

assert work(1) == 2 and work(2) == 3
try:
    with cistern.recording():
        raise KeyError
except KeyError:
    pass
cistern.flush()
assert not cistern.enabled()
"""
CALLS = ["mark first", "mark ", "mark \u00e4", "mark 7", "start", "start", "stop", "start", "stop", "start", "stop",
         "start", "stop", "flush"]


def interpreters():
    """Paths of the supported interpreters of this machine; says which versions are missing."""
    path = os.environ.get("CISTERN_INTERPRETERS")
    script = [sys.executable, os.path.join(SOURCE, "scripts", "python-matrix"), "--json"]
    text = open(path).read() if path else subprocess.check_output(script, text=True)
    matrix = json.loads(text)
    for minor in matrix["missing"]:
        print("NOT TESTED: CPython %s is not on this machine" % minor, flush=True)
    return [one for one in matrix["interpreters"] if one["supported"] and not one["root"]]


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.interpreters = interpreters()

    def test_there_are_interpreters(self):
        self.assertTrue(self.interpreters)

    def run_on_each(self, program, **variables):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LD_PRELOAD", "CISTERN_"))}
        environment.update(variables, PYTHONPATH=PACKAGE)
        for one in self.interpreters:
            with self.subTest(interpreter=one["name"]):
                done = subprocess.run([one["path"], "-B", "-W", "error", "-c", program], env=environment, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
                self.assertEqual((done.returncode, done.stdout), (0, ""))
                yield one

    def test_does_nothing_without_a_recorder(self):
        for _ in self.run_on_each(USE_ALL % False):
            pass

    def test_reaches_the_recorder(self):
        with tempfile.TemporaryDirectory() as directory:
            log = os.path.join(directory, "log")
            for _ in self.run_on_each(USE_ALL % True, LD_PRELOAD=FAKE_API, FAKE_API_LOG=log):
                with open(log, encoding="utf-8") as file:
                    self.assertEqual(file.read().splitlines(), CALLS)
                os.remove(log)

    def test_says_why_a_flush_failed(self):
        program = ("import cistern\ntry:\n    cistern.flush()\nexcept OSError as error:\n"
                   "    assert error.errno == %d, error\nelse:\n    raise AssertionError" % errno.ENOSPC)
        for _ in self.run_on_each(program, LD_PRELOAD=FAKE_API, FAKE_API_FULL="1"):
            pass

    def test_all_lists_the_public_functions(self):
        program = "from cistern import *\nenabled, flush, mark, recording, start, stop"
        for _ in self.run_on_each(program):
            pass


if __name__ == "__main__":
    unittest.main()
