"""The programs that are measured: one line each. A workload's key is what --workloads takes: its name, or its letter for
all of that letter."""
import os

import packages
import product

HERE = os.path.dirname(os.path.abspath(__file__))
APPS = os.path.join(product.CASES, "apps")


class Workload:
    """`words`: what stands behind the interpreter, {} being the size; `repeat`: how often it is run for one figure;
    `options`: what `cistern run` needs for it; `needs`: packages of the index."""

    def __init__(self, letter, name, words, size=0, quick=0, repeat=1, needs=(), options=(), path=(), environment=None):
        self.letter, self.name, self.words, self.size, self.quick = letter, name, words, size, quick
        self.repeat, self.needs, self.options, self.path = repeat, list(needs), list(options), list(path)
        self.environment = environment or {}

    def arguments(self, quick):
        return [word.replace("{}", str(self.quick if quick else self.size)) for word in self.words]

    def command(self, python, quick):
        return [python.path] + self.arguments(quick)

    def program_environment(self, python, quick):
        folders = list(self.path)
        if self.needs:
            folders.append(packages.packages_for(python, self.needs))
        more = {name: value.replace("{}", str(self.quick if quick else self.size))
                for name, value in self.environment.items()}
        if folders:
            more["PYTHONPATH"] = os.pathsep.join(folders)
        return product.clean_environment(PYTHONHASHSEED="0", **more)


def script(letter, name, size, quick):
    return Workload(letter, name, [os.path.join(HERE, "workloads", name + ".py"), "{}"], size, quick)


def app(name, *needs):
    return Workload("e", name.split("_")[1], [os.path.join(APPS, name + ".py")], needs=needs)


WORKLOADS = [
    script("a", "storm", 10000, 500),
    script("b", "records", 100, 5),
    script("c", "trees", 500, 20),
    script("d", "tasks", 50, 3),
    app("a1_sympy", "sympy"),
    app("a2_networkx", "networkx<4"),
    app("a3_flask", "flask"),
    app("a4_pandas", "numpy", "pandas"),
    app("a5_django", "django"),
    Workload("h", "pass", ["-c", "pass"], repeat=20),
]


def chosen(text):
    """The workloads of a list of names and letters; all without one. A word that is none is a ValueError."""
    if not text:
        return WORKLOADS
    words = text.split(",")
    for word in words:
        if not any(word in (one.letter, one.name) for one in WORKLOADS):
            raise ValueError("no workload %s; there are %s" % (
                word, ", ".join("%s (%s)" % (one.name, one.letter) for one in WORKLOADS)))
    return [one for one in WORKLOADS if one.letter in words or one.name in words]
