"""Twenty of pyperformance's scripts, each in one process through a stub of pyperf, with as many loops as make it some one
or two seconds."""
import os

import packages

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = ["pyperformance"]
STUB = os.path.join(HERE, "pyperf_stub")

# Name, loops, loops of --quick, and what stands behind the script.
SCRIPTS = [
    ("async_generators", 4, 1),
    ("async_tree", 1, 1, "none"),
    ("chaos", 12, 1),
    ("deepcopy", 2000, 50),
    ("deltablue", 200, 5),
    ("float", 12, 1),
    ("generators", 10, 1),
    ("go", 6, 1),
    ("hexiom", 120, 4),
    ("json_dumps", 60, 2),
    ("json_loads", 2000, 50),
    ("logging", 8000, 200),
    ("pathlib", 20, 1),
    ("pickle", 150, 4, "--pure-python", "pickle"),
    ("pyflate", 2, 1),
    ("raytrace", 3, 1),
    ("regex_compile", 6, 1),
    ("richards", 20, 1),
    ("telco", 200, 5),
    ("xml_etree", 2, 1),
]


def path_of(python, name):
    """The script; the package is fetched when it is not there."""
    return os.path.join(packages.packages_for(python, PACKAGES), "pyperformance", "data-files", "benchmarks",
                        "bm_" + name, "run_benchmark.py")
