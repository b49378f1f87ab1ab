"""Programs that are recorded in ways in which something is lost, or nothing; see test_completeness.py."""
import os
import re
import subprocess

import product

# Keeps 200 bytes a round, so that a check of a complete profile has something to find.
GROW = """
import os, sys
kept = []
def work(rounds):
    for i in range(rounds):
        kept.append(bytearray(200))
"""

FORKS = """
if os.fork() == 0:
    work(300)
    os._exit(0)
os.wait()
work(300)
"""

STARTS = """
import subprocess
subprocess.run([sys.executable, '-c', 'kept = [bytearray(200) for i in range(300)]'], check=True)
work(300)
"""

WAYS = []
WHOLE = []


def loses(name, reason, root=False):
    """Registers a way to lose something."""
    def register(arrange):
        WAYS.append((name, reason, root, arrange))
        return arrange
    return register


def keeps(name, root=False):
    """Registers a way in which nothing is lost."""
    def register(arrange):
        WHOLE.append((name, "", root, arrange))
        return arrange
    return register


class Recorder:
    """Records programs in a folder of their own."""

    def __init__(self, test, name):
        self.test = test
        self.python = test.python
        self.folder = test.path(re.sub(r"\W+", "-", name))
        os.mkdir(self.folder)
        self.profile = self.path("x.cistern")

    def path(self, name):
        return os.path.join(self.folder, name)

    def script(self, program, name="app.py"):
        with open(self.path(name), "w") as file:
            file.write(GROW + program)
        return self.path(name)

    def run(self, program, *options, below=(), before=None, arguments=(), env=None):
        """Below `cistern run`. Returns the profile."""
        command = [product.CISTERN, "run", "-o", self.profile, *options, "--", *below, self.python,
                   self.script(program), *arguments]
        self.done = product.run(command, env or product.clean_environment(), cwd=self.folder, before=before)
        return self.profile

    def preload(self, program, options=None, before=None, arguments=()):
        """Without `cistern run`. Returns the profile."""
        env = product.recorded_environment(self.profile, options)
        self.done = product.run([self.python, self.script(program), *arguments], env, cwd=self.folder, before=before)
        return self.profile

    def mount(self, size):
        folder = self.path("disk")
        os.mkdir(folder)
        subprocess.check_call(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder])
        self.test.addCleanup(subprocess.check_call, ["umount", "-l", folder])
        self.profile = os.path.join(folder, "x.cistern")


# --- recording that stopped ---


def remove_images(recorder, suffix=".cistern"):
    folder = recorder.profile + ".d"
    names = [name for name in os.listdir(folder) if name.endswith(suffix)]
    assert names, os.listdir(folder)
    for name in names:
        os.unlink(os.path.join(folder, name))
