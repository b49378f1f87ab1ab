"""`cistern timeline` at marks whose live sets are known, over several processes, in every format."""
import csv
import io
import json
import unittest

import interpreters
import product

PROGRAM = """
import ctypes, gc
mark = ctypes.CDLL(None).cistern_mark
held = []
for size in (1000000, 3000000, 2000000):
    held[:] = []
    held.append(bytearray(size))
    mark(b"%d" % size)
nodes = []
for i in range(1000):
    node = []
    node.append(node)
gc.collect()
kept = [bytes(20) for i in range(50000)]
mark(b"kept")
del kept[::2]
mark(b"half")
"""

FAMILY = """
import os
held = bytearray(1000000)
child = os.fork()
if child == 0:
    more = bytearray(2000000)
    os._exit(0)
os.waitpid(child, 0)
spin = sum(range(300000))
"""


class Timeline(product.Case):
    def record(self, program, python=None):
        profile = self.path("x.cistern")
        self.run_well([product.CISTERN, "run", "-f", "-o", profile, "--",
                       python or interpreters.one_of("3.11", "3.12").path, "-c", program], product.clean_environment())
        return profile

    def report(self, profile, *arguments):
        done = product.cistern("timeline", *arguments, profile)
        self.assertEqual((done.code, done.err), (0, ""))
        return done.out

    def test_marks_have_the_known_live_bytes(self):
        for one in interpreters.supported():
            with self.subTest(interpreter=one.name):
                timeline = json.loads(self.report(self.record(PROGRAM, one.path), "--json", "--points", "50"))
                self.assertEqual((timeline["schema"], timeline["complete"]), ("cistern.timeline/1", True))
                live = {mark["name"]: mark["live_bytes"] for mark in timeline["marks"]}
                self.assertEqual(list(live), ["1000000", "3000000", "2000000", "kept", "half"])
                self.assertAlmostEqual(live["3000000"] - live["1000000"], 2000000, delta=2000)
                self.assertAlmostEqual(live["3000000"] - live["2000000"], 1000000, delta=2000)
                header = 49 if one.free_threaded else 33  # of a bytes object
                self.assertAlmostEqual(live["kept"] - live["half"], 25000 * (header + 20) + 25000 * 8, delta=50000)
                self.check_points(timeline)

    def check_points(self, timeline):
        points = timeline["points"]
        self.assertEqual(len(points), 50)
        times = [point["time_ns"] for point in points]
        self.assertEqual(times, sorted(times))
        self.assertAlmostEqual(times[-1], timeline["images"][0]["duration_ns"], delta=1000)
        for point in points:
            self.assertEqual(sum(point["domains"].values()), point["live_bytes"])
            self.assertEqual(point["pool_used_bytes"] + point["pool_held_bytes"], point["arena_bytes"])
            self.assertGreaterEqual(point["most_bytes"], point["live_bytes"])
        self.assertEqual(max(point["most_bytes"] for point in points), timeline["images"][0]["peak_bytes"])
        # The last of the thousand is still held by its variable.
        self.assertGreaterEqual(sum(point["collected"] for point in points), 999)
        self.assertGreater(points[-1]["resident_bytes"], 1000000)

    def test_processes_are_summed_while_they_live(self):
        profile = self.record(FAMILY)
        timeline = json.loads(self.report(profile, "--json", "--points", "1000"))
        self.assertEqual(len(timeline["images"]), 2)
        processes = [point["processes"] for point in timeline["points"]]
        self.assertEqual((processes[0], max(processes), processes[-1]), (1, 2, 1))
        both = max(point["live_bytes"] for point in timeline["points"] if point["processes"] == 2)
        self.assertGreater(both, 3000000)

    def test_csv_equals_json(self):
        profile = self.record(PROGRAM)
        rows = list(csv.DictReader(io.StringIO(self.report(profile, "--csv", "--points", "10"))))
        points = json.loads(self.report(profile, "--json", "--points", "10"))["points"]
        self.assertEqual(len(rows), 10)
        for row, point in zip(rows, points):
            for name in ("live_bytes", "live_blocks", "most_bytes", "arena_bytes", "pool_used_bytes", "collections"):
                self.assertEqual(int(row[name]), point[name])
            for name, amount in point["domains"].items():
                self.assertEqual(int(row[name + "_bytes"]), amount)
        self.assertEqual("; ".join(row["marks"] for row in rows if row["marks"]), "1000000; 3000000; 2000000; kept; half")

    def test_text_is_a_chart_of_eighty_columns(self):
        text = self.report(self.record(PROGRAM))
        for line in text.splitlines():
            self.assertTrue(len(line) <= 80 or line.startswith("next: "), line)
        for word in ("live", "used", "held", "RSS", "collection", "▇"):
            self.assertIn(word, text)
        self.assertEqual(self.report(self.path("x.cistern"), "--points", "5").count(" ms") +
                         self.report(self.path("x.cistern"), "--points", "5").count(" s "), 6, text)

    def test_wrong_arguments_are_refused(self):
        profile = self.record("pass")
        for arguments in (["--points", "0"], ["--csv", "--json"], ["--points", "many"]):
            self.assertEqual(product.cistern("timeline", *arguments, profile).code, 2, arguments)


if __name__ == "__main__":
    unittest.main()
