"""Prints which check ran on which interpreter, as a table. Each check appends a line to the file that CISTERN_CHECKS names.

    check_table.py FILE MATRIX      MATRIX: the output of scripts/python-matrix --json
"""
import collections
import json
import os
import sys

ORDER = ["FAILED", "skipped", "ok"]  # the first of them that occurred counts


def note(test, interpreter, outcome):
    """One line; several tests may write at a time."""
    path = os.environ.get("CISTERN_CHECKS")
    if path and interpreter is not None:
        line = json.dumps([test, str(interpreter), outcome]) + "\n"
        with open(path, "a", buffering=1) as file:
            file.write(line)


def short(test):
    """__main__.Mixed.test_x, as its module says it: Mixed.x."""
    words = test.split(" ")[0].split(".")
    return "%s.%s" % (words[-2], words[-1].replace("test_", "", 1).replace("_", " "))


def rows(path):
    found = collections.defaultdict(dict)
    with open(path) as file:
        for line in file:
            test, interpreter, outcome = json.loads(line)
            known = found[short(test)].get(interpreter, "ok")
            found[short(test)][interpreter] = min(known, outcome, key=ORDER.index)
    return found


def table(found, interpreters):
    columns = interpreters + sorted({name for row in found.values() for name in row} - set(interpreters))
    labels = [name.replace("cpython-", "").replace("-shared", "").replace("-static", " st") for name in columns]
    width = max([len(name) for name in found] + [5])
    lines = ["%-*s  %s" % (min(width, 90), "check", "  ".join("%-7s" % label for label in labels))]
    for name in sorted(found):
        cells = ["%-7s" % found[name].get(column, "-") for column in columns]
        lines.append("%-*s  %s" % (min(width, 90), name[:90], "  ".join(cells)))
    return lines


def main():
    path, matrix = sys.argv[1:]
    if not os.path.exists(path):
        return
    with open(matrix) as file:
        facts = json.load(file)
    names = [one["name"] for one in facts["interpreters"] if one["supported"] and not one["root"]]
    found = rows(path)
    print("\nchecks by interpreter (-: not run on that one)")
    print("\n".join(line.rstrip() for line in table(found, names)))
    for missing in facts["missing"]:
        print("NOT TESTED: CPython %s is not on this machine" % missing)


if __name__ == "__main__":
    main()
