"""Real programs, bare and recorded: the same exit code and the same output, but for times. Their packages come from the
Python package index, into folders of the build tree."""
import os
import re
import subprocess
import time

import interpreters
import product
import suite_file
from packages import packages_for
from state import State

# Name, packages, arguments, and the least number of lines of output: a program that does nothing also compares equal.
PROGRAMS = [
    ("black", ["black"], ["-m", "black", "--workers", "1", "--diff", "-S", "-l", "79", "SOURCE/tests/end_to_end"], 100),
    ("mypy", ["mypy"], ["-m", "mypy", "--no-incremental", "--cache-dir", "/dev/null", "--check-untyped-defs",
                        "SOURCE/tests/torture/state.py", "SOURCE/tests/end_to_end/reader.py"], 1),
    ("pytest", ["pytest"], ["-m", "pytest", "-v", "-p", "no:cacheprovider", "SOURCE/tests/end_to_end/test_reader.py",
                            "SOURCE/tests/scripts/test_check_layers.py"], 10),
    ("numpy's tests", ["pytest", "hypothesis", "numpy"],
     ["-m", "pytest", "-v", "-p", "no:cacheprovider", "--pyargs", "numpy.linalg", "numpy.fft"], 100),
    ("pandas' tests", ["pytest", "hypothesis", "numpy", "pandas"],
     ["-m", "pytest", "-v", "-p", "no:cacheprovider", "--pyargs", "pandas.tests.groupby.test_groupby",
      "pandas.tests.io.json.test_ujson"], 100),
    ("pip", ["pip"], ["-m", "pip", "--disable-pip-version-check", "inspect", "--path", "PACKAGES"], 10),
    ("pylint", ["pylint"], ["-m", "pylint", "-j", "2", "--disable=all", "--enable=W,E", "SOURCE/tests/end_to_end"], 5),
]
# Times and lines whose width depends on them, addresses, and the folder in which a program runs.
TIMES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+|\b\d+(\.\d+)?\s?(s|ms|seconds?)\b|\(\d:\d\d:\d\d\)|===+|"
                   r"0x[0-9a-f]{6,}|/tmp/ct-\w+")


def run_once(interpreter, program, library):
    """Exit code, output without times, and what is wrong with the profile."""
    _, packages, words, _ = program
    folder, place = packages_for(interpreter, packages), suite_file.Place()
    command = [word.replace("SOURCE", product.SOURCE).replace("PACKAGES", folder) for word in words]
    env = dict(suite_file.environment(place, library), PYTHONPATH=folder, PYTHONHASHSEED="0", COLUMNS="100",
               PYTHONDONTWRITEBYTECODE="1", CISTERN_BINARY_DIR=product.BINARY)
    begun = time.monotonic()
    try:
        done = subprocess.run([interpreter.path] + command, env=env, cwd=place.work, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", timeout=1800)
        wall = time.monotonic() - begun
        faults = list(suite_file.profile_faults(suite_file.profile_facts(place))) if library else []
        return {"code": done.returncode, "out": TIMES.sub("#", done.stdout), "wall_s": wall, "faults": faults}
    finally:
        suite_file.end_all(place)
        place.remove()


def first_difference(bare, recorded):
    for one, other in zip(bare["out"].splitlines() + ["(end)"], recorded["out"].splitlines() + ["(end)"]):
        if one != other:
            return "%r and %r" % (one[:200], other[:200])
    return "exit codes %s and %s" % (bare["code"], recorded["code"])


def compare(interpreter, program, library):
    bare, recorded = run_once(interpreter, program, None), run_once(interpreter, program, library)
    faults = recorded["faults"]
    if (bare["code"], bare["out"]) != (recorded["code"], recorded["out"]):
        if run_once(interpreter, program, None)["out"] != bare["out"]:
            faults.append("two bare runs differ")
        faults.append(first_difference(bare, recorded))
    if bare["out"].count("\n") < program[3]:
        faults.append("printed too little: %s" % bare["out"][-500:])
    return {"code": bare["code"], "lines": bare["out"].count("\n"), "bare_s": round(bare["wall_s"], 2),
            "recorded_s": round(recorded["wall_s"], 2), "faults": faults}


def run(given):
    state = State(os.path.join(given.state, "programs.jsonl"), given.fresh)
    wanted = [(interpreter, program) for interpreter in interpreters.supported() for program in PROGRAMS
              if given.only in (None, interpreter.minor)]
    results = {(one["interpreter"], one["program"]): one for one in state.records if not one["faults"]}
    for interpreter, program in wanted:
        key = interpreter.name, program[0]
        if key not in results:
            results[key] = compare(interpreter, program, given.library)
            state.add(dict(results[key], interpreter=key[0], program=key[1]))
        print("%-24s %-14s exit code %d, %d lines, %.1f s / %.1f s: %s" % (
            *key, results[key]["code"], results[key]["lines"], results[key]["recorded_s"], results[key]["bare_s"],
            "; ".join(results[key]["faults"]) or "same"), flush=True)
    wrong = sum(bool(one["faults"]) for one in results.values())
    print("%d programs, %d of them differ" % (len(wanted), wrong))
    return 1 if wrong or not wanted else 0
