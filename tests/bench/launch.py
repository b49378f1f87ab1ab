"""Runs a program by the launcher, which measures it, and returns what it printed and what it cost."""
import json
import os
import signal
import subprocess

import product


class Launched:
    """`code`: the exit code, 128+N for a signal, None when it was cut off; `costs`: the launcher's record, or None."""

    def __init__(self, code, out, err, costs):
        self.code, self.out, self.err, self.costs = code, out, err, costs

    @property
    def said(self):
        return self.code, self.out, self.err


def tool(name):
    """A program of tests/bench, of the build that is measured or of this tree's own: older builds are measured too."""
    for build in (product.BINARY, os.path.join(product.SOURCE, "build")):
        path = os.path.join(build, "tests", "bench", name)
        if os.path.exists(path):
            return path
    raise FileNotFoundError("%s was not built: scripts/build --tests" % path)


def costs_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            costs = json.load(file)
    except (OSError, ValueError):
        return None
    costs["cpu_s"] = costs["user_s"] + costs["system_s"]
    return costs


def launch(command, env, folder, path, limit_s=1800):
    """`folder`: working directory; `path`: the launcher's output. At the limit the program and its children are killed."""
    process = subprocess.Popen([tool("launcher"), path, *command], env=env, cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Launched(None, "", "", None)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return Launched(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), costs_of(path))
