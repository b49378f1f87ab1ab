"""Prints, for every code object of some of the standard library, its line table and the line of each instruction as
this interpreter itself says: what line_table_probe reads. Runs on CPython 3.8 and later."""

import dis
import os
import sys


def codes(code):
    yield code
    for const in code.co_consts:
        if hasattr(const, "co_code"):
            yield from codes(const)


def lines_of(code):
    """The line of each instruction's byte offset, 0 for none."""
    if sys.version_info >= (3, 10):
        lines = {}
        for start, end, line in code.co_lines():
            for offset in range(start, end, 2):
                lines[offset] = line or 0
        return lines
    starts = list(dis.findlinestarts(code))
    lines = {}
    for i, (start, line) in enumerate(starts):
        end = starts[i + 1][0] if i + 1 < len(starts) else len(code.co_code)
        for offset in range(start, end, 2):
            lines[offset] = line
    return lines


def main():
    if sys.version_info >= (3, 11):
        kind = 3
    else:
        kind = 2 if sys.version_info >= (3, 10) else 1
    folder = os.path.dirname(os.__file__)
    names = sorted(name for name in os.listdir(folder) if name.endswith(".py"))
    names += [os.path.join("asyncio", n) for n in sorted(os.listdir(os.path.join(folder, "asyncio"))) if n.endswith(".py")]
    for name in names:
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            module = compile(file.read(), path, "exec")
        for code in codes(module):
            table = code.co_lnotab if kind == 1 else code.co_linetable
            pairs = ",".join("%d:%d" % pair for pair in sorted(lines_of(code).items()))
            sys.stdout.write("%d %d x%s %s\n" % (kind, code.co_firstlineno, table.hex(), pairs))


main()
