"""A program ends with the recorder as it ends without it, and its profile is complete to the last event. See
test_kill.py for kills at random moments and test_behaviour.py for what Python programs print."""
import json
import os
import resource
import signal
import unittest

import interpreters
import product
import reader

CASES = os.path.join(product.CASES, "programs")
GROWING = os.path.join(product.PROGRAMS, "grows_until_killed.py")

# Each holds 50 blocks of 7001 bytes when it ends. Exit code, how it ended.
ENDS = {
    "return": ("", 0, "exit"),
    "sys.exit": ("import sys; sys.exit(9)", 9, "exit"),
    "an exception": ("raise LookupError('nobody caught it')", 1, "exit"),
    "os._exit": ("import os; os._exit(7)", 7, "_exit"),
    "os.abort": ("import os; os.abort()", -signal.SIGABRT, "unknown"),
    "SIGSEGV": ("ctypes.string_at(8)", -signal.SIGSEGV, "unknown"),
    "SIGTERM": ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, "unknown"),
    "SIGKILL": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, "unknown"),
    "exec": ("import os; os.execv('/bin/true', ['true'])", 0, "exec"),
    "exit in a thread": ("import threading; threading.Thread(target=libc.exit, args=(6,)).start(); libc.pause()", 6, "exit"),
    "exit in atexit": ("import atexit; atexit.register(libc.exit, 5)", 5, "exit"),
    "a second exit from a C atexit handler": (
        "again = ctypes.CFUNCTYPE(None)(lambda: libc._exit(4)); libc.on_exit(again, None); libc.exit(3)", 4, None),
    "quick_exit": ("libc.quick_exit(8)", 8, "_exit"),
    "std::terminate": (
        "ctypes.CDLL('libstdc++.so.6')._ZSt9terminatev()", -signal.SIGABRT, "unknown"),
}
HOLDING = """
import ctypes, sys
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
held = [libc.malloc(ctypes.c_size_t(7001)) for _ in range(50)]
print("held", flush=True)
"""

LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (%d << 20, %d << 20))
held, stacks = [], []
def down(n):
    return [bytearray(5001) for _ in range(3)] if n == 0 else down(n - 1)
try:
    while True: held.append(down(len(held) %% 50))
except MemoryError:
    made = len(held); del held
    print("MemoryError", made > 1000)
