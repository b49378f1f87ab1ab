"""`cistern check` as a build calls it: a shell script that tests exit codes."""
import json
import os
import shutil
import signal
import unittest

import interpreters
import product

# Holds 40,000,000 bytes for a moment; keeps 1 of 50 of many small objects, which keep their pools.
PEAK_AND_HELD = """
import sys
big = bytearray(40000000)
del big
kept = [object() for i in range(1000)]
many = [(i, i + 1) for i in range(200000)]
few = many[::50]
del many
"""

# Healthy churn, and one line that keeps a block in each round.
STEADY = """
kept = []

def remember(i):
    kept.append(bytes(100 + i % 8))

def work(i):
    return sum(len(str(j)) for j in range(20)) + len([object() for j in range(30)])

for i in range(20000):
    work(i)
    remember(i)
"""

HEALTHY = STEADY.replace("    remember(i)\n", "    kept[:] = [bytes(100 + i % 8)]\n")

KILLED = """
import os, signal
kept = [bytes(1000) for i in range(1000)]
os.kill(os.getpid(), signal.SIGKILL)
"""

SUPPRESSIONS = """
[[suppress]]
function = "remember"
file = "*/app.py"
reason = "it is a cache"
"""


class Check(product.Case):
    def setUp(self):
        super().setUp()
        self.python = interpreters.one_of("3.11", "3.12").path

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def record(self, program, name="app", python=None, code=0):
        script = self.write(name + ".py", program)
        profile = self.path(name + ".cistern")
        done = product.run([product.CISTERN, "run", "-f", "-o", profile, "--", python or self.python, script],
                           product.clean_environment(), cwd=self.folder)
        self.assertEqual((done.code, done.err), (code, ""))
        return profile

    def check(self, *arguments):
        return product.cistern("check", *arguments)

    def check_json(self, *arguments):
        done = self.check("--json", *arguments)
        self.assertEqual(done.err, "")
        return done.code, json.loads(done.out)

    def shell(self, script):
        """Runs a script as CI would: cistern on the path, the first failure ends it."""
        path = os.pathsep.join([os.path.dirname(product.CISTERN), os.environ.get("PATH", "/usr/bin:/bin")])
        return product.run(["sh", "-euc", script], product.clean_environment(PATH=path), cwd=self.folder)


class Limits(Check):
    def test_limits_on_peak_and_held_pass_at_the_exact_figure_and_fail_one_byte_below(self):
        for one in interpreters.supported():
            with self.subTest(interpreter=one.name):
                profile = self.record(PEAK_AND_HELD, one.name, one.path)
                code, verdict = self.check_json("--max-peak", "1GB", "--max-held", "1GB", profile)
                self.assertEqual((code, verdict["passed"], verdict["complete"]), (0, True, True))
                image = verdict["profiles"][0]["images"][0]
                peak, held = image["peak_bytes"], image["held_pools_bytes"] + image["held_glibc_bytes"]
                self.assertGreater(peak, 40000000)
                # 196,000 tuples of 56 and 28 bytes were freed; the remaining ones pin their pools. Without the GIL
                # there are no pools, and the memory that mimalloc holds is not known.
                if one.free_threaded:
                    self.assertEqual(image["held_pools_bytes"], 0)
                else:
                    self.assertGreater(held, 196000 * 56)
                for option, figure in (("--max-peak", peak), ("--max-held", held)):
                    self.assertEqual(self.check(option, str(figure), profile).code, 0)
                    code, verdict = self.check_json(option, str(figure - 1), profile)
                    self.assertEqual((code, verdict["passed"], len(verdict["failures"])), (1, False, 1))
                    failure = verdict["failures"][0]
                    self.assertEqual(("--" + failure["limit"], failure["bytes"], failure["limit_bytes"]),
                                     (option, figure, figure - 1))

    def test_a_failure_names_the_figure_the_limit_and_the_next_command(self):
        profile = self.record(PEAK_AND_HELD)
        done = self.check("--max-peak", "1MiB", "--max-held", "1MiB", profile)
        self.assertEqual((done.code, done.err), (1, ""))
        self.assertRegex(done.out, r"(?m)^FAIL  peak 4\d\.\d MB > 1MiB \(--max-peak\), at ")
        self.assertRegex(done.out, r"(?m)^FAIL  held \d\d\.\d MB > 1MiB \(--max-held\): .* in pymalloc's pools")
        self.assertIn("show: cistern peak %s\n" % profile, done.out)
        self.assertIn("show: cistern pools %s\n" % profile, done.out)
        for line in done.out.splitlines():
            self.assertTrue(len(line) <= 80 or line.startswith("show: "), line)

    def test_sizes_may_have_units_and_wrong_values_are_usage_errors(self):
        profile = self.record(PEAK_AND_HELD)
        for size in ("50MB", "50MiB", "50M", "1g", "50000000"):
            expected = 2 if size == "1g" else 0
            self.assertEqual(self.check("--max-peak", size, profile).code, expected, size)
        for arguments in (["--max-leak", "-1"], ["--growth", "ramp"], ["--kind", "lots"], ["--max-leak"], []):
            done = self.check(*arguments, *([profile] if arguments else []))
            self.assertEqual((done.code, done.out), (2, ""), arguments)
            self.assertEqual(len(done.err.splitlines()), 1, done.err)

    def test_each_of_several_profiles_is_judged_separately(self):
        small, big = self.record("pass", "small"), self.record(PEAK_AND_HELD, "big")
        self.assertEqual(self.check("--max-peak", "50MB", small, big).code, 0)
        code, verdict = self.check_json("--max-peak", "9MB", small, big)
        self.assertEqual(code, 1)
        self.assertEqual([failure["profile"] for failure in verdict["failures"]], [big])
        self.assertEqual([one["passed"] for one in verdict["profiles"]], [True, False])
        done = self.check("--max-peak", "9MB", small, self.path("absent"))
        self.assertEqual(done.code, 3)
        self.assertIn("absent", done.err)


