"""The measured programs, one line each. --workloads takes a name, or a letter for all workloads of that letter."""
import os
import tempfile

import packages
import product
import pyperformance_script
from launch import tool

HERE = os.path.dirname(os.path.abspath(__file__))
APPS = os.path.join(product.CASES, "apps")
IN_MEMORY = "/dev/shm"
# Temporary files are in memory: on a disk the time of thousands of small files varies more than the measured cost.
TEMPORARY = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else tempfile.gettempdir()


class Workload:
    """`words`: the arguments of the interpreter, {} is the size; `repeat`: number of runs for one figure;
    `needs`: packages of the index; `options`: what `cistern run` needs for it."""

    def __init__(self, letter, name, words, size=0, quick=0, repeat=1, needs=(), options=()):
        self.letter, self.name, self.words, self.size, self.quick = letter, name, words, size, quick
        self.repeat, self.needs, self.options = repeat, list(needs), list(options)

    def sized(self, quick):
        return str(self.quick if quick else self.size)

    def words_of(self, python, quick):
        """The arguments of the interpreter, which a profiler's own command takes too."""
        return [word.replace("{}", self.sized(quick)) for word in self.words]

    def command(self, python, quick):
        return [python.path] + self.words_of(python, quick)

    def program_environment(self, python, quick):
        more = {"PYTHONPATH": packages.packages_for(python, self.needs)} if self.needs else {}
        return product.clean_environment(PYTHONHASHSEED="0", **more)


class PyperformanceScript(Workload):
    def __init__(self, name, loops, quick_loops, *words):
        super().__init__("f", name, words, loops, quick_loops)

    def words_of(self, python, quick):
        return [pyperformance_script.path_of(python, self.name), *self.words]

    def program_environment(self, python, quick):
        return product.clean_environment(PYTHONHASHSEED="0", PYTHONPATH=pyperformance_script.STUB, TMPDIR=TEMPORARY,
                                         LOOPS=self.sized(quick))


class Storm(Workload):
    """A program without Python."""

    def __init__(self, name, threads):
        super().__init__("g", name, [str(threads), "{}", "100000"], 8000000, 100000, options=["--follow", "all"])

    def command(self, python, quick):
        return [tool("storm")] + self.words_of(python, quick)


class StormByPython(Workload):
    """The same below a Python program, for profilers that need one."""

    def __init__(self, name, threads):
        words = [os.path.join(HERE, "workloads", "storm_by_ctypes.py"), "LIBRARY", str(threads), "{}", "100000"]
        super().__init__("g", name, words, 8000000, 100000)

    def words_of(self, python, quick):
        return [word.replace("LIBRARY", tool("libstorm.so")) for word in super().words_of(python, quick)]


def script(letter, name, size, quick):
    return Workload(letter, name, [os.path.join(HERE, "workloads", name + ".py"), "{}"], size, quick)


def app(name, *needs):
    return Workload("e", name.split("_")[1], [os.path.join(APPS, name + ".py")], needs=needs)


WORKLOADS = [
    script("a", "objects", 10000, 500),
    script("b", "records", 100, 5),
    script("c", "trees", 500, 20),
    script("d", "tasks", 200, 3),
    app("a1_sympy", "sympy"),
    app("a2_networkx", "networkx<4"),
    app("a3_flask", "flask"),
    app("a4_pandas", "numpy", "pandas"),
    app("a5_django", "django"),
    *(PyperformanceScript(*one) for one in pyperformance_script.SCRIPTS),
    Storm("storm-1", 1),
    Storm("storm-2", 2),
    Workload("h", "pass", ["-c", "pass"], repeat=20),
]
# The workloads on which other profilers are measured.
FOR_PEERS = ([one for one in WORKLOADS if one.letter in "abh"]
             + [StormByPython("storm-1-ctypes", 1), StormByPython("storm-2-ctypes", 2)]
             + [one for one in WORKLOADS if one.name in ("pyflate", "deltablue", "json_dumps", "raytrace", "xml_etree")])


def chosen(text, table=None):
    """The workloads with the given names and letters, all of them without a list. Raises ValueError for an unknown word."""
    table = WORKLOADS if table is None else table
    if not text:
        return table
    words = text.split(",")
    for word in words:
        if not any(word in (one.letter, one.name) for one in WORKLOADS + FOR_PEERS):
            raise ValueError("no workload %s; there are %s" % (
                word, ", ".join("%s (%s)" % (one.name, one.letter) for one in WORKLOADS)))
    return [one for one in table if one.letter in words or one.name in words]
