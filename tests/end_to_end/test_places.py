"""Paths that change while the program runs: other users, other roots, removed, renamed and replaced files, no /proc."""
import os
import shutil
import subprocess
import time
import unittest

import interpreters
import product
import bare_and_recorded

LEAVE = {
    "chroot": "os.chroot(new)",
    "pivot_root": """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    if libc.syscall(*arguments): raise OSError(ctypes.get_errno(), str(arguments))
call(272, 0x20000)  # unshare(CLONE_NEWNS)
call(165, b'none', b'/', None, 0x4c000, None)  # mount(MS_REC | MS_PRIVATE | MS_SILENT)
call(165, new.encode(), new.encode(), None, 0x1000, None)  # MS_BIND
os.mkdir(new + '/old') if not os.path.exists(new + '/old') else None
call(155, new.encode(), (new + '/old').encode())
libc.umount2(b'/old', 2)
os.chdir('/')
""",
}


class Places(bare_and_recorded.Case):
    def listing(self, folder):
        return sorted(os.path.relpath(os.path.join(at, name), folder)
                      for at, folders, files in os.walk(folder) for name in folders + files)

    def test_another_root_where_the_same_paths_are_those_of_others(self):
        self.need_root()
        for call, leave in LEAVE.items():
            with self.subTest(call=call):
                profile = self.path("%s.cistern" % call)
                new = self.path("new-" + call)
                self.compare("""
profile, new = sys.argv[1:]
in_threads(5)
there = new + profile
os.makedirs(os.path.dirname(there), exist_ok=True)
foreign = [there, there + '.d']  # files, and an empty directory, that the recorder must neither write nor remove
for name in os.listdir(profile + '.d') if os.path.exists(profile + '.d') else []:
    foreign.append(there + '.d/' + name)
for path in foreign:
    if path.endswith('.d'): os.makedirs(path, exist_ok=True)
    else: open(path, 'w').close()
""" + leave + """
in_threads(100)
child = os.fork()
if child == 0:
    marked(1000)
    os._exit(0)
os.waitpid(child, 0)
marked(5000)
""", profile, [profile, new])
                self.assert_complete(profile, 50 + 1000 + 5000)
                self.assert_each_thread_has_ten(profile, 5 + 100)  # there is no /proc to see which threads are alive
                there = new + profile
                self.assertEqual(os.path.getsize(there), 0)
                self.assertTrue(os.path.isdir(there + ".d"), "an empty directory of the new root was removed")
                for name in os.listdir(there + ".d"):
                    self.assertEqual(os.path.getsize(os.path.join(there + ".d", name)), 0)

    def test_another_user_who_may_not_write_there(self):
        self.need_root()
        profile = self.path("x.cistern")
        self.compare("""
in_threads(5)
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
in_threads(100)
child = os.fork()
if child == 0:
    marked(1000)
    os._exit(0)
print(os.waitpid(child, 0)[1])
marked(5000)
""", profile)
        self.assert_complete(profile, 50 + 1000 + 5000)

    def test_a_descriptor_that_was_closed_and_a_file_that_may_not_be_opened_again(self):
        self.need_root()
        profile = self.path("x.cistern")
        self.compare("""
os.setresuid(65534, 65534, 65534)
os.closerange(3, 70000)
marked(20000)
""", profile, lines=1, mentions="recording stopped")
        self.assert_stopped(profile)

    def test_a_umask_of_all_bits_and_of_none(self):
        if os.geteuid() == 0 and os.path.realpath(self.interpreter.path).startswith("/root/"):
            interpreters.say("NOT TESTED: %s: other users cannot run %s" % (self.id(), self.interpreter.path))
            self.skipTest("needs an interpreter outside /root")
        for mask in 0o777, 0:
            with self.subTest(umask=oct(mask)):
                folder = self.path("umask-%o" % mask)
                os.mkdir(folder)
                profile = os.path.join(folder, "x.cistern")

                def before(mask=mask, folder=folder):
                    os.umask(mask)
                    if os.geteuid() == 0:  # root may do all
                        os.chown(folder, 65534, 65534)
                        os.chmod(self.folder, 0o755)
                        os.setresgid(65534, 65534, 65534)
                        os.setresuid(65534, 65534, 65534)

                os.chmod(self.folder, 0o755)
                program = "in_threads(5); os.closerange(3, 70000); in_threads(70); marked(5000)"
                self.compare(program, profile, before=before)
                self.assertEqual(os.stat(profile).st_mode & 0o777, 0o600)
                self.assert_complete(profile, 50 + 700 + 5000)
                self.assertEqual(os.listdir(folder), ["x.cistern"])

    def test_profiles_that_are_renamed_removed_or_replaced(self):
        """The files keep their events, wherever they are now."""
        def renamed(folder):
            self.assert_complete(os.path.join(folder, "renamed.cistern"), 25700)

        def nothing_left(folder):
            # The window, which says that recording stopped.
            self.assertEqual(os.listdir(folder), ["x.cistern.d"])
            self.assertEqual([name[-7:] for name in os.listdir(os.path.join(folder, "x.cistern.d"))], [".window"])

        def replaced(folder):
            with open(os.path.join(folder, "x.cistern")) as file:
                self.assertEqual(file.read(), "another file")
            self.assert_complete(os.path.join(folder, "moved.cistern"), 25700)

        def whole(folder):
            self.assert_complete(os.path.join(folder, "x.cistern"), 25700)

        def recreated(folder):
            whole(folder)
            self.assertEqual(os.listdir(os.path.join(folder, "x.cistern.d")), [])

        deleted = "the file was deleted"
        for name, act, check, mentions in (
                ("renamed", "os.rename(profile, folder + '/renamed.cistern')", renamed, ""),
                ("unlinked", "os.unlink(profile)", nothing_left, deleted),
                ("replaced", "os.rename(profile, folder + '/moved.cistern')\n"
                             "    with open(profile, 'w') as file: file.write('another file')", replaced, ""),
                ("its directory removed", "shutil.rmtree(profile + '.d')", whole, ""),
                ("its directory replaced", "os.rename(profile + '.d', folder + '/old'); os.mkdir(profile + '.d')",
                 recreated, ""),
                ("everything removed", "shutil.rmtree(folder)", None, deleted)):
            with self.subTest(name):
                folder = self.path(name.replace(" ", "-"))
                profile = os.path.join(folder, "x.cistern")
                self.compare("""
import shutil
profile, folder = sys.argv[1:]
in_threads(70)
if os.path.exists(profile):
    """ + act + """
marked(20000)
in_threads(200)
marked(3000)
""", profile, [profile, folder], lines=1 if mentions else 0, mentions=mentions,
                             fresh=lambda folder=folder: os.makedirs(folder, exist_ok=True))
                if check:
                    check(folder)

    def test_a_profile_that_is_truncated(self):
        profile = self.path("x.cistern")
        self.compare("""
marked(20000)
if os.path.exists(sys.argv[1]): os.truncate(sys.argv[1], 0)
marked(20000)
""", profile, [profile], lines=1, mentions="the file was truncated")
        self.assertEqual(os.path.getsize(profile), 0)
        done = product.cistern("summary", profile)
        self.assertEqual((done.code, len(done.err.splitlines())), (3, 1), done.err)

    def test_a_working_directory_that_was_removed(self):
        gone = self.path("gone")
        os.mkdir(gone)
        self.compare("marked(10)", "x.cistern", lines=1, mentions="no such directory",
                     below=["/bin/sh", "-c", 'cd "$0" && rmdir "$0" && "$@"; code=$?; mkdir "$0"; exit $code', gone])
        self.assertFalse(os.path.exists("/x.cistern"))

    def test_a_path_of_the_maximum_length(self):
        deep = self.folder
        while len(deep) < 3900:
            deep = os.path.join(deep, "d" * 90)
        os.makedirs(deep)
        fits = os.path.join(deep, "x.cistern")
        self.compare("in_threads(70); marked(5000)", fits)
        self.assert_complete(fits, 5700)
        self.assertEqual(os.listdir(deep), ["x.cistern"])
        too_long = os.path.join(deep, "y" * (4080 - len(deep)))
        self.compare("marked(10)", too_long, lines=1, mentions="the path is too long")
        self.assertEqual(os.listdir(deep), ["x.cistern"])

    def test_no_proc(self):
        self.need_root("unshare", "mount")
        below = ["unshare", "-m", "/bin/sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
        program = """
in_threads(70)
child = os.fork()
if child == 0:
    marked(1000)
    os._exit(3)
print(os.waitpid(child, 0)[1])
marked(5000)
"""
        profile = self.path("x.cistern")
        self.compare(program, profile, below=below)
        self.assert_complete(profile, 5700)
        for report in "summary", "leaks", "tree", "timeline", "pools", "dump":
            done = product.cistern(report, profile)
            self.assertEqual((done.code, done.err), (0, ""), report)
            if report == "summary":
                self.assertIn("/proc was not readable", done.out)
                self.assertIn(os.path.basename(self.interpreter.path) + ", CPython", done.out)
        with self.subTest("under cistern run"):
            profile = self.path("run.cistern")
            done = product.run(below + [product.CISTERN, "run", "-v", "-o", profile, "--", self.interpreter.path,
                                        self.path("program.py")], product.clean_environment())
            self.assertEqual((done.code, done.out, len(done.err.splitlines())), (0, "768\n", 2), done.err)
            self.assert_complete(profile, 5700)


class Run(bare_and_recorded.Case):
    def run_it(self, *arguments, **how):
        return product.run([product.CISTERN, "run", *arguments, "--", self.interpreter.path, "-c", "print('ran')"],
                           product.clean_environment(**how.pop("env", {})), **how)

    def assert_refused(self, done, mentions):
        self.assertEqual((done.code, done.out, len(done.err.splitlines())), (125, "", 1), done.err)
        self.assertIn(mentions, done.err)

    def test_a_kill_of_run_does_not_affect_the_program_and_its_profile(self):
        profile, go = self.path("x.cistern"), self.path("go")
        program = bare_and_recorded.PROLOGUE + """
import time
print(os.getpid(), flush=True)
marked(3000)
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
marked(3000)
print('done', flush=True)
"""
        process = subprocess.Popen([product.CISTERN, "run", "-o", profile, "--", self.interpreter.path, "-c", program, go],
                                   env=product.clean_environment(), stdout=subprocess.PIPE, text=True)
        with process:
            pid = int(process.stdout.readline())
            process.kill()
            process.wait()
            open(go, "w").close()
            self.assertEqual(process.stdout.read(), "done\n")  # until the program has ended
        deadline = time.monotonic() + 30
        while os.path.exists("/proc/%d" % pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assert_complete(profile, 6000)

    def test_a_library_whose_path_cannot_be_preloaded(self):
        for name in "a b", "a:b":
            os.mkdir(self.path(name))
            library = shutil.copy(product.PRELOAD, self.path(name))
            self.assert_refused(self.run_it("--preload-library", library), "contains a space or a colon")

    def test_no_directory_for_temporary_files(self):
        done = self.run_it("-o", self.path("x.cistern"), env={"TMPDIR": self.path("nowhere")})
        self.assertEqual((done.code, done.out, done.err), (0, "ran\n", ""))
        self.assertEqual(self.summary_of(self.path("x.cistern"))["ended_by"], "exit")

    def test_a_working_directory_that_is_read_only(self):
        self.need_root("mount")
        folder = self.path("disk")
        os.mkdir(folder)
        subprocess.check_call(["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", folder])
        self.addCleanup(subprocess.check_call, ["umount", "-l", folder])
        self.assert_refused(self.run_it(cwd=folder), "Read-only file system")

    def test_a_profile_that_is_removed_or_replaced_during_a_run(self):
        for act in "os.unlink(sys.argv[1])", "os.unlink(sys.argv[1]); open(sys.argv[1], 'w').close()":
            with self.subTest(act):
                profile = self.path("x.cistern")
                done = product.run([product.CISTERN, "run", "-v", "-f", "-o", profile, "--", self.interpreter.path, "-c",
                                    "import os, sys; " + act, profile], product.clean_environment())
                self.assertEqual(done.code, 0)
                # The recorder may notice it first, when it writes the end.
                stopped = "cistern: recording stopped: %s: the file was deleted\n" % profile
                removed = "cistern: %s: removed, moved or replaced while the program ran\n" % profile
                self.assertIn(done.err, (removed, stopped + removed))


if __name__ == "__main__":
    unittest.main()
