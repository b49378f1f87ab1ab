"""Rules for single files: each is built, has a name of its own and a moderate length."""
import collections
import os
import re

from layers import source_tree

MAX_LINES = 500
# File names that may occur more than once.
SHARED_NAMES = frozenset(["__init__.py"])
FOR_ONE_PROCESSOR = re.compile(r"\b(?:__x86_64__|__aarch64__|__rdtscp?|__asm__|asm)\b|\w*86intrin\.h|\bREG_R[A-Z0-9]+\b")

MAY_PRINT = re.compile(r"analyzer/(?:render/layout|launch|cli)/")
PRINTS = re.compile(r"\b(?:v?printf|puts|putchar|perror|psignal|v?syslog)\s*\(|\b(?:fmt|std)::v?print(?:ln)?\b"
                    r"|\b(?:stdout|stderr|STDOUT_FILENO|STDERR_FILENO)\b|\bstd::w?(?:cout|cerr|clog)\b|<(?:iostream|print)>"
                    r"|\bv?dprintf\s*\(|(?<![\w.>])write\s*\(\s*[12]\s*,")
# Each architecture has files of the same names.
OF_ONE_ARCHITECTURE = re.compile(r"(tests/)?preload/arch/[^/]+/")


def check_sizes(tree):
    for path in tree.files:
        count = len(tree.lines(path))
        if count > MAX_LINES and not path.endswith(".md"):
            tree.fault(path, count, "%d lines, more than %d" % (count, MAX_LINES))


def check_names(tree):
    places = collections.defaultdict(list)
    for path in tree.files:
        if path.endswith(source_tree.CODE + (".py",)) and not OF_ONE_ARCHITECTURE.match(path):
            places[os.path.basename(path)].append(path)
    for name, paths in places.items():
        if len(paths) > 1 and name not in SHARED_NAMES:
            tree.fault(paths[1], 1, "has the same file name as %s" % paths[0])


def check_processors(tree):
    """Code for one processor is in preload/arch only."""
    for path in tree.includes:
        if path.startswith(("preload/", "analyzer/", "include/")) and not path.startswith("preload/arch/"):
            for number, line in enumerate(tree.lines(path), 1):
                found = FOR_ONE_PROCESSOR.search(line.split("//")[0])
                if found:
                    tree.fault(path, number, "%s is for one processor; its place is preload/arch" % found.group())


def code_of(line):
    """A line without comments at its end and without the contents of strings."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', line).split("//")[0]


def check_printing(tree):
    """What computes or renders returns numbers or text; few folders write to the terminal."""
    for path in tree.includes:
        if path.startswith("analyzer/") and not MAY_PRINT.match(path):
            for number, line in enumerate(tree.lines(path), 1):
                found = PRINTS.search(code_of(line))
                if found:
                    tree.fault(path, number, "%s prints; only render/layout, launch and cli do" % found.group().strip("( "))


def check_top(tree):
    for name in sorted(os.listdir(tree.root)):
        if name not in source_tree.TOP and not source_tree.IGNORED_AT_TOP.fullmatch(name):
            tree.fault(name, 1, "does not belong at the top level")


def lists_above(tree, path):
    """The files that may list `path`, as (folder, file): a CMakeLists.txt at or above it; for a test also a Python file."""
    endings = ("/CMakeLists.txt", ".py") if path.startswith("tests/") else ("/CMakeLists.txt",)
    folder = os.path.dirname(path)
    while folder:
        yield from ((folder, name) for name in tree.files if os.path.dirname(name) == folder and name.endswith(endings))
        folder = os.path.dirname(folder)


def is_listed(tree, path):
    """Whether `path` is built by name. The lists of tests may leave out its folder and its ending."""
    for folder, lists in lists_above(tree, path):
        names = [os.path.relpath(path, folder)]
        if path.startswith("tests/"):
            names += [os.path.basename(path), os.path.splitext(os.path.basename(path))[0]]
        if any(re.search(r"(?<![\w./-])%s(?![\w./-])" % re.escape(one), tree.text(lists)) for one in names):
            return True
    return False


def check_lists(tree):
    """Every source is listed by name, and no CMakeLists.txt searches for sources."""
    for path in tree.files:
        if path.split("/")[0] in ("preload", "analyzer", "tests") and path.endswith((".cpp", ".S")):
            if not is_listed(tree, path):
                tree.fault(path, 1, "is listed in no CMakeLists.txt")
        if path.endswith(("CMakeLists.txt", ".cmake")):
            for number, line in enumerate(tree.lines(path), 1):
                if re.search(r"\bfile\s*\(\s*GLOB", line, re.I):
                    tree.fault(path, number, "searches for sources; list them by name")
