"""Whatever a profile misses: `cistern check` exits 3, and every report names it in its first lines.

WAYS lists the ways to lose something, WHOLE those in which nothing is lost, REPORTS the reports. Each way records a
program and returns the path to report on; `reason` is what the reports must say.
"""
import json
import os
import re
import subprocess
import unittest

import interpreters
import product

# Keeps 200 bytes a round, so that a check of a complete profile has something to find.
GROW = """
import os, sys
kept = []
def work(rounds):
    for i in range(rounds):
        kept.append(bytearray(200))
"""

REPORTS = {
    "summary": [],
    "leaks": ["--all"],
    "peak": [],
    "pools": [],
    "tree": [],
    "lines": [],
    "temporary": [],
    "timeline": [],
    "check": [],
}
FIRST_LINES = 14  # of a report: long reasons are wrapped

WAYS = []
WHOLE = []


def loses(name, reason, root=False):
    """Registers a way to lose something."""
    def register(arrange):
        WAYS.append((name, reason, root, arrange))
        return arrange
    return register


def keeps(name, root=False):
    """Registers a way in which nothing is lost."""
    def register(arrange):
        WHOLE.append((name, "", root, arrange))
        return arrange
    return register


class Recorder:
    """Records programs in a folder of their own."""

    def __init__(self, test, name):
        self.test = test
        self.python = test.python
        self.folder = test.path(re.sub(r"\W+", "-", name))
        os.mkdir(self.folder)
        self.profile = self.path("x.cistern")

    def path(self, name):
        return os.path.join(self.folder, name)

    def script(self, program, name="app.py"):
        with open(self.path(name), "w") as file:
            file.write(GROW + program)
        return self.path(name)

    def run(self, program, *options, below=(), before=None, arguments=(), env=None):
        """Below `cistern run`. Returns the profile."""
        command = [product.CISTERN, "run", "-o", self.profile, *options, "--", *below, self.python,
                   self.script(program), *arguments]
        self.done = product.run(command, env or product.clean_environment(), cwd=self.folder, before=before)
        return self.profile

    def preload(self, program, options=None, before=None, arguments=()):
        """Without `cistern run`. Returns the profile."""
        env = product.recorded_environment(self.profile, options)
        self.done = product.run([self.python, self.script(program), *arguments], env, cwd=self.folder, before=before)
        return self.profile

    def mount(self, size):
        folder = self.path("disk")
        os.mkdir(folder)
        subprocess.check_call(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder])
        self.test.addCleanup(subprocess.check_call, ["umount", "-l", folder])
        self.profile = os.path.join(folder, "x.cistern")


# --- recording that stopped ---

@loses("the size limit", r"recording stopped after [\d.]+ m?s: size limit \(--max-size 200KiB\)")
def size_limit(recorder):
    return recorder.run("work(30000)", "--max-size", "200KiB")


@loses("the size limit, and a kill", r"recording stopped after .*: size limit")
def size_limit_and_kill(recorder):
    return recorder.run("work(30000); os.kill(os.getpid(), 9)", "--max-size", "200KiB")


@loses("the size limit, without cistern run", r"recording stopped after .*: size limit")
def size_limit_preloaded(recorder):
    return recorder.preload("work(30000)", {"max-size": "200KiB"})


@loses("the size limit, and exec", r"process \d+: recording stopped after .*: size limit")
def size_limit_and_exec(recorder):
    return recorder.run("work(30000); os.execv(sys.executable, [sys.executable, '-c', 'pass'])",
                        "--max-size", "200KiB")


@loses("the size limit in a child", r"process \d+: recording stopped after .*: size limit")
def size_limit_in_child(recorder):
    return recorder.run("if os.fork() == 0:\n    work(30000)\n    os._exit(0)\nos.wait()", "--max-size", "200KiB")


@loses("RLIMIT_FSIZE", r"recording stopped after .*: limit on the size of files \(ulimit -f\)")
def file_size_limit(recorder):
    return recorder.run("import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))\nwork(30000)")


@loses("a full disk", r"recording stopped after .*: no space left", root=True)
def full_disk(recorder):
    recorder.mount("1m")
    return recorder.run("work(60000)")


@loses("a full disk, and a kill", r"recording stopped after .*: no space left", root=True)
def full_disk_and_kill(recorder):
    recorder.mount("1m")
    return recorder.preload("work(60000); os.kill(os.getpid(), 9)")


@loses("a profile that may not be opened again", r"recording stopped after .*: .*(no permission|descriptor)", root=True)
def closed_descriptor(recorder):
    os.chmod(recorder.test.folder, 0o755)
    return recorder.preload("os.setresuid(65534, 65534, 65534); os.closerange(3, 70000); work(30000)")


