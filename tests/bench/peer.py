"""Other memory profilers, measured as Cistern's modes are: one line each. Their CPU time includes all child
processes; a run that takes more than ten times as long as bare is killed."""
import os
import re
import shutil
import subprocess
import tempfile

import mode
import packages
import product
import recording

LIMIT = 10


class Peer:
    def __init__(self, name, **environment):
        self.name, self.environment = name, environment

    def missing(self, python):
        return None

    def command(self, workload, python, quick, output):
        return workload.command(python, quick)

    def program_environment(self, workload, python, quick):
        return dict(workload.program_environment(python, quick), **self.environment)

    def events(self, python, output):
        """The number of events in the peer's file by its own count; None if it does not report one."""
        return None

    def run(self, workload, python, quick, expected, first, limit_s):
        with tempfile.TemporaryDirectory(prefix="cistern-bench-") as folder:
            output = os.path.join(folder, "output")
            done, figures = recording.measured([], self.command(workload, python, quick, output),
                                               self.program_environment(workload, python, quick), folder, limit_s)
            if done.code is None:
                return recording.Run(None, cut_off=True)
            figures["bytes"] = sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)
                                   if name.startswith("output"))
            if first:
                figures["events"] = self.events(python, output)
        wrong = done.code != expected[0] or expected[1] not in done.out
        return recording.Run("%s: exit code %s: %s" % (self.name, done.code, (done.err or done.out)[-300:]) if wrong else None,
                             **figures)


class Memray(Peer):
    def __init__(self, name, *options):
        super().__init__(name)
        self.options = options

    def missing(self, python):
        try:
            packages.packages_for(python, ["memray"])
        except (subprocess.CalledProcessError, RuntimeError) as error:
            return "it cannot be installed: %s" % error
        return None

    def command(self, workload, python, quick, output):
        return [python.path, "-m", "memray", "run", "-q", "-f", *self.options, "-o", output,
                *workload.words_of(python, quick)]

    def program_environment(self, workload, python, quick):
        return with_memray(workload.program_environment(python, quick), python)

    def events(self, python, output):
        """Allocations only: it does not report the number of frees."""
        done = subprocess.run([python.path, "-m", "memray", "stats", output],
                              env=with_memray(product.clean_environment(), python), stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, universal_newlines=True, check=False)
        found = re.search(r"Total allocations:\s+(\d+)", done.stdout)
        return int(found.group(1)) if found else None


def with_memray(env, python):
    folders = [env["PYTHONPATH"]] if "PYTHONPATH" in env else []
    return dict(env, PYTHONPATH=os.pathsep.join(folders + [packages.packages_for(python, ["memray"])]))


class Heaptrack(Peer):
    def missing(self, python):
        return None if shutil.which("heaptrack") else "it is not installed (scripts/packages --bench)"

    def command(self, workload, python, quick, output):
        return ["heaptrack", "-o", output, *workload.command(python, quick)]


PEERS = [
    Memray("memray"),
    Memray("memray-python", "--trace-python-allocators"),
    Memray("memray-native", "--native"),
    Memray("memray-both", "--native", "--trace-python-allocators"),
    Heaptrack("heaptrack"),
    Heaptrack("heaptrack-malloc", PYTHONMALLOC="malloc"),
    Peer("tracemalloc-1", PYTHONTRACEMALLOC="1"),
    Peer("tracemalloc-25", PYTHONTRACEMALLOC="25"),
]
DEFAULT = mode.MODES[0]
ALL = [DEFAULT] + PEERS


def by_our_count(rows):
    """Adds to each row its bytes over the events that Cistern's default mode had on the same workload."""
    ours = {row["workload"]: row["events"] for row in rows if row["mode"] == DEFAULT.name}
    for row in rows:
        events = ours.get(row["workload"])
        row["bytes_per_event_of_ours"] = row["bytes"] / events if events and row.get("bytes") else None
    return rows
