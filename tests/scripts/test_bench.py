"""scripts/bench measures every requested workload and mode, keeps its figures, and reports a program that behaves
differently when it is recorded. The figures themselves are not tested, only that they exist."""
import json
import os
import shutil
import tempfile
import unittest

import tree

FIGURES = ("wall", "cpu", "drainer_cpu", "added_bytes")


class Bench(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cistern-bench-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def bench(self, *arguments, build=tree.BINARY):
        state = os.path.join(self.folder, "state")
        return tree.run([tree.PYTHON, "-B", tree.script("bench"), "--quick", "--rounds", "1", "--build", build, "--state", state,
                         *arguments], timeout=120)

    def build_whose_recorder_breaks_programs(self):
        """A copy of the build in which a recorded program prints one word more."""
        build = os.path.join(self.folder, "build")
        os.makedirs(os.path.join(build, "bin"))
        for name in ("lib", "tests"):
            os.symlink(os.path.join(tree.BINARY, name), os.path.join(build, name))
        path = os.path.join(build, "bin", "cistern")
        with open(path, "w") as file:
            file.write('#!/bin/sh\n[ "$1" != run ] || echo more\nexec "%s" "$@"\n' % tree.CISTERN)
        os.chmod(path, 0o755)
        return build

    def test_every_workload_is_measured_bare_and_in_every_mode(self):
        done = self.bench("--workloads", "objects,storm-2", "--modes", "default,malloc+mmap", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["schema"], "cistern.bench/1")
        self.assertEqual([(row["workload"], row["mode"]) for row in report["rows"]],
                         [(workload, mode) for workload in ("objects", "storm-2")
                          for mode in ("bare", "default", "malloc+mmap")])
        for row in report["rows"]:
            self.assertEqual((row["rounds"], row["faults"]), (1, []))
            for figure in FIGURES if row["mode"] != "bare" else ("wall_s", "cpu_s", "peak_bytes"):
                self.assertLessEqual(row[figure]["low"], row[figure]["median"], figure)
        events = {(row["workload"], row["mode"]): row.get("events") for row in report["rows"]}
        self.assertGreater(events["objects", "default"], 500 * 1000)
        self.assertGreater(events["objects", "default"], events["objects", "malloc+mmap"])
        self.assertGreaterEqual(events["storm-2", "default"], 2 * 100000)
        measured = {one["name"]: one["measured"] for one in report["bounds"] if one["measured"] is not None}
        self.assertEqual(list(measured), ["default, worst of (a)-(f)"])

    def test_a_measured_figure_is_not_measured_again(self):
        first = self.bench("--workloads", "objects", "--modes", "dormant", "--json")
        again = self.bench("--workloads", "objects", "--modes", "dormant", "--json")
        self.assertEqual(again.stderr.count("known"), 2, again.stderr)
        self.assertEqual(again.stdout, first.stdout)

    def test_a_program_that_behaves_differently_when_recorded_is_a_failure(self):
        done = self.bench("--workloads", "storm-1", "--modes", "default",
                          build=self.build_whose_recorder_breaks_programs())
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("FAILED: storm-1, default: recorded: output 'more", done.stdout)

    def test_a_mode_that_the_build_does_not_know_is_missing_and_an_unknown_mode_is_a_usage_error(self):
        build = self.build_whose_recorder_breaks_programs()
        with open(os.path.join(build, "bin", "cistern"), "w") as file:
            file.write('#!/bin/sh\necho "no such option" >&2\nexit 125\n')
        done = self.bench("--workloads", "objects", "--modes", "dormant", build=build)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("missing: mode dormant: no such option", done.stdout)
        for wrong in (["--modes", "nonsense"], ["--workloads", "nonsense"], ["--python", "1.5"], ["nonsense"]):
            self.assertEqual(self.bench(*wrong).returncode, 2, wrong)


if __name__ == "__main__":
    unittest.main()
