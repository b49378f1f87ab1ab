"""End-to-end tests that take their size from the environment, with sizes that take too long for daily runs."""
import os
import subprocess
import sys
import time

import product
from state import State

SIZES = [
    ("test_live_sets", {"CISTERN_HEAP_SEEDS": "200"}),
    ("test_threads", {"CISTERN_SHORT_THREADS": "1000000", "CISTERN_LIVING_THREADS": "20000"}),
    ("test_recorder_memory", {"CISTERN_STACK_DEPTH": "24", "CISTERN_CODE_OBJECTS": "100000"}),
]


def tests():
    """The tests that exist, with a name that includes the size."""
    for name, sizes in SIZES:
        path = os.path.join(product.HERE, name + ".py")
        if os.path.exists(path):
            yield " ".join([name] + ["%s=%s" % pair for pair in sorted(sizes.items())]), path, sizes
        else:
            print("NOT RUN: %s does not exist" % name)


def run(given):
    state = State(os.path.join(given.state, "long.jsonl"), given.fresh)
    passed = {one["test"] for one in state.records if one["code"] == 0}
    wanted = [one for one in tests() if not given.tests or one[0].split()[0] in given.tests]
    for title, path, sizes in wanted:
        if title in passed:
            continue
        begun = time.monotonic()
        code = subprocess.call([sys.executable, "-B", path, "-v"], env=dict(os.environ, **sizes),
                               stdin=subprocess.DEVNULL)
        state.add({"test": title, "code": code, "wall_s": round(time.monotonic() - begun, 1)})
    latest = {one["test"]: one for one in state.records}
    failed = [title for title, _, _ in wanted if latest[title]["code"] != 0]
    for title, _, _ in wanted:
        print("%-60s %s, %.0f s" % (title, "FAILED" if title in failed else "passed", latest[title]["wall_s"]))
    return 1 if failed or not wanted else 0
