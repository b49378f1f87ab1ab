"""Programs that embed Python (embed_target.cpp): each allocation under its line, in every life of the interpreter, on
every thread and in every sub-interpreter; output and exit code as without the recorder; nothing lost."""
import collections
import glob
import os
import re
import unittest

import interpreters
import product
import reader

PROGRAM = os.path.join(product.PROGRAMS, "embedded.py")
TIMES = 20
DEBIAN_LIBRARIES = "/usr/lib/x86_64-linux-gnu/libpython3.*.so.1.0"


class Library:
    def __init__(self, name, path, version):
        self.name, self.path, self.version = name, path, version


def libraries():
    """The libpythons of this machine."""
    found = []
    for one in interpreters.supported():
        paths = glob.glob(os.path.join(os.path.dirname(os.path.dirname(one.path)), "lib", "libpython3.*.so.1.0"))
        if one.static or not paths:
            interpreters.say("NOT EMBEDDED: %s has no libpython as a shared library" % one.name)
        else:
            found.append(Library(one.name, paths[0], one.version))
    for path in sorted(glob.glob(DEBIAN_LIBRARIES)):
        minor = tuple(int(part) for part in re.search(r"libpython(\d+)\.(\d+)", path).groups())
        if (3, 8) <= minor <= (3, 13) and os.path.isdir("/usr/lib/python%d.%d" % minor):
            found.append(Library("Debian's %d.%d" % minor, path, minor))
    if not found:
        raise RuntimeError("no shared libpython on this machine; Debian's is in the package libpython3-dev")
    return found


def line_numbers():
    with open(PROGRAM) as file:
        return {match.group(1): number for number, match in
                enumerate((re.search(r"# LINE (.+)$", line) for line in file), 1) if match}


LINES = line_numbers()


def stacks_of(number):
    """What embedded.work(number) allocates: stacks by size, innermost first."""
    header, size = 33, 20000 + 100 * number
    rest = (("outer", LINES["call inner"]), ("work", LINES["call outer"]))
    return {size + header: (("inner", LINES["inner"]),) + rest,
            size + header + 1: (("outer", LINES["outer"]), ("work", LINES["call outer"]))}


class Embedding(product.Case):
    def compare(self, library, arguments, preload=product.PRELOAD, **more):
        """Runs embed_target bare and recorded; both must do the same. Returns the recorded image."""
        mode, *arguments = arguments
        command = [product.tool("embed_target"), mode, library.path, product.PROGRAMS] + [str(a) for a in arguments]
        more["PYTHONDONTWRITEBYTECODE"] = "1"
        bare = product.run(command, product.clean_environment(**more))
        self.assertEqual((bare.code, bare.err), (0, ""), command)
        profile = self.path("embedding.cistern")
        done = product.run(command, product.recorded_environment(profile, {"force": "on"}, preload=preload, **more))
        self.assertEqual((done.code, done.out, done.err), (bare.code, bare.out, bare.err), command)
        image = reader.only_image(profile)
        self.assertEqual(image.losses["lost"], 0)
        return image

    def check_stacks(self, image, times_by_number):
        wanted = {}
        for number, times in times_by_number.items():
            for size, stack in stacks_of(number).items():
                wanted[size, stack] = times * TIMES
        sizes = {size for size, _ in wanted}
        found = collections.Counter()
        for event in image.events():
            if event.op == 1 and event.size in sizes and reader.DOMAINS[event.domain] == "obj":
                # Below `work` lies what called it: <module>, and what the program ran before.
                own = [f for f in image.stack(event.stack) if f.kind == reader.PYTHON and f.file == PROGRAM]
                found[event.size, tuple((f.function.rpartition(".")[2], f.line) for f in own)] += 1
        self.assertEqual(dict(found), wanted)

    def on_every_library(self, arguments, times_by_number, least=(3, 8), **more):
        for library in libraries():
            if library.version >= least:
                with self.subTest(library=library.name):
                    image = self.compare(library, arguments, **more)
                    self.check_stacks(image, times_by_number)

    def test_by_dlopen_in_two_lives(self):
        plugin = "plugin=" + os.path.join(product.TOOLS, "libembed_plugin.so")
        for how in ([], ["global"], [plugin], ["thread"], ["heap"], ["thread", "global", plugin]):
            with self.subTest(how=how):
                self.on_every_library(["rounds", 2] + how, {1: 1, 2: 1})

    def test_in_ten_lives(self):
        self.on_every_library(["rounds", 10], {number: 1 for number in range(1, 11)})

    def test_with_the_library_closed_and_opened_again(self):
        self.on_every_library(["rounds", 2, "close"], {1: 1, 2: 1})

    def test_from_callbacks_in_native_threads(self):
        self.on_every_library(["callbacks", 30, 4], {0: 1, 1: 30, 2: 30, 3: 30, 4: 30})

    def test_interpreters_that_share_the_gil(self):
        self.on_every_library(["interpreters", 2, 4], {0: 1, 1: 2, 2: 2, 3: 2, 4: 2})

    def test_interpreters_with_a_gil_of_their_own(self):
        self.on_every_library(["interpreters", 2, 4, "own"], {0: 1, 1: 2, 2: 2, 3: 2, 4: 2}, least=(3, 12))


if __name__ == "__main__":
    unittest.main()
