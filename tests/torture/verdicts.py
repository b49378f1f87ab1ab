"""`cistern check` must give the same verdict on every program of known behaviour each time: leaking ones fail, healthy ones
pass."""
import os
import subprocess
import tempfile

import interpreters
import product
import test_apps
import test_growth
from packages import packages_for


def programs(interpreter):
    """Path, environment and expected exit code of check, for each program."""
    for case in test_growth.LEAKS:
        yield case.program, {"N": str(case.iterations)}, 1 if case.versions(interpreter.version) else 0
    extension = interpreters.extension(interpreter, test_growth.EXTENSION)
    yield os.path.join(test_growth.PROGRAMS, "c01_cext_leaks.py"), {"PYTHONPATH": extension}, 1
    for name in test_growth.HEALTHY:
        yield os.path.join(test_growth.PROGRAMS, name), {}, 0
    for app in test_apps.apps():
        if app.interpreter.name == interpreter.name:
            yield app.program, {"PYTHONPATH": packages_for(interpreter, app.packages), "PYTHONHASHSEED": "0"}, 0


def verdict(interpreter, program, environment, profile):
    """The exit code of check on a new recording; None when the program itself failed."""
    done = subprocess.run([product.CISTERN, "run", "-f", "-o", profile, "--", interpreter.path, program],
                          env=product.clean_environment(**environment), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        return None
    return subprocess.run([product.CISTERN, "check", profile], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode


def run(given):
    wrong = asked = 0
    with tempfile.TemporaryDirectory(prefix="cistern-torture-") as folder:
        profile = os.path.join(folder, "x.cistern")
        for interpreter in interpreters.supported():
            if given.only and interpreter.minor != given.only:
                continue
            for program, environment, expected in programs(interpreter):
                found = [verdict(interpreter, program, environment, profile) for _ in range(given.times)]
                bad = [code for code in found if code != expected]
                asked += given.times
                wrong += len(bad)
                print("%-24s %-28s expected %d: %d of %d%s" % (interpreter.name, os.path.basename(program), expected,
                                                               given.times - len(bad), given.times,
                                                               ", wrong: %s" % bad if bad else ""),
                      flush=True)
    print("%d verdicts, %d wrong" % (asked, wrong))
    return 1 if wrong or not asked else 0
