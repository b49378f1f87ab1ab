"""One test file of the standard library's suite, run once, bare or recorded, and its result."""
import collections
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import xml.etree.ElementTree

import product
import stdlib_known

HEADINGS = re.compile(r"^(?:FAIL|ERROR|UNEXPECTED SUCCESS): (.*)$", re.M)
RAN = re.compile(r"^Ran (\d+) tests? in", re.M)
SKIPPED_FILE = re.compile(r"^\S+ skipped(?: \(resource denied\))?(?: -- (.*))?$", re.M)
SAID = re.compile(r"^.*\bcistern: .*$", re.M)
MUST_BE_NONE = ("unreadable", "lost_events", "lost_segments", "torn_bytes", "overwritten", "window_missing", "stopped")
STANDIN = """import test._test_multiprocessing as tests
tests.install_tests_in_module_dict(globals(), %r)
if __name__ == '__main__':
    import unittest
    unittest.main()
"""


class Place:
    """An empty working directory and another folder for the profile. The paths are short, because names of sockets in them
    may have at most 107 characters."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ct-")
        self.work, self.aside = os.path.join(self.folder, "w"), os.path.join(self.folder, "a")
        os.mkdir(self.work)
        os.mkdir(self.aside)
        self.log, self.results = os.path.join(self.aside, "log"), os.path.join(self.aside, "results.xml")
        self.profile = os.path.join(self.aside, "x.cistern")

    def remove(self):
        subprocess.call(["chmod", "-R", "u+rwX", self.folder], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)


def command(interpreter, name, place, limit_s):
    words = [interpreter.path, "-m", "test", "-v", "-u", "none", "--timeout", str(limit_s), "--junit-xml", place.results]
    if name.startswith("standin:"):
        # Under another name, because the suite's runner expects a folder for this one.
        method = name.rsplit("_", 1)[1]
        name, folder = "test_mp_" + method, os.path.join(place.aside, "tests")
        os.mkdir(folder)
        with open(os.path.join(folder, name + ".py"), "w") as file:
            file.write(STANDIN % method)
        words += ["--testdir", folder]
    for pattern in stdlib_known.LEFT_OUT.get(name, {}):
        words += ["-i", pattern]
    return words + [name]


def environment(place, library):
    env = {"PATH": os.environ["PATH"], "HOME": place.work, "TMPDIR": place.work, "LANG": "C.UTF-8"}
    if library:
        env.update(LD_PRELOAD=library, CISTERN_OPTIONS="output=" + place.profile)
    return env


def as_from_a_terminal():
    """A program that is started in the background ignores SIGINT, and so do its children. This restores the default."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def left_running(place):
    """Processes that the test left running: those that have the working directory in their environment."""
    mark, found = ("TMPDIR=%s\0" % place.work).encode(), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % pid, "rb") as file:
                if mark in file.read() and int(pid) != os.getpid():
                    found.append(int(pid))
        except OSError:
            continue
    return found


def end_all(place):
    found = left_running(place)
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    return len(found)


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cases(place):
    """The names of the tests by outcome; None without a results file."""
    try:
        root = xml.etree.ElementTree.parse(place.results).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return None
    names = collections.defaultdict(list)
    for case in root.iter("testcase"):
        outcomes = [name for name in ("error", "failure", "skipped", "output") if case.find(name) is not None]
        if case.get("outcome") == "UNEXPECTED_SUCCESS":
            outcomes = ["failure"]
        names[outcomes[0] if outcomes else "passed"].append(case.get("name") or "?")
    return names


def verdict(code, text):
    if code in ("timeout",) or "Timeout (" in text and code != 0:
        return "timeout"
    if code < 0:
        return "signal %d" % -code
    if re.search(r"^\d+ tests? skipped:", text, re.M) and not RAN.search(text):
        return "skipped"
    return {0: "pass", 2: "fail", 3: "environment changed", 4: "no tests"}.get(code, "exit code %d" % code)


def profile_facts(place):
    """Figures of the profile: images, events, and those that must be 0. None if there is no profile."""
    if not os.path.exists(place.profile):
        return None
    done = product.cistern("summary", "--json", place.profile, timeout=1200)
    if done.code != 0:
        return {"unreadable": done.err.strip()[:300]}
    images = json.loads(done.out)["images"]
    facts = {"images": len(images), "said": done.err.strip()[:300]}
    for name in ("events", "lost_events", "lost_segments", "torn_bytes", "overwritten", "window_missing", "stopped",
                 "implied_frees", "unknown_frees"):
        facts[name] = sum(int(image[name] or 0) for image in images)
    return facts


def profile_faults(facts):
    if facts is None:
        yield "no profile"
        return
    yield from ("%s: %s" % (fact, facts[fact]) for fact in MUST_BE_NONE if facts.get(fact))


def run(interpreter, name, library, limit_s, log):
    """Runs a test file, with `library` preloaded if given. Leaves the output of a failed run at `log`."""
    place = Place()
    try:
        return run_in(place, interpreter, name, library, limit_s, log)
    finally:
        end_all(place)
        place.remove()


def run_in(place, interpreter, name, library, limit_s, log):
    begun, cpu = time.monotonic(), cpu_seconds()
    with open(place.log, "wb") as output:
        process = subprocess.Popen(command(interpreter, name, place, limit_s), env=environment(place, library),
                                   cwd=place.work, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   start_new_session=True, preexec_fn=as_from_a_terminal)
        try:
            code = process.wait(limit_s + 30)
        except subprocess.TimeoutExpired:
            code = "timeout"
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    result = {"wall_s": round(time.monotonic() - begun, 3), "cpu_s": round(cpu_seconds() - cpu, 3)}
    result["left_running"] = end_all(place)
    with open(place.log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    names = cases(place)
    result.update(code=code, verdict=verdict(code, text), ran=sum(map(int, RAN.findall(text))),
                  bad=sorted(set(HEADINGS.findall(text))), skipped=sorted(names["skipped"]) if names else None,
                  cases=sum(map(len, names.values())) if names else None, said=SAID.findall(text)[:5])
    skip = SKIPPED_FILE.search(text)
    result["reason"] = (skip.group(1) or "") if skip and result["verdict"] == "skipped" else ""
    if library:
        result["profile_bytes"] = sum(os.path.getsize(os.path.join(folder, one))
                                      for folder, _, files in os.walk(place.aside) for one in files if "cistern" in one)
        asked = time.monotonic()
        result["profile"] = profile_facts(place)
        result["reading_s"] = round(time.monotonic() - asked, 3)
    if result["verdict"] not in ("pass", "skipped") or result["bad"]:
        os.makedirs(os.path.dirname(log), exist_ok=True)
        shutil.copyfile(place.log, log)
    return result
