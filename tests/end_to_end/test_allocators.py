"""Python's allocators with debug layers and other settings: blocks keep their domain."""
import collections
import os
import unittest

import interpreters
import product
import reader

EXTENSION = os.path.join(product.HERE, "native", "known_blocks.c")
PROGRAM = """
import known_blocks
for _ in range(100):
    for kind, size in (("raw_malloc", 10001), ("mem_malloc", 301), ("mem_malloc", 10003), ("object_malloc", 303),
                       ("object_malloc", 10005), ("malloc", 10007)):
        known_blocks.allocate(kind, size, False)
"""
EXPECTED = {("raw", 10001): 100, ("mem", 301): 100, ("mem", 10003): 100, ("obj", 303): 100, ("obj", 10005): 100,
            ("malloc", 10007): 100}
CHOICES = [("PYTHONMALLOC=" + value, {"PYTHONMALLOC": value}, []) for value in
           ("default", "pymalloc", "malloc", "debug", "pymalloc_debug", "malloc_debug")]
# Without the GIL there is mimalloc alone.
CHOICES_WITHOUT_GIL = [("PYTHONMALLOC=" + value, {"PYTHONMALLOC": value}, []) for value in
                       ("default", "mimalloc", "debug", "mimalloc_debug")]
OTHER_CHOICES = [("-X dev", {}, ["-X", "dev"]), ("PYTHONDEVMODE=1", {"PYTHONDEVMODE": "1"}, []),
            ("-X tracemalloc", {}, ["-X", "tracemalloc=5"]), ("nothing", {}, []), ("-I", {}, ["-I"]),
            ("-E -s", {}, ["-E", "-s"])]


class Allocators(product.Case):
    def known_blocks_of(self, interpreter, env, arguments):
        folder = interpreters.extension(interpreter, EXTENSION)
        program = "import sys; sys.path.insert(0, %r)\n%s" % (folder, PROGRAM)
        profile = self.path("allocators.cistern")
        self.run_well([interpreter.path] + arguments + ["-c", program],
                      product.recorded_environment(profile, {"force": "on"}, **env))
        image = reader.images(profile)[0]
        sizes = {size for _, size in EXPECTED}
        found = collections.Counter()
        for event in image.events():
            # A debug layer's own bytes would show as a block a little larger.
            if event.op == 1 and any(event.size - extra in sizes for extra in (0, 16, 24, 32, 48)):
                innermost = [frame for frame in image.stack(event.stack) if frame.kind == reader.PYTHON][:1]
                if innermost and innermost[0].file == "<string>":
                    found[reader.DOMAINS[event.domain], event.size] += 1
        return image, dict(found)

    def test_blocks_keep_domain_and_size_with_every_allocator(self):
        for interpreter in interpreters.supported():
            of_malloc = CHOICES_WITHOUT_GIL if interpreter.free_threaded else CHOICES
            for name, env, arguments in of_malloc + OTHER_CHOICES:
                with self.subTest(interpreter=interpreter.name, choice=name):
                    image, found = self.known_blocks_of(interpreter, env, arguments)
                    self.assertEqual(found, EXPECTED)
                    self.assertEqual(image.losses.get("lost", 0), 0)
                    self.check_reported(interpreter, image, name)

    def check_reported(self, interpreter, image, name):
        record = image.interpreters[-1]
        self.assertEqual(record["implementation"], "CPython")
        usual = "mimalloc" if interpreter.free_threaded else "pymalloc"
        if name in ("PYTHONMALLOC=malloc", "PYTHONMALLOC=malloc_debug"):
            self.assertEqual(record["allocator"], "malloc", name)
        if name in ("nothing", "PYTHONMALLOC=" + usual, "PYTHONMALLOC=default"):
            self.assertEqual((record["allocator"], record["debug_layer"]), (usual, False), name)
        if "debug" in name or name in ("-X dev", "PYTHONDEVMODE=1"):
            self.assertTrue(record["debug_layer"], name)


if __name__ == "__main__":
    unittest.main()