class Questions(Check):
    """A question that cannot be answered is refused, so that a typing error does not pass the gate."""

    def test_a_filter_that_matches_nothing_is_an_error(self):
        profile = self.record(STEADY)
        self.assertEqual(self.check("--function", "work", profile).code, 0)
        self.assertEqual(self.check("--function", "remember", profile).code, 1)
        for option, what in (("--function", "no stack has a function"), ("--file", "no stack has a file"),
                             ("--thread", "no thread")):
            done = self.check(option, "no_such_thing", profile)
            self.assertEqual((done.code, done.out), (2, ""))
            self.assertIn(what, done.err)
            self.assertEqual(self.check(option, "no_such_thing", option, "main" if option == "--thread" else "app",
                                        profile).code, 2, "each pattern must match")

    def test_limits_on_other_things_say_that_leaks_are_not_judged(self):
        profile = self.record(STEADY)
        done = self.check("--max-peak", "1GB", profile)
        self.assertEqual(done.code, 0)
        self.assertIn("leaks are not judged (--max-leak)", done.out)
        self.assertNotIn("not judged", self.check("--max-peak", "1GB", "--max-leak", "1GB", profile).out)

    def test_a_time_after_the_end_is_an_error(self):
        profile = self.record(STEADY)
        self.assertEqual(product.cistern("leaks", "--at", "1ms", profile).code, 0)
        for command in (["leaks", "--at", "99s"], ["tree", "--at", "99s"], ["leaks", "--warm-up", "99s"]):
            done = product.cistern(*command, profile)
            self.assertEqual((done.code, done.out), (2, ""), command)
            self.assertIn("99s is after the end of the recording", done.err)

    def test_a_pipe_gets_whole_names_and_columns_are_the_users(self):
        name = "a_function_whose_name_is_" + "very_" * 20 + "long"
        profile = self.record(STEADY.replace("remember", name))
        self.assertIn(name, product.cistern("leaks", profile).out)
        self.assertIn(name, product.cistern("summary", profile).out)
        self.assertIn(name, self.check(profile).out)
        done = product.run([product.CISTERN, "leaks", profile], product.clean_environment(COLUMNS="60"))
        self.assertNotIn(name, done.out)
        frames = [line for line in done.out.splitlines() if "a_function_" in line]
        self.assertTrue(frames and max(map(len, frames)) <= 60, done.out)

    def test_runs_with_the_same_pid_have_profiles_of_their_own(self):
        if os.geteuid() != 0 or not shutil.which("unshare"):
            interpreters.say("NOT TESTED: %s needs root and unshare" % self.id())
            self.skipTest("needs root")
        script = self.write("app.py", "kept = [bytes(1000) for i in range(100)]")
        for _ in range(3):
            done = product.run(["unshare", "--pid", "--fork", "--mount-proc", product.CISTERN, "run", "--", self.python,
                                script], product.clean_environment(), cwd=self.folder)
            self.assertEqual((done.code, done.err), (0, ""))
        names = sorted(name for name in os.listdir(self.folder) if name.endswith(".cistern"))
        self.assertEqual(len(names), 3, names)
        for name in names:
            self.assertRegex(name, r"^cistern\.app\.\d+(-[23])?\.cistern$")
            _, verdict = self.check_json(self.path(name))
            self.assertEqual(len(verdict["profiles"][0]["images"]), 1)

    def test_a_script_is_not_a_program_and_the_message_says_how_to_run_it(self):
        self.write("app.py", "pass")
        for name in ("app.py", "./app.py"):
            done = product.run([product.CISTERN, "run", name], product.clean_environment(), cwd=self.folder)
            self.assertIn(done.code, (126, 127))
            self.assertIn("run it by: cistern run python3 %s" % name, done.err)


