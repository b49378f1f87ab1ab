"""Every kind of process creation gives an image of its own, which holds what the process counted; no fork hangs."""
import collections
import json
import os
import re
import struct
import time
import unittest

import heap_model
import interpreters
import product
import reader

KEPT, DROPPED, INHERITED, THREADS = 300, 100, 50, 3
ROWS, ROW_BYTES, FIRST_ROW = 1024, 40, 40

Row = collections.namedtuple("Row", "pid parent size made freed inherited_freed")

# Kinds of process creation: how many processes allocate, and how many of those are forked from one that had allocated.
KINDS = {"fork": (2, 1), "_Fork": (2, 1), "clone": (2, 1), "forkpty": (2, 1), "vfork-exec": (2, 0),
         "posix_spawn": (2, 0), "system": (2, 0), "failing-exec": (2, 1), "fork-in-thread": (2, 1),
         "threads-in-child": (2, 1), "killed": (2, 1), "daemon-by-hand": (2, 1), "daemon-by-libc": (2, 1),
         "fork-exec": (3, 1), "fork-spawn": (3, 1), "fork-vfork-exec": (3, 1), "exec": (2, 0)}


def rows_in(path):
    with open(path, "rb") as file:
        data = file.read()
    used, = struct.unpack_from("<Q", data)
    return [Row(*struct.unpack_from("<IIQQQQ", data, FIRST_ROW + i * ROW_BYTES)) for i in range(used)]


def churned_in(path):
    """Calls that each thread completed, by thread id."""
    with open(path, "rb") as file:
        words = struct.unpack_from("<%dQ" % (2 * THREADS), file.read(), FIRST_ROW + ROWS * ROW_BYTES)
    return dict(zip(words[:THREADS], words[THREADS:]))


