"""`--ring snapshot` and `cistern pack --snapshot` replace events by a snapshot: reports of a snapshot are the same as
those of the events."""
import json
import os
import random
import signal
import time
import unittest

import interpreters
import product
import reader
import run_in_background
from test_kill import Counters, THREADS

KILLS = int(os.environ.get("CISTERN_SNAPSHOT_KILLS", "4"))  # of each side

PROGRAM = """
import sys, threading, gc
def churn(count):
    kept = []
    for number in range(count):
        text = str(number) * 3
        kept.append([text])
        if number % 50: kept.pop()
    return kept
def cached(count, cache={}):
    for number in range(count): cache[number % 500] = bytearray(100 + number % 7)
leaked = []
def serve():
    for number in range(int(sys.argv[1])):
        leaked.append(bytearray(300))
        churn(20)
        cached(10)
thread = threading.Thread(target=serve)
thread.start()
serve()
thread.join()
"""
REPORTS = (["leaks", "--all"], ["leaks", "--all", "--at", "exit"], ["peak", "--top", "0"], ["tree"], ["pools"],
           ["pools", "--by", "line"], ["pools", "--at", "exit"], ["summary"], ["check"])
REFUSED = (["timeline"], ["temporary"], ["leaks", "--at", "0.001s"], ["leaks", "--warm-up", "0.001s"])


def comparable(value):
    """A report without the path and the size of the profile."""
    if isinstance(value, dict):
        return {key: comparable(part) for key, part in value.items() if key not in ("path", "profile", "file_bytes", "folded_events")}
    return [comparable(part) for part in value] if isinstance(value, list) else value


