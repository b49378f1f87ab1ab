"""Compares the analyzer's line tables with those of every interpreter found. Usage: test_line_tables.py PROBE"""

import glob
import os
import subprocess
import sys


def interpreters():
    """One interpreter a version: pyenv's, then the system's."""
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    found = {}
    for path in sorted(glob.glob(os.path.join(root, "versions", "*", "bin", "python3"))) + ["/usr/bin/python3"]:
        if not os.access(path, os.X_OK):
            continue
        version = subprocess.run([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                                 stdout=subprocess.PIPE, universal_newlines=True).stdout.strip()
        if version and tuple(int(part) for part in version.split(".")) >= (3, 8):
            found.setdefault(version, path)
    return found


def main():
    probe = sys.argv[1]
    dump = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dump_line_tables.py")
    failed = 0
    found = interpreters()
    for version in ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13"):
        if version not in found:
            print("%s: SKIPPED, no such interpreter here" % version)
            continue
        tables = subprocess.run([found[version], "-B", dump], stdout=subprocess.PIPE, check=True).stdout
        result = subprocess.run([probe], input=tables, stdout=subprocess.PIPE)
        said = result.stdout.decode()
        compared = int(said.splitlines()[-1].split()[0])
        print("%s: %s" % (version, said.strip()))
        if result.returncode != 0 or compared < 10000:
            failed += 1
    if not found:
        print("no interpreter found")
        return 1
    return 1 if failed else 0


sys.exit(main())
