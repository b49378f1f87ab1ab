"""Programs that embed Python (embed_target.cpp): each allocation under its line, in every life of the interpreter, on
every thread and in every sub-interpreter; output and exit code as without the recorder; nothing lost."""
import collections
import functools
import glob
import os
import re
import unittest

import interpreters
import product
import reader

PROGRAM = os.path.join(product.PROGRAMS, "embedded.py")
TIMES = 20
RUNNING, FINALIZING = 1, 3
DEBIAN_LIBRARIES = "/usr/lib/x86_64-linux-gnu/libpython3.*.so.1.0"


class Library:
    def __init__(self, name, path, version):
        self.name, self.path, self.version = name, path, version


@functools.lru_cache(None)
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
        if interpreters.is_supported("%d.%d" % minor) and os.path.isdir("/usr/lib/python%d.%d" % minor):
            found.append(Library("Debian's %d.%d" % minor, path, minor))
    if not found:
        raise RuntimeError("no shared libpython on this machine; Debian's is in the package libpython3-dev")
    return found


def oldest_and_newest():
    return sorted(libraries(), key=lambda one: one.version)[::max(1, len(libraries()) - 1)]


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

    def check_lives(self, image, lives):
        """Each life is recorded. The end state is that of the last one, whose finalization is followed by nothing."""
        times = {phase: sorted(time for time, of in image.phases if of == phase) for phase in (RUNNING, FINALIZING)}
        self.assertEqual({phase: len(found) for phase, found in times.items()}, {RUNNING: lives, FINALIZING: lives})
        self.assertEqual(sorted(times[RUNNING] + times[FINALIZING]),
                         [time for pair in zip(times[RUNNING], times[FINALIZING]) for time in pair])

    def check_stacks(self, image, times_by_number):
        wanted = {}
        for number, times in times_by_number.items():
            for size, stack in stacks_of(number).items():
                wanted[size, stack] = times * TIMES
        sizes = {size for size, _ in wanted}
        found = collections.Counter()
        for event in image.events():
            if event.op == 1 and event.size in sizes and reader.DOMAINS[event.domain] == "obj":
                # The callers of `work` are <module> and what the program ran before.
                own = [f for f in image.stack(event.stack) if f.kind == reader.PYTHON and f.file == PROGRAM]
                found[event.size, tuple((f.function.rpartition(".")[2], f.line) for f in own)] += 1
        self.assertEqual(dict(found), wanted)

    def on_libraries(self, which, arguments, times_by_number, lives=1):
        for library in which:
            with self.subTest(library=library.name):
                image = self.compare(library, arguments)
                self.check_stacks(image, times_by_number)
                self.check_lives(image, lives)

    def check_rounds(self, which, count, *how):
        self.on_libraries(which, ["rounds", count, *how], {number: 1 for number in range(1, count + 1)}, count)

    def test_stacks_are_exact_in_two_lives_of_the_interpreter(self):
        self.check_rounds(libraries(), 2)

    def test_stacks_are_exact_however_the_library_is_opened(self):
        plugin = "plugin=" + os.path.join(product.TOOLS, "libembed_plugin.so")
        for how in (["global"], [plugin], ["thread"], ["heap"], ["thread", "global", plugin]):
            with self.subTest(how=how):
                self.check_rounds(oldest_and_newest(), 2, *how)

    def test_stacks_are_exact_in_ten_lives(self):
        self.check_rounds(oldest_and_newest(), 10)

    def test_stacks_are_exact_after_the_library_is_closed_and_opened_again(self):
        self.check_rounds(oldest_and_newest(), 6, "close")

    def test_stacks_are_exact_in_callbacks_from_native_threads(self):
        self.on_libraries(libraries(), ["callbacks", 10, 4], {0: 1, 1: 10, 2: 10, 3: 10, 4: 10})

    def test_stacks_are_exact_in_interpreters_that_share_the_gil(self):
        self.on_libraries(libraries(), ["interpreters", 2, 3], {0: 1, 1: 2, 2: 2, 3: 2})

    def test_stacks_are_exact_in_interpreters_with_their_own_gil(self):
        able = [one for one in libraries() if one.version >= (3, 12)]
        self.on_libraries(able, ["interpreters", 2, 3, "own"], {0: 1, 1: 2, 2: 2, 3: 2})


if __name__ == "__main__":
    unittest.main()
