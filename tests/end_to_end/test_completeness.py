"""Whatever a profile misses: `cistern check` exits 3, and every report names it in its first lines.

WAYS lists the ways to lose something, WHOLE those in which nothing is lost, REPORTS the reports. Each way records a
program and returns the path to report on; `reason` is what the reports must say.
"""
import json
import os
import re
import shutil
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


# --- processes without a profile ---

FORKS = """
if os.fork() == 0:
    work(300)
    os._exit(0)
os.wait()
work(300)
"""

STARTS = """
import subprocess
subprocess.run([sys.executable, '-c', 'kept = [bytearray(200) for i in range(300)]'], check=True)
work(300)
"""


def remove_images(recorder, suffix=".cistern"):
    folder = recorder.profile + ".d"
    names = [name for name in os.listdir(folder) if name.endswith(suffix)]
    assert names, os.listdir(folder)
    for name in names:
        os.unlink(os.path.join(folder, name))


@loses("the profile of a forked child is deleted afterwards", r"process \d+, forked by process \d+ after .*, has no profile")
def deleted_forked(recorder):
    recorder.run(FORKS)
    remove_images(recorder)
    return recorder.profile


@loses("the profile of a subprocess is deleted afterwards", r"process \d+ \(.*-c kept.*\), started by process \d+ after .*, "
       r"has no profile")
def deleted_started(recorder):
    recorder.run(STARTS)
    remove_images(recorder)
    return recorder.profile


@loses("the folder of the other profiles is deleted afterwards", r"process \d+, forked by process \d+ .* has no profile")
def deleted_folder(recorder):
    recorder.preload(FORKS)
    shutil.rmtree(recorder.profile + ".d")
    return recorder.profile


@loses("only the first profile is copied", r"process \d+ .*has no profile")
def copied_alone(recorder):
    recorder.run(STARTS)
    os.mkdir(recorder.path("there"))
    return shutil.copy(recorder.profile, recorder.path("there"))


@loses("the folder of the other profiles is deleted while the program runs", r"process \d+, forked by .* has no profile")
def deleted_while_running(recorder):
    return recorder.run(FORKS + "import shutil\nshutil.rmtree(sys.argv[1] + '.d')\nwork(300)", arguments=[recorder.profile])


@loses("the profile of an intermediate process is deleted", r"process \d+.*has no profile")
def deleted_intermediate(recorder):
    recorder.run("""
if os.fork() == 0:
    open(sys.argv[1], 'w').write(str(os.getpid()))
    if os.fork() == 0:
        work(300)
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
""", arguments=[recorder.path("pid")])
    with open(recorder.path("pid")) as file:
        pid = file.read()
    folder = recorder.profile + ".d"
    for name in os.listdir(folder):
        if name.startswith(pid + "-"):
            os.unlink(os.path.join(folder, name))
    return recorder.profile


@loses("the profile of a program after exec is deleted", r"process \d+ \(.*-c pass\).* has no profile")
def deleted_after_exec(recorder):
    recorder.run("work(300); os.execv(sys.executable, [sys.executable, '-c', 'pass'])")
    remove_images(recorder)
    return recorder.profile


@loses("a child below another root", r"process \d+, forked by .*its root directory is another one \(chroot\)", root=True)
def chroot(recorder):
    os.mkdir(recorder.path("root"))
    return recorder.run("os.chroot('root')\nif os.fork() == 0:\n    work(300)\n    os._exit(0)\nos.wait()")


@loses("a child of another user, who cannot get at the folder", r"process \d+.* has no profile", root=True)
def other_user_without_access(recorder):
    os.mkdir(recorder.path("private"), 0o700)
    recorder.profile = recorder.path("private/x.cistern")
    os.chmod(recorder.test.folder, 0o755)
    return recorder.run("""
if os.fork() == 0:
    os.setresuid(65534, 65534, 65534)
    if os.fork() == 0:
        work(300)
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
""")


@loses("a subprocess of another user, who cannot get at the folder", r"process \d+ \(.*-c kept.*has no profile", root=True)
def started_user_without_access(recorder):
    os.mkdir(recorder.path("private"), 0o700)
    recorder.profile = recorder.path("private/x.cistern")
    return recorder.run(STARTS.replace("check=True", "user=65534, cwd='/'"))


