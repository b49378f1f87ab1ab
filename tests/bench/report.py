"""Measures the requested subjects and reports all figures of this build that the state holds."""
import hashlib
import os
import sys

import analysis
import bound
import instructions
import interpreters
import mode
import peer
import product
import row
import workload
from rounds import Rounds
from state import State

PEER_ROUNDS = 3


def build_hash():
    """Identifies a build: a state keeps the figures of each."""
    found = hashlib.sha256()
    for path in (product.PRELOAD, product.CISTERN):
        with open(path, "rb") as file:
            found.update(file.read())
    return found.hexdigest()[:16]


def interpreter(text):
    """The interpreter of a version or a path; by default the first of the versions in the middle."""
    if text is None:
        return interpreters.one_of("3.11", "3.12", "3.10")
    for one in interpreters.supported():
        if text == one.minor or os.path.realpath(text) == os.path.realpath(one.path):
            return one
    raise ValueError("no supported interpreter %s; scripts/python-matrix shows them" % text)


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


class Report:
    def __init__(self, given):
        self.given = given
        self.python = interpreter(given.python)
        self.subject = {"build": build_hash(), "python": self.python.name, "quick": given.quick}
        self.state = State(os.path.join(given.state, "bench.jsonl"), given.fresh)
        self.missing = []

    def measure(self):
        for subject in self.given.subjects:
            getattr(self, "measure_" + subject)()

    def rounds(self, kind, limit=None):
        return Rounds(self.state, self.subject, kind, self.python, self.given.quick, limit)

    def measure_modes(self):
        modes = self.present("mode", mode.chosen(self.given.modes))
        self.rounds("modes").measure(workload.chosen(self.given.workloads), modes, self.given.rounds)

    def measure_peers(self):
        peers = self.present("peer", peer.ALL)
        self.rounds("peers", peer.LIMIT).measure(workload.chosen(self.given.workloads, workload.FOR_PEERS), peers,
                                                 min(PEER_ROUNDS, self.given.rounds))

    def measure_instructions(self):
        why = instructions.missing()
        if why:
            self.missing.append({"kind": "instructions", "name": "valgrind", "why": why})
        else:
            instructions.measure(self.state, self.subject, self.python, self.given.quick, say)

    def measure_analysis(self):
        self.present("peer", [analysis.MEMRAY])
        analysis.measure(self.state, self.subject, self.python, self.given, say)

    def present(self, kind, table):
        """The entries of a table that can be measured on this machine."""
        why = {one.name: one.missing(self.python) for one in table}
        self.missing += [{"kind": kind, "name": name, "why": text} for name, text in why.items() if text]
        return [one for one in table if not why[one.name]]

    def as_dict(self):
        records = [one for one in self.state.records if all(one.get(name) == self.subject[name] for name in self.subject)]
        rows = list(row.rows_of(records, "modes", workload.WORKLOADS, [one.name for one in mode.MODES]))
        peers = peer.by_our_count(list(row.rows_of(records, "peers", workload.FOR_PEERS, [one.name for one in peer.ALL])))
        counts = list(instructions.rows_of(records))
        readings, fault = analysis.last_of(records)
        return {"schema": "cistern.bench/1", "build": product.BINARY, "build_hash": self.subject["build"],
                "python": self.python.name, "quick": self.given.quick, "rounds": max([one["rounds"] for one in rows] + [0]),
                "rows": rows, "peers": peers, "instructions": counts, "analysis": readings,
                "bounds": [one.as_dict() for one in bound.bounds(rows, peers, counts, readings)],
                "missing": self.missing, "faults": list(faults(rows + peers, counts, fault))}


def faults(rows, counts, analysis_fault):
    for one in rows:
        for fault in one["faults"]:
            yield "%s, %s: %s" % (one["workload"], one["mode"], fault)
    for one in counts:
        for fault in one["faults"]:
            yield "%s: %s" % (one["path"], fault)
    if analysis_fault:
        yield "analysis: " + analysis_fault
