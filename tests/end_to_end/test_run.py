"""`cistern run` is a transparent parent: it starts the program, forwards everything, and records the same profile."""
import collections
import json
import os
import signal
import subprocess
import unittest

import interpreters
import product
import reader

PROGRAM = """
import sys
kept = [bytes(7002 - sys.getsizeof(b'')) for _ in range(500)]
print("out", *sys.argv[1:])
print("err", file=sys.stderr)
sys.exit(3)
"""


def arrays_of(image):
    return sum(event.op == 1 and event.size == 7002 for event in image.events())


class Run(product.Case):
    def setUp(self):
        super().setUp()
        self.python = interpreters.one_of("3.11", "3.12").path
        self.script = self.path("some_app.py")
        with open(self.script, "w") as file:
            file.write("#!%s%s" % (self.python, PROGRAM))
        os.chmod(self.script, 0o755)

    def cistern_run(self, *arguments, **how):
        return product.run([product.CISTERN, "run", *arguments], product.clean_environment(NO_COLOR="1"),
                           cwd=self.folder, **how)

    def only_profile(self):
        names = [name for name in os.listdir(self.folder) if name.endswith(".cistern")]
        self.assertEqual(len(names), 1, names)
        return os.path.join(self.folder, names[0])

    def test_exit_code_and_output_are_those_of_the_program(self):
        done = self.cistern_run("--", self.python, self.script, "a", "-b")
        self.assertEqual((done.code, done.out, done.err), (3, "out a -b\n", "err\n"))
        self.assertEqual(arrays_of(reader.only_image(self.only_profile())), 500)

    def test_a_script_with_a_shebang_a_module_and_a_wrapper(self):
        os.rename(self.script, self.path("as_module.py"))
        module = self.path("as_module.py")
        for name, command in (("shebang", [module]), ("module", [self.python, "-m", "as_module"]),
                              ("env", ["/usr/bin/env", "A=b", self.python, module]),
                              ("shell", ["/bin/sh", "-c", "exec '%s' '%s'" % (self.python, module)]),
                              ("wrapper", ["nice", self.python, module])):
            with self.subTest(command=name):
                done = self.cistern_run("--", *command)
                self.assertEqual((done.code, done.out, done.err), (3, "out\n", "err\n"))
                profile = self.only_profile()
                self.assertRegex(os.path.basename(profile), r"^cistern\.as_module\.\d+\.cistern$")
                self.assertEqual(arrays_of(reader.images(profile)[0]), 500)
                os.remove(profile)

    def test_what_could_not_report_is_not_called_absent(self):
        done = self.cistern_run("-v", "--", "env", "-i", self.python, self.script)
        self.assertEqual((done.code, done.out), (3, "out\n"))
        self.assertIn("nothing was recorded: no process with Python reported to cistern run (if one ran, LD_PRELOAD was "
                      "removed, as by env -i", done.err)

    def test_an_image_that_cannot_reach_the_list_is_found_by_its_file(self):
        profile = self.path("x.cistern")
        done = self.cistern_run("-v", "-o", profile, "--", "env", "CISTERN_RUN=/nowhere/images", self.python, self.script)
        self.assertEqual((done.code, done.out), (3, "out\n"))
        self.assertRegex(done.err, r"cistern: [0-9,]+ events, .* 0 lost → x\.cistern")
        self.assertFalse(os.path.exists(profile + ".d"))

    def test_every_interpreter(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile = self.path("%s.cistern" % interpreter)
                done = self.cistern_run("-o", profile, interpreter.path, self.script)
                self.assertEqual((done.code, done.out, done.err), (3, "out\n", "err\n"))
                self.assertEqual(arrays_of(reader.only_image(profile)), 500)

    def test_run_and_plain_preload_record_the_same(self):
        counts = []
        for name in ("run", "preload"):
            profile = self.path(name + ".cistern")
            if name == "run":
                env = product.clean_environment(PYTHONHASHSEED="0")
                done = product.run([product.CISTERN, "run", "-o", profile, self.python, "-E", self.script], env)
            else:
                done = product.run([self.python, "-E", self.script],
                                   product.recorded_environment(profile, PYTHONHASHSEED="0"))
            self.assertEqual(done.code, 3)
            image = reader.only_image(profile)
            counts.append(collections.Counter((e.op, e.domain) for e in image.events() if e.domain != 4))
        # Environment strings differ, and so may a handful of native calls; Python's own do not.
        for key in counts[0] | counts[1]:
            self.assertAlmostEqual(counts[0][key], counts[1][key], delta=max(20, counts[1][key] // 500), msg=str(key))

    def test_a_fatal_signal_gives_128_plus_its_number_and_is_recorded(self):
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
            with self.subTest(signal=number):
                profile = self.path("%d.cistern" % number)
                code = "import os; kept = [bytes(7002 - 33) for _ in range(500)]; os.kill(os.getpid(), %d)" % number
                done = self.cistern_run("-o", profile, self.python, "-c", code)
                self.assertEqual(done.code, 128 + number)
                self.assertEqual(arrays_of(reader.only_image(profile)), 500)
                report = product.cistern("summary", "--json", profile)
                self.assertEqual((report.code, report.err), (0, ""))
                self.assertEqual(json.loads(report.out)["images"][0]["ended_by"], "signal %d" % number)
                self.assertFalse(os.path.exists(profile + ".d"), "run finalizes the window")

    def test_signals_are_forwarded_to_the_program(self):
        code = ("import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
                "print('ready', flush=True)\ntime.sleep(60)")
        with subprocess.Popen([product.CISTERN, "run", "-o", self.path("x.cistern"), self.python, "-c", code],
                              stdout=subprocess.PIPE, env=product.clean_environment()) as process:
            self.assertEqual(process.stdout.readline(), b"ready\n")
            process.terminate()
            self.assertEqual(process.wait(timeout=30), 9)

    def test_verbose_prints_the_profile_and_the_next_command(self):
        profile = self.path("printed.cistern")
        done = self.cistern_run("-v", "-o", profile, self.python, self.script)
        self.assertEqual(done.code, 3)
        printed = [line for line in done.err.splitlines() if line != "err"]
        self.assertIn("printed.cistern", printed[0])
        self.assertTrue(any(line.startswith("next: ") for line in printed), done.err)
        command = next(line for line in printed if line.startswith("next: "))[len("next: "):]
        again = subprocess.run(["/bin/sh", "-c", command], cwd=self.folder, stdout=subprocess.PIPE,
                               env=product.clean_environment(PATH=os.path.dirname(product.CISTERN) + ":/usr/bin:/bin"))
        self.assertEqual(again.returncode, 0, command)
        self.assertIn(b"some_app.py", again.stdout)

    def test_a_failure_to_run_is_one_line(self):
        plain = self.path("plain")
        open(plain, "w").close()
        exists = self.path("exists.cistern")
        open(exists, "w").close()
        for arguments, code in ((["--", "no-such-program"], 127), (["--", self.path("no-such")], 127),
                                (["--", plain], 126), (["--", self.folder], 126),
                                (["-o", "/no/such/folder/x", "--", self.python], 125),
                                (["-o", exists, "--", self.python], 125), (["--no-such-option", self.python], 125),
                                (["--domains", "nonsense", self.python], 125)):
            with self.subTest(arguments=arguments):
                done = self.cistern_run(*arguments)
                self.assertEqual(done.code, code, done.err)
                self.assertEqual(len(done.err.splitlines()), 1, done.err)
                self.assertTrue(done.err.startswith("cistern: "), done.err)

    def test_a_program_without_python_is_reported(self):
        done = self.cistern_run("-v", "--", "/bin/sh", "-c", "echo hello; exit 4")
        self.assertEqual((done.code, done.out), (4, "hello\n"))
        self.assertIn("Python", done.err)
        self.assertEqual([name for name in os.listdir(self.folder) if "cistern" in name], [])

    def test_child_processes_belong_to_the_run(self):
        code = ("import subprocess, sys\n"
                "subprocess.check_call([sys.executable, '-c', 'kept = [bytes(7002 - 33) for _ in range(500)]'])")
        profile = self.path("tree.cistern")
        done = self.cistern_run("-o", profile, self.python, "-c", code)
        self.assertEqual((done.code, done.err), (0, ""))
        images = reader.images(profile)
        self.assertEqual([arrays_of(image) for image in images], [0, 500])


if __name__ == "__main__":
    unittest.main()
