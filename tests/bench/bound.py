"""The bounds that are to be kept, and what was measured of each: a bound that was not measured whole says so."""
import statistics

MIB = 1 << 20
DAILY = "bdef"  # the letters that means go over


class Bound:
    """`met` is None when nothing was measured. `of`: what is measured there, in words."""

    def __init__(self, name, bound, reach_for, measured, of="", unit="×"):
        self.name, self.bound, self.reach_for, self.measured, self.of, self.unit = (
            name, bound, reach_for, measured, of, unit)

    def as_dict(self):
        met = None if self.measured is None else self.measured <= self.bound
        reached = None if self.measured is None else self.measured <= self.reach_for
        return {"name": self.name, "bound": self.bound, "reach_for": self.reach_for, "measured": self.measured,
                "met": met, "reached": reached, "of": self.of, "unit": self.unit}


class Rows:
    def __init__(self, rows, workloads):
        self.rows, self.workloads = rows, workloads

    def of(self, mode, letters):
        return [row for row in self.rows if row["mode"] == mode and row["letter"] in letters and row["rounds"]]

    def part(self, rows, letters):
        return "%d of %d" % (len(rows), sum(one.letter in letters for one in self.workloads))

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


def bounds(rows, workloads):
    found = Rows(rows, workloads)
    return [
        found.mean("default, geometric mean over (b)(d)(e)(f)", "default", DAILY, 1.35, 1.20),
        found.worst("default, worst of (a)-(f)", "default", "abcdef", 2.2, 1.7),
        found.mean("malloc+mmap, geometric mean over (b)(d)(e)(f)", "malloc+mmap", DAILY, 1.08, 1.03),
        found.mean("dormant, geometric mean over (b)(d)(e)(f)", "dormant", DAILY, 1.01, 1.00),
        found.worst("start-up, (h)", "default", "h", 1.8, 1.2),
        found.bytes_per_event("drain, bytes per event over (b)(e)(f)", "drain", "bef", 2.0, 0.8),
        found.bytes_per_event("spill, bytes per event over (b)(e)(f)", "spill", "bef", 6, 4),
        found.added("memory added, most of (e)", "default", "e", 24, 12),
    ]
