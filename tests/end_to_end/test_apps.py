"""Five programs on real packages: they behave as without the recorder, and each of their calls is an event.

The packages come from the Python package index, into folders below the build tree. CISTERN_OFFLINE=1 says that there
is none to be reached, and leaves these tests out aloud.
"""
import json
import os
import struct
import unittest

import interpreters
import product
from packages import needed_by, packages_for

APPS = os.path.join(product.CASES, "apps")
ROWS = ("malloc", "malloc_outer", "raw", "mem", "obj")
COLUMNS = ("alloc", "free", "realloc")


class App:
    def __init__(self, program, packages, *minors, static=False):
        self.program = os.path.join(APPS, program)
        self.packages = packages
        system = [one for one in interpreters.supported() if one.static] if static else []
        self.interpreter = system[0] if system else interpreters.one_of(*minors)


def apps():
    """Each on another interpreter if possible: the oldest, Debian's static one, the newest."""
    return [App("a1_sympy.py", ["sympy"], "3.8", "3.9"),
            App("a2_networkx.py", ["networkx<4"], "3.9", "3.11", static=True),
            App("a3_flask.py", ["flask"], "3.10", "3.11"),
            App("a4_pandas.py", ["numpy", "pandas"], "3.12", "3.11"),
            App("a5_django.py", ["django"], "3.13", "3.12")]


def read_counters(path):
    with open(path, "rb") as file:
        numbers = struct.unpack("<%dQ" % (len(ROWS) * len(COLUMNS)), file.read(8 * len(ROWS) * len(COLUMNS)))
    width = len(COLUMNS)
    return {row: dict(zip(COLUMNS, numbers[i * width:(i + 1) * width])) for i, row in enumerate(ROWS)}


def total(rows):
    return {op: sum(row[op] for row in rows.values()) for op in COLUMNS}


class Apps(product.Case):
    def setUp(self):
        super().setUp()
        needed_by(self)

    def run_app(self, app, env):
        folder = packages_for(app.interpreter, app.packages)
        env.update(PYTHONPATH=folder, PYTHONHASHSEED="0")
        return product.run([app.interpreter.path, app.program], env, cwd=self.folder)

    def check_app(self, app, domains, compared):
        """Runs bare and recorded below the counting library; `compared`: which rows are which domains of the profile."""
        bare = self.run_app(app, product.clean_environment())
        self.assertEqual((bare.code, bare.err), (0, ""))
        name = os.path.basename(app.program)
        profile, counters = self.path("%s-%s.cistern" % (name, domains)), self.path(name + ".counters")
        env = product.recorded_environment(profile, {"domains": domains}, above=[product.tool("libcall_counters.so")],
                                           CALL_COUNTERS=counters, CALL_COUNTERS_PYTHON="1")
        if domains == "malloc":
            del env["CALL_COUNTERS_PYTHON"]
        done = self.run_app(app, env)
        self.assertEqual((done.code, done.out, done.err), (bare.code, bare.out, bare.err))
        counted = read_counters("%s.%d" % (counters, done.pid))
        recorded = self.recorded_totals(profile, done.pid)
        if domains == "all":
            self.assert_no_leak(profile)
        os.remove(profile)
        wanted = {rows: total({name: counted[name] for name in rows}) for rows in compared}
        found = {rows: total({name: {op: recorded.get("%s.%s" % (name, op), 0) for op in COLUMNS}
                              for name in domains_of}) for rows, domains_of in compared.items()}
        self.assertEqual(found, wanted)
        self.assertGreater(sum(sum(row.values()) for row in wanted.values()), 10000)

    def assert_no_leak(self, profile):
        result = self.run_well([product.CISTERN, "leaks", "--json", profile], product.clean_environment())
        self.assertEqual(json.loads(result.out)["groups"], [])

    def recorded_totals(self, profile, pid):
        result = self.run_well([product.tool("event_counts"), profile], product.clean_environment())
        image, = [image for image in json.loads(result.out) if image["pid"] == pid]
        self.assertEqual(image["lost"], 0)
        totals = {}
        for thread in image["threads"]:
            for name, number in thread.items():
                totals[name] = totals.get(name, 0) + number
        return totals

    def for_each_app(self, domains, compared):
        for app in apps():
            with self.subTest(program=os.path.basename(app.program), interpreter=app.interpreter.name):
                interpreters.say("%s on %s, domains %s" % (os.path.basename(app.program), app.interpreter, domains))
                self.check_app(app, domains, compared)

    def test_every_malloc_call_is_an_event(self):
        self.for_each_app("malloc", {("malloc",): ("malloc",)})

    def test_every_call_of_a_python_allocator_is_one_event_of_its_outermost_domain(self):
        # CPython takes RAW's hooks off now and then while it starts and ends, and puts back those that it found: which
        # of the two wrappers is on meanwhile differs. So RAW and malloc are compared in one sum.
        self.for_each_app("all", {("malloc_outer", "raw"): ("malloc", "raw"), ("mem",): ("mem",), ("obj",): ("obj",)})

    def test_python_domains_alone_have_the_same_calls(self):
        self.for_each_app("mem,obj", {("mem",): ("mem",), ("obj",): ("obj",)})


if __name__ == "__main__":
    unittest.main()
