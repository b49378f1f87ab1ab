"""Packages of other people, for one interpreter each, installed once for all tests."""
import os
import subprocess

import interpreters
import product


def needed_by(test):
    """Skips a test, with a message, if no package index can be reached."""
    if os.environ.get("CISTERN_OFFLINE") == "1":
        interpreters.say("NOT TESTED: %s, since CISTERN_OFFLINE=1" % test.id())
        test.skipTest("CISTERN_OFFLINE=1")


def pip_command(interpreter):
    """The interpreter's own pip; else that of another interpreter, preferably a later one, which installs for this one."""
    for one in [interpreter] + interpreters.supported()[::-1]:
        if subprocess.call([one.path, "-m", "pip", "--version"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL) == 0:
            command = [one.path, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                       "--no-warn-script-location", "--only-binary=:all:"]
            if one is not interpreter:
                version = interpreter.minor.rstrip("t")
                command += ["--python-version", version, "--implementation", "cp"]
                if interpreter.free_threaded:
                    command += ["--abi", "cp" + interpreter.minor.replace(".", "")]
            return command
    raise RuntimeError("no interpreter here has pip; Debian's is in the package python3-pip")


def packages_for(interpreter, packages):
    folder = os.path.join(product.TOOLS, "packages", "%s-%s" % (interpreter.name, "-".join(packages).replace("<", "-")))
    complete = os.path.join(folder, ".complete")
    if not os.path.exists(complete):
        subprocess.check_call(pip_command(interpreter) + ["--target", folder, "--upgrade"] + packages,
                              env=product.clean_environment())
        open(complete, "w").close()
    return folder
