"""The fuzz targets for a minute, as they are built beside the release: the golden files, and what fuzzing has found wrong,
are replayed and changed at random, the same in every run. Under sanitizers: scripts/fuzz.

Environment, set by CMake: CISTERN_SOURCE_DIR, CISTERN_BINARY_DIR.
"""
import os
import resource
import subprocess
import sys
import unittest

SOURCE = os.environ["CISTERN_SOURCE_DIR"]
TREE = os.environ["CISTERN_BINARY_DIR"]
SECONDS = {"profile": 30, "window": 15, "codec": 5, "text": 10}


class Fuzz(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seeds = os.path.join(TREE, "fuzz-seeds")
        subprocess.run([sys.executable, "-B", os.path.join(SOURCE, "tests", "fuzz", "make_corpus.py"),
                        os.path.join(SOURCE, "tests", "golden"), cls.seeds], check=True)

    def inputs(self, target):
        kept = os.path.join(SOURCE, "tests", "fuzz", "corpus", target)
        return [os.path.join(self.seeds, target)] + ([kept] if os.path.isdir(kept) else [])

    def fuzz(self, target):
        crash = os.path.join(TREE, "fuzz-crash-" + target)
        command = [os.path.join(TREE, "bin", target + "_fuzz"), "-seconds=%d" % SECONDS[target], "-seed=1",
                   "-crash=" + crash] + self.inputs(target)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
        text = done.stdout.decode("utf-8", "replace")
        self.assertEqual(done.returncode, 0, "the input is %s\n%s" % (crash, text[-6000:]))
        print(target, text.strip(), file=sys.stderr)

    def test_profiles_and_all_reports_of_them(self):
        self.fuzz("profile")

    def test_windows_read_and_folded(self):
        self.fuzz("window")

    def test_decoders_of_events_and_records(self):
        self.fuzz("codec")

    def test_options_sessions_suppressions_and_patterns(self):
        self.fuzz("text")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main(verbosity=2)
