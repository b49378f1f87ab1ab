"""Instructions of the hot paths, by callgrind. Each path runs a few times and many times; the difference gives the cost of
one event. The counts do not depend on the load of the machine."""
import os
import re
import shutil
import subprocess
import tempfile

import product
import workload
from launch import tool

COLLECTED = re.compile(r"Collected : (\d+)")


class Path:
    """One path: what runs, a count being put in {}; `events` of one time."""

    def __init__(self, name, words, few, many, events=2, python=True):
        self.name, self.words, self.few, self.many, self.events, self.python = name, words, few, many, events, python

    def command(self, python, times):
        program = [python.path, "-S", "-E"] if self.python else [tool("storm")]
        return program + [word.replace("{}", str(times)) for word in self.words]


def hot(kind, depth):
    name = {"same": "object, stack unchanged, depth %d", "frame": "object, one changed frame, depth %d",
            "through": "object, stack unchanged, depth %d, all called from C"}[kind]
    script = os.path.join(workload.HERE, "workloads", "hot_path.py")
    return Path(name % depth, [script, kind, str(depth), "{}"], 20000, 60000)


PATHS = [
    Path("malloc, free", ["1", "{}", "1"], 100000, 300000, python=False),
    Path("malloc, free, 1000 live", ["1", "{}", "1000"], 100000, 300000, python=False),
    Path("malloc, free, 1000 live, 2 threads", ["2", "{}", "1000"], 100000, 300000, python=False),
    hot("same", 5),
    hot("same", 25),
    hot("frame", 5),
    hot("frame", 25),
    hot("through", 25),
]
MODES = {"bare": None, "spill": "", "native-leaf": " native=leaf", "native-full": " native=full",
         "malloc+mmap": " domains=malloc,mmap", "dormant": " start=off"}


def missing():
    return None if shutil.which("valgrind") else "valgrind is not installed (scripts/packages --bench)"


def environment(mode, folder):
    if MODES[mode] is None:
        return product.clean_environment(PYTHONHASHSEED="0")
    options = "output=%s follow=all ring=spill%s" % (os.path.join(folder, "x.cistern"), MODES[mode])
    return product.clean_environment(PYTHONHASHSEED="0", LD_PRELOAD=product.PRELOAD, CISTERN_OPTIONS=options)


def count(path, mode, python, times):
    """Instructions of a whole run. Raises RuntimeError if the run failed."""
    with tempfile.TemporaryDirectory(prefix="cistern-bench-") as folder:
        done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + os.path.join(folder, "out"),
                               *path.command(python, times)], env=environment(mode, folder), cwd=folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              universal_newlines=True, check=False)
    found = COLLECTED.search(done.stderr)
    if done.returncode != 0 or not found:
        raise RuntimeError("callgrind: exit code %d: %s" % (done.returncode, done.stderr.strip()[-300:]))
    return int(found.group(1))


def one_time(path, mode, python, quick):
    """Instructions of the path, once."""
    few, many = (path.few // 20, path.many // 20) if quick else (path.few, path.many)
    return (count(path, mode, python, many) - count(path, mode, python, few)) / (many - few)


def measure(state, subject, python, quick, say):
    """`say` is called with each figure."""
    key = dict(subject, kind="instructions")
    state.drop(lambda one: one["kind"] == "instructions" and one["fault"])
    for path in PATHS:
        for mode in MODES:
            known = dict(key, path=path.name, mode=mode)
            if any(all(one.get(name) == known[name] for name in known) for one in state.records):
                continue
            try:
                found = dict(fault=None, instructions=one_time(path, mode, python, quick))
            except RuntimeError as error:
                found = dict(fault=str(error))
            state.add(dict(known, **found))
            say("%s, %s: %s" % (path.name, mode, found["fault"] or "%.1f instructions" % found["instructions"]))


def rows_of(records):
    """A row for each path: instructions bare, and those that each mode adds to one event."""
    for path in PATHS:
        own = {one["mode"]: one for one in records if one["kind"] == "instructions" and one["path"] == path.name}
        if not own:
            continue
        bare = own.get("bare", {}).get("instructions")
        row = {"path": path.name, "events": path.events, "bare": bare, "added_per_event": {},
               "faults": sorted({one["fault"] for one in own.values() if one["fault"]})}
        for mode, one in own.items():
            if mode != "bare" and bare is not None and one["fault"] is None:
                row["added_per_event"][mode] = (one["instructions"] - bare) / path.events
        yield row
