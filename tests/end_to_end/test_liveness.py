"""Whether a recorded process still runs: a lock on its profile tells, whatever the program does and wherever it runs."""
import fcntl
import json
import os
import signal
import struct
import subprocess
import unittest

import interpreters
import product

LIMIT_S = 60
WAIT = "os.write(1, b'ready\\n'); os.read(0, 1)\n"


def is_locked(profile):
    """Asks as FORMAT.md says: for a lock of another open file on byte 0."""
    with open(profile, "rb") as file:
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0)
        answer = fcntl.fcntl(file, 36, asked)  # F_OFD_GETLK
    return struct.unpack("hhqqi4x", answer)[0] != fcntl.F_UNLCK


def summary(profile):
    return json.loads(product.cistern("summary", "--json", profile).out)["images"]


class Liveness(product.Case):
    def setUp(self):
        super().setUp()
        self.python = interpreters.one_of("3.11", "3.12").path
        self.profile = self.path("x.cistern")

    def start(self, program, command=(), **how):
        """Starts a recorded program, which prints "ready" and then waits for the end of its input."""
        process = subprocess.Popen([*command, self.python, "-c", "import os\n" + program],
                                   env=product.recorded_environment(self.profile), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, **how)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def end(self, process):
        process.stdin.close()
        process.wait(LIMIT_S)

    def test_the_lock_is_held_until_the_end(self):
        process = self.start(WAIT)
        self.assertTrue(is_locked(self.profile))
        self.end(process)
        self.assertFalse(is_locked(self.profile))

    def test_the_lock_ends_with_a_kill(self):
        process = self.start(WAIT)
        process.kill()
        process.wait(LIMIT_S)
        self.assertFalse(is_locked(self.profile))

    def test_the_program_may_close_all_descriptors(self):
        process = self.start("os.closerange(3, 1 << 20)\n" + WAIT)
        self.assertTrue(is_locked(self.profile))
        self.end(process)

    def test_a_forked_child_does_not_hold_it(self):
        # The child waits without any event of its own: it never begins an image.
        process = self.start("import time\nchild = os.fork()\nif child == 0:\n    os.read(0, 1)\n    os._exit(0)\n"
                             "os.write(1, b'ready\\n'); time.sleep(60)")
        process.kill()
        process.wait(LIMIT_S)
        self.assertFalse(is_locked(self.profile))

    def test_exec_ends_the_image_and_not_the_process(self):
        process = self.start("os.execl('/bin/sh', 'sh', '-c', 'echo ready; read line')")
        self.assertFalse(is_locked(self.profile))
        self.assertEqual(product.cistern("pack", self.profile).code, 0)
        self.end(process)

    def test_exec_of_python_is_another_image(self):
        process = self.start("os.execl('%s', 'python', '-c', 'import os; os.write(1, b\"ready\\\\n\"); os.read(0, 1)')"
                             % self.python)
        self.assertFalse(is_locked(self.profile))
        later, = [os.path.join(self.profile + ".d", name) for name in os.listdir(self.profile + ".d")
                  if name.endswith(".cistern")]
        self.assertTrue(is_locked(later))
        self.end(process)

    def test_a_process_whose_first_thread_has_ended_runs(self):
        process = self.start("import ctypes, threading\ndef work():\n    import time; time.sleep(0.3)\n    "
                             + WAIT.replace("\n", "\n    ") + "\nthreading.Thread(target=work).start()\n"
                             "ctypes.CDLL(None).pthread_exit(None)")
        with open("/proc/%d/stat" % process.pid) as file:
            self.assertEqual(file.read().rsplit(")", 1)[1].split()[0], "Z")
        self.assertTrue(is_locked(self.profile))
        self.assertIn("still writes", product.cistern("pack", self.profile).err)

    def test_reports_say_whether_it_runs(self):
        process = self.start(WAIT)
        text = product.cistern("summary", self.profile).out
        self.assertIn("still running", text)
        self.assertNotIn("killed", text)
        self.assertEqual([one["running"] for one in summary(self.profile)], [True])
        process.kill()
        process.wait(LIMIT_S)
        text = product.cistern("summary", self.profile).out
        self.assertIn("ended without an end record (killed?)", text)
        self.assertNotIn("running", text)
        self.assertEqual([one["running"] for one in summary(self.profile)], [False])

    def test_pack_refuses_the_profile_of_a_running_process(self):
        process = self.start(WAIT)
        done = product.cistern("pack", self.profile)
        self.assertEqual((done.code, done.err), (3, "cistern: %s: process %d still writes to it\n"
                                                 % (self.profile, process.pid)))
        self.end(process)

    def test_force_never_wipes_the_profile_of_a_running_process(self):
        process = self.start(WAIT)
        before = os.stat(self.profile)
        probe = product.run([self.python, "-c", "print('healthy')"],
                            product.recorded_environment(self.profile, {"force": "on"}))
        self.assertEqual((probe.code, probe.out), (0, "healthy\n"))
        self.assertEqual(probe.err, "cistern: not recording: %s: a running process records to this file\n"
                         % self.profile)
        refused = product.run([product.CISTERN, "run", "-f", "-o", self.profile, "--", self.python, "-c", ""],
                              product.clean_environment())
        self.assertEqual(refused.code, 125)
        self.assertIn("a running process records to it", refused.err)
        self.assertEqual(os.stat(self.profile).st_ino, before.st_ino)
        self.end(process)
        again = product.run([self.python, "-c", ""], product.recorded_environment(self.profile, {"force": "on"}))
        self.assertEqual((again.code, again.err), (0, ""))
        self.assertGreater(os.stat(self.profile).st_ctime_ns, before.st_ctime_ns)
        self.assertEqual([one["argv"][-1] for one in summary(self.profile)], [""])


