"""Whatever a profile misses: `cistern check` exits 3, and every report names it in its first lines.

ways_to_lose.py lists the ways to lose something, ways_to_keep.py those in which nothing is lost, REPORTS the reports.
"""
import json
import os
import re
import unittest

import interpreters
import product
import recorded_ways
import ways_to_keep  # noqa: F401, registers
import ways_to_lose  # noqa: F401, registers

REPORTS = {
    "summary": [],
    "leaks": ["--all"],
    "peak": [],
    "pools": [],
    "tree": [],
    "lines": [],
    "temporary": [],
    "timeline": [],
    "check": [],
}
FIRST_LINES = 14  # of a report: long reasons are wrapped


class Completeness(product.Case):
    def setUp(self):
        super().setUp()
        self.python = interpreters.one_of("3.11", "3.12").path

    def command_of(self, report, profile):
        if report == "lines":
            return [report, "app.py", *REPORTS[report], profile]
        return [report, *REPORTS[report], profile]

    def paths_of(self, ways):
        for name, reason, root, arrange in ways:
            if root and os.geteuid() != 0:
                interpreters.say("NOT TESTED: %s needs root" % name)
                continue
            with self.subTest(way=name):
                yield name, reason, arrange(recorded_ways.Recorder(self, name))

    def test_what_is_lost_is_named_by_every_report_and_fails_the_gate(self):
        for name, reason, profile in self.paths_of(recorded_ways.WAYS):
            for report in REPORTS:
                with self.subTest(way=name, report=report):
                    self.assert_named(report, reason, profile)

    def assert_named(self, report, reason, profile):
        command = self.command_of(report, profile)
        text = product.cistern(*command)
        if report == "check":
            self.assertEqual(text.code, 3, text.out + text.err)
        if not text.out:  # it cannot be made from what is left
            self.assertIn(text.code, (2, 3))
            self.assertRegex(text.err, reason + "|no recorded allocation has a line of this file")
            return
        self.assertIn(text.code, (0, 3), text.err)
        first = re.sub(r"\s+", " ", " ".join(text.out.splitlines()[:FIRST_LINES]))
        self.assertRegex(first, "NOT COMPLETE  ?" + ".*" + reason, text.out[:3000] + text.err)
        found = json.loads(product.cistern(command[0], "--json", *command[1:]).out)
        self.assertIs(found["complete"], False)
        profiles = found.get("profiles", [found])
        reasons = [one for of in profiles for one in of["incomplete_because"]]
        self.assertTrue(any(re.search(reason, one) for one in reasons), reasons)

    def test_where_nothing_is_lost_no_report_says_so_and_the_gate_judges(self):
        for name, _, profile in self.paths_of(recorded_ways.WHOLE):
            for report in REPORTS:
                with self.subTest(way=name, report=report):
                    self.assert_whole(report, profile)

    def assert_whole(self, report, profile):
        command = self.command_of(report, profile)
        text = product.cistern(*command)
        self.assertIn(text.code, (0, 1) if report == "check" else (0,), text.out + text.err)
        self.assertNotIn("NOT COMPLETE", text.out)
        found = json.loads(product.cistern(command[0], "--json", *command[1:]).out)
        # The pools of a forked process are never complete: its parent's arenas are not among them.
        inherited = [one for one in found.get("incomplete_because", []) if "arenas inherited" not in one]
        self.assertEqual(inherited, [])
        if report != "pools":
            self.assertIs(found["complete"], True)


if __name__ == "__main__":
    unittest.main()
