"""Which functions and variables of other folders each folder's library needs, as `nm` lists them.

Catches what includes do not show: a function that is declared where it is used and defined in a folder above.
"""
import os
import subprocess

from layers import folders as folder_lists


def library_of(folder):
    block, _, name = folder.partition("/")
    middle = "preload_" if block == "preload" else ""
    return "libcistern_%s%s.a" % (middle, name.replace("/", "_"))


def find_libraries(build):
    return {name: os.path.join(folder, name) for folder, _, names in os.walk(build)
            for name in names if name.startswith("libcistern_") and name.endswith(".a")}


def symbols_of(library):
    """Returns the names that a library defines and those that it only uses."""
    listing = subprocess.run(["nm", "--extern-only", "--format=posix", library], stdout=subprocess.PIPE,
                             universal_newlines=True, check=True).stdout
    defined, undefined = set(), set()
    for line in listing.splitlines():
        words = line.split()
        if len(words) >= 2 and len(words[1]) == 1:
            (undefined if words[1] in "Uwv" else defined).add(words[0])
    return defined, undefined - defined


def readable(name):
    return subprocess.run(["c++filt", name], stdout=subprocess.PIPE, universal_newlines=True).stdout.strip() or name


def check_symbols(tree, folders, build):
    """Each symbol that a folder needs and a folder of the same block defines is defined in one that it may use."""
    libraries = find_libraries(build)
    for block in folder_lists.BLOCKS:
        members = [folder for folder in folders.values() if folder.path.startswith(block + "/") and folder.declared_in]
        missing = [folder for folder in members if library_of(folder.path) not in libraries]
        for folder in missing:
            tree.fault(folder.declared_in, 1, "%s is not in %s: build it first" % (library_of(folder.path), build))
        built = [folder for folder in members if folder not in missing]
        symbols = {folder.path: symbols_of(libraries[library_of(folder.path)]) for folder in built}
        for folder in built:
            check_needed(tree, folder, symbols)


def check_needed(tree, folder, symbols):
    allowed = [path for path in symbols if path in folder.reachable]
    for name in sorted(symbols[folder.path][1]):
        definers = [path for path, (defined, _) in symbols.items() if name in defined]
        if definers and not any(path in allowed for path in definers):
            tree.fault(folder.declared_in, 1, "%s calls %s, which is in %s" % (folder.path, readable(name), definers[0]))
