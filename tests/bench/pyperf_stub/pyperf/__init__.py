"""Stands in for the pyperf that pyperformance's scripts import: everything runs LOOPS times in this one process, without
workers and without a clock, so that two runs do the same and print the same."""
import argparse
import asyncio
import os
from time import perf_counter  # noqa: F401 (scripts take it from here)

LOOPS = int(os.environ.get("LOOPS", "1"))


def python_implementation():
    return "cpython"


class Runner:
    def __init__(self, *_, **__):
        self.argparser = argparse.ArgumentParser()
        self.metadata = {}
        self.args = None

    def parse_args(self, args=None):
        self.args, _ = self.argparser.parse_known_args(args)
        self.args.worker = getattr(self.args, "worker", False)
        self.args.inherit_environ = getattr(self.args, "inherit_environ", False)
        return self.args

    def _run(self, name, work):
        if self.args is None:
            self.parse_args()
        work()
        print(name, LOOPS)

    def bench_func(self, name, function, *args, **_):
        self._run(name, lambda: [function(*args) for _ in range(LOOPS)])

    def bench_time_func(self, name, function, *args, **_):
        self._run(name, lambda: function(LOOPS, *args))

    def bench_async_func(self, name, function, *args, **how):
        def work():
            loop = (how.get("loop_factory") or asyncio.new_event_loop)()
            asyncio.set_event_loop(loop)
            try:
                for _ in range(LOOPS):
                    loop.run_until_complete(function(*args))
            finally:
                loop.close()
        self._run(name, work)