@loses("a profile whose directory moved away, and its descriptor closed", r"recording stopped after .*: .*descriptor")
def moved_and_closed(recorder):
    os.mkdir(recorder.path("old"))
    recorder.profile = recorder.path("old/x.cistern")
    recorder.run("os.rename('old', 'new'); os.closerange(3, 70000); work(30000)")
    return recorder.path("new/x.cistern")


@loses("a deleted profile of a child", r"recording stopped after .*: the profile was deleted")
def deleted_child(recorder):
    return recorder.preload("""
if os.fork() == 0:
    work(100)
    folder = sys.argv[1] + '.d'
    for name in os.listdir(folder):
        if name.endswith('.cistern'): os.unlink(os.path.join(folder, name))
    work(30000)
    os._exit(0)
os.wait()
""", arguments=[recorder.profile])


@loses("a truncated profile of a child", r"recording stopped after .*: the profile was truncated")
def truncated_child(recorder):
    return recorder.preload("""
if os.fork() == 0:
    work(30000)
    folder = sys.argv[1] + '.d'
    for name in os.listdir(folder):
        if name.endswith('.cistern'): os.truncate(os.path.join(folder, name), 4096)
    work(30000)
    os._exit(0)
os.wait()
""", arguments=[recorder.profile])


@keeps("a program that ends")
def ends(recorder):
    return recorder.run("work(3000)")


@keeps("a program that ends, without cistern run")
def ends_preloaded(recorder):
    return recorder.preload("work(3000)")


@keeps("a kill")
def killed(recorder):
    return recorder.run("work(3000); os.kill(os.getpid(), 9)")


@keeps("a kill, without cistern run")
def killed_preloaded(recorder):
    return recorder.preload("work(3000); os.kill(os.getpid(), 9)")


@keeps("the closed descriptor of a profile that can be opened again")
def reopened(recorder):
    return recorder.preload("os.closerange(3, 70000); work(3000)")


class Completeness(product.Case):
    def setUp(self):
        super().setUp()
        self.python = interpreters.one_of("3.11", "3.12").path

    def command_of(self, report, profile):
        if report == "lines":
            return [report, "app.py", *REPORTS[report], profile]
        return [report, *REPORTS[report], profile]

    def paths_of(self, ways):
        for name, reason, root, arrange in ways:
            if root and os.geteuid() != 0:
                interpreters.say("NOT TESTED: %s needs root" % name)
                continue
            with self.subTest(way=name):
                yield name, reason, arrange(Recorder(self, name))

    def test_what_is_lost_is_named_by_every_report_and_fails_the_gate(self):
        for name, reason, profile in self.paths_of(WAYS):
            for report in REPORTS:
                with self.subTest(way=name, report=report):
                    self.assert_named(report, reason, profile)

    def assert_named(self, report, reason, profile):
        command = self.command_of(report, profile)
        text = product.cistern(*command)
        if report == "check":
            self.assertEqual(text.code, 3, text.out + text.err)
        self.assertIn(text.code, (0, 3), text.err)
        first = re.sub(r"\s+", " ", " ".join(text.out.splitlines()[:FIRST_LINES]))
        self.assertRegex(first, "NOT COMPLETE  ?" + ".*" + reason, text.out[:3000] + text.err)
        found = json.loads(product.cistern(command[0], "--json", *command[1:]).out)
        self.assertIs(found["complete"], False)
        profiles = found.get("profiles", [found])
        reasons = [one for of in profiles for one in of["incomplete_because"]]
        self.assertTrue(any(re.search(reason, one) for one in reasons), reasons)

    def test_where_nothing_is_lost_no_report_says_so_and_the_gate_judges(self):
        for name, _, profile in self.paths_of(WHOLE):
            for report in REPORTS:
                with self.subTest(way=name, report=report):
                    self.assert_whole(report, profile)

    def assert_whole(self, report, profile):
        command = self.command_of(report, profile)
        text = product.cistern(*command)
        self.assertIn(text.code, (0, 1) if report == "check" else (0,), text.out + text.err)
        self.assertNotIn("NOT COMPLETE", text.out)
        found = json.loads(product.cistern(command[0], "--json", *command[1:]).out)
        # The pools of a forked process are never complete: its parent's arenas are not among them.
        inherited = [one for one in found.get("incomplete_because", []) if "arenas inherited" not in one]
        self.assertEqual(inherited, [])
        if report != "pools":
            self.assertIs(found["complete"], True)


if __name__ == "__main__":
    unittest.main()