class Snapshot(run_in_background.Case):
    RUN_OPTIONS = ("--ring", "snapshot")

    def record(self, profile, *command, options=(), code=0):
        done = product.run([product.CISTERN, "run", "-f", *options, "-o", profile, "--", *command],
                           product.clean_environment())
        self.assertEqual((done.code, done.err), (code, ""))
        self.assertEqual(os.path.exists(profile + ".d") and os.listdir(profile + ".d") or [], [])

    def report(self, command, profile):
        done = product.cistern(*command, "--json", profile)
        self.assertEqual(done.err, "")
        return done.code, comparable(json.loads(done.out))

    def summary(self, profile):
        done = product.cistern("summary", "--json", profile)
        self.assertEqual((done.code, done.err), (0, ""))
        return json.loads(done.out)

    def assert_same_reports(self, snapshot, events, reports=REPORTS):
        for command in reports:
            with self.subTest(report=command):
                self.assertEqual(self.report(command, snapshot), self.report(command, events))
        for command in (["export", "--format", "collapsed"], ["export", "--format", "collapsed", "--what", "peak"],
                        ["export", "--format", "collapsed", "--what", "total"]):
            found, expected = (product.cistern(*command, profile) for profile in (snapshot, events))
            self.assertEqual((found.code, found.out, found.err), (expected.code, expected.out, expected.err), command)

    def test_a_snapshot_gives_the_same_reports_as_the_events(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                events, snapshot = self.path("events.cistern"), self.path("snapshot.cistern")
                self.record(events, interpreter.path, "-c", PROGRAM, 400, options=("--ring", "spill"))
                done = product.cistern("pack", "--snapshot", "--output", snapshot, events)
                self.assertEqual((done.code, done.err), (0, ""))
                self.assertGreater(self.summary(snapshot)["images"][0]["folded_events"], 10000)
                self.assert_same_reports(snapshot, events)
                os.remove(snapshot)

    def test_reports_that_need_single_events_are_refused(self):
        profile = self.path("x.cistern")
        self.record(profile, interpreters.one_of("3.11").path, "-c", PROGRAM, 50, options=("--ring", "snapshot"))
        for command in REFUSED:
            done = product.cistern(*command, profile)
            self.assertEqual((done.code, done.out), (3, ""), command)
            self.assertEqual(done.err.count("\n"), 1, done.err)
            self.assertIn("not in this profile: ", done.err)
            self.assertIn("the snapshot has ", done.err)

    def test_a_run_leaves_a_snapshot(self):
        profile = self.path("x.cistern")
        program = "for number in range(10 ** 6): str(number)"
        self.record(profile, interpreters.one_of("3.11").path, "-c", program, options=("--ring", "snapshot"))
        image, = self.summary(profile)["images"]
        self.assertGreater(image["folded_events"], 2 * 10 ** 6)
        self.assertEqual((image["lost_events"], image["lost_segments"], image["torn_bytes"]), (0, 0, 0))
        self.assertLess(os.path.getsize(profile), 1 << 20)
        self.assertTrue(reader.is_packed(profile))

    def bytes_on_disk(self, profile):
        total = 0
        for path in [profile] + [os.path.join(profile + ".d", name) for name in self.names_below(profile)]:
            try:
                if not path.endswith(".window"):
                    total += os.stat(path).st_blocks * 512
            except OSError:
                pass
        return total

    def test_disk_use_is_bounded(self):
        """The program waits for `run`, which never stops it: on a busy machine the program is faster."""
        profile = self.path("x.cistern")
        program = """
import os, sys, time
kept = [bytearray(100) for _ in range(10000)]
for part in range(80):
    for number in range(10 ** 5): str(number)
    deadline = time.monotonic() + 60
    while os.stat(sys.argv[1]).st_blocks * 512 > 32 << 20 and time.monotonic() < deadline: time.sleep(0.01)
"""
        run = self.start(profile, interpreters.one_of("3.11").path, "-c", program, profile)
        most = 0
        while run.poll() is None:
            most = max(most, self.bytes_on_disk(profile))
            time.sleep(0.01)
        self.assertEqual((run.returncode, run.stderr.read()), (0, b""))
        self.assertEqual(self.names_below(profile), [])
        summary = self.summary(profile)
        image, = summary["images"]
        self.assertGreater(image["events"], 30 * 10 ** 6)
        self.assertEqual((image["lost_events"], image["lost_segments"], image["torn_bytes"]), (0, 0, 0))
        self.assertEqual((image["unknown_frees"], image["implied_frees"]), (0, 0))
        self.assertLess(os.path.getsize(profile), 2 << 20)
        self.assertLess(most, 64 << 20)  # the events take about 250 MB
        code, leaks = self.report(["leaks", "--all"], profile)
        self.assertEqual(code, 0)
        held = [group for group in leaks["groups"] if group["bytes"] >= 10000 * 100]
        self.assertTrue(held and all(group["growth"] == "one-off" for group in held), held)

    def assert_all_counted(self, profile, counters):
        """Each completed call is an event, and no free is unknown or implied."""
        image, = self.summary(profile)["images"]
        self.assertEqual((image["lost_events"], image["lost_segments"], image["torn_bytes"]), (0, 0, 0))
        self.assertEqual((image["unknown_frees"], image["implied_frees"]), (0, 0))
        completed = sum(counters.completed())
        self.assertTrue(completed <= image["events"] <= completed + THREADS + 100, (completed, image["events"]))
        self.assertLessEqual(image["end_blocks"], THREADS * 64 + 100)
        return image

    def wait_for_first_snapshot(self, profile, chance):
        """Until the first snapshot is being written, and a random time longer."""
        self.wait_for(lambda: any(name.endswith((".packed", ".next")) for name in self.names_below(profile)), 120)
        time.sleep(chance.random() * 0.3)

    def test_a_kill_of_the_program_loses_nothing(self):
        chance = random.Random(81)
        for number in range(KILLS):
            with self.subTest(kill=number):
                profile, counters = self.path("%d.cistern" % number), Counters(self.path("%d.counters" % number))
                run, program = self.start_native(profile, counters)
                self.wait_for_first_snapshot(profile, chance)
                os.kill(program, signal.SIGKILL)
                err = run.communicate(timeout=240)[1]
                self.assertEqual((run.returncode, err), (128 + signal.SIGKILL, b""))
                self.assertEqual(self.names_below(profile), [])
                image = self.assert_all_counted(profile, counters)
                self.assertEqual(image["ended_by"], "signal 9")
                self.assertGreater(image["folded_events"], image["events"] // 4)
                os.remove(profile)

    def test_a_kill_of_run_and_then_of_the_program_loses_nothing(self):
        chance = random.Random(82)
        for number in range(KILLS):
            with self.subTest(kill=number):
                profile, counters = self.path("%d.cistern" % number), Counters(self.path("%d.counters" % number))
                run, program = self.start_native(profile, counters)
                self.wait_for_first_snapshot(profile, chance)
                run.kill()
                run.wait()
                time.sleep(chance.random() * 0.1)
                os.kill(program, signal.SIGKILL)
                self.wait_for_end(program)
                before = self.assert_all_counted(profile, counters)
                done = product.cistern("pack", "--snapshot", profile)
                self.assertEqual((done.code, done.err), (0, ""))
                self.assertEqual(self.names_below(profile), [])
                after = self.assert_all_counted(profile, counters)
                for figure in ("events", "peak_bytes", "peak_ns", "end_bytes", "end_blocks"):
                    self.assertEqual(after[figure], before[figure], figure)
                os.remove(profile)

    def test_reports_work_while_the_program_runs(self):
        profile, counted = self.path("x.cistern"), self.path("counted")
        program = """
import os, sys, time
for part in range(100000):
    for i in range(20000): bytearray(2001)
    with open(sys.argv[1] + ".new", "w") as file: file.write(str(part + 1))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(0.002)
"""
        run = self.start(profile, interpreters.one_of("3.11").path, "-c", program, counted)
        self.addCleanup(run.wait, 60)
        self.addCleanup(run.terminate)  # run forwards the signal
        events = finalized = 0
        deadline = time.monotonic() + 60
        while not os.path.exists(counted) and time.monotonic() < deadline:
            time.sleep(0.01)
        while finalized < 4 * 10 ** 6:
            self.assertLess(time.monotonic(), deadline)
            with open(counted) as file:
                before = int(file.read()) * 2 * 20000
            image, = self.summary(profile)["images"]
            self.assertGreaterEqual(image["events"], max(before, events))
            self.assertEqual((image["lost_events"], image["lost_segments"], image["torn_bytes"]), (0, 0, 0))
            self.assertEqual((image["unknown_frees"], image["implied_frees"]), (0, 0))
            self.assertLess(image["end_blocks"], 20000)
            events, finalized = image["events"], image["folded_events"]
        refused = product.cistern("pack", "--snapshot", profile)
        self.assertEqual(refused.code, 3)
        self.assertIn("still writes to it", refused.err)

    def test_each_image_has_its_own_snapshot(self):
        profile = self.path("x.cistern")
        program = """
import os
kept = [bytearray(100) for _ in range(100)]
child = os.fork()
for number in range(10 ** 6 if child else 3 * 10 ** 6): str(number)
if child: os.waitpid(child, 0)
"""
        run = self.start(profile, interpreters.one_of("3.11").path, "-c", program)
        self.assertEqual((run.wait(240), run.stderr.read()), (0, b""))
        images = self.summary(profile)["images"]
        self.assertEqual(len(images), 2)
        for image, events in zip(images, (2 * 10 ** 6, 6 * 10 ** 6)):
            self.assertGreater(image["folded_events"], events)
            self.assertEqual((image["lost_events"], image["lost_segments"], image["torn_bytes"]), (0, 0, 0))
            self.assertEqual(image["implied_frees"], 0)
        self.assertEqual([name for name in self.names_below(profile) if not name.endswith(".cistern")], [])
        self.assertLess(self.bytes_on_disk(profile), 4 << 20)

    def test_idle_threads_do_not_delay_snapshots(self):
        """Each has published some events; its segment stays unsealed during millions of other events."""
        profile = self.path("x.cistern")
        program = """
import os, sys, threading, time
ready, done = threading.Barrier(9), threading.Event()
held = []
def wait(number):
    held.append([bytearray(300 + number) for _ in range(10)])
    ready.wait()
    done.wait()
    held[0].clear()
threads = [threading.Thread(target=wait, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
ready.wait()
for part in range(40):
    for number in range(10 ** 5): str(number)
    deadline = time.monotonic() + 60
    while os.stat(sys.argv[1]).st_blocks * 512 > 32 << 20 and time.monotonic() < deadline: time.sleep(0.01)
done.set()
for thread in threads: thread.join()
"""
        run = self.start(profile, interpreters.one_of("3.11").path, "-c", program, profile)
        most = 0
        while run.poll() is None:
            most = max(most, self.bytes_on_disk(profile))
            time.sleep(0.01)
        self.assertEqual((run.returncode, run.stderr.read()), (0, b""))
        image, = self.summary(profile)["images"]
        self.assertGreater(image["events"], 15 * 10 ** 6)
        self.assertEqual((image["unknown_frees"], image["implied_frees"], image["lost_segments"]), (0, 0, 0))
        self.assertLess(most, 64 << 20)  # of 120 MB

    def test_threads_that_outlive_the_main_module_do_not_fill_the_disk(self):
        profile = self.path("x.cistern")
        program = """
import os, sys, threading, time
kept = []
def work():
    for part in range(40):
        kept.append(bytes(777))
        for number in range(10 ** 5): str(number)
        deadline = time.monotonic() + 60
        while os.stat(sys.argv[1]).st_blocks * 512 > 32 << 20 and time.monotonic() < deadline: time.sleep(0.01)
threading.Thread(target=work).start()
"""
        run = self.start(profile, interpreters.one_of("3.11").path, "-c", program, profile)
        most = 0
        while run.poll() is None:
            most = max(most, self.bytes_on_disk(profile))
            time.sleep(0.01)
        self.assertEqual((run.returncode, run.stderr.read()), (0, b""))
        image, = self.summary(profile)["images"]
        self.assertIn(image["end_state"], ("exiting", "finalizing"))
        self.assertGreater(image["folded_events"], 15 * 10 ** 6)
        self.assertLess(most, 64 << 20)
        leaks = self.report(["leaks", "--all"], profile)[1]
        self.assertIn((40 * (777 + 33), 40), [(group["bytes"], group["blocks"]) for group in leaks["groups"]])

    def test_a_damaged_profile_is_not_changed(self):
        profile = self.path("x.cistern")
        self.record(profile, interpreters.one_of("3.11").path, "-c", PROGRAM, 100, options=("--ring", "spill"))
        with open(profile, "r+b") as file:
            file.seek(os.path.getsize(profile) // 2)
            file.write(b"rot")
        with open(profile, "rb") as file:
            before = file.read()
        done = product.cistern("pack", "--snapshot", profile)
        self.assertEqual(done.code, 3)
        self.assertIn("damaged and was not changed", done.err)
        with open(profile, "rb") as file:
            self.assertEqual(file.read(), before)


if __name__ == "__main__":
    unittest.main()
