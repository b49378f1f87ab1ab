"""`cistern run` as a whole, with a fake recorder (fake_recorder.cpp).

Environment, set by CMake: CISTERN, FAKE_RECORDER, STATIC_PROGRAM are the paths of what was built.
"""
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

CISTERN = os.environ["CISTERN"]
FAKE_RECORDER = os.environ["FAKE_RECORDER"]
STATIC_PROGRAM = os.environ["STATIC_PROGRAM"]
LIMIT_S = 30
# Waits for a signal. Not pause(): it would miss a signal that arrives just before the system call.
WAIT = "\nimport time\nwhile True: time.sleep(0.02)"


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CISTERN", "LD_PRELOAD", "FAKE_"))}
    kept.update(more)
    return kept


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = os.path.realpath(tempfile.mkdtemp(prefix="cistern-run-test-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.private = os.path.join(self.directory, "tmp")
        os.mkdir(self.private)

    def path(self, name):
        return os.path.join(self.directory, name)

    def arguments(self, *arguments):
        return [CISTERN, "run", "--preload-library", FAKE_RECORDER, *arguments]

    def environment(self, **more):
        return environment(TMPDIR=self.private, **more)

    def run_it(self, *arguments, check=None, input=None, **variables):
        done = subprocess.run(self.arguments(*arguments), cwd=self.directory, env=self.environment(**variables),
                              input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=LIMIT_S)
        if check is not None:
            self.assertEqual(done.returncode, check, done.stderr)
        self.assertEqual(os.listdir(self.private), [], "the private directory was not removed")
        return done

    def start(self, *arguments, **options):
        """Starts run on a Python program given as text; waits until the program says that it is ready."""
        process = subprocess.Popen(self.arguments("--", sys.executable, "-c", *arguments), cwd=self.directory,
                                   env=self.environment(), stdout=subprocess.PIPE, text=True, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def failure(self, code, *arguments, **variables):
        done = self.run_it(*arguments, check=code, **variables)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("cistern: "), lines[0])
        return lines[0]

    def program(self, name, text, mode=0o755):
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)


class ExitCodes(Case):
    def test_the_exit_code_of_the_program_is_returned(self):
        for code in (0, 1, 3, 125, 255):
            self.run_it("sh", "-c", "exit %d" % code, check=code)

    def test_a_fatal_signal_is_128_plus_its_number(self):
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
            self.run_it("sh", "-c", "kill -%d $$" % number, check=128 + number)

    def test_a_missing_program_is_127(self):
        self.assertEqual(self.failure(127, "no-such-program"), "cistern: no-such-program: no such program in PATH")
        self.assertIn("no such program", self.failure(127, "./no-such-program"))
        self.assertIn("no such program", self.failure(127, ""))

    def test_a_program_that_cannot_be_executed_is_126(self):
        self.assertIn("is a directory", self.failure(126, self.directory))
        plain = self.program("plain", "echo hello\n", 0o644)
        self.assertIn("Permission denied", self.failure(126, plain))
        self.assertIn("neither an ELF program nor a script", self.failure(126, self.program("text", "echo hello\n")))
        orphan = self.program("orphan", "#!/no/such/interpreter\n")
        self.assertIn("its interpreter /no/such/interpreter: No such file", self.failure(126, orphan))
        circle = self.program("circle", "#!%s\n" % self.path("circle"))
        self.assertIn("too many levels of scripts", self.failure(126, circle))

    def test_a_program_that_cannot_load_the_recorder_is_125(self):
        self.assertIn("statically linked", self.failure(125, STATIC_PROGRAM))
        script = self.program("script", "#!%s\n" % STATIC_PROGRAM)
        line = self.failure(125, script)
        self.assertIn("%s (run by %s): statically linked" % (script, STATIC_PROGRAM), line)
        with open("/bin/sh", "rb") as file:
            header = bytearray(file.read(4096))
        header[18] ^= 0xff  # e_machine
        foreign = self.path("foreign")
        with open(foreign, "wb") as file:
            file.write(header)
        os.chmod(foreign, 0o755)
        self.assertIn("another architecture", self.failure(125, foreign))
        header[4] = 1  # ELFCLASS32
        with open(foreign, "wb") as file:
            file.write(header)
        self.assertIn("a 32-bit program cannot load the 64-bit recorder", self.failure(125, foreign))

    def test_a_wrapper_need_not_be_recordable_itself(self):
        self.run_it("--wrapper", STATIC_PROGRAM, check=5)

    @unittest.skipUnless(os.geteuid() == 0, "only root can make a program that runs as another user")
    def test_a_set_user_id_program_is_refused(self):
        copy = self.path("copy")
        shutil.copy("/bin/sh", copy)
        os.chown(copy, 65534, 65534)
        os.chmod(copy, 0o4755)
        if os.statvfs(copy).f_flag & os.ST_NOSUID:
            self.skipTest("set-user-ID has no effect in %s" % self.directory)
        self.assertIn("set-user-ID, so LD_PRELOAD has no effect", self.failure(125, copy))

    def test_usage_errors_are_125(self):
        self.failure(125)
        self.failure(125, "--no-such-option", "true")
        self.failure(125, "--max-size", "much", "true")
        self.failure(125, "true", CISTERN_OPTIONS="colour=red")
        self.failure(125, "-o", "it's \"mine\"", "true")

    def test_a_missing_library_is_125(self):
        done = subprocess.run([CISTERN, "run", "--preload-library", self.path("no.so"), "true"],
                              stderr=subprocess.PIPE, text=True, timeout=LIMIT_S, env=self.environment())
        self.assertEqual((done.returncode, done.stderr.count("\n")), (125, 1))

    def test_an_invalid_output_fails_before_the_program_starts(self):
        touch = "touch " + self.path("started")
        self.assertIn("No such file", self.failure(125, "-o", "nowhere/x.cistern", "sh", "-c", touch))
        self.program("file", "")
        self.assertIn("Not a directory", self.failure(125, "-o", "file/x.cistern", "sh", "-c", touch))
        self.program("old.cistern", "")
        self.assertIn("already exists (-f", self.failure(125, "-o", "old.cistern", "sh", "-c", touch))
        self.assertIn("'%y'", self.failure(125, "-o", "%y", "sh", "-c", touch))
        self.assertFalse(os.path.exists(self.path("started")))
        self.run_it("-f", "-o", "old.cistern", "sh", "-c", touch, check=0)
        self.assertTrue(os.path.exists(self.path("started")))


class Transparency(Case):
    def test_the_program_has_the_standard_streams(self):
        done = self.run_it("sh", "-c", "cat; echo oops >&2", input="from above\n", check=0)
        self.assertEqual((done.stdout, done.stderr), ("from above\n", "oops\n"))

    def test_only_documented_environment_variables_change(self):
        show = "import os; print(sorted(os.environ.items()))"
        bare = subprocess.run([sys.executable, "-c", show], stdout=subprocess.PIPE, text=True, env=self.environment())
        done = self.run_it(sys.executable, "-c", show, check=0)
        changed = set(eval(done.stdout)) ^ set(eval(bare.stdout))
        self.assertEqual({name for name, _ in changed}, {"LD_PRELOAD", "CISTERN_OPTIONS", "CISTERN_RUN"})

    def test_inherited_options_and_preloads_are_kept(self):
        show = "import os; print(os.environ['LD_PRELOAD'], os.environ['CISTERN_OPTIONS'], sep='\\n')"
        done = self.run_it("--no-start", "-o", "a b", sys.executable, "-c", show, check=0,
                           CISTERN_OPTIONS="follow=all", LD_PRELOAD="libc.so.6:libm.so.6")
        self.assertEqual(done.stdout.splitlines(), [FAKE_RECORDER + ":libc.so.6:libm.so.6",
                                                    "follow=all start=off output='%s'" % self.path("a b")])

    def test_descriptors_signals_and_process_group_are_unchanged(self):
        show = ("import os, signal; print(sorted(os.listdir('/proc/self/fd')), os.getpgrp());"
                "print([l for l in open('/proc/self/status') if l.startswith('Sig') and not l.startswith('SigQ')])")

        def before():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGCHLD])

        program = [sys.executable, "-c", show]
        outputs = [subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self.environment(),
                                  preexec_fn=before, text=True, timeout=LIMIT_S)
                   for words in (program, self.arguments(*program))]
        self.assertEqual([one.returncode for one in outputs], [0, 0])
        self.assertEqual(outputs[0].stdout, outputs[1].stdout)

    def test_the_exit_code_is_returned_when_sigchld_is_ignored(self):
        done = subprocess.run(self.arguments("sh", "-c", "exit 7"), env=self.environment(), timeout=LIMIT_S,
                              preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(done.returncode, 7)

    def test_signals_sent_to_run_are_forwarded(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT, signal.SIGQUIT):
            process = self.start("import signal, sys; signal.signal(%d, lambda *_: sys.exit(42));"
                                 "print('ready', flush=True)" % number + WAIT)
            process.send_signal(number)
            self.assertEqual(process.wait(LIMIT_S), 42, number)

    def test_a_program_that_handles_a_signal_continues(self):
        process = self.start("import os, signal; signal.signal(signal.SIGTERM, lambda *_: os.write(1, b'term\\n'));"
                             "signal.signal(signal.SIGUSR1, lambda *_: exit(9));"
                             "print('ready', flush=True)" + WAIT)
        process.terminate()
        self.assertEqual(process.stdout.readline(), "term\n")
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.wait(LIMIT_S), 9)


