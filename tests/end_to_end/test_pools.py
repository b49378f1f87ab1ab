"""Pools rebuilt from events equal the interpreter's own: at hundreds of moments of randomised programs, on every
interpreter, against the pool headers read in the process; and those against sys._debugmallocstats(). The bytes
that are reported to return when survivors are freed do return."""
import json
import os
import re
import unittest

import interpreters
import product

READER = os.path.join(product.TOOLS, "libpool_reader.so")
RANDOM = os.path.join(product.PROGRAMS, "random_pools.py")
CASES = os.path.join(product.CASES, "programs")
ROUNDS = 160
PINNING_MINORS = ("3.8", "3.10", "3.11", "3.13")


def parsed(line):
    """A line of the reader: name, arenas, free pools, {class: (pools, used, free)}."""
    name, arenas, free_pools, *classes = line.split()
    rows = {}
    for row in classes:
        size, *figures = map(int, row.split(":"))
        rows[size] = tuple(figures)
    return name, int(arenas), int(free_pools), rows


def debug_malloc_stats(text):
    """The moments in what random_pools.py prints with `stats`, in the same form."""
    moments = []
    for part in text.split("moment ")[1:]:
        rows = {}
        for line in part.splitlines():
            figures = re.fullmatch(r" *\d+ +(\d+) +(\d+) +(\d+) +(\d+)", line)
            if figures:
                size, *rest = map(int, figures.groups())
                rows[size] = tuple(rest)
        arenas = int(re.search(r"# arenas allocated current += +([\d,]+)", part)[1].replace(",", ""))
        free_pools = int(re.search(r"^(\d+) unused pools \*", part, re.M)[1])
        moments.append((part.split()[0], arenas, free_pools, rows))
    return moments


def with_pools():
    """Interpreters with the GIL; without it there are no pools."""
    return [one for one in interpreters.supported() if not one.free_threaded]


class PoolsCase(product.Case):
    def pools(self, profile, *arguments):
        done = product.cistern("pools", "--json", *arguments, profile)
        self.assertEqual((done.code, done.err), (0, ""))
        return json.loads(done.out)


