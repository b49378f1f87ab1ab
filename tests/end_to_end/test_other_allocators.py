"""Another malloc below or above the recorder, unusual settings of glibc, and options of Python: the program behaves as
without the recorder, and the blocks that it counts are recorded."""
import collections
import glob
import os
import subprocess
import unittest

import interpreters
import product
import reader
from test_allocators import EXPECTED, EXTENSION, PROGRAM

LIBRARIES = "/usr/lib/x86_64-linux-gnu/"
OTHERS = [("jemalloc", "libjemalloc.so.2", "libjemalloc2"),
          ("tcmalloc", "libtcmalloc_minimal.so.4", "libgoogle-perftools-dev"),
          ("mimalloc", "libmimalloc.so.2*", "libmimalloc-dev")]
GLIBC_SETTINGS = [{"MALLOC_PERTURB_": "165"}, {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"},
         {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "4096"},
         {"MALLOC_CHECK_": "3", "LD_PRELOAD_BELOW": "libc_malloc_debug.so.0"}]
# The output of the first two has times or addresses: only the number of lines must be the same.
OPTIONS = [["-X", "importtime"], ["-v"], ["-I"], ["-S"], ["-X", "faulthandler"], ["-X", "tracemalloc"],
           ["-X", "tracemalloc=25"], ["-X", "dev", "-X", "tracemalloc"]]
SETTINGS = [{"PYTHONHASHSEED": "12345"}, {"PYTHONHASHSEED": "random"}, {"PYTHONFAULTHANDLER": "1"},
            {"PYTHONDEVMODE": "1", "PYTHONTRACEMALLOC": "1"}]
RUN_TIME = """
import gc, tracemalloc
for _ in range(3):
    tracemalloc.start(3)
    kept = [bytes(40001) for _ in range(10)]
    statistics = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "<string>")]).statistics("lineno")
    print(max(s.count for s in statistics if s.size > 400000))
    tracemalloc.stop()
    more = [bytes(50001) for _ in range(10)]
"""
LINKED = """
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  static void *volatile kept[100];
  for (int i = 0; i < 100; ++i) kept[i] = realloc(malloc(10007), 20011);
  for (int i = 0; i < 50; ++i) free(kept[i]);
  void *aligned = NULL;
  printf("%d\\n", posix_memalign(&aligned, 4096, 30011));
  return 0;
}
"""


def others():
    """Name and path of each other malloc."""
    found = []
    for name, pattern, package in OTHERS:
        paths = sorted(glob.glob(LIBRARIES + pattern))
        if paths:
            found.append((name, paths[0]))
        else:
            interpreters.say("NOT TESTED: %s is not on this machine; Debian's is in the package %s" % (name, package))
    if not found:
        raise RuntimeError("no other malloc on this machine; scripts/packages installs them")
    return found


class OtherAllocators(product.Case):
    def known_blocks_program(self, interpreter):
        folder = interpreters.extension(interpreter, EXTENSION)
        return "import sys; sys.path.insert(0, %r)\n%s\nprint(len(sys.argv))" % (folder, PROGRAM)

    def compare(self, command, above=(), below=(), exact=True, **more):
        bare_preload = {"LD_PRELOAD": ":".join([*above, *below])} if above or below else {}
        bare = product.run(command, product.clean_environment(**dict(more, **bare_preload)))
        profile = self.path("other.cistern")
        env = product.recorded_environment(profile, {"force": "on", "follow": "all"}, above=above,
                                           preload=":".join([product.PRELOAD, *below]), **more)
        done = product.run(command, env)
        self.assertEqual((done.code, done.out), (bare.code, bare.out), "%s\n%s" % (command, done.err))
        if exact:
            self.assertEqual(done.err, bare.err)
        else:
            self.assertEqual(len(done.err.splitlines()), len(bare.err.splitlines()))
        image = reader.images(profile)[0]
        self.assertEqual(image.losses["lost"], 0)
        return image

    def check_known(self, image, expected=None):
        expected = EXPECTED if expected is None else expected
        sizes = {size for _, size in EXPECTED}
        found = collections.Counter()
        for event in image.events():
            if event.op == 1 and event.size in sizes:
                innermost = [frame for frame in image.stack(event.stack) if frame.kind == reader.PYTHON][:1]
                if innermost and innermost[0].file == "<string>":
                    found[reader.DOMAINS[event.domain], event.size] += 1
        self.assertEqual(dict(found), expected)

    def test_blocks_are_exact_with_another_malloc_below(self):
        for interpreter in (interpreters.one_of("3.8"), interpreters.one_of("3.13", "3.12")):
            for name, path in others():
                with self.subTest(interpreter=interpreter.name, malloc=name):
                    command = [interpreter.path, "-c", self.known_blocks_program(interpreter)]
                    self.check_known(self.compare(command, below=[path]))

    def test_python_blocks_are_exact_with_another_malloc_above(self):
        """Its malloc is the program's: only Python's own domains reach the recorder."""
        without = {key: count for key, count in EXPECTED.items() if key[0] != "malloc"}
        for interpreter in (interpreters.one_of("3.8"), interpreters.one_of("3.13", "3.12")):
            for name, path in others():
                with self.subTest(interpreter=interpreter.name, malloc=name):
                    command = [interpreter.path, "-c", self.known_blocks_program(interpreter)]
                    self.check_known(self.compare(command, above=[path]), without)

    def test_blocks_are_exact_with_another_malloc_linked_to_the_program(self):
        for name, path in others():
            with self.subTest(malloc=name):
                program = self.path(name)
                subprocess.run([os.environ.get("CC", "cc"), "-O1", "-fno-builtin", "-x", "c", "-", "-x", "none", path,
                                "-o", program, "-Wl,--no-as-needed"], input=LINKED.encode(), check=True)
                image = self.compare([program])
                found = collections.Counter((reader.OPS[event.op], event.size) for event in image.events()
                                            if event.size in (10007, 20011, 30011))
                self.assertEqual(found, {("alloc", 10007): 100, ("realloc", 20011): 100, ("alloc", 30011): 1})

    def test_blocks_are_exact_with_every_setting_of_glibc(self):
        interpreter = interpreters.one_of("3.11")
        for setting in GLIBC_SETTINGS:
            with self.subTest(setting=setting):
                more = dict(setting)
                below = [name for name in (more.pop("LD_PRELOAD_BELOW", None),) if name]
                command = [interpreter.path, "-c", self.known_blocks_program(interpreter)]
                self.check_known(self.compare(command, below=below, **more))

    def test_blocks_are_exact_with_every_option_of_python(self):
        for interpreter in (interpreters.one_of("3.8"), interpreters.one_of("3.13", "3.12")):
            program = self.known_blocks_program(interpreter)
            for option in OPTIONS:
                with self.subTest(interpreter=interpreter.name, option=option):
                    exact = option[-1] not in ("importtime", "-v")
                    self.check_known(self.compare([interpreter.path] + option + ["-c", program, "one"], exact=exact))
            for setting in SETTINGS:
                with self.subTest(interpreter=interpreter.name, setting=setting):
                    self.check_known(self.compare([interpreter.path, "-c", program], **setting))

    def test_blocks_are_exact_while_tracemalloc_starts_and_stops(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                image = self.compare([interpreter.path, "-c", RUN_TIME])
                found = collections.Counter()
                for event in image.events():
                    size = event.size - interpreter.empty_bytes
                    if event.op == 1 and size in (40001, 50001):
                        top = image.stack(event.stack)[0]
                        found[reader.DOMAINS[event.domain], size, top.function, top.line] += 1
                comprehension = {"<listcomp>"} if interpreter.version < (3, 12) else {"<module>"}
                self.assertEqual({(d, s, line): n for (d, s, _, line), n in found.items()},
                                 {("obj", 40001, 5): 30, ("obj", 50001, 9): 30})
                self.assertEqual({function for _, _, function, _ in found}, comprehension)


if __name__ == "__main__":
    unittest.main()
