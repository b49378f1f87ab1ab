"""For tests in which the profile cannot be written: the program behaves as without the recorder, the recorder prints at
most one line, and the written part of the profile is readable."""
import collections
import json
import os
import shutil

import interpreters
import product
import reader

MARKED = 3001  # blocks of this size, and a byte, are made by programs under test, and by nobody else

# For programs under test: marked(n) makes n blocks that are counted in the profile, in_threads(n) as many threads that
# are alive at the same time, which each make ten.
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
            interpreters.say("NOT TESTED: %s, for it needs root and %s" % (self.id(), ", ".join(commands) or "no more"))
            self.skipTest("needs root")

    def compare(self, program, profile, arguments=(), options=None, below=(), lines=0, mentions="", fresh=None, **how):
        """Runs a program bare and recorded, `below` a command; `fresh` is called before each."""
        script = self.path("program.py")
        with open(script, "w") as file:
            file.write(PROLOGUE + program)
        command = [*below, self.interpreter.path, script, *arguments]
        result = []
        for env in (product.clean_environment(), product.recorded_environment(profile, options)):
            if fresh:
                fresh()
            result.append(product.run(command, env, **how))
        bare, recorded = result
        said = [line for line in recorded.err.splitlines() if line not in bare.err.splitlines()]
        self.assertEqual((recorded.code, recorded.out), (bare.code, bare.out), recorded.err)
        self.assertEqual((bare.code, len(said)), (0, lines), recorded.err)
        for line in said:
            self.assertTrue(line.startswith("cistern: "), line)
            self.assertIn(mentions, line)
        return recorded

    def summary_of(self, profile):
        result = product.cistern("summary", "--json", profile)
        self.assertEqual((result.code, result.err), (0, ""))
        return json.loads(result.out)["images"][0]

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
        """Recording stopped: the profile has whole segments only, is readable and reports that it is incomplete."""
        summary = self.summary_of(profile)
        self.assertGreater(summary["lost_events"], 0)
        self.assertEqual(summary["torn_bytes"], 0)
        return summary
