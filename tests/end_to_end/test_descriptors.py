"""Whatever a program does with its descriptors, the recorder writes nothing into its files, and it nothing into the
profile."""
import errno
import os
import resource
import subprocess
import unittest

import product
import bare_and_recorded

# The open descriptors of this process, without the one that lists them. The recorder's are the highest.
OPEN = """
def open_now():
    return [fd for fd in map(int, os.listdir('/proc/self/fd')) if os.path.exists('/proc/self/fd/%d' % fd)]
"""
CLOSE_ALL = {
    "close_range": "import ctypes; ctypes.CDLL(None).syscall(436, 3, 0xffffffff, 0)",
    "os.closerange": "os.closerange(3, 70000)",
    "a loop": """
for fd in range(3, 70000):
    try: os.close(fd)
    except OSError: pass
""",
}


class Descriptors(bare_and_recorded.Case):
    def test_closing_all_descriptors_and_reusing_the_recorders_number(self):
        for name, close in CLOSE_ALL.items():
            with self.subTest(close=name):
                profile = self.path("%s.cistern" % name)
                self.compare(OPEN + "highest = max(open_now())\n" + close + """
mine = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_TRUNC)
for number in {highest, 1008, 65520, mine}:
    try: os.dup2(mine, number)
    except OSError: number = mine
    for i in range(10):
        marked(500)
        os.write(number, b'%d,' % i)
in_threads(20)
""", profile, [self.path("theirs")])
                with open(self.path("theirs")) as file:
                    lines = file.read()
                self.assertEqual(lines.count("".join("%d," % i for i in range(10))), lines.count("9,"))
                self.assertEqual(len(lines), lines.count("9,") * len("".join("%d," % i for i in range(10))))
                self.assert_complete(profile, lines.count("9,") * 5000 + 200)

    def test_a_closed_descriptor_whose_file_was_moved(self):
        profile = self.path("gone.cistern")
        self.compare("""
if len(sys.argv) > 2 and os.path.exists(sys.argv[1]): os.rename(sys.argv[1], sys.argv[2])
os.closerange(3, 70000)
os.mkfifo(sys.argv[1])  # to open it would block
marked(20000)
os.unlink(sys.argv[1])
""", profile, [profile, self.path("moved.cistern")], lines=1, mentions="closed or replaced")
        os.rename(self.path("gone.cistern.d"), self.path("moved.cistern.d"))
        self.assert_stopped(self.path("moved.cistern"))

    def test_closed_standard_descriptors_are_not_used_by_the_recorder(self):
        for options, count in ({}, 20000), ({"max-size": "500KiB"}, 100000):
            with self.subTest(options=options):
                profile = self.path("closed.cistern")
                self.compare("""
files = [os.open(sys.argv[1] + str(i), os.O_RDWR | os.O_CREAT) for i in range(3)]
marked(int(sys.argv[2]))
with open(sys.argv[1] + 'result', 'w') as file: print(files, [os.fstat(fd).st_size for fd in files], file=file)
""", profile, [self.path("data-"), str(count)], dict(options, force="on"),
                             before=lambda: [os.close(fd) for fd in range(3)])
                with open(self.path("data-result")) as file:
                    self.assertEqual(file.read(), "[0, 1, 2] [0, 0, 0]\n")
                if options:
                    self.assert_stopped(profile)
                else:
                    self.assert_complete(profile, count)

    def test_no_line_is_written_to_a_file_opened_as_descriptor_2(self):
        profile = self.path("x.cistern")
        self.compare("""
os.close(2)
data = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
marked(100000)
print(data, os.fstat(data).st_size)
""", profile, [self.path("data")], {"max-size": "500KiB"})
        self.assert_stopped(profile)

    def test_a_stderr_that_nobody_reads(self):
        """The recorder causes no signal and does not wait, whether the pipe is broken or full."""
        for name, reader_lives in ("broken", False), ("full", True):
            with self.subTest(pipe=name):
                read, write = os.pipe()
                if reader_lives:
                    os.set_blocking(write, False)
                    while self.put(write):
                        pass
                    os.set_blocking(write, True)
                else:
                    os.close(read)
                env = product.recorded_environment(self.path(name + ".cistern"), {"max-size": "120KiB"})
                program = ("import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n" + bare_and_recorded.PROLOGUE +
                           "marked(20000); print('done')")
                done = subprocess.run([self.interpreter.path, "-c", program], env=env, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=write, timeout=60)
                self.assertEqual((done.returncode, done.stdout), (0, b"done\n"))
                self.assert_stopped(self.path(name + ".cistern"))
                os.close(write)
                if reader_lives:
                    os.close(read)

    @staticmethod
    def put(fd):
        try:
            return os.write(fd, bytes(4096))
        except BlockingIOError:
            return 0

    def test_a_stderr_file_at_the_size_limit(self):
        with open(self.path("stderr"), "wb") as file:
            file.write(bytes(120000))
            limit = (120000, 120000)
            env = product.recorded_environment(self.path("x.cistern"))
            program = ("import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n" + bare_and_recorded.PROLOGUE +
                       "marked(20000)\nprint('done', signal.sigpending())")
            done = subprocess.run([self.interpreter.path, "-c", program], env=env, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=file, timeout=60,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
        self.assertEqual((done.returncode, done.stdout), (0, b"done set()\n"))
        self.assert_stopped(self.path("x.cistern"))

    def test_the_program_can_open_as_many_descriptors_as_bare(self):
        """With a low limit the program can open all descriptors, with the same numbers as bare. If none is left free,
        recording stops."""
        opened = """
import resource
fds = []
try:
    while len(fds) < 100: fds.append(os.open('/dev/null', os.O_RDONLY))
except OSError as error:
    print(error.errno, fds)
marked(20000)
"""
        few = """
fds = [os.open('/dev/null', os.O_RDONLY) for _ in range(int(sys.argv[1]) - 4)]
print(fds)
in_threads(20)
marked(20000)
"""
        for limit in 8, 10, 40:
            with self.subTest(limit=limit):
                before = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
                profile = self.path("limit-%d.cistern" % limit)
                done = self.compare(opened, profile, before=before, lines=1, mentions="no file descriptor is free")
                self.assertTrue(done.out.startswith(str(errno.EMFILE)), done.out)
                self.assert_stopped(profile)
                profile = self.path("below-limit-%d.cistern" % limit)
                self.compare(few, profile, [str(limit)], before=before)
                self.assert_complete(profile, 20200)
        with self.subTest("lowered by the program"):
            profile = self.path("lowered.cistern")
            self.compare("import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))\n" + opened, profile)
            self.assert_complete(profile, 20000)

    def test_no_descriptor_is_free(self):
        """The window cannot grow while the program has all descriptors; its threads are recorded in memory."""
        profile = self.path("x.cistern")
        self.compare("""
try:
    while True: os.open('/dev/null', os.O_RDONLY)
except OSError: pass
in_threads(100)
marked(1000)
""", profile, before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)))
        self.assert_complete(profile, 2000)

    def test_run_with_its_own_streams_closed(self):
        command = [product.CISTERN, "run", "-v", "-o", self.path("x.cistern"), "-f", "--", self.interpreter.path, "-c",
                   bare_and_recorded.PROLOGUE + "marked(1000)\nfor fd in range(3):\n  try: os.fstat(fd); os._exit(fd + 1)\n"
                                       "  except OSError: pass\nos._exit(40)"]
        done = subprocess.run(command, env=product.clean_environment(), timeout=60,
                              preexec_fn=lambda: [os.close(fd) for fd in range(3)])
        self.assertEqual(done.returncode, 40)
        self.assert_complete(self.path("x.cistern"), 1000, "_exit")


if __name__ == "__main__":
    unittest.main()
