"""A leak of one block in a hundred requests, in real web frameworks, is found with marks and without, and nothing else is
reported."""
import json
import os
import unittest

import interpreters
import packages
import product
from packages import packages_for

BLOCK_BYTES = 233  # bytes(200)
LEAKED = 100


class Planted(product.Case):
    def setUp(self):
        super().setUp()
        packages.needed_by(self)

    # The test client of Django 5.2 connects a signal for each request, and weakref.finalize keeps an entry for each.
    KNOWN = "Signal.connect"

    def leaks(self, interpreter, package, program, marks):
        profile = self.path("planted.cistern")
        env = product.recorded_environment(profile, {"force": "on"}, PYTHONHASHSEED="0",
                                           PYTHONPATH=packages_for(interpreter, [package]))
        path = os.path.join(product.PROGRAMS, program)
        self.run_well([interpreter.path, path] + (["marks"] if marks else []), env)
        result = self.run_well([product.CISTERN, "leaks", "--json", profile], product.clean_environment())
        os.remove(profile)
        return [group for group in json.loads(result.out)["groups"]
                if self.KNOWN not in (frame["function"] for frame in group["stack"])]

    def check(self, package, program, *minors):
        interpreter = interpreters.one_of(*minors)
        for marks in (True, False):
            with self.subTest(program=program, interpreter=interpreter.name, marks=marks):
                groups = self.leaks(interpreter, package, program, marks)
                self.assertEqual([(group["stack"][0]["function"], group["growth"]) for group in groups],
                                 [("remember", "marked" if marks else "steady")])
                self.assertAlmostEqual(groups[0]["blocks"], LEAKED, delta=1)
                self.assertEqual(groups[0]["bytes"], groups[0]["blocks"] * BLOCK_BYTES)
                if marks:
                    self.assertAlmostEqual(groups[0]["blocks_per_mark"], 0.01, delta=0.0005)

    def test_the_planted_leak_is_found_in_flask(self):
        self.check("flask", "planted_flask.py", "3.10", "3.11")

    def test_the_planted_leak_is_found_in_django(self):
        self.check("django", "planted_django.py", "3.13", "3.12")


if __name__ == "__main__":
    unittest.main()
