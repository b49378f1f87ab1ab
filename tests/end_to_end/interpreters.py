"""The interpreters of this machine, and C extensions built for each of them.

The list is scripts/python-matrix's; CISTERN_INTERPRETERS names a file with its JSON, else the script is run. Versions
that are missing are named on stderr, never skipped in silence.
"""
import functools
import json
import os
import re
import subprocess
import sys

import product

OLDER = ("2.7", "3.6", "3.7")


class Interpreter:
    def __init__(self, facts):
        self.name, self.path, self.minor, self.include = facts["name"], facts["path"], facts["minor"], facts["include"]
        self.static = facts["libpython"] == "static"
        self.supported = facts["supported"]
        self.free_threaded = facts["free_threaded"]
        # A copy that runs from outside below the C library of its root: ROOT/cistern/bin/python3.X.
        self.below = os.path.dirname(facts["base"]) if facts["source"] == "root" else None
        # sys.getsizeof(b""): a bytes object beside its bytes. Without the GIL the head of objects is longer.
        self.empty_bytes = 49 if self.free_threaded else 33
        self.version = tuple(int(part) for part in re.findall(r"\d+", facts["version"])[:3])

    def __repr__(self):
        return self.name


@functools.lru_cache(None)
def _matrix():
    path = os.environ.get("CISTERN_INTERPRETERS")
    if path:
        with open(path) as file:
            return json.load(file)
    script = os.path.join(product.SOURCE, "scripts", "python-matrix")
    return json.loads(subprocess.check_output([sys.executable, script, "--json"]))


def say(text):
    print(text, file=sys.stderr, flush=True)


@functools.lru_cache(None)
def supported():
    """Interpreters whose Python stacks are recorded. Never empty: the driver itself runs on one."""
    matrix = _matrix()
    for minor in matrix["missing"]:
        say("NOT TESTED: CPython %s is not on this machine" % minor)
    found = []
    for facts in matrix["interpreters"]:
        if facts["root"]:
            say("NOT TESTED: %s is in another root" % facts["name"])
        elif facts["supported"]:
            found.append(Interpreter(facts))
    if not found:
        raise RuntimeError("no supported CPython on this machine: scripts/python-matrix lists them")
    return found


def is_supported(minor):
    """Whether the stacks of a version, such as "3.11", are recorded."""
    return minor in _matrix()["supported"]


@functools.lru_cache(None)
def older():
    found = [Interpreter(facts) for facts in _matrix()["interpreters"] if facts["minor"] in OLDER]
    for minor in OLDER:
        if not any(one.minor == minor for one in found):
            say("NOT TESTED: CPython %s is not on this machine" % minor)
    return found


def one_of(*minors):
    """The first of these versions that is on this machine, in the given order; else any, preferably with a GIL."""
    for minor in minors:
        for one in supported():
            if one.minor == minor:
                return one
    with_gil = [one for one in supported() if not one.free_threaded]
    return (with_gil or supported())[-1]


@functools.lru_cache(None)
def extension(interpreter, source):
    """Builds an extension in C or C++ for an interpreter; returns the folder to be put on its path."""
    if interpreter.include is None:
        raise RuntimeError("%s has no headers; Debian's are in python3-dev, which scripts/packages installs"
                           % interpreter.name)
    name = os.path.splitext(os.path.basename(source))[0]
    folder = os.path.join(product.TOOLS, "extensions", interpreter.name)
    os.makedirs(folder, exist_ok=True)
    suffix = subprocess.check_output(
        [interpreter.path, "-Ec", "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))"])
    target = os.path.join(folder, name + suffix.decode().strip())
    made = "%s.%d" % (target, os.getpid())
    subprocess.check_call([os.environ.get("CC", "cc"), "-g", "-O1", "-fno-builtin", "-shared", "-fPIC", "-pthread",
                           "-I" + interpreter.include, source, "-o", made]
                          + (["-lstdc++"] if source.endswith(".cpp") else []))
    os.replace(made, target)
    return folder
