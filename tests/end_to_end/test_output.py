"""Where the profile cannot go, or no further, the program is unharmed, one line says so, and what is there reads."""
import json
import os
import resource
import shutil
import stat
import subprocess
import unittest

import interpreters
import product

BUSY = """
kept = []
for i in range(300000):
    kept.append(bytes(i % 700))
    if i % 3: kept[i // 2] = None
print("done", len(kept))
"""


class Output(product.Case):
    def setUp(self):
        super().setUp()
        self.interpreter = interpreters.one_of("3.11", "3.12")

    def run_busy(self, profile, options=None, before=None, program=BUSY):
        return product.run([self.interpreter.path, "-c", program], product.recorded_environment(profile, options),
                           before=before)

    def assert_unharmed(self, done, lines, mentions=""):
        self.assertEqual((done.code, done.out), (0, "done 300000\n"), done.err)
        said = done.err.splitlines()
        self.assertEqual(len(said), lines, done.err)
        for line in said:
            self.assertTrue(line.startswith("cistern"), line)
            self.assertIn(mentions, line)

    def summary_of(self, profile):
        told = product.cistern("summary", "--json", profile)
        self.assertEqual((told.code, told.err), (0, ""))
        return json.loads(told.out)["images"][0]

    def test_an_existing_file_is_left_alone(self):
        profile = self.path("there.cistern")
        with open(profile, "w") as file:
            file.write("precious")
        self.assert_unharmed(self.run_busy(profile), 1, profile)
        with open(profile) as file:
            self.assertEqual(file.read(), "precious")

    def test_force_overwrites_an_existing_file(self):
        profile = self.path("there.cistern")
        with open(profile, "w") as file:
            file.write("forgotten")
        self.assert_unharmed(self.run_busy(profile, {"force": "on"}), 0)
        self.assertGreater(self.summary_of(profile)["events"], 300000)

    def test_a_folder_that_is_not_there(self):
        profile = self.path("nowhere/x.cistern")
        self.assert_unharmed(self.run_busy(profile), 1, "nowhere")
        self.assertFalse(os.path.exists(self.path("nowhere")))

    def test_a_folder_that_cannot_be_written(self):
        self.assert_unharmed(self.run_busy("/proc/self/x.cistern"), 1, "/proc/self/x.cistern")

    def test_a_read_only_file_system(self):
        folder = self.mount("size=1m")
        subprocess.check_call(["mount", "-o", "remount,ro", folder])
        profile = os.path.join(folder, "x.cistern")
        self.assert_unharmed(self.run_busy(profile), 1, profile)
        self.assertEqual(os.listdir(folder), [])

    def test_a_disk_that_runs_full_while_recording(self):
        for size in ("64k", "200k", "1m", "3m"):
            with self.subTest(size=size):
                folder = self.mount("size=" + size)
                profile = os.path.join(folder, "x.cistern")
                self.assert_unharmed(self.run_busy(profile), 1)
                if os.path.exists(profile) and os.path.getsize(profile) > 4096:
                    self.check_partial(self.summary_of(profile))

    def check_partial(self, image):
        self.assertGreater(image["lost_events"], 0)
        self.assertEqual(image["torn_bytes"], 0)

    def mount(self, options):
        """A small file system of its own; needs root, which CI is."""
        folder = self.path("disk-" + options.replace("=", "-"))
        os.mkdir(folder)
        if os.geteuid() != 0 or not shutil.which("mount"):
            interpreters.say("NOT TESTED: %s, for it needs root to mount a file system" % self.id())
            self.skipTest("needs root")
        subprocess.check_call(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder])
        self.addCleanup(subprocess.check_call, ["umount", "-l", folder])
        return folder

    def test_a_limit_on_file_size(self):
        for limit in (1000, 50000, 300000, 2000000):
            with self.subTest(limit=limit):
                profile = self.path("limited-%d.cistern" % limit)
                done = self.run_busy(profile, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
                self.assert_unharmed(done, 1)
                if os.path.exists(profile) and os.path.getsize(profile) > 4096:
                    self.assertLessEqual(os.path.getsize(profile), limit)
                    self.check_partial(self.summary_of(profile))

    def test_the_size_that_was_asked_for(self):
        profile = self.path("small.cistern")
        self.assert_unharmed(self.run_busy(profile, {"max-size": "1MiB"}), 1)
        self.assertLessEqual(os.path.getsize(profile), 1 << 20)
        self.check_partial(self.summary_of(profile))

    def test_an_option_that_is_none(self):
        done = self.run_busy(self.path("x.cistern"), {"domains": "everything"})
        self.assert_unharmed(done, 1, "domains=everything")

    def test_profiles_are_the_owners_alone(self):
        profile = self.path("mine.cistern")
        self.assert_unharmed(self.run_busy(profile), 0)
        self.assertEqual(stat.S_IMODE(os.stat(profile).st_mode) & 0o077, 0)

    def test_placeholders(self):
        done = self.run_busy(self.path("%p-%%-%h-%t.cistern"))
        self.assert_unharmed(done, 0)
        name, = [name for name in os.listdir(self.folder) if name.endswith(".cistern")]
        pid, percent, host, start = name[:-len(".cistern")].split("-", 2) + [None]
        self.assertEqual((pid, percent), (str(done.pid), "%"))
        host, start = host.rsplit("-", 1)
        self.assertEqual(host, os.uname().nodename)
        self.assertTrue(start.isdigit(), name)

    def test_a_clean_end_leaves_one_file(self):
        self.assert_unharmed(self.run_busy(self.path("only.cistern")), 0)
        self.assertEqual(os.listdir(self.folder), ["only.cistern"])
        self.assertEqual(self.summary_of(self.path("only.cistern"))["ended_by"], "exit")


if __name__ == "__main__":
    unittest.main()
