"""The recorder's own memory is bounded for every program, and reported.

CISTERN_STACK_DEPTH: two to that many distinct stacks (23 for ten million and more, with all that lies below them).
CISTERN_CODE_OBJECTS: functions that are made by exec and called once.
"""
import json
import os
import unittest

import interpreters
import product

STACK_DEPTH = int(os.environ.get("CISTERN_STACK_DEPTH", "15"))
CODE_OBJECTS = int(os.environ.get("CISTERN_CODE_OBJECTS", "10000"))
MIB = 1 << 20
TABLES = 224 * MIB   # at most, see analyzer/manual/limits.md
ELSE = 24 * MIB      # one chunk of the window, the shadow stacks of a few threads
NODES_HELD = (1 << 22) * 2 // 3

STACKS = """
import sys
def down(n):
    if n == 0:
        return bytearray(9)
    down(n - 1)
    return down(n - 1)
down(int(sys.argv[1]))
"""

CODES = """
import sys
held = []
for number in range(int(sys.argv[1])):
    scope = {}
    exec("def made_%d():\\n  return bytearray(%d)" % (number, 100 + number % 7), scope)
    held.append((scope["made_%d" % number], scope["made_%d" % number]()))
"""


class RecorderMemory(product.Case):
    def image(self, interpreter, program, argument):
        profile = self.path("p.cistern")
        self.run_well([interpreter.path, "-c", program, argument],
                      product.recorded_environment(profile, {"force": "on"}), timeout=3600)
        result = product.cistern("summary", "--json", profile, timeout=3600)
        self.assertEqual((result.code, result.err), (0, ""))
        image, = json.loads(result.out)["images"]
        self.assertEqual((image["lost_events"], image["torn_bytes"]), (0, 0))
        self.assertGreater(image["recorder_bytes"], MIB)
        self.assertLess(image["recorder_bytes"], TABLES + ELSE)
        return image, product.cistern("summary", profile, timeout=3600).out

    def test_memory_for_stacks_is_bounded_and_reported(self):
        image, shown = self.image(interpreters.one_of("3.11"), STACKS, STACK_DEPTH)
        self.assertIn(" of address space is the recorder's own", shown)
        full = image["counters"]["stack_table_full"]
        if 1 << (STACK_DEPTH + 1) < NODES_HELD // 2:
            self.assertEqual(full, 0)
            self.assertNotIn("stack table full", shown)
        elif 1 << STACK_DEPTH > NODES_HELD:
            self.assertGreater(full, 0)
            self.assertIn("stack table full", shown)

    def test_memory_for_code_objects_is_bounded_and_reported(self):
        for interpreter in (interpreters.one_of("3.8"), interpreters.one_of("3.13", "3.12")):
            with self.subTest(interpreter=interpreter.name):
                image, _ = self.image(interpreter, CODES, CODE_OBJECTS)
                self.assertEqual(image["counters"]["stack_table_full"], 0)


if __name__ == "__main__":
    unittest.main()