class Namespaces(product.Case):
    """A pid namespace below `run`: pids there mean other processes here."""

    def setUp(self):
        super().setUp()
        self.python = interpreters.one_of("3.11", "3.12").path
        self.profile = self.path("x.cistern")
        self.unshare = ["unshare", "--pid", "--fork", "--mount-proc"]
        probe = subprocess.run([*self.unshare, "true"], stderr=subprocess.PIPE, text=True)
        if probe.returncode != 0:
            interpreters.say("NOT TESTED: a pid namespace: " + probe.stderr.strip())
            self.skipTest("no pid namespace can be made")

    def test_a_process_below_is_packed_while_it_runs(self):
        program = self.path("app.py")
        with open(program, "w") as file:  # about 40 MB of events, then a wait until something is packed
            file.write("import os, time\nfor i in range(60):\n    kept = [object() for _ in range(50_000)]\n"
                       "end = time.time() + 30\ndef packed(): return [n for n in os.listdir('%s.d') if "
                       "n.endswith('.packed')]\nwhile not packed() and time.time() < end: time.sleep(0.02)\n"
                       "print(os.getpid(), len(packed()))" % self.profile)
        done = product.run([product.CISTERN, "run", "-v", "-o", self.profile, "--", *self.unshare, self.python,
                            program], product.clean_environment(NO_COLOR="1"))
        self.assertEqual((done.code, done.out), (0, "1 1\n"), done.err)
        self.assertFalse(os.path.exists(self.profile + ".d"))

    def test_a_process_below_that_outlives_the_program_is_left_alone(self):
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        below = "import os; open('%s', 'w').write('x\\n'); kept = bytes(7000); open('%s').read()" % (fifo, fifo)
        done = product.run(
            [product.CISTERN, "run", "-v", "-o", self.profile, "--", "/bin/sh", "-c",
             '"$@" >/dev/null 2>&1 </dev/null & read line <"%s"' % fifo, "sh", *self.unshare, self.python, "-c", below],
            product.clean_environment(NO_COLOR="1"))
        self.assertEqual(done.code, 0, done.err)
        try:
            self.assertIn("1 still running", done.err)
            self.assertTrue(is_locked(self.profile))
            self.assertEqual(product.cistern("pack", self.profile).code, 3)
            windows = [name for name in os.listdir(self.profile + ".d") if name.endswith(".window")]
            self.assertEqual(len(windows), 1)
        finally:
            with open(fifo, "w"):
                pass


if __name__ == "__main__":
    unittest.main()
