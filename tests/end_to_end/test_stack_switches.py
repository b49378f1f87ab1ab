"""Programs that change the frames below a running thread: greenlets, gevent, tasks, trace functions, sub-interpreters.
Each block is under the line that makes it, and every stack equals a full walk (the checking library)."""
import collections
import os
import re
import unittest

import interpreters
import packages
import product
import reader

NATIVE = ("auto", "leaf", "full")

# Sub-interpreters at once in threads, each with work of its own, between calls of the main interpreter.
INTERPRETERS = """
import threading
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters

SOURCE = '''
def inner(size):
    return bytes(size)
def outer(size):
    return inner(size)
for _ in range(100):
    outer(%d)
'''

def work(number):
    for _ in range(2):
        identity = interpreters.create()
        interpreters.run_string(identity, SOURCE % (51000 + number))
        bytes(52000 + number)
        interpreters.destroy(identity)

threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
work(3)
print("done")
"""


def marked_lines(program):
    with open(program) as file:
        return {found.group(1): number for number, found in
                enumerate((re.search(r"# LINE (.+)$", line) for line in file), 1) if found}


class StackSwitches(product.Case):
    def record(self, interpreter, program, native="auto", **more):
        """Runs the program bare and with the checking library; returns the image."""
        more.update(PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
        command = [interpreter.path, program]
        bare = product.run(command, product.clean_environment(**more))
        self.assertEqual((bare.code, bare.err), (0, ""), bare.err)
        profile, report = self.path("switches.cistern"), self.path("report")
        done = product.run(command, product.recorded_environment(
            profile, {"force": "on", "native": native}, preload=product.CHECKED_PRELOAD,
            CISTERN_CHECK_REPORT=report, **more))
        self.assertEqual((done.code, done.out, done.err), (bare.code, bare.out, bare.err))
        with open(report) as file:
            result = re.match(r"captures (\d+) mismatches (\d+) ", file.read())
        os.remove(report)
        self.assertGreater(int(result.group(1)), 10000)
        self.assertEqual(int(result.group(2)), 0)
        image = reader.only_image(profile)
        self.assertEqual(image.losses["lost"], 0)
        return image

    def blocks(self, interpreter, image, sizes):
        """The number of blocks by (size, function, line, frames of the same file)."""
        found = collections.Counter()
        for event in image.events():
            size = event.size - interpreter.empty_bytes
            if event.op == 1 and size in sizes and reader.DOMAINS[event.domain] == "obj":
                frames = [f for f in image.stack(event.stack) if f.kind == reader.PYTHON]
                own = [f for f in frames if frames and f.file == frames[0].file]
                found[(size, frames[0].function.rpartition(".")[2], frames[0].line, len(own))] += 1
        return dict(found)

    def assert_native_parts(self, interpreter, image, native, sizes):
        """Native frames are above the innermost Python frame and between others as the mode says, and all in modules.
        Below the outermost one a greenlet's stack ends, and what lies there is another one's."""
        for event in image.events():
            size = event.size - interpreter.empty_bytes
            if event.op == 1 and size in sizes and reader.DOMAINS[event.domain] == "obj":
                frames = image.stack(event.stack)
                python = [i for i, frame in enumerate(frames) if frame.kind == reader.PYTHON]
                self.assertEqual(python[0] > 0, native != "auto")
                self.assertTrue(all(frame.kind == reader.PYTHON or frame.kind == reader.NATIVE and frame.file
                                    for frame in frames[:python[-1]]))
                self.assertEqual(any(frame.kind == reader.NATIVE for frame in frames[python[0]:]), native == "full")

    def packages_on(self, which, names):
        packages.needed_by(self)
        return [(one, packages.packages_for(one, names)) for one in which]

    # On an interpreter that was built without the GIL greenlet switches it on, and a warning says so.
    def test_stacks_are_exact_in_greenlets(self):
        program = os.path.join(product.PROGRAMS, "greenlets.py")
        lines, count = marked_lines(program), 200
        for interpreter, folder in self.packages_on(interpreters.supported(), ["greenlet"]):
            for native in NATIVE:
                with self.subTest(interpreter=interpreter.name, native=native):
                    image = self.record(interpreter, program, native, PYTHONPATH=folder, N=str(count),
                                        PYTHONWARNINGS="ignore")
                    found = self.blocks(interpreter, image, range(40001, 40007))
                    self.assertEqual(found, {
                        (40001, "pong", lines["pong"], 1): 3 * count,
                        (40002, "<lambda>", lines["child"], 1): count // 2,
                        (40003, "<lambda>", lines["child"], 1): count // 2,
                        (40004, "generator", lines["generator"], 2): count,
                        (40005, "ping", lines["ping"], 2): count,
                        (40006, "ping", lines["ping"], 19): count})
                    self.assert_native_parts(interpreter, image, native, range(40001, 40007))

    def test_stacks_are_exact_in_an_echo_server_of_gevent(self):
        program = os.path.join(product.PROGRAMS, "echo_server.py")
        lines = marked_lines(program)
        which = sorted({interpreters.one_of("3.8", "3.9"), interpreters.one_of("3.12", "3.13")}, key=str)
        for interpreter, folder in self.packages_on(which, ["gevent"]):
            for native in NATIVE:
                with self.subTest(interpreter=interpreter.name, native=native):
                    image = self.record(interpreter, program, native, PYTHONPATH=folder)
                    self.assertEqual(self.blocks(interpreter, image, (30001, 30002, 30003)), {
                        (30001, "echo", lines["echo"], 1): 1000,
                        (30002, "client", lines["client"], 1): 1000,
                        (30003, "client", lines["after the switch"], 1): 1000})
                    self.assert_native_parts(interpreter, image, native, (30001, 30002, 30003))

    def test_stacks_are_exact_in_tasks_trace_functions_and_deep_recursion(self):
        program = os.path.join(product.PROGRAMS, "eager_tasks.py")
        lines, count = marked_lines(program), 300
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                found = collections.Counter()
                for (size, function, line, _), number in self.blocks(
                        interpreter, self.record(interpreter, program), (31001, 31002, 31003, 31005, 31006)).items():
                    found[size, function, line] += number
                self.assertEqual(found, {
                    (31001, "numbers", lines["numbers"]): count, (31002, "eager", lines["eager"]): count,
                    (31003, "eager", lines["eager woken"]): count,
                    (31005, "traced", lines["traced"]): 2 * count + 1, (31006, "deep", lines["deep"]): 3})

    def test_a_trace_function_is_above_the_function_that_it_traces(self):
        program = os.path.join(product.PROGRAMS, "eager_tasks.py")
        lines = marked_lines(program)
        interpreter = interpreters.one_of("3.11", "3.12")
        image = self.record(interpreter, program)
        seen = collections.Counter()
        for event in image.events():
            if event.op == 1 and event.size == 31004 + interpreter.empty_bytes:
                seen[tuple((f.function, f.line) for f in image.stack(event.stack)[:2])] += 1
        traced = ("traced", lines["traced"])
        # Called, at its line, and returning: by settrace; called and returning, by setprofile; the thread once.
        self.assertGreaterEqual(seen[("tracer", lines["tracer"]), traced], 300 * 3)

    def test_stacks_are_exact_in_concurrent_sub_interpreters(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                program = self.path("interpreters.py")
                with open(program, "w") as file:
                    file.write(INTERPRETERS)
                image = self.record(interpreter, program)
                here = INTERPRETERS.splitlines().index("        bytes(52000 + number)") + 1
                found = self.blocks(interpreter, image, [*range(51000, 51004), *range(52000, 52004)])
                wanted = {(51000 + n, "inner", 3, 3): 200 for n in range(4)}
                wanted.update({(52000 + n, "work", here, 2): 2 for n in range(4)})
                self.assertEqual(found, wanted)


if __name__ == "__main__":
    unittest.main()
