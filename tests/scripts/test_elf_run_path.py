"""scripts/elf-run-path: the copy of an executable runs below the loader and with the libraries that it was given."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import tree

TOOL = tree.script("elf-run-path")
MAPS = "print(open('/proc/self/maps').read())"


def libraries_of(executable):
    """Paths by name, the loader's too."""
    listing = subprocess.check_output(["ldd", executable]).decode()
    return {os.path.basename(path): path for path in re.findall(r"(/\S+) \(0x", listing)}


class ElfRunPath(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cistern-elf-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.python = os.path.realpath(tree.PYTHON)

    def run_path(self, source, *more):
        return tree.run([sys.executable, TOOL, source, os.path.join(self.folder, "copy"), *more])

    def test_the_copy_runs_with_the_libraries_of_the_folder_only(self):
        for path in libraries_of(self.python).values():
            shutil.copy(path, self.folder)
        loader, = glob.glob(os.path.join(self.folder, "ld-*"))
        done = self.run_path(self.python, loader, self.folder)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        prefix = subprocess.check_output([self.python, "-c", "import sys; print(sys.base_prefix)"])
        environment = tree.plain_environment(PYTHONHOME=prefix.decode().strip())
        maps = subprocess.check_output([os.path.join(self.folder, "copy"), "-S", "-c", MAPS], env=environment).decode()
        mapped = set(re.findall(r"/\S+", maps))
        self.assertIn(loader, mapped)
        self.assertIn(os.path.join(self.folder, "libc.so.6"), mapped)
        self.assertFalse([path for path in mapped if ".so" in path and not path.startswith(self.folder)])

    def test_an_executable_that_cannot_be_changed_is_refused(self):
        with open(os.path.join(self.folder, "text"), "w") as file:
            file.write("no executable")
        done = self.run_path(os.path.join(self.folder, "text"), "/loader", "/libraries")
        self.assertEqual((done.returncode, done.stderr), (1, "elf-run-path: not a 64-bit ELF file\n"))
        done = self.run_path(self.python, "/loader", "/" + "x" * 5000)
        self.assertEqual((done.returncode, done.stderr), (1, "elf-run-path: no space for a path behind the first segment\n"))
        self.assertEqual(self.run_path(self.python).returncode, 2)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "copy")))


if __name__ == "__main__":
    unittest.main()
