"""Programs under `cistern run` that a test watches, and kills, while they run."""
import os
import signal
import subprocess
import time

import product


class Case(product.Case):
    RUN_OPTIONS = ()  # of each `cistern run`

    def start(self, profile, *command, options=()):
        arguments = [product.CISTERN, "run", *self.RUN_OPTIONS, *options, "-o", profile, "--", *command]
        run = subprocess.Popen([str(part) for part in arguments], env=product.clean_environment(),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(run.stderr.close)
        return run

    def start_native(self, profile, counters):
        """Starts kill_target.cpp. Returns the process of `cistern run` and the pid of the program when it allocates."""
        run = self.start(profile, product.tool("kill_target"), counters.path, 10 ** 9,
                         options=("--follow", "all", "--domains", "malloc"))
        self.wait_for(counters.native_ready)
        with open("/proc/%d/task/%d/children" % (run.pid, run.pid)) as file:
            children = [int(child) for child in file.read().split()]
        # Run has a process of its own among them.
        program, = [child for child in children if os.path.samefile("/proc/%d/exe" % child, product.tool("kill_target"))]
        self.addCleanup(self.kill, program)
        return run, program

    @staticmethod
    def kill(program):
        try:
            os.kill(program, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def wait_for(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, "timed out")
            time.sleep(0.002)

    def wait_for_end(self, pid):
        """Until the process has ended; nobody may have waited for it."""
        self.wait_for(lambda: not os.path.exists("/proc/%d/maps" % pid) or self.is_zombie(pid))

    @staticmethod
    def is_zombie(pid):
        try:
            with open("/proc/%d/stat" % pid) as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    @staticmethod
    def names_below(profile):
        """The files in the profile's directory."""
        return os.listdir(profile + ".d") if os.path.isdir(profile + ".d") else []
