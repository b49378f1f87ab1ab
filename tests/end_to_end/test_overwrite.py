"""`--ring overwrite`: a profile of bounded size with the last part of a run. That part is complete: each event has its
stack, whatever was overwritten."""
import collections
import json
import os
import random
import signal
import subprocess
import time
import unittest

import interpreters
import product
import reader

PROGRAM = os.path.join(product.PROGRAMS, "flight.py")
LIMIT = 4 << 20
ARRAYS, THREAD_SIZE, FIRST_SIZE, SIZES = 250, 9001, 20001, 1000
ROUNDS = 1600  # about four times what fits into the file
KILLS = 12

Seen = collections.namedtuple("Seen", "number arrays beside")


def size_of(number):
    return FIRST_SIZE + number % SIZES


class Overwrite(product.Case):
    def environment(self, profile, **options):
        return product.recorded_environment(profile, dict({"ring": "overwrite", "max-size": "4MiB"}, **options))

    def record(self, interpreter, rounds=ROUNDS):
        profile = self.path("x.cistern")
        self.run_well([interpreter.path, PROGRAM, str(rounds)], self.environment(profile, force="on"))
        return profile

    def rounds_seen(self, image):
        """The rounds from complete_from() on, each with the stacks of its arrays."""
        complete_from = image.complete_from()
        marks = [(time, int(name)) for time, _, name in image.marks if time >= complete_from]
        made = collections.defaultdict(list)
        beside = []
        for event in image.events():
            if event.op != 1 or event.time < complete_from:
                continue
            if FIRST_SIZE <= event.size < FIRST_SIZE + SIZES:
                made[event.size].append((event.time, event.stack))
            elif event.size == THREAD_SIZE:
                beside.append((event.time, event.stack))
        seen = []
        for index, (begin, number) in enumerate(marks):
            end = marks[index + 1][0] if index + 1 < len(marks) else float("inf")
            seen.append(Seen(number, [stack for time, stack in made[size_of(number)] if begin <= time < end],
                             [stack for time, stack in beside if begin <= time < end]))
        return seen

    def check_round(self, image, seen):
        self.assertEqual(len(seen.arrays), ARRAYS, "round %d" % seen.number)
        for stack in set(seen.arrays):
            frames = image.stack(stack)
            self.assertEqual((frames[0].function, frames[0].file, frames[0].line),
                             ("work_%d" % seen.number, "round_%d.py" % seen.number, 4))
            self.assertEqual([frame.function for frame in frames[1:3]], ["main", "<module>"])
        self.assertEqual(len(seen.beside), 1, "round %d" % seen.number)
        self.check_thread(image, image.stack(seen.beside[0]))

    def check_thread(self, image, frames):
        """The frames of the thread, then behind the boundary those that started it."""
        boundary = [frame.kind for frame in frames].index(reader.BOUNDARY)
        self.assertEqual((frames[0].function.split(".")[-1], frames[boundary - 1].function.split(".")[-1]),
                         ("work", "_bootstrap"))
        below = [frame.function and frame.function.split(".")[-1] for frame in frames[boundary + 1:]]
        self.assertIn("launch", below)
        self.assertIn("main", below)
        self.assertEqual(below[-1], "<module>")

    def check_whole(self, image, last_round=ROUNDS - 1, unfinished=0):
        seen = self.rounds_seen(image)
        numbers = [one.number for one in seen]
        self.assertEqual(numbers, list(range(numbers[0], last_round + 1)))
        for one in seen[:len(seen) - unfinished]:
            self.check_round(image, one)
        return seen

    def test_the_last_part_is_complete_on_every_interpreter(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile = self.record(interpreter)
                self.assertLessEqual(os.path.getsize(profile), LIMIT)
                image = reader.only_image(profile)
                self.assertEqual((image.torn, image.losses["lost"], image.losses["stopped"]), (0, 0, 0))
                self.assertGreater(image.losses["overwritten"], 0)
                seen = self.check_whole(image)
                self.assertGreater(len(seen), 50)
                self.assertLess(len(seen), ROUNDS // 2)
                names = {code.name for code in image.codes.values()}
                self.assertEqual("Beside.work" in names, True, "qualified names are known in the last lap too")

    def test_reports_cover_the_last_part_and_note_that_the_rest_was_overwritten(self):
        profile = self.record(interpreters.one_of("3.11", "3.12"))
        image = reader.only_image(profile)
        summary = json.loads(product.cistern("summary", "--json", profile).out)
        facts = summary["images"][0]
        self.assertEqual((facts["lost_events"], facts["lost_segments"], facts["torn_bytes"]), (0, 0, 0))
        self.assertGreater(facts["horizon_ns"], 0)
        counted = sum(1 for event in image.events() if event.end_time >= image.complete_from())
        self.assertEqual(facts["events"], counted)
        report = product.cistern("summary", profile)
        self.assertIn("older events were overwritten", " ".join(report.out.split()))
        self.assertIn("next: cistern tree", report.out)
        for command in ("tree", "temporary", "timeline", "dump"):
            done = product.cistern(command, profile)
            self.assertEqual((done.code, done.err), (0, ""), command)
        for command in ("leaks", "peak", "pools"):
            done = product.cistern(command, profile)
            self.assertEqual((done.code, done.out), (3, ""), command)
            self.assertIn("not in this profile", done.err)
        self.assertEqual(product.cistern("check", profile).code, 3, "an incomplete profile never passes")

    def test_a_run_that_fits_is_complete(self):
        profile = self.record(interpreters.one_of("3.11", "3.12"), rounds=40)
        image = reader.only_image(profile)
        self.assertEqual(image.complete_from(), image.header.first_time)
        self.check_whole(image, last_round=39)
        facts = json.loads(product.cistern("leaks", "--json", profile).out)["images"][0]
        self.assertEqual((facts["overwritten"], facts["horizon_ns"]), (0, None))

    def test_a_kill_at_any_moment_leaves_the_last_part_complete(self):
        chance = random.Random(5)
        for number, interpreter in zip(range(KILLS), 3 * interpreters.supported()):
            with self.subTest(kill=number, interpreter=interpreter.name):
                profile = self.path("%d.cistern" % number)
                process = subprocess.Popen([interpreter.path, PROGRAM, "100000000"], stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL, env=self.environment(profile))
                try:
                    self.wait_until_lapped(profile, chance.random())
                finally:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                image = reader.only_image(profile)
                last = max((time, int(name)) for time, _, name in image.marks)[1]
                self.check_whole(image, last_round=last, unfinished=1)
                facts = json.loads(product.cistern("summary", "--json", profile).out)["images"][0]
                self.assertEqual((facts["lost_events"], facts["torn_bytes"]), (0, 0))

    def wait_until_lapped(self, profile, more):
        """Until the file is full and part of it (`more` of a lap) was overwritten."""
        window, deadline = None, time.monotonic() + 60
        while time.monotonic() < deadline:
            if window is None and os.path.isdir(profile + ".d"):
                window = next((os.path.join(profile + ".d", name) for name in os.listdir(profile + ".d")
                               if name.endswith(".window")), None)
            if window and reader.window_counter(window, "overwritten") > 40 + 40 * more:
                return
        self.fail("the profile was not overwritten within a minute")

    def test_child_processes_have_their_own_files_of_the_same_size(self):
        program = ("import os, sys\nsys.argv = ['x', '700']\nif os.fork() == 0:\n  exec(open(%r).read()); os._exit(0)\n"
                   "print(os.wait()[1])\n" % PROGRAM)
        profile = self.path("x.cistern")
        done = self.run_well([interpreters.one_of("3.11", "3.12").path, "-c", program], self.environment(profile))
        self.assertEqual(done.out, "0\n")
        first, child = reader.images(profile)
        self.assertEqual(first.losses["overwritten"], 0)
        self.assertGreater(child.losses["overwritten"], 0)
        self.assertEqual((child.torn, child.losses["lost"]), (0, 0))
        self.assertGreater(len(self.check_whole(child, last_round=699)), 50)

    def test_a_limit_that_is_too_small_is_refused(self):
        done = product.run([product.CISTERN, "run", "--ring", "overwrite", "--max-size", "1MiB", "--", "true"],
                           product.clean_environment())
        self.assertEqual(done.code, 125)
        self.assertIn("4MiB", done.err)


if __name__ == "__main__":
    unittest.main()
