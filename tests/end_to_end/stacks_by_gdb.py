"""Runs inside gdb (gdb -x): runs the program and writes the whole native stack of each call of a function.

Environment: GDB_FUNCTION, called with the size in its first parameter, `size`; GDB_STACKS, a file to write:
[[size, [[pc, function or null]…]]…], the innermost frame first, without frames of inlined functions
and of tail calls, which are not on the stack.
"""
import json
import os

import gdb

stacks = []


def frames():
    frame = gdb.newest_frame()
    while frame is not None:
        if frame.type() in (gdb.NORMAL_FRAME, gdb.SIGTRAMP_FRAME):
            yield frame.pc(), frame.name()
        frame = frame.older()


class Call(gdb.Breakpoint):
    def stop(self):
        stacks.append((int(gdb.newest_frame().read_var("size")), list(frames())))
        return False


for setting in ("breakpoint pending on", "startup-with-shell off", "backtrace past-main on", "backtrace past-entry on",
                "print thread-events off", "python print-stack full"):
    gdb.execute("set " + setting)
Call(os.environ["GDB_FUNCTION"])
gdb.execute("run")
with open(os.environ["GDB_STACKS"], "w") as file:
    json.dump(stacks, file)
