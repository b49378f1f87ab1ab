"""Where a native frame of a profile is: module, function and line, found by binutils and not by the analyzer."""
import bisect
import functools
import os
import subprocess


def path_of(image, module):
    """The file of a module; that of the program itself has no path."""
    return module.path or image.executable


def place_of(image, frame):
    """(path of the module, address in the file); None for what lies in no known module."""
    module = image.modules.get(frame.file)
    return (path_of(image, module), frame.line) if module else None


@functools.lru_cache(None)
def functions_of(path):
    """The functions of an ELF file with a symbol table: their addresses in order, and (begin, end, name) of each. Of
    several names of one function the shortest is the last."""
    listing = subprocess.run(["nm", "--defined-only", "--print-size", path], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False).stdout.decode()
    found = []
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[2] in "tTwWi":
            begin, size = int(fields[0], 16), int(fields[1], 16)
            found.append((begin, begin + size, fields[3]))
    found.sort(key=lambda function: (function[0], -len(function[2])))
    return [begin for begin, _, _ in found], found


def function_of(image, frame):
    """The name of the function whose code holds the frame's address; None if no symbol covers it."""
    place = place_of(image, frame)
    if place is None or not os.path.exists(place[0]):
        return None
    begins, functions = functions_of(place[0])
    at = bisect.bisect_right(begins, place[1]) - 1
    return functions[at][2] if at >= 0 and place[1] < functions[at][1] else None


@functools.lru_cache(None)
def line_of(path, address):
    """(function, file, line) by the debug information; the innermost one where functions are inlined."""
    lines = subprocess.check_output(["addr2line", "-f", "-e", path, hex(address)]).decode().splitlines()
    file, _, line = lines[1].partition(" ")[0].rpartition(":")
    return lines[0], file, int(line) if line.isdigit() else None
