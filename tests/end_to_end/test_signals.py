"""`cistern run` and signals: what the program gets is what it gets bare, each signal once, whoever sends it."""
import ctypes
import os
import signal
import subprocess
import sys
import time
import unittest

import interpreters
import product

LIMIT_S = 60
TIMES = 50
# Names each signal as it comes. SIGUSR2 ends the program: with its exit code, and after all that came before it.
COUNTER = """
import os, signal, sys, time
def note(number, frame): os.write(1, b"got %d\\n" % number)
def end(number, frame): os.write(1, b"end\\n"); os._exit(42)
for number in (1, 3, 6, 10, 14, 15, 21, 23, 28, signal.SIGRTMIN + 3): signal.signal(number, note)
signal.signal(signal.SIGUSR2, end)
"""
READY = """
parent = os.getppid()
os.write(1, b"ready %d %d\\n" % (os.getpid(), os.getpgrp()))
while os.getppid() == parent: time.sleep(0.02)
"""
SENT = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGWINCH, signal.SIGABRT, signal.SIGRTMIN + 3)


class Signals(product.Case):
    def setUp(self):
        super().setUp()
        self.python = interpreters.one_of("3.11", "3.12").path

    def command(self, program, bare=False):
        words = [self.python, "-c", program]
        return words if bare else [product.CISTERN, "run", "-o", self.path("x.cistern"), "-f", "--", *words]

    def start(self, program=COUNTER + READY, bare=False, **how):
        """Starts the program; returns the process and the program's own pid and process group."""
        process = subprocess.Popen(self.command(program, bare), env=product.clean_environment(), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **how)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        ready, pid, group = process.stdout.readline().split()
        self.assertEqual(ready, "ready")
        return process, int(pid), int(group)

    def count(self, process, send):
        """Sends each signal some times by send(signal), then ends the program; returns how often each one came."""
        for number in SENT * TIMES:
            send(number)
            self.assertEqual(process.stdout.readline(), "got %d\n" % number)
        process.send_signal(signal.SIGUSR2)
        rest = process.stdout.read()
        self.assertEqual(rest, "end\n", "a signal came more than once")
        self.assertEqual(process.wait(LIMIT_S), 42)

    def test_a_signal_to_the_group_of_a_session_comes_once(self):
        process, _, group = self.start(start_new_session=True)
        self.assertEqual(group, process.pid)
        self.count(process, lambda number: os.killpg(group, number))

    def test_a_signal_to_a_group_that_a_shell_made_comes_once(self):
        process, _, group = self.start(preexec_fn=lambda: os.setpgid(0, 0))
        self.count(process, lambda number: os.killpg(group, number))

    def test_a_signal_to_run_alone_comes_once(self):
        process, _, _ = self.start(start_new_session=True)
        self.count(process, process.send_signal)

    def test_a_signal_to_the_program_alone_comes_once(self):
        process, pid, _ = self.start(start_new_session=True)
        self.count(process, lambda number: os.kill(pid, number))

    def test_signals_to_the_group_and_to_run_may_alternate(self):
        process, _, group = self.start(start_new_session=True)
        turn = [0]

        def send(number):
            turn[0] += 1
            os.killpg(group, number) if turn[0] % 2 else process.send_signal(number)

        self.count(process, send)

    def test_the_program_may_signal_its_own_group(self):
        program = ("import os, signal, time\nhits = []\nsignal.signal(signal.SIGTERM, lambda *_: hits.append(1))\n"
                   "for i in range(%d):\n    os.kill(0, signal.SIGTERM)\n    time.sleep(0.01)\nprint(len(hits))" % TIMES)
        for bare in (True, False):
            done = product.run(self.command(program, bare), product.clean_environment(), before=os.setsid)
            self.assertEqual((done.code, done.out), (0, "%d\n" % TIMES))

    def test_a_program_with_a_group_of_its_own_gets_what_the_group_of_run_is_sent(self):
        process, pid, group = self.start(COUNTER + "os.setpgid(0, 0)\n" + READY, start_new_session=True)
        self.assertEqual(group, pid)
        self.count(process, lambda number: os.killpg(process.pid, number))

    def test_a_witness_that_was_stopped_or_killed_does_not_matter(self):
        for number in (signal.SIGSTOP, signal.SIGKILL):
            with self.subTest(signal=number):
                process, pid, group = self.start(start_new_session=True)
                with open("/proc/%d/task/%d/children" % (process.pid, process.pid)) as file:
                    witness, = {int(child) for child in file.read().split()} - {pid}
                os.kill(witness, number)
                process.terminate()
                self.assertEqual(process.stdout.readline(), "got 15\n")
                process.send_signal(signal.SIGUSR2)
                self.assertEqual(process.wait(LIMIT_S), 42)

    def test_nothing_of_run_stays_in_the_group(self):
        process, _, group = self.start(start_new_session=True)
        process.send_signal(signal.SIGUSR2)
        process.wait(LIMIT_S)
        with self.assertRaises(ProcessLookupError):
            os.killpg(group, 0)

    def test_the_value_of_a_queued_signal_arrives(self):
        program = ("import os, signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN + 1])\n"
                   "import ctypes\nos.write(1, b'ready %d %d\\n' % (os.getpid(), os.getpgrp()))\n"
                   "info = (ctypes.c_int * 32)()\nmask = (ctypes.c_ulong * 16)(1 << signal.SIGRTMIN)\n"
                   "print(ctypes.CDLL(None).sigwaitinfo(mask, info) - signal.SIGRTMIN, info[6])")
        process, _, _ = self.start(program)
        ctypes.CDLL(None).sigqueue(process.pid, signal.SIGRTMIN + 1, ctypes.c_void_p(4711))
        self.assertEqual(process.stdout.read(), "1 4711\n")
        self.assertEqual(process.wait(LIMIT_S), 0)

    def test_an_alarm_that_was_set_before_exec_reaches_the_program(self):
        codes = []
        for bare in (True, False):
            process = subprocess.Popen(self.command("import time\ntime.sleep(%d)" % LIMIT_S, bare),
                                       env=product.clean_environment(), preexec_fn=lambda: signal.alarm(1))
            codes.append(process.wait(LIMIT_S / 2))
        self.assertEqual(codes, [-signal.SIGALRM, 128 + signal.SIGALRM])