"""


class Ends(product.Case):
    def bare_and_recorded(self, command, profile, before=None):
        bare = product.run(command, product.clean_environment(), before=before)
        done = product.run(command, product.recorded_environment(profile), before=before)
        self.assertEqual((done.code, done.out, done.err), (bare.code, bare.out, bare.err))
        return done

    def summary(self, profile):
        report = product.cistern("summary", "--json", profile)
        self.assertEqual((report.code, report.err), (0, ""))
        return json.loads(report.out)

    def test_each_end_is_the_same_as_without_the_recorder_and_leaves_a_complete_profile(self):
        for interpreter in (interpreters.one_of("3.8"), interpreters.one_of("3.13", "3.12")):
            for end, (program, code, ended_by) in ENDS.items():
                with self.subTest(interpreter=interpreter.name, end=end):
                    profile = self.path("%s-%s.cistern" % (interpreter.name, end.replace(" ", "-").replace(":", "")))
                    done = self.bare_and_recorded([interpreter.path, "-c", HOLDING + program], profile)
                    self.assertEqual((done.code, done.out), (code, "held\n"))
                    image = reader.images(profile)[0]
                    self.assertEqual(sum(event.op == 1 and event.size == 7001 for event in image.events()), 50)
                    facts, = self.summary(profile)["images"]
                    self.assertEqual((facts["lost_events"], facts["torn_bytes"]), (0, 0))
                    if ended_by is not None:
                        self.assertEqual(facts["ended_by"], ended_by)

    def test_known_programs_hold_what_their_headers_state(self):
        # The last number: blocks that the interpreter itself allocates on the same lines, about six on 3.15 without the GIL.
        held = {"x02_os_exit.py": (3, 3000, 2001, 4), "x03_sigkill.py": (-signal.SIGKILL, 3000, 2001, 4),
                "x05_daemon_threads.py": (0, 4000, 601, 16)}
        for interpreter in interpreters.supported():
            for name, (code, blocks, size, slack) in held.items():
                with self.subTest(interpreter=interpreter.name, program=name):
                    profile = self.path("%s-%s.cistern" % (interpreter.name, name))
                    done = self.bare_and_recorded([interpreter.path, os.path.join(CASES, name)], profile)
                    self.assertEqual(done.code, code)
                    report = product.cistern("leaks", "--all", "--json", profile)
                    self.assertEqual((report.code, report.err), (0, ""))
                    groups = json.loads(report.out)["groups"]
                    # Each is an object and its buffer; since 3.13 these are in two domains.
                    found = []
                    for group in groups:
                        number = group["blocks"] // 2 if group["bytes"] < 0.75 * size * group["blocks"] else group["blocks"]
                        own = group["stack"] and os.path.basename(group["stack"][0]["file"] or "") == name
                        if own and number >= blocks // 8 and 0 <= group["bytes"] - number * size < 200 * number:
                            found.append(number)
                    self.assertLessEqual(abs(sum(found) - blocks), slack, found)

    def assert_grown(self, profile, line):
        summary = self.summary(profile)
        self.assertEqual(summary["images"][0]["ended_by"], "unknown")
        last, = summary["last_seconds"]
        grown = last["grown"][0]
        self.assertEqual((os.path.basename(grown["line"]["file"]), grown["line"]["function"]), line)
        self.assertGreater(grown["grown_bytes"], 0.9 * last["grown_bytes"])
        narrow = product.clean_environment(NO_COLOR="1", COLUMNS="80")
        shown = product.run([product.CISTERN, "summary", profile], narrow).out
        rows = [text for text in shown.splitlines() if text.startswith(("process ", "  held ", "  grew "))]
        self.assertLessEqual(max(len(row) for row in rows), 80)
        self.assertRegex("\n".join(rows), r"\n  grew +\+.*/s +%s:\d+ in %s" % line)
        return last

    def test_after_a_kill_the_summary_lists_what_was_held_and_what_grew(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile = self.path(interpreter.name + ".cistern")
                done = self.bare_and_recorded([interpreter.path, GROWING, 3000], profile)
                self.assertEqual(done.code, -signal.SIGKILL)
                last = self.assert_grown(profile, ("grows_until_killed.py", "remember"))
                self.assertGreaterEqual(last["held"][0]["bytes"], 3000 * 50001)
                self.assertEqual(last["held"][0]["line"]["function"], "remember")

    def test_a_program_that_exits_has_no_last_seconds(self):
        profile = self.path("p.cistern")
        self.bare_and_recorded([interpreters.one_of("3.11").path, "-c", "print(1)"], profile)
        self.assertEqual(self.summary(profile)["last_seconds"], [])

    def test_a_limit_on_addresses_ends_in_MemoryError_as_without_the_recorder(self):
        for interpreter in (interpreters.one_of("3.8"), interpreters.one_of("3.13", "3.12")):
            with self.subTest(interpreter=interpreter.name):
                profile = self.path(interpreter.name + ".cistern")
                done = self.bare_and_recorded([interpreter.path, "-c", LIMITED % (300, 300)], profile)
                self.assertEqual((done.code, done.out), (0, "MemoryError True\n"))
                image, = self.summary(profile)["images"]
                self.assertEqual((image["lost_events"], image["torn_bytes"]), (0, 0))

    def test_the_program_runs_on_when_the_recorder_gets_no_memory(self):
        program = "print(sum(len(bytearray(n)) for n in range(300)))"
        for interpreter in (interpreters.one_of("3.8"), interpreters.one_of("3.13", "3.12")):
            needed = 0
            for megabytes in range(16, 120, 4):
                limit = megabytes << 20
                before = lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
                command = [interpreter.path, "-c", program]
                bare = product.run(command, product.clean_environment(), before=before)
                if bare.code != 0:
                    continue
                needed = needed or megabytes
                with self.subTest(interpreter=interpreter.name, megabytes=megabytes):
                    profile = self.path("%d.cistern" % megabytes)
                    done = product.run(command, product.recorded_environment(profile, {"force": "on"}), before=before)
                    # The recorder needs address space too: slightly above the need of the bare program there is not enough.
                    if done.code != 0 and megabytes < needed + 24:
                        continue
                    self.assertEqual((done.code, done.out), (0, bare.out), done.err)
                    self.assertLessEqual(done.err.count("\n"), 1, done.err)
                    if os.path.exists(profile):
                        self.assertEqual(product.cistern("summary", profile).code, 0)

    def test_after_an_oom_kill_in_a_cgroup_the_summary_lists_what_was_held(self):
        group = self.cgroup()
        if group is None:
            interpreters.say("NOT TESTED: an OOM kill: no cgroup with a memory limit can be created here")
            return
        profile = self.path("p.cistern")
        limit, current = ("memory.max", "cgroup.procs") if os.path.exists(os.path.join(group, "memory.max")) else (
            "memory.limit_in_bytes", "cgroup.procs")
        with open(os.path.join(group, limit), "w", encoding="ascii") as file:
            file.write(str(120 << 20))

        def enter():
            with open(os.path.join(group, current), "w", encoding="ascii") as file:
                file.write(str(os.getpid()))

        done = product.run([interpreters.one_of("3.11").path, GROWING, 0], product.recorded_environment(profile),
                           before=enter)
        self.assertEqual((done.code, done.out, done.err), (-signal.SIGKILL, "", ""))
        self.assert_grown(profile, ("grows_until_killed.py", "remember"))

    def cgroup(self):
        for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory"):
            if not any(os.path.exists(os.path.join(root, name)) for name in ("cgroup.subtree_control", "tasks")):
                continue
            path = os.path.join(root, "cistern-test-%d" % os.getpid())
            try:
                os.mkdir(path)
            except OSError:
                continue
            self.addCleanup(os.rmdir, path)
            if any(os.access(os.path.join(path, name), os.W_OK) for name in ("memory.max", "memory.limit_in_bytes")):
                return path
        return None


if __name__ == "__main__":
    unittest.main()
