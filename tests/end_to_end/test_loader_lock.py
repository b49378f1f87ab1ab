"""While a thread of the program holds the loader's lock, in a callback of dl_iterate_phdr, no hook waits for it: whatever
the program does that needs no loader goes on as without the recorder.

threadpoolctl calls dl_iterate_phdr with a callback in Python, which waits for the GIL that the caller of a hook may have.
"""
import collections
import os
import subprocess
import unittest

import interpreters
import product
import reader

# Each line of work meets something for the first time while the lock is held: code of a library that was loaded before,
# a thread, a child, the end of the process.
PROGRAM = """
import ctypes, mmap, os, subprocess, sys, threading, zlib
lock, east, west = (ctypes.CDLL(path) for path in sys.argv[1:4])
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
east.plugin_east.restype = west.plugin_west.restype = ctypes.c_void_p
again = ctypes.CDLL(sys.argv[3])
held = []
# Older versions load a module at the first of these, and the C library loads this one when a thread ends.
ctypes.CDLL("libgcc_s.so.1")
subprocess.call(["/bin/true"])
thread = threading.Thread(target=int); thread.start(); thread.join()
def work(size):
    for _ in range(300):
        held.append(east.plugin_east(ctypes.c_size_t(size)))
    held.append(zlib.compress(bytes(100000)))
    held.append(mmap.mmap(-1, 1 << 20))
    held.append(libc.malloc(ctypes.c_size_t(5009)))
    held.append([str(i) for i in range(3000)])
    held.append(bytearray(1 << 20))
lock.hold_loader_lock()
work(5001)
libc.dlclose(ctypes.c_void_p(again._handle))   # loaded twice: nothing is unloaded
held.append(west.plugin_west(ctypes.c_size_t(5003)))
threads = [threading.Thread(target=work, args=(5005,)) for _ in range(3)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
child = os.fork()
if child == 0:
    work(5007)
    held.append(west.plugin_west(ctypes.c_size_t(5011)))
    os._exit(3)
status = os.waitpid(child, 0)[1]
done = subprocess.call(["/bin/true"])
if sys.argv[4] == "end":
    lock.release_loader_lock()
print(status, done, len(held), flush=True)
"""

MODES = {
    "default": {},
    "whole stacks": {"native": "full"},
    "malloc and mmap": {"domains": "malloc,mmap"},
    "overwrite": {"ring": "overwrite", "max-size": "4MiB"},
}


class TestLoaderLock(product.Case):
    def command(self, interpreter, release):
        names = ("libloader_lock.so", "libplugin_east.so", "libplugin_west.so")
        return [interpreter.path, "-W", "ignore", "-c", PROGRAM, *(product.tool(name) for name in names), release]

    def record(self, interpreter, release, options):
        output = self.path("held.cistern")
        env = product.recorded_environment(output, dict(options, force="yes"))
        try:
            done = product.run(self.command(interpreter, release), env, timeout=30)
        except subprocess.TimeoutExpired:
            self.fail("the program hangs")
        self.assertEqual((done.code, done.err), (0, ""))
        return output, done

    def allocated_by(self, image, size):
        """How many blocks of `size` were allocated, by the file of the module that called malloc."""
        found = collections.Counter()
        for event in image.events():
            if event.op == 1 and event.size == size:
                frame = image.stack(event.stack)[0]
                module = image.modules.get(frame.file) if frame.kind == reader.NATIVE else None
                found[os.path.basename(module.path) if module else None] += 1
        return dict(found)

    def assert_named(self, output, overwritten):
        parent, child = sorted(reader.images(output), key=lambda image: len(image.ends))[-2:]
        if child.children:
            parent, child = child, parent
        east, west = "libplugin_east.so", "libplugin_west.so"
        self.assertEqual(self.allocated_by(parent, 5003), {west: 1})
        self.assertEqual(self.allocated_by(child, 5011), {west: 1})
        self.assertEqual(self.allocated_by(child, 5007), {east: 300})
        if not overwritten:
            self.assertEqual(self.allocated_by(parent, 5001), {east: 300})
            self.assertEqual(self.allocated_by(parent, 5005), {east: 900})

    def test_nothing_waits_and_all_code_is_named(self):
        for interpreter in interpreters.supported():
            for mode, options in MODES.items():
                for release in ("end", "never") if mode == "default" else ("never",):
                    with self.subTest(interpreter=interpreter.name, mode=mode, release=release):
                        bare = product.run(self.command(interpreter, release), product.clean_environment(), timeout=30)
                        output, done = self.record(interpreter, release, options)
                        self.assertEqual(done.out, bare.out)
                        self.assert_named(output, "ring" in options)


if __name__ == "__main__":
    unittest.main()
