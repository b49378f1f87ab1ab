"""Profiles that `cistern run` packs while the program runs: no kill of either side loses events."""
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

KILLS = int(os.environ.get("CISTERN_DRAIN_KILLS", "8"))  # of each side
MIN_PACKED = 4 << 20  # smaller profiles are not packed


class Drain(run_in_background.Case):
    def summary(self, profile):
        report = product.cistern("summary", "--json", profile)
        self.assertEqual((report.code, report.err), (0, ""))
        image, = json.loads(report.out)["images"]
        self.assertEqual((image["lost_events"], image["torn_bytes"], image.get("lost_segments", 0)), (0, 0, 0))
        return image

    def assert_complete(self, profile, counters):
        plain = self.path("plain.cistern")
        if os.path.exists(plain):
            os.remove(plain)
        done = product.cistern("pack", "--plain", "--output", plain, profile)
        self.assertEqual((done.code, done.err), (0, ""))
        image, = json.loads(self.run_well([product.tool("event_counts"), plain], product.clean_environment()).out)
        found = {thread["tid"]: sum(thread.get("malloc." + op, 0) for op in ("alloc", "free", "realloc"))
                 for thread in image["threads"]}
        for tid, completed in zip(counters.tids(), counters.completed()):
            self.assertTrue(completed <= found.get(tid, 0) <= completed + 1, (tid, completed, found))
        self.assertEqual(len(counters.tids()), THREADS)
        return sum(found.values())

    def packed_names(self, profile):
        return [name for name in self.names_below(profile) if name.endswith(".packed")]

    def test_a_kill_of_the_program_loses_nothing(self):
        chance = random.Random(71)
        packed = 0
        for number in range(KILLS):
            with self.subTest(kill=number):
                profile, counters = self.path("%d.cistern" % number), Counters(self.path("%d.counters" % number))
                run, program = self.start_native(profile, counters)
                time.sleep(chance.random() * 0.4)
                os.kill(program, signal.SIGKILL)
                err = run.communicate(timeout=120)[1]
                self.assertEqual((run.returncode, err), (128 + signal.SIGKILL, b""))
                self.assertEqual(self.names_below(profile), [])
                image = self.summary(profile)
                self.assertEqual(image["ended_by"], "signal 9")
                packed += reader.is_packed(profile)
                events = self.assert_complete(profile, counters)
                self.assertGreaterEqual(image["events"], events)
                os.remove(profile)
        self.assertGreater(packed, KILLS // 2)

    def test_a_kill_of_run_and_then_of_the_program_loses_nothing(self):
        chance = random.Random(72)
        packed = 0
        for number in range(KILLS):
            with self.subTest(kill=number):
                profile, counters = self.path("%d.cistern" % number), Counters(self.path("%d.counters" % number))
                run, program = self.start_native(profile, counters)
                time.sleep(chance.random() * 0.4)
                run.kill()
                run.wait()
                packed += len(self.packed_names(profile))
                time.sleep(chance.random() * 0.1)
                os.kill(program, signal.SIGKILL)
                self.wait_for_end(program)
                self.summary(profile)
                self.assert_complete(profile, counters)
                self.assertEqual(product.cistern("pack", profile).code, 0)
                self.assertEqual(self.names_below(profile), [])
                self.assert_complete(profile, counters)
                os.remove(profile)
        self.assertGreater(packed, KILLS // 2)

    def test_reports_work_while_the_program_runs(self):
        profile, counted = self.path("x.cistern"), self.path("counted")
        program = """
import sys, time
for part in range(100000):
    for i in range(20000): bytes(2002 - sys.getsizeof(b""))
    with open(sys.argv[1], "w") as file: file.write(str(part + 1))
    time.sleep(0.02)
"""
        run = self.start(profile, interpreters.one_of("3.11").path, "-c", program, counted)
        self.addCleanup(run.terminate)  # run forwards the signal
        self.wait_for(lambda: self.packed_names(profile))
        events = 0
        for _ in range(5):
            with open(counted) as file:
                before = int(file.read() or "0") * 2 * 20000
            image = self.summary(profile)
            self.assertGreaterEqual(image["events"], max(before, events + 1))
            events = image["events"]
        refused = product.cistern("pack", profile)
        self.assertEqual(refused.code, 3)
        self.assertIn("still writes to it", refused.err)
        run.terminate()
        run.wait(60)
        with open(counted) as file:
            self.assertGreaterEqual(self.summary(profile)["events"], int(file.read() or "0") * 2 * 20000)

    PROGRAM = """
import sys
def work(count):
    kept = []
    for number in range(count):
        kept.append(bytes(2002 - sys.getsizeof(b"")))
        if number % 3: kept.pop()
        text = str(number) * 3
    return len(kept)
print(work(int(sys.argv[1])))
"""

    def test_a_packed_profile_gives_the_same_reports_as_a_plain_one(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile = self.path("x.cistern")
                command = [product.CISTERN, "run", "-f", "-o", profile, "--", interpreter.path, "-c", self.PROGRAM, 200000]
                self.run_well(command, product.clean_environment())
                self.assertTrue(reader.is_packed(profile))
                self.assertEqual(self.names_below(profile), [])
                plain = self.path(interpreter.name + ".plain.cistern")
                self.assertEqual(product.cistern("pack", "--plain", "--output", plain, profile).code, 0)
                self.assertLess(os.path.getsize(profile), os.path.getsize(plain) / 2.5)
                for report in (["leaks", "--all", "--json"], ["pools", "--json"], ["dump", "--events", "--limit", "100000"]):
                    outputs = [product.cistern(*report, path).out.replace(path, "X") for path in (profile, plain)]
                    self.assertEqual(outputs[0], outputs[1], report)
                self.assertEqual(product.cistern("pack", plain).code, 0)
                self.assertLess(os.path.getsize(plain), os.path.getsize(profile) * 1.02)

    def test_a_small_profile_is_not_packed(self):
        profile = self.path("x.cistern")
        self.run_well([product.CISTERN, "run", "-o", profile, "--", interpreters.one_of("3.11").path, "-c", "pass"],
                      product.clean_environment())
        self.assertLess(os.path.getsize(profile), MIN_PACKED)
        self.assertFalse(reader.is_packed(profile))

    def test_the_size_limit_counts_bytes_on_disk(self):
        profile = self.path("x.cistern")
        program = """
import os, sys, time
for part in range(90):
    for i in range(30000): bytes(2002 - sys.getsizeof(b""))
    deadline = time.monotonic() + 60
    while os.stat(sys.argv[1]).st_blocks * 512 > 6 << 20 and time.monotonic() < deadline: time.sleep(0.01)
"""
        command = [product.CISTERN, "run", "--max-size", "16MiB", "-o", profile, "--",
                   interpreters.one_of("3.11").path, "-c", program, profile]
        done = self.run_well(command, product.clean_environment())
        self.assertEqual(done.err, "")
        image = self.summary(profile)  # nothing lost, though the events take more than 16 MiB plain
        self.assertGreater(image["events"], 90 * 30000 * 2)
        plain = self.path("plain.cistern")
        self.assertEqual(product.cistern("pack", "--plain", "--output", plain, profile).code, 0)
        self.assertGreater(os.path.getsize(plain), 16 << 20)

    def test_child_processes_that_outlive_run_keep_their_events(self):
        profile, counters = self.path("x.cistern"), self.path("pid")
        program = """
import os, sys, time
if os.fork() == 0:
    child = os.getpid()
    for i in range(400000): bytes(2002 - sys.getsizeof(b""))
    open(sys.argv[1] + ".part", "w").write(str(child)); os.rename(sys.argv[1] + ".part", sys.argv[1])
    time.sleep(1.5)
    for i in range(100000): bytes(2002 - sys.getsizeof(b""))
    os._exit(0)
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
"""
        self.run_well([product.CISTERN, "run", "-o", profile, "--", interpreters.one_of("3.11").path, "-c", program,
                       counters], product.clean_environment())
        with open(counters) as file:
            child = int(file.read())
        self.wait_for_end(child)
        done = product.cistern("pack", profile)
        self.assertEqual((done.code, done.err), (0, ""))
        forked = [image for image in reader.images(profile) if image.header.image.pid == child]
        made = sum(event.op == 1 and event.size == 2002 for event in forked[0].events())
        self.assertEqual(made, 500000)


if __name__ == "__main__":
    unittest.main()
