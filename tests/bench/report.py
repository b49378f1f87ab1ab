"""Measures what was asked for, and makes the report of everything that the state holds of this build."""
import hashlib
import os

import bound
import interpreters
import mode
import product
import row
import workload
from rounds import Rounds
from state import State


def build_hash():
    """Tells builds apart: a state keeps the figures of each."""
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


class Report:
    def __init__(self, given):
        self.given = given
        self.python = interpreter(given.python)
        self.subject = {"build": build_hash(), "python": self.python.name, "quick": given.quick}
        self.state = State(os.path.join(given.state, "bench.jsonl"), given.fresh)
        self.missing = []

    def measure(self):
        workloads = workload.chosen(self.given.workloads)
        modes = self.present(mode.chosen(self.given.modes))
        Rounds(self.state, self.subject, self.python, self.given.quick).measure(workloads, modes, self.given.rounds)

    def present(self, modes):
        found = []
        for one in modes:
            why = one.missing()
            if why is None:
                found.append(one)
            else:
                self.missing.append({"kind": "mode", "name": one.name, "why": why})
        return found

    def as_dict(self):
        records = [one for one in self.state.records if all(one.get(name) == self.subject[name] for name in self.subject)]
        rows = list(row.rows_of(records, workload.WORKLOADS, [one.name for one in mode.MODES]))
        return {"schema": "cistern.bench/1", "build": product.BINARY, "build_hash": self.subject["build"],
                "python": self.python.name, "quick": self.given.quick, "rounds": max([one["rounds"] for one in rows] + [0]),
                "rows": rows, "bounds": [one.as_dict() for one in bound.bounds(rows, workload.WORKLOADS)],
                "missing": self.missing}


def failed(report):
    return any(one["faults"] for one in report["rows"])
