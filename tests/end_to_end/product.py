"""The product under test: where its files are, and how a program is run bare and recorded.

Environment, set by CMake: CISTERN_BINARY_DIR (the build tree), CISTERN_SOURCE_DIR (this tree).
"""
import contextlib
import os
import resource
import shutil
import subprocess
import tempfile
import unittest

import check_table

SOURCE = os.environ.get("CISTERN_SOURCE_DIR") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BINARY = os.environ.get("CISTERN_BINARY_DIR") or os.path.join(SOURCE, "build")
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "programs")
CASES = os.path.join(SOURCE, "tests", "cases")
TOOLS = os.path.join(BINARY, "tests", "end_to_end")
PRELOAD = os.path.join(BINARY, "lib", "libcistern_preload.so")
CHECKED_PRELOAD = os.path.join(BINARY, "lib", "libcistern_preload_checked.so")
CISTERN = os.path.join(BINARY, "bin", "cistern")


def tool(name):
    path = os.path.join(TOOLS, name)
    if not os.path.exists(path):
        raise FileNotFoundError("%s was not built" % path)
    return path


def clean_environment(**more):
    """The environment without variables that change a Python program or the recorder."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("PYTHON", "CISTERN_", "LD_PRELOAD", "MALLOC_", "PYENV_"))}
    kept.update(more)
    return kept


def quoted(value):
    return "'%s'" % value if " " in str(value) else str(value)


def recorded_environment(output, options=None, preload=PRELOAD, above=(), **more):
    """`above`: libraries that come before the recorder in LD_PRELOAD."""
    pairs = dict(options or {}, output=output)
    text = " ".join("%s=%s" % (name, quoted(value)) for name, value in pairs.items())
    return clean_environment(LD_PRELOAD=":".join([*above, preload]), CISTERN_OPTIONS=text, **more)


class Finished:
    """The exit code, the output and the pid of a finished program."""

    def __init__(self, process, out, err):
        self.pid, self.code = process.pid, process.returncode
        self.out, self.err = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def run(command, env, cwd=None, timeout=240, before=None):
    process = subprocess.Popen([str(part) for part in command], env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=before)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Finished(process, out, err)


def cistern(*arguments, timeout=240):
    """Runs the analyzer, with a limit of 4 GiB of address space."""
    return run([CISTERN, *arguments], clean_environment(NO_COLOR="1"), timeout=timeout,
               before=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)))


class Case(unittest.TestCase):
    """A test with its own folder, which is kept if CISTERN_KEEP is set."""

    maxDiff = 4000

    @contextlib.contextmanager
    def subTest(self, *message, **of):
        """As unittest's; notes the outcome on each interpreter for check_table.py."""
        with super().subTest(*message, **of):
            try:
                yield
            except unittest.SkipTest:
                check_table.note(self.id(), of.get("interpreter"), "skipped")
                raise
            except BaseException:
                check_table.note(self.id(), of.get("interpreter"), "FAILED")
                raise
            check_table.note(self.id(), of.get("interpreter"), "ok")

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cistern-e2e-")
        if os.environ.get("CISTERN_KEEP"):
            print("kept:", self.id(), self.folder)
        else:
            self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_well(self, command, env, **how):
        """Runs a command that must end with exit code 0 and an empty stderr."""
        done = run(command, env, **how)
        self.assertEqual((done.code, done.err), (0, ""), "%s\nstdout: %s" % (command, done.out[-2000:]))
        return done
