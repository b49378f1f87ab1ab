"""When the profile cannot be created or written further, the program runs on, one line reports it, and the profile can
be read."""
import os
import resource
import signal
import stat
import subprocess
import unittest

import product
import bare_and_recorded

BUSY = """
kept = []
for i in range(300000):
    kept.append(bytes(i % 700))
    if i % 3: kept[i // 2] = None
print("done", len(kept))
"""


class Output(bare_and_recorded.Case):
    def run_busy(self, profile, options=None, before=None, program=BUSY):
        return product.run([self.interpreter.path, "-c", program], product.recorded_environment(profile, options),
                           before=before)

    def assert_undisturbed(self, done, lines, mentions=""):
        self.assertEqual((done.code, done.out), (0, "done 300000\n"), done.err)
        printed = done.err.splitlines()
        self.assertEqual(len(printed), lines, done.err)
        for line in printed:
            self.assertTrue(line.startswith("cistern"), line)
            self.assertIn(mentions, line)

    def test_an_existing_file_is_not_changed(self):
        profile = self.path("there.cistern")
        with open(profile, "w") as file:
            file.write("precious")
        self.assert_undisturbed(self.run_busy(profile), 1, profile)
        with open(profile) as file:
            self.assertEqual(file.read(), "precious")

    def test_force_overwrites_an_existing_file(self):
        profile = self.path("there.cistern")
        with open(profile, "w") as file:
            file.write("forgotten")
        self.assert_undisturbed(self.run_busy(profile, {"force": "on"}), 0)
        self.assertGreater(self.summary_of(profile)["events"], 300000)

    LEAVE_PROFILES = """
if os.fork() == 0:
    marked(10)
    os.kill(os.getpid(), 9)
os.wait()
os.kill(os.getpid(), 9)
"""

    def test_force_overwrites_the_images_of_the_earlier_run_too(self):
        profile = self.path("x.cistern")
        for command in [], [product.CISTERN, "run", "-f", "-o", profile, "--"]:
            with self.subTest(command=command):
                env = product.recorded_environment(profile, {"force": "on"})
                done = product.run([self.interpreter.path, "-c", bare_and_recorded.PROLOGUE + self.LEAVE_PROFILES], env)
                self.assertEqual(done.code, -signal.SIGKILL)
                self.assertEqual(len([name for name in os.listdir(profile + ".d") if name != "kept"]), 3)
                with open(profile + ".d/kept", "w"):
                    pass
                env = product.clean_environment() if command else env
                self.run_well([*command, self.interpreter.path, "-c", "pass"], env)
                self.assertEqual(os.listdir(profile + ".d"), ["kept"])
                self.assertEqual(self.summary_of(profile)["ended_by"], "exit")

    def test_force_keeps_the_profile_of_the_first_of_two_programs_below_a_shell(self):
        profile = self.path("x.cistern")
        program = "%s -c '%smarked(%%d)'" % (self.interpreter.path, bare_and_recorded.PROLOGUE)
        for _ in range(2):
            self.run_well([product.CISTERN, "run", "-f", "-o", profile, "--", "/bin/sh", "-c",
                           "%s\n%s" % (program % 100, program % 200)], product.clean_environment())
            self.assertEqual([self.marked_in(path) for path in self.profiles(profile)], [100, 200])

    @staticmethod
    def profiles(first):
        return [first] + [entry.path for entry in os.scandir(first + ".d")]

    def test_a_missing_directory(self):
        profile = self.path("nowhere/x.cistern")
        self.assert_undisturbed(self.run_busy(profile), 1, "nowhere")
        self.assertFalse(os.path.exists(self.path("nowhere")))

    def test_a_directory_that_cannot_be_written(self):
        self.assert_undisturbed(self.run_busy("/proc/self/x.cistern"), 1, "/proc/self/x.cistern")

    def test_a_read_only_file_system(self):
        folder = self.mount("size=1m")
        subprocess.check_call(["mount", "-o", "remount,ro", folder])
        profile = os.path.join(folder, "x.cistern")
        self.assert_undisturbed(self.run_busy(profile), 1, profile)
        self.assertEqual(os.listdir(folder), [])

    def test_a_disk_that_becomes_full_while_recording(self):
        for size in ("64k", "200k", "1m", "3m"):
            with self.subTest(size=size):
                folder = self.mount("size=" + size)
                profile = os.path.join(folder, "x.cistern")
                self.assert_undisturbed(self.run_busy(profile), 1)
                if os.path.exists(profile) and os.path.getsize(profile) > 4096:
                    self.assert_stopped(profile)

    def mount(self, options):
        """Mounts a small file system; needs root, which CI has."""
        self.need_root("mount")
        folder = self.path("disk-" + options.replace("=", "-"))
        os.mkdir(folder)
        subprocess.check_call(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder])
        self.addCleanup(subprocess.check_call, ["umount", "-l", folder])
        return folder

    def test_a_disk_that_is_full_at_the_start(self):
        """No file is left behind."""
        for size in range(4, 92, 8):
            with self.subTest(kib=size):
                folder = self.mount("size=%dk" % size)
                profile = os.path.join(folder, "x.cistern")
                self.assert_undisturbed(self.run_busy(profile), 1, "no space left" if size < 80 else "")
                if size < 80:
                    self.assertEqual(os.listdir(folder), [])

    FILL = """
def fill():
    with open(os.path.join(sys.argv[1], 'rest'), 'wb', buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096: pass
        except OSError: pass
"""

    def test_a_disk_that_is_filled_by_the_program(self):
        """Threads without a slot in the window are recorded in memory: events are lost only if that cannot be written."""
        folder = self.mount("size=4m")
        profile = os.path.join(folder, "x.cistern")
        self.compare(self.FILL + """
in_threads(3)
fill()
in_threads(100)
marked(50000)
os.unlink(os.path.join(sys.argv[1], 'rest'))
""", profile, [folder], lines=1, mentions="%s: no space left" % profile)
        self.assert_stopped(profile)

    def test_a_window_that_cannot_grow(self):
        """Its slots are 256 KiB apart: with this limit there are eleven."""
        limit = 3 << 20
        profile = self.path("x.cistern")
        self.compare("in_threads(100); marked(5000)", profile,
                     before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        self.assert_complete(profile, 6000)

    def test_a_disk_that_is_full_when_the_window_is_finalized(self):
        """Events for which there is no space stay in the window; readers use both files."""
        folder = self.mount("size=4m")
        profile = os.path.join(folder, "x.cistern")
        self.compare(self.FILL + """
in_threads(3)
marked(5000)
fill()
os._exit(0)
""", profile, [folder], fresh=lambda: [os.unlink(entry) for entry in os.scandir(folder)])
        self.assertEqual(sorted(os.listdir(folder)), ["rest", "x.cistern", "x.cistern.d"])
        self.assert_complete(profile, 5030, "_exit")

    def test_run_reports_the_window_that_remains_on_a_full_disk(self):
        folder = self.mount("size=4m")
        profile = os.path.join(folder, "x.cistern")
        # After the flush segments are new: the recorder does not notice the full disk before the end.
        flush = "import ctypes\nflush = ctypes.CDLL(None).cistern_flush\n"
        program = bare_and_recorded.PROLOGUE + self.FILL + flush + "marked(5000)\nflush()\nfill()\nos.kill(os.getpid(), 9)"
        done = product.run([product.CISTERN, "run", "-v", "-o", profile, "--", self.interpreter.path, "-c", program,
                            folder], product.clean_environment())
        self.assertEqual(done.code, 128 + signal.SIGKILL)
        self.assertRegex(done.err, "^cistern: .*No space left on device; the last events stay in .*\n"
                                   "cistern: [0-9,]+ events, .* 0 lost .*\nnext: .*\n$")
        self.assertEqual((self.summary_of(profile)["torn_bytes"], self.marked_in(profile)), (0, 5000))

    def test_a_quota_and_a_disk_that_fails(self):
        for error in "EDQUOT", "EIO":
            for offset in 0, 5000, 100000, 400000:
                with self.subTest(error=error, offset=offset):
                    profile = self.path("%s-%d.cistern" % (error, offset))
                    below = [product.tool("deny_calls"), "pwrite64=%s@%d" % (error, offset), "--"]
                    self.compare("marked(100000)", profile, below=below, lines=1, mentions=profile)
                    if offset == 0:
                        self.assertFalse(os.path.exists(profile))
                    else:
                        self.assert_stopped(profile)

    def test_a_file_system_without_fallocate(self):
        below = [product.tool("deny_calls"), "fallocate=EOPNOTSUPP", "--"]
        program = "in_threads(70); marked(5000)\n"
        self.compare(program, self.path("x.cistern"), below=below)
        self.assert_complete(self.path("x.cistern"), 5700)
        killed = self.path("killed.cistern")
        done = product.run(below + [self.interpreter.path, "-c", bare_and_recorded.PROLOGUE + program +
                                    "os.kill(os.getpid(), 9)"], product.recorded_environment(killed))
        self.assertEqual(done.code, -signal.SIGKILL)
        self.assertEqual(self.marked_in(killed), 5700)

    def test_a_file_system_without_shared_mappings(self):
        below = [product.tool("deny_calls"), "shared-mmap=ENODEV", "--"]
        self.compare("in_threads(70); marked(5000)", self.path("x.cistern"), below=below)
        self.assert_complete(self.path("x.cistern"), 5700)
        self.assertEqual([name for name in os.listdir(self.folder) if "cistern" in name], ["x.cistern"])

    def test_an_output_that_is_not_a_regular_file(self):
        """Devices, pipes and links are not changed; force replaces a link."""
        os.mkfifo(self.path("fifo"))
        os.symlink(self.path("target"), self.path("link"))
        if os.geteuid() == 0:
            os.mknod(self.path("full"), stat.S_IFCHR | 0o666, os.makedev(1, 7))
        for name in "fifo", "link", "full", "link with force", "fifo with force", "full with force":
            with self.subTest(name):
                path, options = self.path(name.split()[0]), {"force": "on"} if "force" in name else {}
                if not os.path.lexists(path):
                    continue  # only root can create devices
                before = os.lstat(path)
                replaced = name == "link with force"
                self.assert_undisturbed(self.run_busy(path, options), 0 if replaced else 1, "not recording")
                if not replaced:
                    self.assertEqual(os.lstat(path)[:3], before[:3])
        self.assertFalse(os.path.exists(self.path("target")))
        self.assertEqual(self.summary_of(self.path("link"))["ended_by"], "exit")
        for path in "/dev/null", "/dev/full":
            self.assert_undisturbed(self.run_busy(path), 1, path)

    def test_a_limit_on_file_size(self):
        for limit in (1000, 50000, 300000, 2000000):
            with self.subTest(limit=limit):
                profile = self.path("limited-%d.cistern" % limit)
                done = self.run_busy(profile, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
                self.assert_undisturbed(done, 1)
                if os.path.exists(profile) and os.path.getsize(profile) > 4096:
                    self.assertLessEqual(os.path.getsize(profile), limit)
                    self.assert_stopped(profile)

    def test_the_max_size_option(self):
        profile = self.path("small.cistern")
        self.assert_undisturbed(self.run_busy(profile, {"max-size": "1MiB"}), 1)
        self.assertLessEqual(os.path.getsize(profile), 1 << 20)
        self.assert_stopped(profile)

    def test_an_invalid_option(self):
        done = self.run_busy(self.path("x.cistern"), {"domains": "everything"})
        self.assert_undisturbed(done, 1, "domains=everything")

    def test_profiles_are_readable_only_by_the_owner(self):
        profile = self.path("mine.cistern")
        self.assert_undisturbed(self.run_busy(profile), 0)
        self.assertEqual(stat.S_IMODE(os.stat(profile).st_mode) & 0o077, 0)

    def test_placeholders(self):
        done = self.run_busy(self.path("%p-%%-%h-%t.cistern"))
        self.assert_undisturbed(done, 0)
        name, = [name for name in os.listdir(self.folder) if name.endswith(".cistern")]
        pid, percent, host, start = name[:-len(".cistern")].split("-", 2) + [None]
        self.assertEqual((pid, percent), (str(done.pid), "%"))
        host, start = host.rsplit("-", 1)
        self.assertEqual(host, os.uname().nodename)
        self.assertTrue(start.isdigit(), name)

    def test_a_clean_end_leaves_one_file(self):
        self.assert_undisturbed(self.run_busy(self.path("only.cistern")), 0)
        self.assertEqual(os.listdir(self.folder), ["only.cistern"])
        self.assertEqual(self.summary_of(self.path("only.cistern"))["ended_by"], "exit")


if __name__ == "__main__":
    unittest.main()
