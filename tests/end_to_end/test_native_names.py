"""Which C function of which extension: named in the profile by `run` and by `symbolize`, in reports by either."""
import json
import os
import re
import shutil
import unittest

import interpreters
import product

SOURCE = os.path.join(product.CASES, "cext", "leakext.c")
PROGRAM = os.path.join(product.CASES, "programs", "c01_cext_leaks.py")
# The extension's function and the call in it that allocates: each leaks below a Python line of its own.
LEAKS = {"leak_malloc": "malloc(n)", "error_path": "malloc(4096)"}
COUNT = 300


def line_of(text):
    with open(SOURCE) as file:
        found = [number for number, line in enumerate(file, 1) if text in line]
    assert len(found) == 1, (text, found)
    return found[0]


class NativeNames(product.Case):
    interpreter = interpreters.supported()[0]

    def setUp(self):
        super().setUp()
        self.modules = self.path("extension")
        shutil.copytree(interpreters.extension(self.interpreter, SOURCE), self.modules)

    def record(self, name, *options):
        profile = self.path(name + ".cistern")
        environment = dict(os.environ, N=str(COUNT), PYTHONPATH=self.modules)
        command = [product.CISTERN, "run", *options, "-o", profile, "--", self.interpreter.path, PROGRAM]
        self.run_well(command, environment)
        return profile

    def native_frames(self, profile):
        """The innermost frame of the extension of each leaking group, by its function."""
        result = product.cistern("leaks", "--all", "--json", "--domain", "malloc", profile)
        self.assertEqual(result.code, 0, result.err)
        found = {}
        for group in json.loads(result.out)["groups"]:
            for frame in group["stack"]:
                if frame["native"] and os.path.basename(frame["module"] or "").startswith("leakext"):
                    found.setdefault(frame["function"], []).append((frame, group))
                    break
        return found

    def assert_named(self, profile):
        found = self.native_frames(profile)
        for function, call in LEAKS.items():
            with self.subTest(function=function):
                self.assertIn(function, found)
                frame, group = max(found[function], key=lambda pair: pair[1]["blocks"])
                self.assertEqual(os.path.basename(frame["file"]), "leakext.c")
                self.assertEqual(frame["line"], line_of(call))
                python = next(one for one in group["stack"] if not one["native"])
                self.assertEqual(os.path.basename(python["file"]), os.path.basename(PROGRAM))

    def test_run_stores_names_that_stay_when_the_extension_is_gone(self):
        profile = self.record("named")
        self.assert_named(profile)
        shutil.rmtree(self.modules)
        self.assert_named(profile)

    def test_without_symbols_reports_look_names_up_and_symbolize_stores_them(self):
        profile = self.record("unnamed", "--no-symbols")
        records = product.cistern("dump", "--records", profile)
        self.assertNotRegex(records.out, r"(?m)^\s*symbol module=")
        self.assert_named(profile)
        said = product.cistern("symbolize", profile)
        self.assertEqual(said.code, 0, said.err)
        self.assertTrue(re.search(r"native addresses: [1-9][\d,]* with file and line", said.out), said.out)
        shutil.rmtree(self.modules)
        self.assert_named(profile)

    def test_another_build_of_the_extension_is_not_used_and_reported(self):
        profile = self.record("rebuilt", "--no-symbols")
        for name in os.listdir(self.modules):
            shutil.copyfile("/bin/true", os.path.join(self.modules, name))
        result = product.cistern("leaks", "--all", "--domain", "malloc", profile)
        self.assertIn("is not the build that was recorded", result.err)
        self.assertRegex(result.out, r"leakext\S*\.so\+0x[0-9a-f]+")


if __name__ == "__main__":
    unittest.main()
