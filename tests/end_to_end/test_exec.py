"""`cistern exec`: the program runs in the original process, whatever happens to the recording; `cistern drain` packs."""
import glob
import json
import os
import signal
import socket
import struct
import subprocess
import time
import unittest

import interpreters
import product

LIMIT_S = 120
WAIT = "os.write(1, b'ready\\n'); os.read(0, 1)\n"
KEPT = "import sys\nkept = [bytes(7002 - sys.getsizeof(b'')) for _ in range(500)]\n"
# Some 10 MB of events, so that there is something to pack; 500 arrays of 7,002 bytes stay.
BUSY = ("import os, sys\ndef work():\n    for i in range(16): list(map(float, range(50_000)))\n"
        "work()\nkept = [bytes(7002 - sys.getsizeof(b'')) for _ in range(500)]\n")


def arrays_of(profile):
    """The live arrays of 7,002 bytes."""
    leaks = json.loads(product.cistern("leaks", "--all", "--json", profile).out)
    return sum(group["blocks"] for group in leaks["groups"] if group["bytes"] == 7002 * group["blocks"])


def packers_of(profile):
    """The pids of `cistern drain` processes for a profile."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"cistern", b"drain"] and profile.encode() in words:
            found.append(int(path.split("/")[2]))
    return found


def wait_until(condition, what):
    end = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("never: " + what)
        time.sleep(0.02)


class Case(product.Case):
    def setUp(self):
        super().setUp()
        self.python = interpreters.one_of("3.11", "3.12").path
        self.profile = self.path("x.cistern")
        self.addCleanup(self.end_packers)

    def end_packers(self):
        for name in glob.glob(self.path("*.cistern")) + [self.profile]:
            for pid in packers_of(name):
                os.kill(pid, signal.SIGKILL)

    def words(self, *command, options=(), output=None):
        return [product.CISTERN, "exec", "-o", output or self.profile, *options, "--", *command]

    def exec_it(self, *command, options=(), output=None, **more):
        return product.run(self.words(*command, options=options, output=output), product.clean_environment(**more))

    def start(self, program, options=(), command=None, **how):
        process = subprocess.Popen(command or self.words(self.python, "-c", program, options=options),
                                   env=product.clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, **how)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def wait_for_packer(self, profile=None):
        profile = profile or self.profile
        wait_until(lambda: not packers_of(profile) and not os.path.exists(profile + ".d"), "the packer ends")


class Program(Case):
    """What the program and whoever started it see."""

    def test_pid_parent_session_and_exit_code_are_those_of_the_caller(self):
        program = "import os; print(os.getpid(), os.getppid(), os.getsid(0), os.getpgrp()); raise SystemExit(7)"
        for words in ([self.python, "-c", program], self.words(self.python, "-c", program)):
            process = subprocess.Popen(words, env=product.clean_environment(), stdout=subprocess.PIPE, text=True,
                                       start_new_session=True)
            out, _ = process.communicate(timeout=LIMIT_S)
            self.assertEqual(out.split(), [str(n) for n in (process.pid, os.getpid(), process.pid, process.pid)])
            self.assertEqual(process.returncode, 7)
        self.wait_for_packer()

    def test_descriptors_signals_limits_and_children_are_unchanged(self):
        show = ("import os, signal, resource\nprint([n for n in os.listdir('/proc/self/fd') if int(n) < 48])\n"
                "print([l for l in open('/proc/self/status') if l.startswith(('Sig', 'ShdPnd')) and 'SigQ' not in l])\n"
                "print(resource.getrlimit(resource.RLIMIT_NOFILE), os.getcwd(), os.umask(0), os.nice(0))\n"
                "print(open('/proc/self/oom_score_adj').read())\n"
                "try: print(os.waitpid(-1, os.WNOHANG))\nexcept ChildProcessError: print('no child')")

        def before():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGCHLD])

        outputs = [subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S,
                                  env=product.clean_environment(), preexec_fn=before).stdout
                   for words in ([self.python, "-c", show], self.words(self.python, "-c", show))]
        self.assertEqual(outputs[0], outputs[1])
        self.assertIn("no child", outputs[0])

    def test_a_death_by_signal_is_the_programs_own(self):
        self.assertEqual(self.exec_it("sh", "-c", "kill -9 $$").code, -9)

    def test_signals_go_to_the_program_itself(self):
        process = self.start("import os, signal\nsignal.signal(signal.SIGTERM, lambda *_: os._exit(42))\n" + WAIT)
        process.terminate()
        self.assertEqual(process.wait(LIMIT_S), 42)

    def test_socket_activation(self):
        show = ("import os, socket; s = socket.socket(fileno=3); "
                "print(os.environ['LISTEN_PID'] == str(os.getpid()), s.getsockname()[0])")
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()

            def activate():
                os.dup2(listener.fileno(), 3)
                os.set_inheritable(3, True)

            activator = ("import os, sys; os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
                         "os.execv(sys.argv[1], sys.argv[1:])")
            done = subprocess.run([self.python, "-c", activator, *self.words(self.python, "-c", show)],
                                  stdout=subprocess.PIPE, text=True, preexec_fn=activate, close_fds=False,
                                  env=product.clean_environment(), timeout=LIMIT_S)
        self.assertEqual(done.stdout, "True 127.0.0.1\n")

    def test_the_packer_holds_no_socket_and_no_pipe(self):
        child = "import os, time\nif os.fork() == 0:\n    os.closerange(0, 3); time.sleep(60)\nprint('done')"
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            address = listener.getsockname()
            done = subprocess.run(self.words(self.python, "-c", child), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, env=product.clean_environment(), timeout=30, pass_fds=(listener.fileno(),))
        self.assertEqual(done.stdout, "done\n")  # the packer still waits for the child, but the pipes were closed
        for pid in packers_of(self.profile):
            links = [os.readlink(name) for name in glob.glob("/proc/%d/fd/*" % pid)]
            self.assertEqual([link for link in links if link.startswith(("socket:", "pipe:"))], [])
        self.assertTrue(packers_of(self.profile), address)

    def test_the_sender_of_a_notification_is_the_main_process(self):
        path = self.path("notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service_manager:
            service_manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            service_manager.bind(path)
            service_manager.settimeout(LIMIT_S)
            notify = ("import os, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
                      "s.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])")
            process = subprocess.Popen(self.words(self.python, "-c", notify),
                                       env=product.clean_environment(NOTIFY_SOCKET=path))
            data, ancillary, _, _ = service_manager.recvmsg(64, 64)
            self.assertEqual(process.wait(LIMIT_S), 0)
        self.assertEqual(struct.unpack("3i", ancillary[0][2][:12])[0], process.pid)
        self.assertEqual(data, b"READY=1")


class Start(Case):
    """The program starts, whatever is wrong with the recording."""

    def starts(self, line, *arguments, **variables):
        done = product.run([product.CISTERN, "exec", *arguments, "--", "sh", "-c", "echo started; exit 3"],
                           product.clean_environment(**variables))
        self.assertEqual((done.code, done.out), (3, "started\n"), done.err)
        self.assertEqual(done.err.count("\n"), 1, done.err)
        self.assertIn(line, done.err)

    def test_wrong_options(self):
        self.starts("--no-such-option: no such option", "--no-such-option")
        self.starts("expected a size", "--max-size", "much")
        self.starts("CISTERN_OPTIONS: 'colour=red'", CISTERN_OPTIONS="colour=red")

    def test_a_missing_or_read_only_folder(self):
        self.starts("nowhere/: No such file", "-o", self.path("nowhere/x.cistern"))
        with open(self.path("file"), "w"):
            pass
        self.starts("Not a directory", "-o", self.path("file/x.cistern"))
        if os.geteuid() != 0:
            os.chmod(self.folder, 0o500)
            self.addCleanup(os.chmod, self.folder, 0o700)
            self.starts("Permission denied", "-o", self.profile)
        else:
            self.starts("not recorded", "-o", "/proc/x.cistern")

    def test_a_missing_library_and_a_static_program(self):
        self.starts("not recorded", "--preload-library", self.path("no.so"))

    def test_a_missing_program_is_127(self):
        done = product.run([product.CISTERN, "exec", "--", "no-such-program"], product.clean_environment())
        self.assertEqual((done.code, done.err), (127, "cistern: no-such-program: no such program in PATH\n"))

    def test_no_program_is_125(self):
        self.assertEqual(product.run([product.CISTERN, "exec"], product.clean_environment()).code, 125)

    def test_a_second_start_takes_the_next_number(self):
        for number, name in enumerate(("x.cistern", "x-2.cistern", "x-3.cistern"), 1):
            self.assertEqual(self.exec_it(self.python, "-c", KEPT).code, 0)
            self.wait_for_packer(self.path(name))
            self.assertEqual(len(glob.glob(self.path("*.cistern"))), number)
            self.assertEqual(arrays_of(self.path(name)), 500)

    def test_starts_at_the_same_time_record_apart(self):
        together = [subprocess.Popen(self.words(self.python, "-c", KEPT), env=product.clean_environment())
                    for _ in range(4)]
        self.assertEqual([one.wait(LIMIT_S) for one in together], [0] * 4)
        names = sorted(glob.glob(self.path("*.cistern")))
        self.assertEqual(len(names), 4)
        for name in names:
            self.wait_for_packer(name)
            self.assertEqual(arrays_of(name), 500)

    def test_force_replaces_an_old_profile_but_not_that_of_a_running_process(self):
        process = self.start("import os\n" + WAIT, options=("--force",))
        inode = os.stat(self.profile).st_ino
        probe = self.exec_it(self.python, "-c", "print('healthy')", options=("--force",))
        self.assertEqual((probe.code, probe.out, probe.err), (0, "healthy\n", ""))
        self.assertEqual(os.stat(self.profile).st_ino, inode)
        process.stdin.close()
        self.assertEqual(process.wait(LIMIT_S), 0)
        self.wait_for_packer()
        self.assertEqual(self.exec_it(self.python, "-c", KEPT, options=("--force",)).code, 0)
        self.assertEqual(arrays_of(self.profile), 500)

    def test_the_default_name_and_placeholders(self):
        for output, expected in ((self.folder + "/", r"cistern\.command\.\d+\.cistern$"), (self.path("a%%-%p"), r"a%-\d+$")):
            process = subprocess.Popen(self.words(self.python, "-c", "", output=output),
                                       env=product.clean_environment())
            self.assertEqual(process.wait(LIMIT_S), 0)
            name, = [name for name in os.listdir(self.folder) if not name.endswith(".d")]
            self.assertRegex(name, expected)
            self.assertIn(str(process.pid), name)
            self.wait_for_packer(self.path(name))
            os.remove(self.path(name))


class Packing(Case):
    def test_the_packer_packs_and_finishes(self):
        self.assertEqual(self.exec_it(self.python, "-c", BUSY).code, 0)
        self.wait_for_packer()
        self.assertLess(os.path.getsize(self.profile), 10e6)
        self.assertEqual(arrays_of(self.profile), 500)
        self.assertEqual(product.cistern("check", "--max-leak", "1GB", self.profile).code, 0)

    def test_a_killed_packer_is_replaced_and_nothing_is_lost(self):
        # No packer in the even rounds of work, a new one in each of the odd ones, and the last one until the end.
        program = ("import os, sys\nkept = []\ndef work():\n    for i in range(8): list(map(float, range(50_000)))\n"
                   "    kept.append(bytes(7002 - sys.getsizeof(b'')))\n"
                   "os.write(1, b'ready\\n')\nwhile os.read(0, 1): work(); os.write(1, b'done\\n')\n")
        process = self.start(program)
        rounds = 6
        for number in range(rounds):
            if number == 0:
                wait_until(lambda: packers_of(self.profile), "a packer runs")
                for pid in packers_of(self.profile):
                    os.kill(pid, signal.SIGKILL)
            if number % 2 == 1:
                drain = subprocess.Popen([product.CISTERN, "drain", self.profile], env=product.clean_environment(),
                                         executable=product.CISTERN, stdout=subprocess.PIPE, text=True)
                self.addCleanup(drain.kill)
                self.addCleanup(drain.stdout.close)
            process.stdin.write(b"x")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), b"done\n")
            if number % 2 == 1 and number != rounds - 1:
                drain.kill()
                drain.wait()
        process.stdin.close()
        self.assertEqual(process.wait(LIMIT_S), 0)
        out, _ = drain.communicate(timeout=LIMIT_S)
        self.assertEqual(drain.returncode, 0)
        self.assertRegex(out, r"in 1 process, 0 lost")
        self.assertFalse(os.path.exists(self.profile + ".d"))
        self.assertEqual(arrays_of(self.profile), rounds)
        done = product.cistern("summary", self.profile)
        self.assertIn(", 0 lost, no truncated segments", done.out)
        self.assertLess(os.path.getsize(self.profile), 20e6)

    def test_a_killed_run_is_replaced(self):
        process = subprocess.Popen([product.CISTERN, "run", "-o", self.profile, "--", self.python, "-c",
                                    BUSY + "import os\n" + WAIT + "print(os.getppid() == 1)"],
                                   env=product.clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        busy = product.cistern("drain", self.profile)
        self.assertEqual((busy.code, busy.err), (3, "cistern: %s: another cistern packs it\n" % self.profile))
        process.kill()
        process.wait()
        drain = subprocess.Popen([product.CISTERN, "drain", self.profile], env=product.clean_environment())
        process.stdin.close()
        self.assertEqual(process.stdout.read()[-5:], b"True\n")
        self.assertEqual(drain.wait(LIMIT_S), 0)
        self.assertFalse(os.path.exists(self.profile + ".d"))
        self.assertEqual(arrays_of(self.profile), 500)

    def test_workers_are_packed_too(self):
        program = (BUSY + "children = [os.fork() for _ in range(2)]\nif 0 in children:\n    work(); os._exit(0)\n"
                   "for child in children: os.waitpid(child, 0)\n")
        self.assertEqual(self.exec_it(self.python, "-c", program).code, 0)
        wait_until(lambda: not packers_of(self.profile) and not glob.glob(self.profile + ".d/*.window"), "the packer ends")
        names = os.listdir(self.profile + ".d")
        self.assertTrue(names and all(name.endswith(".cistern") for name in names), names)
        summary = json.loads(product.cistern("summary", "--json", self.profile).out)
        self.assertEqual([one["lost_events"] for one in summary["images"]], [0] * len(summary["images"]))

    def test_a_program_without_python_leaves_nothing(self):
        self.assertEqual(self.exec_it("sh", "-c", "exit 5").code, 5)
        self.wait_for_packer()
        self.assertEqual(os.listdir(self.folder), [])


class ProcessOne(Case):
    """`cistern exec` as the first process of a container."""

    def test_the_program_is_process_one(self):
        unshare = ["unshare", "--pid", "--fork", "--mount-proc"]
        probe = subprocess.run([*unshare, "true"], stderr=subprocess.PIPE, text=True)
        if probe.returncode != 0:
            interpreters.say("NOT TESTED: process 1 of a pid namespace: " + probe.stderr.strip())
            self.skipTest("no pid namespace can be made")
        done = product.run([*unshare, *self.words(self.python, "-c", BUSY + "print(os.getpid()); sys.exit(6)")],
                           product.clean_environment())
        self.assertEqual((done.code, done.out, done.err), (6, "1\n", ""))
        # The kernel has ended the packer with process 1. Nothing is lost, and drain finishes the profile.
        self.assertEqual(arrays_of(self.profile), 500)
        self.assertEqual(product.cistern("drain", self.profile).code, 0)
        self.assertEqual(arrays_of(self.profile), 500)
        self.assertFalse(os.path.exists(self.profile + ".d"))


if __name__ == "__main__":
    unittest.main()
