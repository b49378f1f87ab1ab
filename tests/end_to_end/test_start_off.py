"""Programs that are preloaded but not recorded yet (start=off): the allocators of their interpreter are unchanged. After the
call that starts recording every block is in the profile."""
import collections
import unittest

import interpreters
import product
import reader

# Prints which modules the interpreter's allocator functions are in, before and after the start. Then allocates while other
# threads allocate all the time; ctypes calls cistern_start() without the GIL.
PROGRAM = """
import ctypes, os, sys, threading

class Allocator(ctypes.Structure):
    _fields_ = [("ctx", ctypes.c_void_p)] + [(name, ctypes.c_void_p) for name in ("malloc", "calloc", "realloc", "free")]

def allocator_modules():
    maps = []
    with open("/proc/self/maps") as file:
        for line in file:
            fields = line.split()
            if len(fields) == 6:
                low, high = (int(part, 16) for part in fields[0].split("-"))
                maps.append((low, high, os.path.basename(fields[5])))
    found = set()
    for domain in range(3):
        one = Allocator()
        ctypes.pythonapi.PyMem_GetAllocator(domain, ctypes.byref(one))
        for address in (one.malloc, one.calloc, one.realloc, one.free):
            found.add([name for low, high, name in maps if low <= address < high][0])
    return any("cistern" in name for name in found), len(found)

stop = False
busy_rounds = [0, 0, 0]
def busy(number):
    while not stop:
        kept = [(i, str(i)) for i in range(50)]
        kept.sort(key=lambda pair: pair[1])
        busy_rounds[number] += 1

HEAD = sys.getsizeof(b"")   # 33 bytes; more without the GIL
before = allocator_modules()
early = [bytes(301 - HEAD) for _ in range(100)]
threads = [threading.Thread(target=busy, args=(number,)) for number in range(3)]
for thread in threads:
    thread.start()
sys.setswitchinterval(0.00001)
ctypes.CDLL(None).cistern_start()
late = [bytes(302 - HEAD) for _ in range(200)]    # LINE late
del early
more = [bytes(303 - HEAD) for _ in range(300)]
del late
after = allocator_modules()
stop = True
for thread in threads:
    thread.join()
assert all(busy_rounds)
print(before, after)
"""
LATE_LINE = [number for number, line in enumerate(PROGRAM.splitlines(), 1) if "# LINE late" in line][0]


class Dormant(product.Case):
    def record(self, interpreter, **more):
        program, profile = self.path("program.py"), self.path("x.cistern")
        with open(program, "w") as file:
            file.write(PROGRAM)
        done = self.run_well([interpreter.path, program],
                             product.recorded_environment(profile, {"start": "off", "force": "on"}, **more))
        return done.out, reader.only_image(profile)

    def check(self, interpreter, **more):
        bare = self.run_well([interpreter.path, "-c", PROGRAM.replace("ctypes.CDLL(None).cistern_start()", "0")],
                             product.clean_environment(**more))
        self.assertRegex(bare.out, r"^\(False, \d\) \(False, \d\)\n$")
        out, image = self.record(interpreter, **more)
        self.assertEqual(out.split(")")[0], bare.out.split(")")[0], "no function of the recorder while nothing is recorded")
        self.assertIn(") (True, ", out)
        self.assertEqual(image.losses["lost"], 0)
        made, freed, stacks = collections.Counter(), collections.Counter(), collections.Counter()
        live = {}
        for event in sorted(image.events(), key=lambda one: one.time):
            if reader.DOMAINS[event.domain] != "obj":
                continue
            if event.op == 1:
                made[event.size] += 1
                live[event.address] = event.size
                if event.size == 302:
                    frame = image.stack(event.stack)[0]
                    stacks[frame.function.rpartition(".")[2], frame.line] += 1
            elif event.op == 2:
                freed[live.pop(event.address, None)] += 1
        self.assertEqual((made[301], made[302], made[303]), (0, 200, 300))
        self.assertEqual((freed[302], freed[303]), (200, 300))
        self.assertGreaterEqual(freed[None], 100, "blocks from before")
        function = "<module>" if interpreter.version >= (3, 12) else "<listcomp>"
        self.assertEqual(stacks, {(function, LATE_LINE): 200})

    def test_allocators_are_unchanged_before_the_start_and_every_block_is_recorded_after_it(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                self.check(interpreter)

    def test_blocks_are_recorded_after_the_start_with_other_allocators(self):
        for name in ("debug", "malloc", "malloc_debug"):
            with self.subTest(allocator=name):
                self.check(interpreters.one_of("3.11", "3.12"), PYTHONMALLOC=name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