class Pools(PoolsCase):
    def random_program(self, interpreter, seed, rounds, mode, env):
        table = self.path("table.%s.%d" % (mode, seed))
        done = product.run([interpreter.path, "-B", RANDOM, READER, str(seed), str(rounds), mode],
                           dict(env, POOL_READER=table))
        self.assertEqual(done.code, 0, done.err[-2000:])
        with open(table) as file:
            return file.read().splitlines(), done

    def recorded_program(self, interpreter, seed, **more):
        profile = self.path("pools.%s.%d.cistern" % (interpreter.name, seed))
        env = product.recorded_environment(profile, {"force": "on"}, above=[READER], **more)
        lines, done = self.random_program(interpreter, seed, ROUNDS, "mark", env)
        self.assertEqual(done.err, "")
        return profile, lines

    def test_every_class_and_arena_equals_the_pool_reader_at_every_mark(self):
        for number, interpreter in enumerate(with_pools()):
            with self.subTest(interpreter=interpreter.name):
                profile, lines = self.recorded_program(interpreter, 1000 + number)
                self.assertEqual(len(lines), ROUNDS)
                self.assertGreater(len({line.split(" ", 1)[1] for line in lines}), ROUNDS // 2)
                probe = product.run([product.tool("pool_probe"), profile], product.clean_environment())
                self.assertEqual(probe.out.splitlines(), lines)
                self.check_command(profile, lines)
                os.remove(profile)

    def check_command(self, profile, lines):
        for line in (lines[ROUNDS // 2], lines[-1]):
            name, arenas, free_pools, rows = parsed(line)
            report = self.pools(profile, "--at", name)
            self.assertEqual(report["at"], name)
            self.assertTrue(report["complete"])
            self.assertEqual({row["size"]: (row["pools"], row["used"], row["free"]) for row in report["classes"]}, rows)
            self.assertEqual((report["arenas"], report["free_pools"]), (arenas, free_pools))
            self.assertEqual(report["used_bytes"], sum(size * used for size, (_, used, _) in rows.items()))
            self.assertEqual(sum(report["waste"].values()), report["arena_bytes"] - report["requested_bytes"])

    def test_the_debug_layers_bytes_are_counted(self):
        interpreter = interpreters.one_of("3.11")
        profile, lines = self.recorded_program(interpreter, 7, PYTHONMALLOC="debug")
        probe = product.run([product.tool("pool_probe"), profile], product.clean_environment())
        self.assertEqual(probe.out.splitlines(), lines)

    def test_the_pool_reader_equals_debugmallocstats(self):
        for number, interpreter in enumerate(with_pools()):
            with self.subTest(interpreter=interpreter.name):
                env = product.clean_environment(LD_PRELOAD=READER)
                lines, done = self.random_program(interpreter, 2000 + number, 60, "stats", env)
                self.assertEqual([parsed(line) for line in lines], debug_malloc_stats(done.err))


class Pinning(PoolsCase):
    def case(self, interpreter, name, **more):
        profile = self.path("%s.%s.cistern" % (name, interpreter.name))
        done = product.run([interpreter.path, "-B", os.path.join(CASES, name)],
                           product.recorded_environment(profile, {"force": "on"}, **more))
        self.assertEqual(done.code, 0, done.err)
        return profile, done.err

    def test_the_line_of_the_survivors_is_first_and_its_bytes_return_when_they_are_freed(self):
        with open(os.path.join(CASES, "f01_pymalloc_survivors.py")) as file:
            lines = file.read().splitlines()
        born = next(number for number, line in enumerate(lines, 1) if "for i in range(N)" in line)
        for minor in PINNING_MINORS:
            interpreter = interpreters.one_of(minor)
            with self.subTest(interpreter=interpreter.name):
                profile, said = self.case(interpreter, "f01_pymalloc_survivors.py")
                report = self.pools(profile, "--at", "worst")
                first = report["pinned"][0]
                self.assertEqual((os.path.basename(first["stack"][0]["file"]), first["stack"][0]["line"]),
                                 ("f01_pymalloc_survivors.py", born))
                self.check_returned(report, self.pools(profile), first, said)

    def test_free_memory_of_glibc_is_reported_and_not_part_of_the_pools(self):
        for minor in PINNING_MINORS:
            interpreter = interpreters.one_of(minor)
            with self.subTest(interpreter=interpreter.name):
                profile, said = self.case(interpreter, "f02_glibc_top_pinned.py")
                report = self.pools(profile)
                # 80 MB; from 3.15 on the last free returns them to the system.
                words = said.split()
                kept_kb = int(words[words.index("bigfreed") + 1]) - int(words[words.index("base") + 1])
                self.assertEqual(kept_kb > 70 << 10, interpreter.version < (3, 15), said)
                self.assertAlmostEqual(report["images"][0]["malloc_free_bytes"], kept_kb << 10, delta=8 << 20)
                self.assertLess(report["arena_bytes"], 20 << 20)
                self.assertIn("glibc malloc", product.cistern("pools", profile).out)

    def test_without_the_gil_reports_say_that_there_are_no_pools(self):
        for interpreter in interpreters.supported():
            if not interpreter.free_threaded:
                continue
            with self.subTest(interpreter=interpreter.name):
                profile, _ = self.case(interpreter, "f01_pymalloc_survivors.py", N="1000")
                text = " ".join(product.cistern("pools", profile).out.split())
                self.assertIn("free-threaded Python uses mimalloc instead of arenas and pools", text)
                self.assertIn("allocator mimalloc\n", product.cistern("summary", profile).out)
                timeline = product.cistern("timeline", profile).out
                self.assertNotIn("held", timeline)
                self.assertIn("obj    RSS", timeline)

    def test_other_reports_refuse_the_worst_moment(self):
        for command in ("leaks", "tree"):
            done = product.cistern(command, "--at", "worst", "any.cistern")
            self.assertEqual(done.code, 2)
            self.assertIn("only for `cistern pools`", done.err)

    def check_returned(self, worst, end, first, said):
        """Between the worst moment, when 97.5 % are freed, and the end only the survivors are freed."""
        held = worst["arena_bytes"] - worst["waste"]["empty_arenas"]  # empty arenas are about to be returned
        returned = held - end["arena_bytes"] + end["waste"]["empty_arenas"]
        self.assertGreater(returned, 40 << 20)
        self.assertLess(abs(first["bytes_returned_if_freed"] - returned), 0.05 * returned, (returned, said))
        pinned, cleared = (int(re.search(word + r" (\d+)", said)[1]) for word in (r"after-free-97\.5%", "after-clear"))
        resident = (pinned - cleared) * 1024
        self.assertLess(abs(first["bytes_returned_if_freed"] - resident), 0.05 * resident, (returned, said))
        self.assertAlmostEqual(first["allocated_blocks"] / first["blocks"], 40, delta=2)
        self.assertGreater(first["median_age_ns"], 0)


if __name__ == "__main__":
    unittest.main()