class Completeness(Check):
    """Which profiles can pass."""

    def test_a_truncated_profile_never_passes(self):
        profile = self.record(PEAK_AND_HELD)
        with open(profile, "rb") as file:
            data = file.read()
        self.assertEqual(self.check("--max-peak", "1GB", profile).code, 0)
        for kept in (len(data) // 4, len(data) // 2, len(data) * 3 // 4, 5000, 4096, 100, 0):
            cut = self.path("cut.cistern")
            with open(cut, "wb") as file:
                file.write(data[:kept])
            done = self.check("--max-peak", "1GB", cut)
            self.assertEqual(done.code, 3, "%d of %d bytes: %s" % (kept, len(data), done.out))
            self.assertNotIn("PASS", done.out)

    def test_a_profile_that_began_late_never_passes(self):
        profile = self.path("late.cistern")
        program = "import ctypes; ctypes.CDLL(None).cistern_start()"
        done = product.run([product.CISTERN, "run", "--no-start", "-o", profile, "--", self.python, "-c", program],
                           product.clean_environment())
        self.assertEqual((done.code, done.err), (0, ""))
        done = self.check(profile)
        self.assertEqual(done.code, 3)
        self.assertRegex(done.out, r"^NOT COMPLETE  process \d+: recording was stopped for a while")

    def test_a_killed_program_passes_unless_a_clean_exit_is_required(self):
        for one in interpreters.supported():
            with self.subTest(interpreter=one.name):
                profile = self.record(KILLED, one.name, one.path, code=128 + signal.SIGKILL)
                self.assertEqual(self.check("--max-peak", "1GB", profile).code, 0)
                done = self.check("--max-peak", "1GB", "--require-clean-exit", profile)
                self.assertEqual(done.code, 1)
                self.assertTrue(done.out.startswith("FAIL  killed by signal 9\n"), done.out)

    def test_an_exit_code_passes_unless_a_clean_exit_is_required(self):
        for ending, code in (("import sys; sys.exit(3)", 3), ("import os; os._exit(4)", 4), ("pass", 0)):
            profile = self.record(ending, code=code)
            self.assertEqual(self.check("--max-peak", "1GB", profile).code, 0)
            self.assertEqual(self.check("--max-peak", "1GB", "--require-clean-exit", profile).code, 1 if code else 0)

    def test_a_kind_that_needs_a_census_never_passes_without_one(self):
        profile = self.record("pass")
        self.assertEqual(self.check("--kind", "lost,refleak", profile).code, 3)
        self.assertEqual(self.check("--kind", "unknown", profile).code, 0)


class Leaks(Check):
    def test_a_steady_leak_fails_and_healthy_churn_passes(self):
        for one in interpreters.supported():
            with self.subTest(interpreter=one.name):
                leaky = self.record(STEADY, "leaky-" + one.name, one.path)
                healthy = self.record(HEALTHY, "healthy-" + one.name, one.path)
                self.assertEqual(self.check(healthy).code, 0)
                code, verdict = self.check_json(leaky)
                self.assertEqual((code, verdict["complete"]), (1, True))
                worst = verdict["failures"][0]["leaks"][0]
                self.assertEqual((worst["growth"], worst["stack"][0]["function"]), ("steady", "remember"))
                # 20,000 objects of 133 bytes and more
                self.assertGreater(worst["bytes"], 0.9 * 20000 * 133)

    def test_limits_on_leaks_pass_at_the_exact_figure_and_fail_below(self):
        profile = self.record(STEADY)
        _, verdict = self.check_json(profile)
        sum_bytes = verdict["profiles"][0]["leak_bytes"]
        worst = verdict["failures"][0]["leaks"][0]["bytes"]
        self.assertGreater(worst, 0)
        for arguments, code in ((["--max-leak", str(sum_bytes)], 0), (["--max-leak", str(sum_bytes - 1)], 1),
                                (["--max-leak-per-stack", str(worst)], 0), (["--max-leak-per-stack", str(worst - 1)], 1),
                                (["--max-leak", "0"], 1), (["--max-peak", "1GB"], 0), (["--growth", "marked"], 0),
                                (["--growth", "steady,marked"], 1), (["--function", "remember"], 1),
                                (["--function", "work"], 0), (["--file", "app.py"], 1), (["--domain", "mmap"], 0),
                                (["--thread", "main"], 1)):
            done = self.check(*arguments, profile)
            self.assertEqual((done.code, done.err), (code, ""), "%s\n%s" % (arguments, done.out))

    def test_a_failure_names_the_worst_line_first(self):
        profile = self.record(STEADY)
        done = self.check("--max-leak", "64KiB", profile)
        lines = done.out.splitlines()
        self.assertRegex(lines[0], r"^FAIL  leaks \d+(\.\d)? MB in 2\d,\d{3} blocks > 64KiB \(--max-leak\)$")
        self.assertRegex(lines[1], r"^      steady +\d(\.\d)? MB  \+\d.*/s +app.py:5 in remember$")
        self.assertIn("show: cistern leaks %s\n" % profile, done.out)
        self.assertIn('to accept a leak, see "suppress" in cistern check --help\n', done.out)

    def test_a_suppressed_leak_passes_and_an_expired_or_unused_one_is_named(self):
        profile = self.record(STEADY)
        accepted = self.write("accepted.toml", SUPPRESSIONS)
        done = self.check("--suppressions", accepted, profile)
        self.assertEqual(done.code, 0, done.out)
        self.assertRegex(done.out, r"^PASS  no leaks; .*\d(\.\d)? MB suppressed in 1 group")
        _, verdict = self.check_json("--suppressions", accepted, profile)
        self.assertEqual([one["reason"] for one in verdict["suppressed"]], ["it is a cache"])
        expired = self.write("expired.toml", SUPPRESSIONS + "expires = 2020-01-31\n")
        done = self.check("--suppressions", expired, profile)
        self.assertEqual(done.code, 1)
        self.assertIn("expired.toml:2: expired after 2020-01-31: it is a cache", done.out.replace("\n  ", " "))
        unused = self.write("unused.toml", SUPPRESSIONS + SUPPRESSIONS.replace("remember", "forget"))
        done = self.check("--suppressions", unused, profile)
        self.assertEqual(done.code, 0)
        self.assertIn("unused.toml:7: matches no leak: it is a cache", done.out.replace("\n  ", " "))

    def test_a_ci_script_ends_at_the_first_check_that_fails(self):
        self.write("leaky.py", STEADY)
        self.write("healthy.py", HEALTHY)
        record = "cistern run -f -o app.cistern -- %s %%s\n" % self.python
        gate = "cistern check --max-leak 64KiB --max-peak 200MB --require-clean-exit app.cistern\necho after\n"
        done = self.shell(record % "healthy.py" + gate)
        self.assertEqual((done.code, done.err), (0, ""), done.out)
        self.assertTrue(done.out.startswith("PASS") and done.out.endswith("after\n"), done.out)
        done = self.shell(record % "leaky.py" + gate)
        self.assertEqual((done.code, done.err), (1, ""), done.out)
        self.assertTrue(done.out.startswith("FAIL  leaks") and "after" not in done.out, done.out)


class SuppressionFiles(Check):
    def test_an_error_is_one_line_with_file_and_line(self):
        profile = self.record("pass")
        for text, line in (("[[suppress]]\nfunction = 'f'\n", 1), ("[[suppress]]\nfunction = \n", 2),
                           ("\n\n[[suppress]]\nreason = 'r'\n", 3), ("[[suppress]]\nreason='r'\nwho = 'f'\n", 3)):
            path = self.write("bad.toml", text)
            done = self.check("--suppressions", path, profile)
            self.assertEqual((done.code, done.out), (2, ""))
            self.assertRegex(done.err, r"^cistern: %s:%d: [^\n]+\n$" % (path, line))
        done = self.check("--suppressions", self.path("absent.toml"), profile)
        self.assertEqual((done.code, done.err), (2, "cistern: %s: No such file or directory\n" %
                                                 self.path("absent.toml")))

    def test_an_entry_that_matches_no_leak_is_named_and_does_not_fail(self):
        profile = self.record("pass")
        path = self.write("unused.toml", SUPPRESSIONS)
        done = self.check("--suppressions", path, profile)
        self.assertEqual(done.code, 0)
        self.assertIn("unused.toml:2: matches no leak: it is a cache", done.out.replace("\n  ", " "))

    def test_the_example_of_the_help_is_valid(self):
        text = self.check("--help").out
        example = text[text.index("  [[suppress]]"):text.index("An entry needs a reason")]
        path = self.write("example.toml", "".join(line[2:] + "\n" for line in example.splitlines()))
        done = self.check("--suppressions", path, self.record("pass"))
        self.assertEqual((done.code, done.err), (0, ""))


if __name__ == "__main__":
    unittest.main()
