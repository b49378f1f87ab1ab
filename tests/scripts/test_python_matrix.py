"""scripts/python-matrix lists each interpreter once with its properties, and names the missing versions."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import tree

MATRIX = tree.script("python-matrix")


def matrix(**environment):
    done = tree.run([sys.executable, MATRIX, "--json"], env=tree.plain_environment(**environment), timeout=110)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


class PythonMatrix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.found = matrix()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cistern-matrix-")
        self.addCleanup(shutil.rmtree, self.folder)

    def test_every_interpreter_runs_and_has_the_listed_properties(self):
        self.assertEqual(self.found["schema"], "cistern.python-matrix/1")
        self.assertTrue(self.found["interpreters"])
        for one in self.found["interpreters"]:
            said = subprocess.check_output(one["command"] + ["-c", "import platform; print(platform.python_version())"])
            self.assertEqual(said.decode().strip(), one["version"], one["path"])
            self.assertTrue(one["version"].startswith(one["minor"].rstrip("t") + "."), one)
            if one["include"] and not one["root"]:
                self.assertTrue(os.path.exists(os.path.join(one["include"], "Python.h")), one)

    def test_no_interpreter_is_listed_twice(self):
        real = [(one["root"], os.path.realpath(one["path"])) for one in self.found["interpreters"]]
        self.assertEqual(len(real), len(set(real)))

    def test_a_version_is_either_found_or_missing(self):
        found = {one["minor"] for one in self.found["interpreters"] if one["supported"]}
        self.assertEqual(found | set(self.found["missing"]), set(self.found["supported"]))
        self.assertFalse(found & set(self.found["missing"]))

    def test_a_shared_libpython_is_distinguished_from_a_static_one(self):
        for one in self.found["interpreters"]:
            if not one["root"]:
                needed = subprocess.run(["ldd", os.path.realpath(one["path"])], stdout=subprocess.PIPE).stdout
                self.assertEqual(one["libpython"], "shared" if b"libpython" in needed else "static", one["path"])

    def test_links_to_an_interpreter_and_other_files_are_left_out(self):
        for name in ("python3.9", "python3.10"):
            os.symlink(os.path.realpath(sys.executable), os.path.join(self.folder, name))
        broken = os.path.join(self.folder, "python3.12")
        with open(broken, "w") as file:
            file.write("#!/bin/sh\nexit 1\n")
        os.chmod(broken, 0o755)
        environment = {"PATH": self.folder, "PYENV_ROOT": self.folder, "CISTERN_ROOTS": self.folder,
                       "CISTERN_PYTHONS": self.folder}
        paths = [os.path.realpath(one["path"]) for one in matrix(**environment)["interpreters"]]
        self.assertEqual(paths.count(os.path.realpath(sys.executable)), 1)
        self.assertNotIn(broken, paths)

    def test_a_built_interpreter_is_found(self):
        path = os.path.join(self.folder, "built", "bin", "python3.9")
        os.makedirs(os.path.dirname(path))
        with open(path, "w") as file:
            file.write('#!/bin/sh\nexec "%s" "$@"\n' % sys.executable)
        os.chmod(path, 0o755)
        found = [one for one in matrix(CISTERN_PYTHONS=self.folder)["interpreters"] if one["path"] == path]
        self.assertEqual([one["source"] for one in found], ["built"])

    def test_names_and_table_agree_with_the_list(self):
        names = tree.run([sys.executable, MATRIX, "--names"], timeout=110).stdout.split()
        self.assertEqual(names, [one["name"] for one in self.found["interpreters"]])
        table = tree.run([sys.executable, MATRIX], timeout=110).stdout.splitlines()
        self.assertEqual(len(table), len(names) + 1)
        missing = ", ".join("CPython " + minor for minor in self.found["missing"]) or "none"
        self.assertEqual(table[-1], "missing: " + missing)


if __name__ == "__main__":
    unittest.main()