class Terminal(Case):
    """Each program runs as a shell would start a job: the leader of the foreground group of a terminal."""

    def open_session(self, *arguments):
        """Starts `run` as the leader of the foreground process group of a new terminal."""
        shell, terminal = pty.fork()
        if shell == 0:
            self.be_shell(self.arguments(*arguments), self.environment())
        self.addCleanup(os.close, terminal)
        self.shell, self.terminal, self.seen = shell, terminal, ""

    @staticmethod
    def be_shell(arguments, variables):
        """Runs one job in the foreground, prints its state changes, and continues it when it stopped."""
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        job = os.fork()
        if job == 0:
            os.setpgid(0, 0)
            os.tcsetpgrp(0, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(arguments[0], arguments, variables)
        while True:
            _, status = os.waitpid(job, os.WUNTRACED)
            os.tcsetpgrp(0, os.getpgrp())
            if not os.WIFSTOPPED(status):
                print("ended %d" % os.waitstatus_to_exitcode(status), flush=True)
                os._exit(0)
            print("stopped", flush=True)
            sys.stdin.readline()
            os.tcsetpgrp(0, job)
            os.killpg(job, signal.SIGCONT)

    def wait_for(self, text):
        end = time.monotonic() + LIMIT_S
        while text not in self.seen:
            readable, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            self.assertTrue(readable, "%r never came; there was %r" % (text, self.seen))
            try:
                self.seen += os.read(self.terminal, 4096).decode()
            except OSError:  # the other end is closed
                self.assertIn(text, self.seen)
        before, self.seen = self.seen.split(text, 1)
        return before

    def type(self, text):
        os.write(self.terminal, text.encode())

    def test_the_interrupt_key_reaches_only_the_program_and_once(self):
        self.open_session(sys.executable, "-c", "import signal\nhits = []\n"
                          "signal.signal(signal.SIGINT, lambda *_: hits.append(1))\n"
                          "signal.signal(signal.SIGTERM, lambda *_: exit(40 + len(hits)))\n"
                          "print('ready', flush=True)\nimport time\nwhile not hits: time.sleep(0.02)\n"
                          "print('hit', flush=True); input(); exit(40 + len(hits))")
        self.wait_for("ready")
        self.type("\x03")
        self.wait_for("hit")
        self.type("\n")
        self.wait_for("ended 41")

    def test_a_program_killed_by_the_interrupt_key_is_130(self):
        self.open_session("sh", "-c", "echo ready; while :; do :; done")
        self.wait_for("ready")
        self.type("\x03")
        self.wait_for("ended 130")

    def test_the_stop_key_stops_both_and_the_shell_continues_both(self):
        self.open_session(sys.executable, "-c", "print('ready', flush=True); print('line', input())")
        self.wait_for("ready")
        self.type("\x1a")
        self.wait_for("stopped")
        self.type("fg\n")
        self.type("again\n")
        self.wait_for("line again")
        self.wait_for("ended 0")

    def test_a_program_may_clean_up_before_it_stops(self):
        self.open_session(sys.executable, "-c",
                          "import os, signal, time\n"
                          "def stop(*_):\n"
                          "    os.write(1, b'clean %d\\n' % (os.tcgetpgrp(0) == os.getpgrp()))\n"
                          "    signal.signal(signal.SIGTSTP, signal.SIG_DFL)\n"
                          "    os.kill(os.getpid(), signal.SIGTSTP)\n"
                          "signal.signal(signal.SIGTSTP, stop)\n"
                          "print('ready', flush=True); print('line', input())")
        self.wait_for("ready")
        self.type("\x1a")
        self.wait_for("clean 1")
        self.wait_for("stopped")
        self.type("fg\n")
        self.type("again\n")
        self.wait_for("line again")
        self.wait_for("ended 0")

    def test_the_closing_lines_come_last_and_name_the_next_command(self):
        self.open_session("sh", "-c", "echo output")
        printed = self.wait_for("ended 0")
        output, closing = printed.split("\r\n")[:2]
        self.assertEqual(output, "output")
        self.assertTrue(closing.startswith("cistern: nothing was recorded: no process with Python reported"), closing)


class Profiles(Case):
    def test_the_window_of_a_killed_program_is_finalized_and_counted(self):
        done = self.run_it("-v", "sh", "-c", "kill -9 $$", check=137, FAKE_PROFILE=self.path("x.cistern"))
        self.assertRegex(done.stderr, r"^cistern: 3 events, [0-9.]+ m?s, 2 lost → x\.cistern \([0-9.]+ kB\)\n"
                         r"next: \S*cistern leaks x\.cistern\n$")
        self.assertTrue(os.path.exists(self.path("x.cistern")))
        self.assertFalse(os.path.exists(self.path("x.cistern.d")))

    def test_nothing_is_printed_to_a_pipe_without_verbose(self):
        done = self.run_it("true", check=0, FAKE_PROFILE=self.path("x.cistern"))
        self.assertEqual(done.stderr, "")
        self.assertFalse(os.path.exists(self.path("x.cistern.d")))

    def test_each_process_is_counted(self):
        done = self.run_it("-v", "sh", "-c", "env true; env true; :", check=0, FAKE_PROFILE=self.path("x.%p.cistern"))
        count = len([name for name in os.listdir(self.directory) if name.endswith(".cistern")])
        self.assertIn("%d events in %d processes" % (3 * count, count), done.stderr)
        self.assertGreater(count, 2)

    def test_the_window_of_a_running_process_is_not_changed(self):
        os.mkfifo(self.path("ready"))
        held, release = os.pipe()  # the background process runs until we close our end
        background = "import os; open('ready', 'w').write('ready\\n'); os.read(%d, 1)" % held
        process = subprocess.Popen(
            self.arguments("-v", "sh", "-c", '"$0" -c "$1" >/dev/null 2>&1 & read line <ready',
                           sys.executable, background),
            cwd=self.directory, env=self.environment(FAKE_PROFILE=self.path("x.%p.cistern")), stderr=subprocess.PIPE,
            text=True, pass_fds=(held,))
        os.close(held)
        try:
            printed = process.communicate(timeout=LIMIT_S)[1]
            self.assertEqual(process.returncode, 0)
            self.assertIn("1 still running", printed)
            windows = [name for _, _, names in os.walk(self.directory) for name in names if name.endswith(".window")]
            self.assertEqual(len(windows), 1)
        finally:
            os.close(release)


if __name__ == "__main__":
    unittest.main()
