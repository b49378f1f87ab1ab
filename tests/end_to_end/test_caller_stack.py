"""No hook uses more than 4 KiB of its caller's stack, on any path: a program's threads may have the smallest stack that the
system allows, and its coroutines less.
"""
import json
import os
import unittest

import interpreters
import product

LIMIT = 4096

# Each operation runs twice: the first time is the one that finds everything new.
PROGRAM = """
import ctypes, json, sys
painted = ctypes.PyDLL(sys.argv[1])
painted.operation.restype = ctypes.c_char_p
def work():
    held = [bytearray(200) for i in range(10)]
    exec("def fresh(n):\\n return [str(n)] + (fresh(n - 1) if n else [])", namespace := {})
    held.append(namespace["fresh"](60))
    held.append({i: str(i) for i in range(1000)})
api = ctypes.pythonapi
address = lambda function: ctypes.cast(function, ctypes.c_void_p)
class Worker:
    def __str__(self):
        work()
        return ""
worker = Worker()
library = sys.argv[2].encode()
painted.prepare(library, address(api.PyObject_Malloc), address(api.PyObject_Free),
                address(api.PyObject_Str), ctypes.py_object(worker))
names = []
while painted.operation(len(names)): names.append(painted.operation(len(names)).decode())
used = {}
for index, name in enumerate(names):
    for how in (painted.run_as_coroutine, painted.run_as_thread):
        # A thread that runs Python code needs a thread state of its own.
        if how is painted.run_as_thread and name in ("python", "objects"):
            continue
        used["%s, %s" % (name, how.__name__[7:])] = max(how(index), how(index))
used["cannot trace"] = painted.cannot_trace()
print(json.dumps(used))
"""

MODES = {
    "default": {},
    "whole stacks": {"native": "full"},
    "overwrite": {"ring": "overwrite", "max-size": "4MiB"},
    "stops at the size limit": {"max-size": "1MiB"},
    "every image": {"follow": "all"},
}


class TestCallerStack(product.Case):
    def measure(self, interpreter, env):
        libraries = [product.tool("libpainted_stack.so"), product.tool("libplugin_east.so")]
        done = product.run([interpreter.path, "-c", PROGRAM, *libraries], env, timeout=100)
        self.assertEqual(done.code, 0, done.err)
        used = json.loads(done.out)
        if used.pop("cannot trace"):
            interpreters.say("NOT TESTED: the stack that a forked child uses: this system lets no child be traced")
        return used

    def test_a_hook_uses_less_than_4_kib_of_the_stack(self):
        for interpreter in interpreters.supported():
            bare = self.measure(interpreter, product.clean_environment())
            for mode, options in MODES.items():
                with self.subTest(interpreter=interpreter.name, mode=mode):
                    env = product.recorded_environment(self.path("x.cistern"), dict(options, force="yes"))
                    recorded = self.measure(interpreter, env)
                    more = {name: used - bare[name] for name, used in recorded.items()}
                    if os.environ.get("CISTERN_SHOW"):
                        print(interpreter.name, mode, more)
                    self.assertEqual({name: used for name, used in more.items() if used > LIMIT}, {})
                    self.assertGreater(more["fork, coroutine"], 0, "the operation does not reach the recorder")


if __name__ == "__main__":
    unittest.main()
