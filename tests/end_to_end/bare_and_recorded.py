"""Runs programs bare and recorded and compares them. Used where writing the profile fails: the program behaves as
without the recorder, the recorder prints at most one line, and the profile can be read."""
import collections
import json
import os
import shutil

import interpreters
import product
import reader

MARKED = 3001  # only the programs under test allocate blocks of this size plus one byte

# For programs under test: marked(n) allocates n blocks that the tests count in the profile; in_threads(n) runs n threads
# at the same time, each of which allocates ten.
PROLOGUE = """
import os, sys, threading
def marked(count):
    for _ in range(count): bytes(%d + 1 - sys.getsizeof(b""))
def in_threads(count):
    together = threading.Barrier(count)
    def work():
        marked(5)
        together.wait()
        marked(5)
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
""" % MARKED


class Case(product.Case):
    def setUp(self):
        super().setUp()
        self.interpreter = interpreters.one_of("3.11", "3.12")

    def need_root(self, *commands):
        if os.geteuid() != 0 or not all(shutil.which(command) for command in commands):
            interpreters.say("NOT TESTED: %s needs root and %s" % (self.id(), ", ".join(commands) or "nothing else"))
            self.skipTest("needs root")

    def compare(self, program, profile, arguments=(), options=None, below=(), lines=0, mentions="", fresh=None, **how):
        """Runs a program bare and recorded, as arguments of the command `below`. Calls `fresh` before each run."""
        script = self.path("program.py")
        with open(script, "w") as file:
            file.write(PROLOGUE + program)
        command = [*below, self.interpreter.path, script, *arguments]
        finished = []
        for env in (product.clean_environment(), product.recorded_environment(profile, options)):
            if fresh:
                fresh()
            finished.append(product.run(command, env, **how))
        bare, recorded = finished
        printed = [line for line in recorded.err.splitlines() if line not in bare.err.splitlines()]
        self.assertEqual((recorded.code, recorded.out), (bare.code, bare.out), recorded.err)
        self.assertEqual((bare.code, len(printed)), (0, lines), recorded.err)
        for line in printed:
            self.assertTrue(line.startswith("cistern: "), line)
            self.assertIn(mentions, line)
        return recorded

    def summary_of(self, profile):
        done = product.cistern("summary", "--json", profile)
        self.assertEqual((done.code, done.err), (0, ""))
        return json.loads(done.out)["images"][0]

    def assert_complete(self, profile, marked, ended_by="exit"):
        summary = self.summary_of(profile)
        self.assertEqual((summary["lost_events"], summary["torn_bytes"], summary["ended_by"]), (0, 0, ended_by))
        self.assertEqual(self.marked_in(profile), marked)

    def assert_each_thread_has_ten(self, profile, threads):
        image = reader.images(profile)[0]
        marked = collections.Counter(event.stream_id for event in image.events()
                                     if event.op == 1 and event.size == MARKED + 1)
        self.assertEqual(sorted(count for stream_id, count in marked.items() if not image.threads[stream_id]["main"]),
                         [10] * threads)

    @staticmethod
    def marked_in(profile):
        image = reader.images(profile)[0]
        return sum(event.op == 1 and event.size == MARKED + 1 for event in image.events())

    def assert_stopped(self, profile):
        """Recording stopped: the profile has whole segments and reports lost events."""
        summary = self.summary_of(profile)
        self.assertGreater(summary["lost_events"], 0)
        self.assertEqual(summary["torn_bytes"], 0)
        return summary
