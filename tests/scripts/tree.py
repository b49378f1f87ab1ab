"""Where the source and the build tree are, and how their scripts and programs are run.

CMake sets CISTERN_SOURCE_DIR and CISTERN_BINARY_DIR; without them it is this tree, and build/ in it.
"""
import os
import subprocess

SOURCE = os.environ.get("CISTERN_SOURCE_DIR") or os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BINARY = os.environ.get("CISTERN_BINARY_DIR") or os.path.join(SOURCE, "build")
CISTERN = os.path.join(BINARY, "bin", "cistern")
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else "python3"


def script(name):
    return os.path.join(SOURCE, "scripts", name)


def plain_environment(**more):
    """The environment without what would change a recorded program."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "CISTERN_", "LD_PRELOAD", "MALLOC_"))}
    kept.update(more)
    return kept


def run(command, env=None, cwd=None, timeout=60):
    """Runs a command without stdin; returns it with its output as text."""
    return subprocess.run(command, env=env or plain_environment(), cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=timeout)
