"""A program that is killed at any moment, or that ends abruptly, leaves a profile with all events up to its end."""
import json
import mmap
import os
import random
import signal
import struct
import subprocess
import time
import unittest

import interpreters
import product

KILLS = int(os.environ.get("CISTERN_KILLS", "200"))
PYTHON_KILLS = int(os.environ.get("CISTERN_PYTHON_KILLS", "8"))  # of each interpreter
THREADS = 4
PYTHON_PROGRAM = os.path.join(product.PROGRAMS, "count_until_killed.py")
PYTHON_SIZES = [5002 + 2 * i for i in range(THREADS)]


class Counters:
    """The file in which the killed program counted; see shared_counters.h and count_until_killed.py."""

    def __init__(self, path):
        self.path = path

    def _words(self, form, at):
        try:
            with open(self.path, "rb") as file:
                data = file.read(mmap.PAGESIZE)
            return struct.unpack_from(form, data, at)
        except (OSError, struct.error):
            return ()

    def native_ready(self):
        return self._words("<I", 0) == (THREADS,)

    def python_ready(self):
        return self._words("<4Q", 64) == (1,) * THREADS

    def tids(self):
        return self._words("<4I", 8)

    def completed(self):
        """How many calls each thread of the native program completed."""
        return self._words("<4Q", 24)

    def python_completed(self):
        return self._words("<4Q", 16)


def kill_while_busy(command, env, ready, delay):
    """Starts a program, waits until it is ready and then `delay` seconds, and kills it."""
    process = subprocess.Popen([str(part) for part in command], env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not ready() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.0005)
    time.sleep(delay)
    process.kill()
    _, err = process.communicate()
    return process.returncode, err.decode("utf-8", "replace")


