"""The standard library's own test suite, file by file, bare and below the recorder: the verdicts must be the same."""
import os
import statistics
import subprocess
import sys
import time

import interpreters
import product
import stdlib_known
import suite_file
from state import State

ROUNDS = 3  # a difference counts if most of them have it


def files_of(interpreter):
    """The names of the interpreter's test files, as its own runner lists them, and of those that are not installed."""
    listing = subprocess.run([interpreter.path, "-m", "test", "--list-tests"], env=product.clean_environment(),
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
    names = listing.stdout.split()
    return names + standins(interpreter), absent(interpreter)


def folder_of(interpreter):
    return subprocess.check_output([interpreter.path, "-c", "import test; print(test.__path__[0])"],
                                   universal_newlines=True).strip()


def installed(interpreter):
    return {os.path.splitext(name)[0] for name in os.listdir(folder_of(interpreter)) if name.startswith("test_")}


def absent(interpreter):
    """Test files that both an earlier and a later version on this machine have."""
    earlier, later = set(), set()
    for other in interpreters.supported():
        if other.version != interpreter.version and "pyenv" in other.path:
            (earlier if other.version < interpreter.version else later).update(installed(other))
    return sorted((earlier & later) - installed(interpreter) - stdlib_known.MOVED)


def standins(interpreter):
    """Replacements for test_multiprocessing_fork and its variants. They have three lines each, and the module that they run
    is installed where they are not."""
    have = installed(interpreter)
    shared = os.path.exists(os.path.join(folder_of(interpreter), "_test_multiprocessing.py"))
    return ["standin:test_multiprocessing_" + side for side in ("fork", "forkserver", "spawn")
            if shared and "test_multiprocessing_" + side not in have]


class Suite:
    def __init__(self, given):
        self.given = given
        self.interpreter = next(one for one in interpreters.supported()
                                if one.minor == given.only and suite_installed(one))
        self.state = State(os.path.join(given.state, "stdlib-%s.jsonl" % self.interpreter.name), given.fresh)
        if given.again:
            self.state.drop(lambda one: one["way"] == given.again and one["file"] in (given.files or [one["file"]]))
        self.names, self.absent = files_of(self.interpreter)
        if given.files:
            self.names = [name for name in self.names if name in given.files]

    def results(self, name, side):
        return [one for one in self.state.records if (one["file"], one["way"]) == (name, side)]

    def have(self, name, side, rounds):
        """Runs a file until this side has the given number of results."""
        while len(self.results(name, side)) < rounds:
            number = len(self.results(name, side))
            limit = self.given.limit
            if side == "recorded":
                limit = max(limit, int(4 * max(one["wall_s"] for one in self.results(name, "bare"))) + 60)
            log = os.path.join(self.given.state, "logs", "%s.%s.%d.log" % (name, side, number))
            library = self.given.library if side == "recorded" else None
            result = suite_file.run(self.interpreter, name, library, limit, log)
            self.state.add(dict(result, file=name, side=side, at=int(time.time())))

    def run(self):
        for number, name in enumerate(self.names, 1):
            self.have(name, "bare", 1)
            line = "bare %(verdict)s %(wall_s).1f s" % self.results(name, "bare")[0]
            if self.given.passes != "bare" and not self.hangs(name):
                self.have(name, "recorded", 1)
                line += ", recorded %(verdict)s %(wall_s).1f s" % self.results(name, "recorded")[0]
                if not self.agree(name):
                    for round_number in range(2, ROUNDS + 1):
                        self.have(name, "bare", round_number)
                        self.have(name, "recorded", round_number)
                    line += ": " + self.judgement(name)
            print("%d/%d %s: %s" % (number, len(self.names), name, line), file=sys.stderr, flush=True)

    def hangs(self, name):
        return all(one["verdict"] == "timeout" for one in self.results(name, "bare"))

    def agree(self, name):
        """Whether a bare run and a recorded run have the same outcome, apart from known tests."""
        ways = [{known_apart(name, one) for one in self.results(name, side)} for side in ("bare", "recorded")]
        return bool(ways[0] & ways[1])

    def judgement(self, name):
        bare, recorded = ([known_apart(name, one) for one in self.results(name, side)] for side in ("bare", "recorded"))
        if bare[0] == recorded[0]:
            return "same"
        if not self.agree(name):
            return "DIFFERS"
        often = max(len(set(bare)), len(set(recorded)))
        return "flaky (%d ways)" % often

    def faults(self, name):
        """Faults of the profile, independent of the outcome of the test."""
        for one in self.results(name, "recorded"):
            yield from suite_file.profile_faults(one["profile"])

    def report(self):
        compared = [name for name in self.names if self.results(name, "bare") and self.results(name, "recorded")]
        judged = {name: self.judgement(name) for name in compared}
        bad = [name for name in compared if judged[name] == "DIFFERS"]
        print("%s, %d test files, %d compared" % (self.interpreter.name, len(self.names), len(compared)))
        self.say("not installed", self.absent)
        self.say("not run, for lack of a resource (network, screen, disk space)",
                 [name for name in compared if self.results(name, "bare")[0]["verdict"] == "no tests"])
        self.say("not recorded, because they hang bare", [name for name in self.names if self.results(name, "bare")
                                                      and self.hangs(name)])
        self.say("fail bare", [name for name in compared if self.results(name, "bare")[0]["verdict"]
                               not in ("pass", "skipped", "no tests")])
        self.say("skipped by themselves", [name for name in compared
                                     if self.results(name, "bare")[0]["verdict"] == "skipped"])
        self.say("different verdicts in equal runs",
                 [name for name in compared if judged[name].startswith("flaky")])
        for name in compared:
            for test, reason in stdlib_known.reasons(name).items():
                print("  known: %s, %s: %s" % (name, test, reason))
            for test, reason in stdlib_known.LEFT_OUT.get(name, {}).items():
                print("  left out: %s, %s: %s" % (name, test, reason))
        for name in bad:
            self.show(name)
        unsound = {name: list(self.faults(name)) for name in compared}
        for name, faults in unsound.items():
            for fault in faults:
                print("PROFILE %s: %s" % (name, fault))
        self.show_ratio(compared)
        wrong = len(bad) + sum(map(bool, unsound.values()))
        print("%d files give the same verdict bare and recorded, %d differ, %d profiles have faults"
              % (len(compared) - len(bad), len(bad), sum(map(bool, unsound.values()))))
        return 1 if wrong or not compared else 0

    @staticmethod
    def say(what, names):
        if names:
            print("  %s: %s" % (what, ", ".join(names)))

    def show(self, name):
        print("DIFFERS %s" % name)
        for side in ("bare", "recorded"):
            for one in self.results(name, side):
                print("    %-8s %s, %s tests, bad: %s" % (side, one["verdict"], one["ran"], "; ".join(one["bad"][:8])))

    def show_ratio(self, compared):
        """Wall and CPU time, recorded divided by bare: median of the files that take at least 0.5 s, and total."""
        for what in ("wall_s", "cpu_s"):
            pairs = [[statistics.median(one[what] for one in self.results(name, side)) for side in ("bare", "recorded")]
                     for name in compared]
            long = [recorded / bare for bare, recorded in pairs if bare >= 0.5]
            total = [sum(column) for column in zip(*pairs)]
            if long:
                print("%s recorded / bare: median of %d files %.2f, total %.0f s / %.0f s = %.2f" % (
                    what.replace("_s", " time"), len(long), statistics.median(long), total[1], total[0],
                    total[1] / total[0]))


def known_apart(name, result):
    """The outcome without the tests that are known to differ."""
    bad = tuple(test for test in result["bad"] if not stdlib_known.is_known(name, test))
    verdict = result["verdict"]
    if verdict == "fail" and result["bad"] and not bad:
        verdict = "pass"
    return verdict, result["ran"], result["cases"], bad, tuple(result["skipped"] or ())


def suite_installed(interpreter):
    return subprocess.call([interpreter.path, "-c", "import test.test_json"], stderr=subprocess.DEVNULL) == 0


def run(given):
    suite = Suite(given)
    if not given.report:
        suite.run()
    return suite.report()
