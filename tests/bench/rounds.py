"""Measures workloads in modes, in rounds: in each round every program runs once bare and once in each mode, one after the
other, so that disturbances affect all alike. Measured figures are kept in the state."""
import statistics
import sys
import time

import recording


class Progress:
    """One line on stderr for each figure, with the share that is done."""

    def __init__(self, total):
        self.total, self.done, self.begun = total, 0, time.monotonic()

    def say(self, text):
        self.done += 1
        print("bench: %4d/%d %5.0f s  %s" % (self.done, self.total, time.monotonic() - self.begun, text),
              file=sys.stderr, flush=True)


def medians(runs):
    """One run of several of the same."""
    fault = next((run.fault for run in runs if run.fault), None)
    names = set.intersection(*(set(run.figures) for run in runs))
    figures = {name: statistics.median(run.figures[name] for run in runs) for name in names - {"events"}}
    if "events" in runs[0].figures:
        figures["events"] = runs[0].figures["events"]
    return recording.Run(fault, **figures)


class Rounds:
    def __init__(self, state, subject, kind, python, quick, limit=None):
        """`subject`, `kind`: what is measured, in every record: a state may hold the figures of several. `limit`: how
        many times as long as bare a run may take before it is cut off."""
        self.state, self.subject, self.python, self.quick = state, dict(subject, kind=kind), python, quick
        self.limit = limit
        self.expected = {}

    def known(self, workload, mode, number):
        key = dict(self.subject, workload=workload.name, mode=mode, round=number)
        return next((one for one in self.state.records if all(one.get(name) == key[name] for name in key)), None)

    def measure(self, workloads, modes, rounds):
        self.state.drop(lambda one: one.get("fault"))
        progress = Progress(len(workloads) * (len(modes) + 1) * rounds)
        for number in range(rounds):
            for workload in workloads:
                shift = number % max(1, len(modes))
                for mode in [None] + modes[shift:] + modes[:shift]:
                    progress.say(self.measure_one(workload, mode, number))

    def measure_one(self, workload, mode, number):
        name = mode.name if mode else "bare"
        text = "round %d %s %s: " % (number + 1, workload.name, name)
        if self.known(workload, name, number):
            return text + "known"
        run = self.run(workload, mode, number)
        self.state.add(dict(self.subject, workload=workload.name, mode=name, round=number, fault=run.fault,
                            **run.figures))
        return text + (run.fault or ("%.3f s" % run.figures["wall_s"] if run.figures.get("wall_s") else "cut off"))

    def run(self, workload, mode, number):
        if workload.name not in self.expected:  # which also warms its files
            self.expected[workload.name] = recording.bare(workload, self.python, self.quick)[1]
        if mode is None:
            return medians([recording.bare(workload, self.python, self.quick)[0] for _ in range(workload.repeat)])
        limit_s = self.limit_s(workload, number)
        return medians([mode.run(workload, self.python, self.quick, self.expected[workload.name],
                                 number == 0 and time == 0, limit_s) for time in range(workload.repeat)])

    def limit_s(self, workload, number):
        bare = self.known(workload, "bare", number)
        if self.limit is None or not bare or "wall_s" not in bare:
            return 1800
        return 1 + self.limit * bare["wall_s"]