ORPHANS = """
import os, signal, sys, time
# Helpers that daemonize by forking twice; the program reaps whatever it gets.
for i in range(20):
    if os.fork() == 0:
        if os.fork() == 0: time.sleep(0.05)
        os._exit(0)
    time.sleep(0.01)
for i in range(20): os.wait()
def state(pid): return open("/proc/%s/stat" % pid).read().rsplit(")", 1)[1].split()[0]
def states():
    found = []
    for pid in os.listdir("/proc"):
        try: found += [state(pid)] if pid.isdigit() else []
        except OSError: pass
    return found
end = time.time() + 20
while "Z" in states() and time.time() < end: time.sleep(0.02)
print("zombies", states().count("Z"), "first", os.getppid(), flush=True)
"""


class ProcessOne(product.Case):
    """`cistern run` as the first process of a container."""

    def setUp(self):
        super().setUp()
        self.python = interpreters.one_of("3.11", "3.12").path
        self.unshare = ["unshare", "--pid", "--fork", "--mount-proc"]
        probe = subprocess.run([*self.unshare, "true"], stderr=subprocess.PIPE, text=True)
        if probe.returncode != 0:
            interpreters.say("NOT TESTED: process 1 of a pid namespace: " + probe.stderr.strip())
            self.skipTest("no pid namespace can be made")

    def run_first(self, program):
        return product.run([*self.unshare, product.CISTERN, "run", "-v", "-o", self.path("x.cistern"), "--",
                            self.python, "-c", program], product.clean_environment())

    def test_orphans_are_reaped(self):
        done = self.run_first(ORPHANS)
        self.assertEqual((done.code, done.out), (0, "zombies 0 first 1\n"), done.err)

    def test_the_exit_code_is_that_of_the_program(self):
        self.assertEqual(self.run_first("exit(7)").code, 7)

    def test_other_processes_end_with_the_program_and_their_profiles_are_finished(self):
        done = self.run_first("import os, time\nif os.fork() == 0:\n    kept = [bytes(7000) for _ in range(500)]\n"
                              "    os.write(1, b'.')\n    time.sleep(60)\ntime.sleep(0.5)")
        self.assertEqual((done.code, done.out), (0, "."))
        self.assertIn("in 2 processes", done.err)
        self.assertNotIn("still running", done.err)
        windows = [name for _, _, names in os.walk(self.folder) for name in names if name.endswith(".window")]
        self.assertEqual(windows, [])


if __name__ == "__main__":
    unittest.main()