@loses("a subprocess without LD_PRELOAD", r"process \d+ \(.*-c kept.*its environment did not load the recorder")
def stripped(recorder):
    return recorder.run(STARTS.replace("check=True", "env={}"))


@loses("a subprocess below env -i", r"process \d+ .*its environment did not load the recorder")
def env_i(recorder):
    return recorder.run(STARTS.replace("[sys.executable", "['env', '-i', sys.executable"))


@loses("posix_spawn without LD_PRELOAD", r"process \d+ \(.*-c kept.*its environment did not load the recorder")
def spawned_stripped(recorder):
    return recorder.run("os.waitpid(os.posix_spawn(sys.executable, [sys.executable, '-c', 'kept = 1'], {}), 0)")


@loses("exec without LD_PRELOAD", r"process \d+ \(.*-c kept.*its environment did not load the recorder")
def exec_stripped(recorder):
    return recorder.run("os.execve(sys.executable, [sys.executable, '-c', 'kept = 1'], {})")


@loses("a forked child that executes a program without LD_PRELOAD", r"process \d+ \(.*-c kept.*did not load the recorder")
def fork_exec_stripped(recorder):
    return recorder.run(STARTS.replace("check=True", "env={}, preexec_fn=lambda: None"))


@loses("a child whose file descriptors are used up", r"process \d+, forked by .* has no profile: Too many open files")
def no_descriptors(recorder):
    return recorder.run("""
import resource
if os.fork() == 0:
    os._exit(0)
os.wait()
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 4096))
if os.fork() == 0:
    work(300)
    os._exit(0)
os.wait()
""")


@loses("a child that finds the disk full", r"(process \d+, forked by .* has no profile: No space left|no space left)", root=True)
def child_on_full_disk(recorder):
    recorder.mount("1m")
    return recorder.preload("""
work(300)
with open(os.path.dirname(sys.argv[1]) + '/rest', 'wb', buffering=0) as file:
    try:
        while file.write(bytes(4096)) == 4096: pass
    except OSError: pass
if os.fork() == 0:
    work(300)
    os._exit(0)
os.wait()
""", arguments=[recorder.profile])


@loses("a profile of a child that is damaged", r"not a profile|is empty|too short|magic|unreadable|could not be read|Cistern")
def damaged_child(recorder):
    recorder.run(FORKS)
    folder = recorder.profile + ".d"
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"no profile at all" * 1000)
    return recorder.profile


