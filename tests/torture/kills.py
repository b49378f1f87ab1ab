"""Kills programs that count their events in shared memory, at random moments. Their profiles must be readable and complete
and hold what was counted. Three of four programs have worked for up to 40 ms; the others are killed during their start."""
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import interpreters
import product
import test_kill
from state import State

NATIVE = "native"
FIRST_SEGMENT_AT = 4096  # kProfileHeaderBytes
LOSSES = ("lost_events", "lost_segments", "torn_bytes", "overwritten", "window_missing")


class OneKill:
    """One kill, decided by its kind and number: the same in every run, apart from the timing of the machine."""

    def __init__(self, case, kind, number):
        self.case, self.chance = case, random.Random("%s %d" % (kind, number))
        self.profile = case.path("%d.cistern" % number)
        self.counters = test_kill.Counters(case.path("%d.counters" % number))
        self.interpreter = next((one for one in interpreters.supported() if one.name == kind), None)
        if self.interpreter:
            self.command = [self.interpreter.path, test_kill.PYTHON_PROGRAM, self.counters.path]
            self.env, self.ready = product.recorded_environment(self.profile), self.counters.python_ready
        else:
            self.command = [product.tool("kill_target"), self.counters.path]
            self.env = product.recorded_environment(self.profile, {"follow": "all", "domains": "malloc"})
            self.ready = self.counters.native_ready

    def result(self):
        if self.chance.random() < 0.25:
            code, err = kill_early(self.command, self.env, self.chance.random() * 0.06)
        else:
            code, err = test_kill.kill_while_busy(self.command, self.env, self.ready, self.chance.random() ** 2 * 0.04)
        result = {"counted": 0, "missing": 0, "surplus": 0, "faults": []}
        if (code, err) != (-signal.SIGKILL, ""):
            result["faults"].append("ended with %d: %s" % (code, err[:300]))
        result["killed_early"] = self.killed_early()
        if not result["killed_early"]:
            result["faults"] += self.defects()
        try:
            self.compare(result)
        except (AssertionError, ValueError) as problem:
            result["faults"].append(str(problem)[:300])
        return result

    def killed_early(self):
        """Whether the program was killed before its header and window existed. Then it has counted nothing."""
        if not os.path.exists(self.profile) or os.path.getsize(self.profile) == 0:
            return True
        folder = self.profile + ".d"
        return os.path.getsize(self.profile) <= FIRST_SEGMENT_AT and not (os.path.isdir(folder) and os.listdir(folder))

    def defects(self):
        summary = product.cistern("summary", "--json", self.profile)
        if (summary.code, summary.err) != (0, ""):
            return ["unreadable: exit code %d, %s" % (summary.code, summary.err[:300])]
        image, = json.loads(summary.out)["images"]
        return ["%s: %s" % (name, image[name]) for name in LOSSES if image[name]]

    def compare(self, result):
        """Each thread may have done one event that it had not counted yet."""
        for counted, found in self.counted_and_found(result["killed_early"]):
            result["counted"] += counted
            result["missing"] += max(0, counted - found)
            result["surplus"] += max(0, found - counted - 1)

    def counted_and_found(self, killed_early):
        if self.interpreter:
            counted = self.counters.python_completed()
            return zip(counted, [0] * len(counted) if killed_early else self.case.recorded_bytearrays(self.profile))
        events = {} if killed_early else self.case.counted_events(self.profile)
        return zip(self.counters.completed(), [events.get(tid, 0) for tid in self.counters.tids()])

    def remove(self):
        if os.path.exists(self.profile):
            self.case.remove(self.profile)
        if os.path.exists(self.counters.path):
            os.remove(self.counters.path)


def kill_early(command, env, delay):
    process = subprocess.Popen([str(part) for part in command], env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(delay)
    process.kill()
    _, err = process.communicate()
    return process.returncode, err.decode("utf-8", "replace")


def plan(times, only):
    """Kind and number of each kill: two of five are native, the others are of each interpreter in turn."""
    names = [one.name for one in interpreters.supported()]
    for number in range(times):
        kind = NATIVE if number % 5 < 2 else names[number % len(names)]
        if only in (None, kind):
            yield kind, number


def report(state, wanted):
    records = [one for one in state.records if one["number"] < wanted]
    faulty = [one for one in records if one["faults"] or one["missing"] or one["surplus"]]
    for one in faulty[:50]:
        print("%(kind)s, kill %(number)d: %(missing)d missing, %(surplus)d too many, %(faults)s" % one)
    for kind in sorted({one["kind"] for one in records}):
        own = [one for one in records if one["kind"] == kind]
        print("%-24s %5d kills, %d before there was a profile, %s events counted by the programs" % (
            kind, len(own), sum(one["killed_early"] for one in own), format(sum(one["counted"] for one in own), ",")))
    unreadable = sum(any(fault.startswith("unreadable") for fault in one["faults"]) for one in records)
    print("%s kills: %d files unreadable, %s events missing of %s, %d with other faults" % (
        format(len(records), ","), unreadable, format(sum(one["missing"] for one in records), ","),
        format(sum(one["counted"] for one in records), ","), len(faulty)))
    return 1 if faulty or not records else 0


def run(given):
    state = State(os.path.join(given.state, "kills.jsonl"), given.fresh)
    done = {(one["kind"], one["number"]) for one in state.records}
    case = test_kill.Kill("counted_events")
    with tempfile.TemporaryDirectory(prefix="cistern-torture-") as case.folder:
        begun, made = time.monotonic(), 0
        for kind, number in plan(given.times, given.kind):
            if (kind, number) in done:
                continue
            kill = OneKill(case, kind, number)
            result = kill.result()
            state.add(dict(result, kind=kind, number=number))
            kill.remove()
            made += 1
            if made % 100 == 0:
                print("%d kills, %.0f ms each" % (number + 1, (time.monotonic() - begun) / made * 1000),
                      file=sys.stderr, flush=True)
    return report(state, given.times)
