"""cmake --install makes a tree that works wherever it is moved to."""
import os
import shutil
import tempfile
import unittest

import tree

HEADER_USER = """
#include <cistern/cistern.h>
int main(void) {
  cistern_mark("here");
  cistern_start();
  cistern_stop();
  return cistern_flush() + cistern_enabled();
}
"""


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="cistern-install-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.prefix = os.path.join(cls.folder, "first")
        done = tree.run(["cmake", "--install", tree.BINARY, "--prefix", cls.prefix])
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        # Moved, to show that the tree depends neither on its first place nor on the build tree.
        cls.prefix = shutil.move(cls.prefix, os.path.join(cls.folder, "moved"))
        cls.cistern = os.path.join(cls.prefix, "bin", "cistern")

    def test_the_installed_program_prints_its_version(self):
        with open(os.path.join(tree.SOURCE, "scripts", "python", "cistern", "__init__.py")) as file:
            version = next(line.split('"')[1] for line in file if line.startswith("__version__ = "))
        done = tree.run([self.cistern, "--version"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(version, done.stdout)

    def test_the_installed_readme_links_to_the_installed_manual(self):
        folder = os.path.join(self.prefix, "share", "doc", "cistern")
        self.assertTrue(os.path.exists(os.path.join(folder, "README.md")))
        pages = os.listdir(os.path.join(tree.SOURCE, "analyzer", "manual"))
        self.assertEqual(sorted(os.listdir(os.path.join(folder, "analyzer", "manual"))), sorted(pages))

    def test_the_installed_program_finds_its_library_and_records(self):
        profile = os.path.join(self.folder, "installed.cistern")
        done = tree.run([self.cistern, "run", "-o", profile, "--", tree.PYTHON, "-c", MAPPED_LIBRARY])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(os.path.commonpath([done.stdout.strip(), self.prefix]), self.prefix)
        report = tree.run([self.cistern, "summary", profile])
        self.assertEqual(report.returncode, 0, report.stderr)
        self.assertIn("CPython", report.stdout)

    def test_a_c_program_can_use_the_installed_header_and_runs_without_the_recorder(self):
        source, program = os.path.join(self.folder, "user.c"), os.path.join(self.folder, "user")
        with open(source, "w") as file:
            file.write(HEADER_USER)
        for language in ("c99", "c++20"):
            compiler = ["cc", "-x", "c"] if language == "c99" else ["c++", "-x", "c++"]
            done = tree.run(compiler + ["-std=" + language, "-Wall", "-Wextra", "-Werror",
                                        "-I" + os.path.join(self.prefix, "include"), source, "-o", program])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(tree.run([program]).returncode, 0)


# Prints the path of the preloaded library.
MAPPED_LIBRARY = ("print(next(line.split(None, 5)[5].strip() for line in open('/proc/self/maps') "
                  "if 'libcistern_preload' in line))")

if __name__ == "__main__":
    unittest.main()
