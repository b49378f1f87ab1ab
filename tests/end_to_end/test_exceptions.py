"""C++ exceptions of an extension still go through libgcc_s, and unwind as before, with every setting of native frames."""
import os
import unittest

import interpreters
import product

LIBRARY = product.tool("libthrowing.so")
COUNT = 10000
PROGRAM = """
import ctypes, sys
library = ctypes.CDLL(%r)
library.who_throws.restype = ctypes.c_char_p
print(library.throw_many(%d), library.who_throws().decode())
""" % (LIBRARY, COUNT)


class Exceptions(product.Case):
    def test_exceptions_are_thrown_by_the_same_library_and_caught(self):
        for interpreter in interpreters.supported():
            command = [interpreter.path, "-c", PROGRAM]
            bare = self.run_well(command, product.clean_environment())
            self.assertEqual(bare.out.split()[0], str(COUNT))
            for native in ("auto", "leaf", "none"):
                with self.subTest(interpreter=interpreter.name, native=native):
                    options = {"native": native, "force": "on"}
                    profile = self.path("thrown.cistern")
                    recorded = self.run_well(command, product.recorded_environment(profile, options))
                    self.assertEqual(recorded.out, bare.out)
                    self.assertIn("libgcc_s.so", os.path.basename(recorded.out.split()[1]))
                    self.assertEqual(product.cistern("summary", profile).code, 0)


if __name__ == "__main__":
    unittest.main()
