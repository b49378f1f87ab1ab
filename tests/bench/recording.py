"""One run of a workload: bare, or recorded by `cistern run`, whose own time is measured separately."""
import json
import os
import subprocess
import tempfile

import product
from launch import costs_of, launch, tool


class Run:
    """What one run cost; `fault` is the reason for which it does not count, or None."""

    def __init__(self, fault=None, **figures):
        self.fault, self.figures = fault, figures


def bare(workload, python, quick):
    """Returns the run and the program's exit code, output and errors."""
    with tempfile.TemporaryDirectory(prefix="cistern-bench-") as folder:
        done, figures = measured([], workload.command(python, quick), workload.program_environment(python, quick), folder)
    fault = None if done.code == 0 else "bare: exit code %s: %s" % (done.code, done.err.strip()[-300:])
    return Run(fault or no_costs(figures), **figures), done.said


def recorded(workload, mode, python, quick, expected, count_events, limit_s):
    """`expected`: the outcome of the bare program; `count_events`: whether to read the profile, which is slow."""
    with tempfile.TemporaryDirectory(prefix="cistern-bench-") as folder:
        profile = os.path.join(folder, "x.cistern")
        recorder = [product.CISTERN, "run", "-o", profile, "--wrapper", *mode.options, *workload.options, "--"]
        done, figures = measured(recorder, workload.command(python, quick), workload.program_environment(python, quick),
                                 folder, limit_s)
        fault = difference(done.said, expected) or no_costs(figures)
        figures["bytes"] = bytes_of(profile)
        if count_events and not fault:
            figures["events"], fault = events_of(profile, mode)
    return Run(fault, **figures)


def measured(recorder, command, env, folder, limit_s=1800):
    """Two launchers, also around a bare program: the outer one measures the recorder too, the inner one the program."""
    inner, work = os.path.join(folder, "inner.costs"), os.path.join(folder, "work")
    os.mkdir(work)
    done = launch([*recorder, tool("launcher"), inner, *command], env, work, os.path.join(folder, "outer.costs"), limit_s)
    program = costs_of(inner)
    if done.costs is None or program is None:
        return done, {}
    return done, {"wall_s": done.costs["wall_s"], "cpu_s": program["cpu_s"], "peak_bytes": program["peak_bytes"],
                  "drainer_cpu_s": max(0.0, done.costs["cpu_s"] - program["cpu_s"])}


def no_costs(figures):
    return None if figures else "the launcher wrote no costs"


def difference(said, expected):
    """How the recorded program differed from the bare one; None if it did not."""
    for name, one, other in zip(("exit code", "output", "errors"), said, expected):
        if one != other:
            return "recorded: %s %r, bare %r" % (name, shown(one), shown(other))
    return None


def shown(value):
    return value if isinstance(value, int) else value[-200:]


def bytes_of(profile):
    """Bytes of a profile and of those of its children."""
    paths = [profile] if os.path.exists(profile) else []
    for folder, _, names in os.walk(profile + ".d"):
        paths += [os.path.join(folder, name) for name in names]
    return sum(os.path.getsize(path) for path in paths)


def events_of(profile, mode):
    """The events of all processes of a profile, and its faults. A dormant program may leave none."""
    if not os.path.exists(profile):
        return 0, None
    done = subprocess.run([product.CISTERN, "summary", "--json", profile], env=product.clean_environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if done.returncode != 0:
        return None, "summary: exit code %d: %s" % (done.returncode, done.stderr.strip()[-300:])
    summary = json.loads(done.stdout)
    images = summary.get("images", [])
    lost = sum(image.get("lost_events", 0) for image in images)
    if mode.complete and (lost or not summary.get("complete", True)):
        return summary["events"], "the profile is not complete: %d events lost" % lost
    return summary["events"] + sum(image.get("overwritten", 0) for image in images), None
