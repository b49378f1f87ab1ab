"""Allocation storm: objects made and dropped below 25 frames. Argument: how many thousand objects."""
import sys


def burst():
    return [object() for _ in range(1000)]


def storm(thousands):
    for _ in range(thousands):
        burst()


def below(depth, thousands):
    if depth:
        return below(depth - 1, thousands)
    return storm(thousands)


below(20, int(sys.argv[1]))  # and the module, storm, burst, and the comprehension before 3.12
