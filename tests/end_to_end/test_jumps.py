"""A signal handler that leaves a hook by siglongjmp(): what the program does afterwards is recorded, and what may be lost
is counted."""
import json
import unittest

import interpreters
import product
import reader

TIMES, KEPT = 400, 3000
PROGRAM = """
import ctypes, sys
jumping, libc = ctypes.CDLL(sys.argv[1]), ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
print(jumping.jump_out(int(sys.argv[2])))
kept = [libc.malloc(ctypes.c_size_t(4321)) for i in range(3000)]
more = [bytearray(607) for i in range(3000)]
print(len(kept), flush=True)
"""


class TestJumps(product.Case):
    def test_what_comes_after_a_jump_is_recorded(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                output = self.path("%s.cistern" % interpreter.name)
                command = [interpreter.path, "-c", PROGRAM, product.tool("libjumping.so"), str(TIMES)]
                done = self.run_well(command, product.recorded_environment(output))
                self.assertEqual(done.out, "%d\n%d\n" % (TIMES, KEPT))
                image = reader.only_image(output)
                sizes = [event.size for event in image.events() if event.op == 1]
                self.assertEqual(sizes.count(4321), KEPT)
                self.assertGreaterEqual(sum(600 < size < 700 for size in sizes), KEPT)
                self.assertGreater(image.losses["lost"], 0)
                self.assertLessEqual(image.losses["lost"], 2 * TIMES)
                checked = product.cistern("check", output, "--json")
                self.assertEqual(checked.code, 3)
                self.assertFalse(json.loads(checked.out)["complete"])


if __name__ == "__main__":
    unittest.main()
