"""scripts/free-threaded-python says in one line why it cannot build, and leaves nothing half made."""
import os
import shutil
import tempfile
import unittest

import tree

SCRIPT = tree.script("free-threaded-python")


class FreeThreadedPython(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cistern-build-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_script(self, *arguments):
        environment = tree.plain_environment(CISTERN_MIRROR="file://" + os.path.join(self.folder, "no-mirror"),
                                             TMPDIR=self.folder)
        return tree.run([SCRIPT, *arguments], env=environment, timeout=60)

    def test_a_missing_argument_is_a_usage_error(self):
        done = self.run_script("3.14")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("usage: scripts/free-threaded-python 3.MINOR DIRECTORY", done.stderr)

    def test_an_existing_folder_is_not_changed(self):
        done = self.run_script("3.14", self.folder)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "free-threaded-python: %s exists already\n" % self.folder)

    def test_without_a_source_it_prints_the_reason_and_leaves_nothing(self):
        target = os.path.join(self.folder, "3.14t")
        done = self.run_script("3.14", target)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr.splitlines()[-1], r"^free-threaded-python: .*\(all output: %s\.log\)$" % target)
        self.assertEqual(os.listdir(self.folder), ["3.14t.log"])


if __name__ == "__main__":
    unittest.main()
