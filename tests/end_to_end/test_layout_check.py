"""The layout self-check: where an interpreter says something else about its frames than what the recorder reads, Python
stacks are switched off after the first stacks of an image."""
import platform
import unittest

import interpreters
import product
import reader

# Overwrites the beginning of the function that the check calls: `mov $7774, %eax; ret`.
PROGRAM = """
import ctypes, mmap, sys
EMPTY = sys.getsizeof(b"")
libc = ctypes.CDLL(None)
if sys.argv[1] == "lie":
    function = ctypes.cast(ctypes.pythonapi.PyUnstable_InterpreterFrame_GetLasti, ctypes.c_void_p).value
    code = bytes([0xb8, 0x5e, 0x1e, 0, 0, 0xc3])
    first, last = function // mmap.PAGESIZE, (function + len(code) - 1) // mmap.PAGESIZE
    page = ctypes.c_void_p(first * mmap.PAGESIZE)
    if libc.mprotect(page, ctypes.c_size_t((last - first + 1) * mmap.PAGESIZE), 7) != 0: sys.exit("no mprotect")
    ctypes.memmove(function, code, len(code))
def make(size, count):
    return [bytes(size - EMPTY) for _ in range(count)]
libc.cistern_start()
early = make(303, 300)
late = make(305, 300)
libc.cistern_mark(b"made")
print("done")
"""
ON, CONTRADICTION = 1, 3
REASON = "the interpreter says that its frames are elsewhere in their code"


class LayoutCheck(product.Case):
    def record(self, interpreter, how):
        profile = self.path("%s-%s.cistern" % (interpreter, how))
        done = product.run([interpreter.path, "-c", PROGRAM, how],
                           product.recorded_environment(profile, {"start": "off"}))
        self.assertEqual((done.code, done.out), (0, "done\n"), done.err)
        return profile, done.err

    def stacks_of(self, image, size):
        stacks = [image.stack(event.stack) for event in image.events() if event.op == 1 and event.size == size]
        self.assertEqual(len(stacks), 300, "every block is recorded, with a stack or without")
        return [[frame for frame in stack if frame.kind == reader.PYTHON] for stack in stacks]

    def interpreters_with_check(self):
        if platform.machine() != "x86_64":
            interpreters.say("NOT TESTED: %s, whose program writes code of x86-64" % self.id())
            self.skipTest("x86-64 only")
        return [one for one in interpreters.supported() if one.version >= (3, 12)]

    def test_stacks_are_off_with_a_reason_when_the_interpreter_contradicts(self):
        for interpreter in self.interpreters_with_check():
            with self.subTest(interpreter=interpreter.name):
                profile, err = self.record(interpreter, "lie")
                self.assertEqual(err, "cistern: recording no Python stacks: CPython %s: %s\n"
                                 % (interpreter.minor.rstrip("t"), REASON))
                image = reader.only_image(profile)
                record = image.interpreters[-1]
                self.assertEqual((record["stacks"], record["reason"]), (CONTRADICTION, REASON))
                self.assertEqual((image.losses["lost"], image.losses["python_off"]), (0, 1))
                self.stacks_of(image, 303)
                self.assertFalse(any(self.stacks_of(image, 305)))
                summary = product.cistern("summary", profile)
                self.assertEqual((summary.code, summary.err), (0, ""))
                self.assertIn("Python stacks are off: " + REASON, " ".join(summary.out.split()))

    def test_stacks_are_on_when_the_interpreter_agrees(self):
        for interpreter in self.interpreters_with_check():
            with self.subTest(interpreter=interpreter.name):
                profile, err = self.record(interpreter, "be honest")
                self.assertEqual(err, "")
                image = reader.only_image(profile)
                self.assertEqual(image.interpreters[-1]["stacks"], ON)
                self.assertEqual({stack[-1].function for stack in self.stacks_of(image, 305)}, {"<module>"})


if __name__ == "__main__":
    unittest.main()
