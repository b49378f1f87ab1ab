"""The bounds on costs and the measured figure of each. A bound that was measured only in part is marked."""
import statistics

import workload

MIB = 1 << 20
DAILY = "bdef"  # the letters that means go over
SAME = "memray-python"  # the peer that covers the same: all domains, and Python lines


class Bound:
    """`of`: a description of what was measured; `at_least`: the bound is a minimum, not a maximum."""

    def __init__(self, name, bound, reach_for, measured, of="", unit="×", at_least=False):
        self.name, self.bound, self.reach_for, self.measured = name, bound, reach_for, measured
        self.of, self.unit, self.at_least = of, unit, at_least

    def kept(self, figure):
        """None when nothing was measured."""
        if self.measured is None or figure is None:
            return None
        return self.measured >= figure if self.at_least else self.measured <= figure

    def as_dict(self):
        return {"name": self.name, "bound": self.bound, "reach_for": self.reach_for, "measured": self.measured,
                "met": self.kept(self.bound), "reached": self.kept(self.reach_for), "of": self.of, "unit": self.unit,
                "at_least": self.at_least}


class Rows:
    def __init__(self, rows):
        self.rows = rows

    def of(self, mode, letters):
        return [row for row in self.rows if row["mode"] == mode and row["letter"] in letters and row["rounds"]]

    def part(self, rows, letters):
        return "%d of %d" % (len(rows), sum(one.letter in letters for one in workload.WORKLOADS))

    def mean(self, name, mode, letters, bound, reach_for):
        rows = self.of(mode, letters)
        ratios = [row["wall"]["median"] for row in rows]
        return Bound(name, bound, reach_for, statistics.geometric_mean(ratios) if ratios else None,
                     self.part(rows, letters))

    def worst(self, name, mode, letters, bound, reach_for):
        rows = self.of(mode, letters)
        worst = max(rows, key=lambda row: row["wall"]["median"], default=None)
        return Bound(name, bound, reach_for, worst["wall"]["median"] if worst else None,
                     self.part(rows, letters) + (", " + worst["workload"] if worst else ""))

    def cpu_of_a_second_thread(self, name, mode, bound, reach_for):
        """CPU per event with two threads over that with one."""
        found = {row["workload"]: row["cpu_s"]["median"] / row["events"] for row in self.of(mode, "g") if row["events"]}
        both = len(found) == 2
        return Bound(name, bound, reach_for, found["storm-2"] / found["storm-1"] if both else None)

    def bytes_per_event(self, name, mode, letters, bound, reach_for):
        rows = [row for row in self.of(mode, letters) if row["events"]]
        events = sum(row["events"] for row in rows)
        return Bound(name, bound, reach_for, sum(row["bytes"] for row in rows) / events if events else None,
                     self.part(rows, letters), "bytes")

    def added(self, name, mode, letters, bound, reach_for):
        rows = self.of(mode, letters)
        worst = max(rows, key=lambda row: row["added_bytes"]["median"], default=None)
        return Bound(name, bound, reach_for, worst["added_bytes"]["median"] / MIB if worst else None,
                     self.part(rows, letters) + (", " + worst["workload"] if worst else ""), "MiB")


def instructions_of_a_second_thread(name, counts, bound, reach_for):
    found = {row["path"]: row["bare"] + row["added_per_event"]["spill"] * row["events"] for row in counts
             if "1000 live" in row["path"] and "spill" in row["added_per_event"]}
    pair = [found.get("malloc, free, 1000 live" + threads) for threads in (", 2 threads", "")]
    return Bound(name, bound, reach_for, pair[0] / pair[1] if all(pair) else None)


def speed_of(name, readings, of, bound, reach_for):
    """The slower of leaks and pools."""
    found = [row["times_memray"] for row in readings
             if row["of"] == of and row["name"] in ("leaks", "pools") and row["times_memray"]]
    events = max([row["events"] for row in readings if row["of"] == of] + [0])
    return Bound(name, bound, reach_for, min(found) if len(found) == 2 else None, "%.0f M events" % (events / 1e6),
                 at_least=True)


def memory_of(name, readings, of, bound, reach_for):
    """Bytes above 100 MiB, for each live block."""
    found = [(row["peak_bytes"] - 100 * MIB) / row["peak_blocks"] for row in readings
             if row["of"] == of and row["name"] in ("leaks", "pools") and row["peak_blocks"]]
    return Bound(name, bound, reach_for, max(0.0, *found) if len(found) == 2 else None, "", "B a block")


def ahead(name, peers, measure, letters, unit):
    """The worst of `measure` over the workloads, comparing Cistern with the peer that covers the same allocations."""
    found = []
    for row in peers:
        ours = next((one for one in peers if one["workload"] == row["workload"] and one["mode"] == "default"), None)
        if row["mode"] == SAME and row["letter"] in letters and row["rounds"] and ours and ours["rounds"]:
            found.append((measure(ours, row), row["workload"]))
    worst = max(found, default=(None, ""))
    return Bound(name, 0 if unit == "MiB" else 1, None, worst[0], "%d workloads, %s" % (len(found), worst[1]), unit)


def bounds(rows, peers, counts, readings):
    found = Rows(rows)
    return [
        found.mean("default, geometric mean over (b)(d)(e)(f)", "default", DAILY, 1.35, 1.20),
        found.worst("default, worst of (a)-(f)", "default", "abcdef", 2.2, 1.7),
        found.mean("malloc+mmap, geometric mean over (b)(d)(e)(f)", "malloc+mmap", DAILY, 1.08, 1.03),
        found.mean("native leaf, geometric mean over (b)(d)(e)(f)", "native-leaf", DAILY, 1.9, 1.6),
        found.mean("native full, geometric mean over (b)(d)(e)(f)", "native-full", DAILY, 3.0, 2.4),
        found.mean("dormant, geometric mean over (b)(d)(e)(f)", "dormant", DAILY, 1.01, 1.00),
        found.worst("start-up, (h)", "default", "h", 1.8, 1.2),
        found.bytes_per_event("default, bytes per event over (b)(e)(f)", "default", "bef", 2.0, 0.8),
        found.bytes_per_event("spill, bytes per event over (b)(e)(f)", "spill", "bef", 6, 4),
        found.added("memory added, most of (e)", "default", "e", 24, 12),
        found.cpu_of_a_second_thread("(g) spill, CPU per event, two threads over one", "spill", 1.15, 1.02),
        instructions_of_a_second_thread("(g) spill, instructions, two threads over one", counts, 1.15, 1.02),
        speed_of("leaks and pools of spill, times memray's stats", readings, "spill", 7, 20),
        speed_of("leaks and pools of default, times memray's stats", readings, "default", 7, 20),
        memory_of("leaks and pools of spill, memory beyond 100 MiB", readings, "spill", 100, 48),
        memory_of("leaks and pools of default, memory beyond 100 MiB", readings, "default", 100, 48),
        ahead("wall, ours over %s's" % SAME, peers, lambda one, other: one["wall"]["median"] / other["wall"]["median"],
              "abfg", "×"),
        ahead("start-up, ours over %s's" % SAME, peers,
              lambda one, other: one["wall"]["median"] / other["wall"]["median"], "h", "×"),
        ahead("added memory, ours beyond %s's" % SAME, peers,
              lambda one, other: (one["added_bytes"]["median"] - other["added_bytes"]["median"]) / MIB, "abfg", "MiB"),
    ]