class Kill(product.Case):
    def counted_events(self, profile):
        """Events of the malloc domain by thread id, of the only image."""
        done = self.run_well([product.tool("event_counts"), profile], product.clean_environment())
        image, = json.loads(done.out)
        self.assertEqual(image["lost"], 0)
        return {thread["tid"]: sum(thread.get("malloc." + op, 0) for op in ("alloc", "free", "realloc"))
                for thread in image["threads"]}

    def assert_complete(self, counters, events, slack):
        for tid, completed in zip(counters.tids(), counters.completed()):
            found = events.get(tid, 0)
            self.assertTrue(completed <= found <= completed + slack,
                            "thread %d completed %d calls, the profile has %d events" % (tid, completed, found))

    def assert_reads(self, profile, **wanted):
        report = product.cistern("summary", "--json", profile)
        self.assertEqual((report.code, report.err), (0, ""))
        image, = json.loads(report.out)["images"]
        self.assertEqual({name: image[name] for name in wanted}, wanted)
        return image

    def test_a_native_program_killed_at_a_random_moment_loses_nothing(self):
        chance = random.Random(4711)
        for number in range(KILLS):
            with self.subTest(kill=number):
                profile, counters = self.path("%d.cistern" % number), Counters(self.path("%d.counters" % number))
                env = product.recorded_environment(profile, {"follow": "all", "domains": "malloc"})
                code, err = kill_while_busy([product.tool("kill_target"), counters.path], env, counters.native_ready,
                                            chance.random() ** 2 * 0.04)
                self.assertEqual((code, err), (-signal.SIGKILL, ""))
                self.assert_complete(counters, self.counted_events(profile), slack=1)
                self.remove(profile)

    def test_reports_work_after_a_kill(self):
        chance = random.Random(1147)
        for number in range(max(1, KILLS // 8)):
            with self.subTest(kill=number):
                profile, counters = self.path("%d.cistern" % number), Counters(self.path("%d.counters" % number))
                env = product.recorded_environment(profile, {"follow": "all", "domains": "malloc"})
                kill_while_busy([product.tool("kill_target"), counters.path], env, counters.native_ready,
                                chance.random() * 0.02)
                image = self.assert_reads(profile, lost_events=0, torn_bytes=0, overwritten=0, ended_by="unknown")
                events = sum(self.counted_events(profile).values())
                self.assertGreaterEqual(image["events"], events)
                self.remove(profile)

    def test_a_python_program_killed_at_a_random_moment_loses_nothing(self):
        for interpreter in interpreters.supported():
            chance = random.Random(interpreter.name)
            for number in range(PYTHON_KILLS):
                with self.subTest(interpreter=interpreter.name, kill=number):
                    profile, counters = self.path("%d.cistern" % number), Counters(self.path("%d.counters" % number))
                    code, err = kill_while_busy([interpreter.path, PYTHON_PROGRAM, counters.path],
                                                product.recorded_environment(profile), counters.python_ready,
                                                chance.random() * 0.03)
                    self.assertEqual((code, err), (-signal.SIGKILL, ""))
                    self.assert_bytearrays(profile, counters, slack=1)
                    self.remove(profile)
                    os.remove(counters.path)

    def recorded_bytearrays(self, profile):
        """How many bytearrays of each thread's size were allocated."""
        done = self.run_well([product.tool("event_counts"), profile] + PYTHON_SIZES, product.clean_environment())
        image, = json.loads(done.out)
        self.assertEqual(image["lost"], 0)
        return [image["sizes"][str(size)] for size in PYTHON_SIZES]

    def assert_bytearrays(self, profile, counters, slack):
        for made, completed in zip(self.recorded_bytearrays(profile), counters.python_completed()):
            self.assertTrue(completed <= made <= completed + slack,
                            "%d bytearrays were made, the profile has %d" % (completed, made))

    def test_a_native_program_that_ends_abruptly_loses_nothing(self):
        ends = {"_exit": (7, "_exit"), "quick_exit": (8, "_exit"), "abort": (-signal.SIGABRT, "unknown"),
                "segv": (-signal.SIGSEGV, "unknown"), "exec": (0, "exec")}
        for end, (wanted, ended_by) in ends.items():
            with self.subTest(end=end):
                profile, counters = self.path(end + ".cistern"), Counters(self.path(end + ".counters"))
                env = product.recorded_environment(profile, {"follow": "all", "domains": "malloc"})
                command = [product.tool("kill_target"), counters.path, 20000, end, product.tool("event_counts")]
                done = product.run(command, env)
                self.assertEqual(done.err, "")
                self.assertEqual(done.code, 2 if end == "exec" else wanted)
                images = self.image_counts(profile)
                self.assertEqual(len(images), 2 if end == "exec" else 1)
                self.assertEqual(counters.completed(), (20000,) * THREADS)
                events = next(counts for counts in images if set(counters.tids()) <= set(counts))
                self.assert_complete(counters, events, slack=0)
                self.assertIn(ended_by, self.recorded_ends(profile))
                self.remove(profile)

    def image_counts(self, profile):
        done = self.run_well([product.tool("event_counts"), profile], product.clean_environment())
        return [{thread["tid"]: sum(thread.get("malloc." + op, 0) for op in ("alloc", "free", "realloc"))
                 for thread in image["threads"]} for image in json.loads(done.out)]

    def recorded_ends(self, profile):
        report = product.cistern("summary", "--json", profile)
        self.assertEqual((report.code, report.err), (0, ""))
        return [image["ended_by"] for image in json.loads(report.out)["images"]]

    def test_a_python_program_that_ends_abruptly_loses_nothing(self):
        ends = {"_exit": (7, "_exit", ""), "abort": (-signal.SIGABRT, "unknown", None), "exec": (0, "exec", ""),
                "exit": (0, "exit", "")}
        for interpreter in interpreters.supported():
            for end, (code, ended_by, err) in ends.items():
                with self.subTest(interpreter=interpreter.name, end=end):
                    profile, counters = self.path(end + ".cistern"), Counters(self.path(end + ".counters"))
                    done = product.run([interpreter.path, PYTHON_PROGRAM, counters.path, 3000, end],
                                       product.recorded_environment(profile, {"force": "on"}))
                    self.assertEqual(done.code, code)
                    self.assertEqual(done.err if err is not None else None, err)
                    self.assertEqual(done.out, "taken over\n" if end == "exec" else "")
                    self.assertEqual(counters.python_completed(), (3000,) * THREADS)
                    self.assert_bytearrays(profile, counters, slack=0)
                    # The image that exec started is not Python: it has no profile.
                    self.assertEqual(self.recorded_ends(profile), [ended_by])
                    self.remove(profile)

    def test_threads_that_run_during_exit_leave_a_complete_profile(self):
        for number in range(KILLS // 4):
            with self.subTest(exit=number):
                profile, counters = self.path("%d.cistern" % number), Counters(self.path("%d.counters" % number))
                env = product.recorded_environment(profile, {"follow": "all", "domains": "malloc"})
                done = product.run([product.tool("kill_target"), counters.path, 500, "busy"], env)
                self.assertEqual((done.code, done.err), (7, ""))
                self.assert_complete(counters, self.counted_events(profile), slack=1)
                self.assertEqual(self.recorded_ends(profile), ["_exit"])
                self.remove(profile)

    def remove(self, profile):
        for folder, _, names in os.walk(profile + ".d"):
            for name in names:
                os.remove(os.path.join(folder, name))
        if os.path.isdir(profile + ".d"):
            os.rmdir(profile + ".d")
        os.remove(profile)


if __name__ == "__main__":
    unittest.main()
