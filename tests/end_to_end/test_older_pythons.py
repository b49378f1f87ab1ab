"""Interpreters whose stacks are not known are recorded natively, run as ever, and the reports say what is missing."""
import collections
import json
import unittest

import interpreters
import product
import reader

PROGRAM = """
import ctypes, sys
malloc = ctypes.CDLL(None).malloc
malloc.restype = ctypes.c_void_p
malloc.argtypes = [ctypes.c_size_t]
for _ in range(100): malloc(10001)
sys.stdout.write("%d.%d\\n" % sys.version_info[:2])
sys.exit(3)
"""
UNSUPPORTED = 2


class OlderPythons(product.Case):
    def record(self, interpreter):
        profile = self.path("older-%s.cistern" % interpreter)
        done = product.run([interpreter.path, "-c", PROGRAM], product.recorded_environment(profile))
        return profile, done

    def test_native_allocations_are_recorded_and_the_program_behaves_as_without(self):
        for interpreter in interpreters.older():
            with self.subTest(interpreter=interpreter.name):
                profile, done = self.record(interpreter)
                self.assertEqual((done.code, done.out), (3, interpreter.minor + "\n"))
                self.assertLessEqual(len(done.err.splitlines()), 1, done.err)
                image = reader.only_image(profile)
                made = collections.Counter((e.domain, e.size) for e in image.events() if e.op == 1)
                self.assertEqual(made[0, 10001], 100)
                self.assertEqual(image.interpreters[-1]["stacks"], UNSUPPORTED)
                self.assertIn(interpreter.minor, image.interpreters[-1]["version"])

    def test_reports_say_that_python_stacks_are_off(self):
        for interpreter in interpreters.older():
            with self.subTest(interpreter=interpreter.name):
                profile, _ = self.record(interpreter)
                result = product.cistern("summary", profile)
                self.assertEqual((result.code, result.err), (0, ""))
                self.assertIn("CPython %s." % interpreter.minor, result.out)
                self.assertIn("Python stacks are off", result.out)
                result = product.cistern("leaks", "--all", "--json", "--top", "1000000", profile)
                self.assertEqual((result.code, result.err), (0, ""))
                groups = json.loads(result.out)["groups"]
                self.assertGreaterEqual(sum(group["blocks"] for group in groups), 100)


if __name__ == "__main__":
    unittest.main()