def is_running(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until_gone(pids):
    deadline = time.monotonic() + 30
    while any(is_running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.002)


class Native(product.Case):
    def run_kind(self, kind, *more, **options):
        """Runs the target recorded, and returns its profile and the row of each of its processes."""
        profile, rows = self.path(kind + ".cistern"), self.path(kind + ".rows")
        target = product.tool("fork_target")
        env = product.recorded_environment(profile, {"follow": "all", "domains": "malloc", **options})
        done = product.run([target, rows, kind, *more], env, timeout=120)
        if done.code == 3:
            print("NOT TESTED: this libc has no " + kind, flush=True)
            return None, []
        self.assertEqual((done.code, done.out, done.err), (7 if kind == "exec" else 0, "", ""))
        said = rows_in(rows)
        wait_until_gone(row.pid for row in said)
        return profile, said

    def check_image(self, image, row, forked):
        """The image has what its process counted, no more and no less."""
        self.assertEqual((image.torn, image.losses.get("lost", 0), image.losses.get("guarded", 0)), (0, 0, 0))
        ops = collections.Counter(event.op for event in image.events() if event.size == row.size)
        self.assertEqual(ops[1], row.made)
        heap = heap_model.Heap(image).advance()
        alive = sum(block.size == row.size for block in heap.blocks.values())
        self.assertEqual(alive, row.made - row.freed)
        if forked:
            self.assertEqual(heap.unknown_frees, row.inherited_freed)
            self.assertEqual(row.inherited_freed, INHERITED)

    def image_of(self, images, row):
        found = [image for image in images if image.header.image.pid == row.pid
                 and any(event.size == row.size for event in image.events())]
        self.assertEqual(len(found), 1, "images of process %d with its blocks" % row.pid)
        return found[0]

    def test_every_kind_of_creation_gives_an_image_with_what_the_process_counted(self):
        for kind, (processes, forked) in KINDS.items():
            with self.subTest(kind=kind):
                profile, said = self.run_kind(kind)
                if profile is None:
                    continue
                self.assertEqual(len(said), processes)
                images = reader.images(profile)
                for number, row in enumerate(said):
                    image = self.image_of(images, row)
                    self.check_image(image, row, 0 < number <= forked)
                    if number != 0:
                        self.check_parent(image, row)
                self.check_summary(profile, images, ended_by="unknown" if kind == "killed" else "_exit")

    def check_parent(self, image, row):
        parent = image.header.parent
        if image.header.image.number == 2:
            self.assertEqual((parent.pid, parent.number), (row.pid, 1))
        else:
            self.assertEqual(parent.pid, row.parent)

    def check_summary(self, profile, images, ended_by):
        result = product.cistern("summary", "--json", profile)
        self.assertEqual((result.code, result.err), (0, ""))
        summary = json.loads(result.out)
        self.assertEqual(len(summary["images"]), len(images))
        self.assertEqual({(image["lost_events"], image["torn_bytes"], image["unknown_frees"])
                          for image in summary["images"]}, {(0, 0, 0)})
        self.assertIn(ended_by, [image["ended_by"] for image in summary["images"]])

    def test_five_generations_each_know_their_parent(self):
        profile, said = self.run_kind("generations", 5)
        images = reader.images(profile)
        self.assertEqual(len(said), 6)
        for older, row in zip(said, said[1:]):
            image = self.image_of(images, row)
            self.check_image(image, row, True)
            self.assertEqual(image.header.parent, self.image_of(images, older).header.image)
        self.assertEqual([self.image_of(images, row).header.generation for row in said], list(range(6)))

    def test_forks_while_threads_fill_segments_neither_hang_nor_lose_events_of_the_parent(self):
        self.check_among_threads("fork-among-threads", 300, made=KEPT + DROPPED + INHERITED)

    def test_raw_clones_while_threads_allocate_do_not_hang(self):
        self.check_among_threads("clone-among-threads", 150, made=0)

    def test_forks_while_threads_start_threads_leave_a_child_that_can_start_one(self):
        number = 150
        profile, said = self.run_kind("fork-among-starts", number)
        self.assertEqual([(row.made, row.inherited_freed) for row in said[1:]],
                         [(KEPT + DROPPED + INHERITED, INHERITED)] * number)
        self.assertEqual(len(os.listdir(profile + ".d")), number)

    def test_an_exit_in_a_signal_handler_that_interrupted_malloc_does_not_hang(self):
        for domains in ("malloc", "mmap"):
            with self.subTest(domains=domains):
                self.run_kind("exit-in-handler", 40, domains=domains, force="on")

    def check_among_threads(self, kind, number, made):
        profile, said = self.run_kind(kind, number, domains="malloc,mmap")
        self.assertEqual(len(said), 1 + number)
        done = self.run_well([product.tool("event_counts"), profile] + [row.size for row in said],
                             product.clean_environment())
        images = {image["pid"]: image for image in json.loads(done.out)}
        self.assertEqual(len(images), 1 + number)
        self.assertEqual({image["lost"] for image in images.values()}, {0})
        for row in said[1:]:
            self.assertEqual((images[row.pid]["sizes"][str(row.size)], row.made), (made, made))
        first = {thread["tid"]: thread for thread in images[said[0].pid]["threads"]}
        for tid, completed in churned_in(self.path(kind + ".rows")).items():
            self.assertGreater(completed, 0)
            counted = first[tid]["malloc.alloc"] + first[tid]["malloc.free"]
            self.assertTrue(completed <= counted <= completed + 4, (completed, counted))


Reported = collections.namedtuple("Told", "name pid parent size count")
# Recorded with start=off.
PAUSES = """
import ctypes, os, sys
api = ctypes.CDLL(None)
def child(size):
    pid = os.fork()
    if pid == 0:
        kept = [bytes(size + 1 - sys.getsizeof(b"")) for _ in range(20)]
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
child(3001)
api.cistern_start()
child(3003)
api.cistern_stop()
child(3005)
api.cistern_start()
child(3007)
"""
IN_THREAD = """
import os, sys, threading
kept = []
def in_child():
    for _ in range(20): kept.append(bytes(3002 - sys.getsizeof(b"")))
    os._exit(0)
def work():
    pid = os.fork()
    if pid == 0:
        in_child()
    assert os.waitpid(pid, 0)[1] == 0
    os.write(1, b"%d" % pid)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
ENDS = {"before-exec": "exec", "killed": "unknown"}


def marked_line(program, marker):
    with open(program) as file:
        found = [number for number, line in enumerate(file, 1) if "# " + marker in line]
    assert len(found) == 1, (program, marker, found)
    return found[0]


class Report:
    """A report on a profile, from its JSON."""

    def __init__(self, case, command, profile, *arguments, code=0):
        result = product.cistern(command, "--json", *arguments, profile)
        case.assertEqual((result.code, result.err), (code, ""))
        self.json = json.loads(result.out)

    def children(self):
        return [one for one in self.json["family"] if one["origin"] != "first"]


class Python(product.Case):
    def record(self, interpreter, program, *arguments, **more):
        profile = self.path("%s-%s.cistern" % (os.path.basename(program), interpreter))
        done = self.run_well([interpreter.path, "-W", "ignore", program, *arguments],
                             product.recorded_environment(profile, **more))
        return profile, done.out

    def counts(self, profile, *sizes):
        """By pid: how many blocks of each size were made; several images of one process together."""
        done = self.run_well([product.tool("event_counts"), profile, *sizes], product.clean_environment())
        made = collections.defaultdict(collections.Counter)
        for image in json.loads(done.out):
            self.assertEqual(image["lost"], 0)
            made[image["pid"]].update({int(size): count for size, count in image["sizes"].items() if count})
        return made

    def test_every_kind_of_creation_gives_an_image_with_what_the_python_process_made(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile, out = self.record(interpreter, os.path.join(product.PROGRAMS, "process_creation.py"))
                family = [Reported(name, *map(int, rest)) for name, *rest in map(str.split, out.splitlines())]
                wait_until_gone(one.pid for one in family)
                made = self.counts(profile, *sorted({one.size + 1 for one in family}))
                for one in family:
                    self.assertEqual(made[one.pid][one.size + 1], one.count, one.name)
                self.check_family(Report(self, "summary", profile).json, family)

    def test_a_child_is_recorded_only_if_its_parent_was_when_it_forked(self):
        program = self.path("pauses.py")
        with open(program, "w") as file:
            file.write(PAUSES)
        for interpreter in (interpreters.one_of("3.8", "3.9"), interpreters.one_of("3.13", "3.12")):
            with self.subTest(interpreter=interpreter.name):
                profile = self.path(interpreter.name + ".cistern")
                self.run_well([interpreter.path, program], product.recorded_environment(profile, {"start": "off"}))
                made = collections.Counter()
                for counts in self.counts(profile, 3002, 3004, 3006, 3008).values():
                    made.update(counts)
                self.assertEqual(made, {3004: 20, 3008: 20})

    def test_the_stacks_of_a_child_forked_in_a_thread_are_its_own(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                program = self.path("in_thread.py")
                with open(program, "w") as file:
                    file.write(IN_THREAD)
                profile, out = self.record(interpreter, program)
                image = next(image for image in reader.images(profile) if image.header.image.pid == int(out))
                stacks = [image.stack(event.stack) for event in image.events() if event.op == 1 and event.size == 3002]
                self.assertEqual([[frame.kind for frame in stack if frame.kind != reader.PYTHON] for stack in stacks],
                                 [[]] * 20)
                self.assertEqual({stack[0].function for stack in stacks}, {"in_child"})
                self.assertEqual([thread["started_at"] for thread in image.threads.values()], [0])

    def check_family(self, summary, family):
        images = summary["images"]
        self.assertEqual([(image["lost_events"], image["torn_bytes"], image["unknown_frees"]) for image in images],
                         [(0, 0, 0)] * len(images))
        by_pid = collections.defaultdict(list)
        for one in summary["family"]:
            by_pid[one["pid"]].append(one)
        for one in family[1:]:
            # preexec_fn made an image of its own before the exec.
            after_exec = one.name in ("after-exec", "preexec")
            image = by_pid[one.pid][-1 if after_exec else 0]
            self.assertEqual(image["parent_pid"], one.pid if after_exec else one.parent, one.name)
            started = "start" if one.name in ("subprocess", "posix-spawn") else "fork"
            self.assertEqual(image["origin"], "exec" if after_exec else started, one.name)
            exits = "exit" if image["origin"] != "fork" else "_exit"
            self.assertEqual(image["ended_by"], ENDS.get(one.name, exits), one.name)

    def test_x01_workers_hold_what_they_allocated_and_nothing_of_their_parent(self):
        program, number = os.path.join(product.CASES, "programs", "x01_mp_pool_fork.py"), 200
        line = marked_line(program, "CHILD-LEAK-LINE")
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile, out = self.record(interpreter, program, N=str(number))
                workers, largest = map(int, re.match(r"(\d+) workers, largest child cache (\d+)", out).groups())
                summary = Report(self, "summary", profile)
                children = summary.children()
                self.assertEqual([child["origin"] for child in children], ["fork"] * 3)
                busy = [child for child in children if child["line"] and child["line"]["line"] == line]
                self.assertEqual(len(busy), workers)
                self.assertEqual({os.path.basename(child["line"]["file"]) for child in busy}, {os.path.basename(program)})
                block = 20000 + 33  # a bytes object of 20,000
                self.assertAlmostEqual(sum(child["line_bytes"] for child in busy), number * block, delta=40000)
                self.assertAlmostEqual(max(child["line_bytes"] for child in busy), largest * block, delta=20000)
                for child in children:
                    self.assertLess(child["grown_bytes"] - child["line_bytes"], 1_000_000, "not the parent's 20 MB")
                self.assertTrue(all(image["lost_events"] == 0 for image in summary.json["images"]))

    def test_x07_children_of_a_process_with_busy_threads_all_end_well(self):
        program, number = os.path.join(product.CASES, "programs", "x07_fork_with_threads.py"), 30
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile, out = self.record(interpreter, program, N=str(number))
                self.assertEqual(out, "children ok %d of %d\n" % (number, number))
                made = self.counts(profile, 901)
                self.assertEqual([counts[901] for counts in made.values() if counts[901]], [1000] * number)

    def test_a_leak_of_a_pre_forking_server_is_one_group_and_is_reported_for_each_worker(self):
        program, requests = os.path.join(product.PROGRAMS, "prefork_server.py"), 2000
        line = marked_line(program, "WORKER-LEAK-LINE")
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile, out = self.record(interpreter, program, self.path(interpreter.name), requests)
                answered = {int(pid): int(count) for pid, count in re.findall(r"WORKER (\d+) (\d+)", out)}
                self.assertEqual((len(answered), sum(answered.values())), (5, requests))
                made = self.counts(profile, 3001)
                self.assertEqual({pid: made[pid][3001] for pid in answered}, answered)
                self.check_workers(Report(self, "summary", profile).children(), answered, line)
                self.check_leak(profile, line, requests)

    def check_workers(self, children, answered, line):
        self.assertEqual({child["pid"] for child in children}, set(answered))
        self.assertEqual(sorted(child["ended_by"] for child in children), ["_exit"] * 4 + ["unknown"])
        for child in children:
            self.assertEqual((child["origin"], child["line"]["line"]), ("fork", line))
            least = answered[child["pid"]] * 3001
            self.assertTrue(least <= child["line_bytes"] <= 1.2 * least, (least, child))

    def check_leak(self, profile, line, requests):
        leaks = Report(self, "leaks", profile).json["groups"]
        self.assertEqual(len(leaks), 1)
        self.assertEqual({(group["stack"][0]["line"], group["images"]) for group in leaks}, {(line, 5)})
        least = requests * 3001
        self.assertTrue(least <= sum(group["bytes"] for group in leaks) <= 1.1 * least, leaks)
        self.assertIn("in 5 of 6 processes", product.cistern("leaks", profile).out)
        failed = product.cistern("check", profile)
        self.assertEqual((failed.code, failed.out.count("prefork_server.py:%d in answer" % line)), (1, 1))
        text = product.cistern("summary", profile).out
        rows = [row for row in text.splitlines() if re.search(r"fork of \d+ .*prefork_server.py:%d$" % line, row)]
        self.assertEqual(len(rows), 5, text)
        self.assertLessEqual(max(map(len, rows)), 80)


ASAN_PROGRAM = "#include <stdlib.h>\nint main(void) { char* p = malloc(10); free(p); return 0; }\n"
# Prints what is in its environment, then what its children find in theirs, started in several ways.
PRINT_ENVIRONMENT = """
import os, subprocess, sys
ours = ("LD_PRELOAD", "CISTERN_OPTIONS", "CISTERN_SESSION", "CISTERN_RUN")
if len(sys.argv) == 1:
    copy = dict(os.environ)
    me = [sys.executable, __file__, "child"]
    subprocess.check_call(me)
    subprocess.check_call(me, env=copy, preexec_fn=lambda: None)
    os.waitpid(os.posix_spawn(me[0], me, copy), 0)
    os.system("'%s' '%s' child" % tuple(me[:2]))
    pid = os.fork()
    if pid == 0:
        os.execv(me[0], me)
    os.waitpid(pid, 0)
print(sorted((name, value) for name, value in os.environ.items() if name in ours), flush=True)
"""


class Follow(product.Case):
    def setUp(self):
        super().setUp()
        self.program = self.path("program.py")
        with open(self.program, "w") as file:
            file.write(PRINT_ENVIRONMENT)

    def interpreters(self):
        return {interpreters.one_of("3.8", "3.9"), interpreters.one_of("3.13", "3.12")}

    def test_follow_none_records_one_image_and_cleans_every_environment(self):
        for interpreter in self.interpreters():
            with self.subTest(interpreter=interpreter.name):
                profile = self.path(interpreter.name + ".cistern")
                done = self.run_well([interpreter.path, self.program],
                                     product.recorded_environment(profile, {"follow": "none"}))
                self.assertEqual(done.out, "[]\n" * 6)
                self.assertEqual(len(reader.images(profile)), 1)
                self.assertFalse(os.path.exists(profile + ".d"))

    def test_follow_none_keeps_other_preloaded_libraries_for_children(self):
        interpreter = interpreters.one_of("3.11", "3.12")
        counters = os.path.join(product.TOOLS, "libcall_counters.so")
        env = product.recorded_environment(self.path("p.cistern"), {"follow": "none"}, above=[counters])
        done = self.run_well([interpreter.path, self.program], env)
        self.assertEqual(done.out, "%r\n" % [("LD_PRELOAD", counters)] * 6)

    def test_follow_none_records_the_first_python_below_a_shell(self):
        interpreter, profile = interpreters.one_of("3.11", "3.12"), self.path("p.cistern")
        self.run_well(["/bin/sh", "-c", "true; '%s' '%s'; true" % (interpreter.path, self.program)],
                      product.recorded_environment(profile, {"follow": "none"}))
        self.assertEqual(reader.only_image(profile).arguments[0], interpreter.path)

    def test_follow_none_records_only_the_first_of_two_pythons_below_a_shell(self):
        interpreter, profile = interpreters.one_of("3.11", "3.12"), self.path("p.cistern")
        both = "'%s' '%s'; '%s' '%s'" % (2 * (interpreter.path, self.program))
        done = self.run_well([product.CISTERN, "run", "--follow", "none", "--preload-library", product.PRELOAD, "-o",
                              profile, "--", "/bin/sh", "-c", both], product.clean_environment())
        self.assertEqual(done.out, "[]\n" * 12)
        reader.only_image(profile)

    def test_follow_python_preloads_children_and_follow_all_records_them_without_python(self):
        interpreter = interpreters.one_of("3.11", "3.12")
        for follow, programs in (("python", {"python"}), ("all", {"python", "sh"})):
            with self.subTest(follow=follow):
                profile = self.path(follow + ".cistern")
                done = self.run_well([interpreter.path, self.program],
                                     product.recorded_environment(profile, {"follow": follow}))
                self.assertEqual(done.out.count("'LD_PRELOAD'"), 6)
                found = {os.path.basename(image.arguments[0]).rstrip("0123456789.") for image in reader.images(profile)}
                self.assertEqual(found, programs)

    def test_a_compiler_leaves_no_file(self):
        interpreter, profile = interpreters.one_of("3.11", "3.12"), self.path("p.cistern")
        source = self.path("empty.c")
        with open(source, "w"):
            pass
        self.run_well([interpreter.path, "-c", "import subprocess\nsubprocess.check_call(%r)"
                       % [os.environ.get("CC", "cc"), "-c", source, "-o", self.path("empty.o")]],
                      product.recorded_environment(profile))
        reader.only_image(profile)

    def test_follow_none_starts_a_child_that_refuses_to_be_preloaded(self):
        source, program = self.path("program.c"), self.path("with_asan")
        with open(source, "w") as file:
            file.write(ASAN_PROGRAM)
        self.run_well([os.environ.get("CC", "cc"), "-fsanitize=address", source, "-o", program], dict(os.environ))
        for interpreter in self.interpreters():
            for code in ("import subprocess; subprocess.check_call([%r])" % program,
                         "import os; assert os.system(%r) == 0" % program):
                with self.subTest(interpreter=interpreter.name, code=code):
                    options = {"follow": "none", "force": "on"}
                    self.run_well([interpreter.path, "-c", code],
                                  product.recorded_environment(self.path("p.cistern"), options))
                    # Otherwise the test proves nothing: with the recorder's entry the child does not start.
                    refused = product.run([interpreter.path, "-c", code],
                                          product.recorded_environment(self.path("q.cistern"), {"force": "on"}))
                    self.assertNotEqual(refused.code, 0)


if __name__ == "__main__":
    unittest.main()
