"""Time and memory of reading profiles, on one processor. One program is recorded with as many requests as give a number of
million events, and each report reads the profile. `memray stats` reads memray's recording of the same program."""
import json
import os
import statistics
import subprocess
import tempfile

import mode
import peer
import product
import workload
from launch import launch

REPORTS = [["leaks", "--json"], ["pools"], ["summary"], ["tree"]]
RINGS = [one for one in mode.MODES if one.name in ("spill", "default")]
MEMRAY = peer.Memray("memray-python", "--trace-python-allocators")


class Analysis:
    def __init__(self, python, events, times, say):
        self.python, self.events, self.times, self.say = python, events, times, say

    def program(self, requests):
        return workload.Workload("", "requests", [os.path.join(workload.HERE, "workloads", "requests.py"), "{}"], requests)

    def run(self, command, env, folder):
        done = launch(command, env, folder, os.path.join(folder, "costs"))
        if done.code != 0 or done.costs is None:
            raise RuntimeError("%s: exit code %s: %s" % (" ".join(command), done.code, done.err.strip()[-300:]))
        return done

    def record(self, ring, requests, folder):
        """Returns the profile and its summary."""
        program, profile = self.program(requests), os.path.join(folder, ring.name + ".cistern")
        self.run([product.CISTERN, "run", "-f", "-o", profile, *ring.options, "--max-size", "100GiB", "--",
                  *program.command(self.python, False)], program.program_environment(self.python, False), folder)
        summary = self.run([product.CISTERN, "summary", "--json", profile], product.clean_environment(), folder)
        return profile, json.loads(summary.out)

    def requests(self, folder):
        few, more = (self.record(RINGS[0], count, folder)[1]["events"] for count in (20, 120))
        return max(20, 20 + round(1.05 * (self.events * 1e6 - few) * 100 / (more - few)))

    def readings(self, requests, folder):
        """Name, events, live blocks and command of each timed reading."""
        for ring in RINGS:
            if ring.missing(self.python) is None:
                profile, summary = self.record(ring, requests, folder)
                self.say("analysis: recorded %s, %d events" % (ring.name, summary["events"]))
                for report in REPORTS:
                    yield {"name": report[0], "of": ring.name, "events": summary["events"],
                           "peak_blocks": sum(one["peak_blocks"] for one in summary["images"]),
                           "command": [product.CISTERN, *report, profile], "env": product.clean_environment()}
        if MEMRAY.missing(self.python) is None:
            output, program = os.path.join(folder, "memray.bin"), self.program(requests)
            self.run(MEMRAY.command(program, self.python, False, output),
                     MEMRAY.program_environment(program, self.python, False), folder)
            self.say("analysis: recorded by memray")
            yield {"name": "stats", "of": "memray", "events": MEMRAY.events(self.python, output), "peak_blocks": None,
                   "command": [self.python.path, "-m", "memray", "stats", output],
                   "env": peer.with_memray(product.clean_environment(), self.python)}

    def measure(self):
        """A row for each reading, medians of its runs, which are interleaved."""
        with tempfile.TemporaryDirectory(prefix="cistern-bench-") as folder:
            rows = list(self.readings(self.requests(folder), folder))
            costs = [[] for _ in rows]
            allowed = os.sched_getaffinity(0)
            os.sched_setaffinity(0, {min(allowed)})
            try:
                for _ in range(self.times):
                    for row, found in zip(rows, costs):
                        found.append(self.run(row["command"], row["env"], folder).costs)
                        self.say("analysis: %s of %s: %.2f s" % (row["name"], row["of"], found[-1]["wall_s"]))
            finally:
                os.sched_setaffinity(0, allowed)
        for row, found in zip(rows, costs):
            del row["command"], row["env"]
            row.update({name: statistics.median(one[name] for one in found) for name in ("wall_s", "cpu_s", "peak_bytes")})
        return rows


def with_ratios(rows):
    """Adds events a second, and how many times as fast as memray each reading of the same program is."""
    stats = next((row for row in rows if row["of"] == "memray"), None)
    for row in rows:
        row["events_per_second"] = row["events"] / row["cpu_s"] if row["events"] else None
        row["times_memray"] = stats["cpu_s"] / row["cpu_s"] if stats else None
    return rows


def measure(state, subject, python, given, say):
    key = dict(subject, kind="analysis", events_wanted=given.events)
    state.drop(lambda one: one["kind"] == "analysis" and one.get("fault"))
    if any(all(one.get(name) == key[name] for name in key) for one in state.records):
        return
    try:
        state.add(dict(key, fault=None, rows=Analysis(python, given.events, 1 if given.quick else 3, say).measure()))
    except (RuntimeError, subprocess.CalledProcessError) as error:
        state.add(dict(key, fault=str(error), rows=[]))


def last_of(records):
    """The rows of the last analysis and its faults."""
    found = [one for one in records if one["kind"] == "analysis"]
    return (with_ratios(found[-1]["rows"]), found[-1]["fault"]) if found else ([], None)
