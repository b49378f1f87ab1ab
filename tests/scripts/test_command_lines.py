"""The scripts are valid shell. A wrong option is a usage error (exit code 2), and the script then changes nothing."""
import os
import tempfile
import unittest

import tree

SHELL = ("build", "debian-mirror", "debian-root", "demo", "format", "free-threaded-python", "fresh-check", "fuzz", "golden",
         "packages", "test")


class CommandLines(unittest.TestCase):
    def test_every_shell_script_parses(self):
        for name in SHELL + (os.path.join("..", ".ci", "run"),):
            done = tree.run(["sh", "-n", tree.script(name)])
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)

    def test_every_script_is_in_this_list_or_python(self):
        for name in os.listdir(os.path.join(tree.SOURCE, "scripts")):
            path = tree.script(name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                with open(path) as file:
                    first = file.readline()
                self.assertTrue(name in SHELL or "python3" in first, name)

    def test_an_unknown_option_is_a_usage_error(self):
        for name in ("build", "fresh-check", "packages"):
            done = tree.run([tree.script(name), "--nonsense"])
            self.assertEqual(done.returncode, 2, name)
            self.assertIn("usage: scripts/%s" % name, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_an_option_without_its_value_is_a_usage_error(self):
        for command in (["test", "--budget"], ["debian-root", "bookworm"], ["free-threaded-python", "3.14"]):
            done = tree.run([tree.script(command[0])] + command[1:])
            self.assertEqual(done.returncode, 2, command)
            self.assertIn("usage: scripts/%s" % command[0], done.stderr)

    def test_the_packages_are_listed_one_a_line(self):
        done = tree.run([tree.script("packages"), "--list"])
        packages = done.stdout.splitlines()
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(packages), len(set(packages)))
        for package in ("libunwind-dev", "libfmt-dev", "googletest", "cmake", "python3"):
            self.assertIn(package, packages)

    def test_an_existing_root_is_not_changed(self):
        with tempfile.TemporaryDirectory() as folder:
            done = tree.run([tree.script("debian-root"), "bookworm", folder])
            self.assertEqual(done.returncode, 1)
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    unittest.main()
