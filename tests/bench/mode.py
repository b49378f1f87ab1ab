"""The modes in which Cistern records, one line each. A mode that a build does not know is reported as missing."""
import os
import subprocess
import tempfile

import product
import recording


class Mode:
    def __init__(self, name, *options, complete=True):
        self.name, self.options = name, list(options)
        self.complete = complete  # whether the profile must hold every event

    def run(self, workload, python, quick, expected, first, limit_s):
        return recording.recorded(workload, self, python, quick, expected, first, limit_s)

    def missing(self, python):
        """Why this build cannot record in this mode; None if it can."""
        with tempfile.TemporaryDirectory(prefix="cistern-bench-") as folder:
            command = [product.CISTERN, "run", "-o", os.path.join(folder, "x.cistern"), *self.options, "--", "true"]
            done = subprocess.run(command, env=product.clean_environment(), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, universal_newlines=True, check=False)
        return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it failed"])[0]


MODES = [
    Mode("default"),  # drains
    Mode("spill", "--ring", "spill"),
    Mode("snapshot", "--ring", "snapshot", complete=False),
    Mode("overwrite", "--ring", "overwrite", complete=False),
    Mode("malloc+mmap", "--domains", "malloc,mmap"),
    Mode("dormant", "--no-start", complete=False),
    Mode("native-none", "--native", "none"),
    Mode("native-leaf", "--native", "leaf"),
    Mode("native-full", "--native", "full"),
]


def chosen(text):
    """The modes with the given names, all modes without a list. Raises ValueError for an unknown name."""
    if not text:
        return MODES
    names = {one.name: one for one in MODES}
    for word in text.split(","):
        if word not in names:
            raise ValueError("no mode %s; there are %s" % (word, ", ".join(names)))
    return [names[word] for word in text.split(",")]