@loses("a profile that is cut", r"(could not be read|missing from the file|is gone)")
def cut(recorder):
    recorder.run("work(30000)")
    os.truncate(recorder.profile, os.path.getsize(recorder.profile) // 2)
    return recorder.profile


@loses("a profile with a hole", r"(could not be read|missing from the file)")
def holed(recorder):
    recorder.run("work(30000)")
    with open(recorder.profile, "r+b") as file:
        file.seek(os.path.getsize(recorder.profile) // 2)
        file.write(bytes(300000))
    return recorder.profile


@loses("the window of a killed program", r"its window file is gone")
def window_deleted(recorder):
    recorder.preload("work(3000); os.kill(os.getpid(), 9)")
    remove_images(recorder, ".window")
    return recorder.profile


@loses("a killed program whose folder was deleted", r"its window file is gone")
def folder_of_killed(recorder):
    return recorder.preload("work(3000)\nimport shutil\nshutil.rmtree(sys.argv[1] + '.d')\nos.kill(os.getpid(), 9)",
                            arguments=[recorder.profile])


@loses("a pause", r"recording was stopped for a while", root=False)
def paused(recorder):
    return recorder.run("import ctypes\nlibrary = ctypes.CDLL(None)\nlibrary.cistern_stop()\nwork(300)\n"
                        "library.cistern_start()\nwork(300)")


@loses("a late start", r"recording was stopped for a while|Python code ran before")
def no_start(recorder):
    return recorder.run("import ctypes\nwork(300)\nctypes.CDLL(None).cistern_start()\nwork(300)", "--no-start")


@loses("the flight recorder", r"older (events were|was) overwritten|not in this profile")
def overwritten(recorder):
    return recorder.run("for i in range(60):\n    work(20000)\n    kept.clear()", "--ring", "overwrite", "--max-size", "4MiB")


# --- nothing is lost ---

@keeps("a forked child")
def forked(recorder):
    return recorder.run(FORKS)


@keeps("a subprocess")
def started(recorder):
    return recorder.run(STARTS)


@keeps("a subprocess, without cistern run")
def started_preloaded(recorder):
    return recorder.preload(STARTS)


@keeps("programs without Python")
def without_python(recorder):
    return recorder.run("import subprocess\nfor i in range(5):\n    subprocess.run(['ls', '/'], stdout=subprocess.DEVNULL)\n"
                        "    subprocess.run('true; ls / >/dev/null', shell=True)\nos.system('ls / >/dev/null')\nwork(300)")


@keeps("programs without Python, without cistern run")
def without_python_preloaded(recorder):
    return recorder.preload("import subprocess\nsubprocess.run(['ls', '/'], stdout=subprocess.DEVNULL)\n"
                            "os.spawnlp(os.P_WAIT, 'true', 'true')\nwork(300)")


@keeps("programs without Python and without LD_PRELOAD")
def without_python_stripped(recorder):
    return recorder.run("import subprocess\nsubprocess.run(['ls', '/'], env={}, stdout=subprocess.DEVNULL)\n"
                        "subprocess.run(['env', '-i', 'ls', '/'], stdout=subprocess.DEVNULL)\nwork(300)")


@keeps("a program that does not exist")
def no_such_program(recorder):
    return recorder.run("import subprocess\ntry: subprocess.run(['no-such-program'])\nexcept OSError: pass\n"
                        "try: os.execvp('no-such-program', ['x'])\nexcept OSError: pass\nwork(300)")


@keeps("exec of a program without Python")
def exec_without_python(recorder):
    return recorder.run("work(300); os.execvp('true', ['true'])")


@keeps("exec of Python")
def exec_python(recorder):
    return recorder.run("work(300); os.execv(sys.executable, [sys.executable, '-c', 'pass'])")


@keeps("a child of another user", root=True)
def other_user(recorder):
    os.chmod(recorder.test.folder, 0o755)
    os.chmod(recorder.folder, 0o755)
    return recorder.run("if os.fork() == 0:\n    os.setresuid(65534, 65534, 65534)\n    if os.fork() == 0:\n"
                        "        work(300)\n        os._exit(0)\n    os.wait()\n    os._exit(0)\nos.wait()")


@keeps("a subprocess of another user", root=True)
def started_by_other_user(recorder):
    os.chmod(recorder.test.folder, 0o755)
    return recorder.run(STARTS.replace("check=True", "user=65534, check=True, cwd='/'"))


@keeps("--follow none")
def follow_none(recorder):
    return recorder.run(FORKS + STARTS, "--follow", "none")


@keeps("a pool of processes")
def pool(recorder):
    return recorder.run("from multiprocessing import Pool\nif __name__ == '__main__':\n    with Pool(3) as pool:\n"
                        "        pool.map(len, ['a'] * 20)\n    work(300)")


@keeps("a child that ends at once")
def ends_at_once(recorder):
    return recorder.run("for i in range(100):\n    if os.fork() == 0: os._exit(0)\n    os.wait()")


@keeps("a kill after a program was started")
def killed_after_start(recorder):
    return recorder.run("import subprocess\nsubprocess.Popen(['sleep', '0.01'])\nos.kill(os.getpid(), 9)")


@keeps("many programs at a time")
def many_programs(recorder):
    return recorder.run("import subprocess\nmany = [subprocess.Popen(['true']) for i in range(200)]\n"
                        "for one in many: one.wait()")


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
        if not text.out:  # it cannot be made from what is left
            self.assertIn(text.code, (2, 3))
            self.assertRegex(text.err, reason + "|no recorded allocation has a line of this file")
            return
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
