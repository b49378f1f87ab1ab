"""A recorded program does what the bare program does: output, errors, exit code, to the byte."""
import signal
import subprocess
import unittest

import interpreters
import product

PROGRAMS = {
    "an uncaught exception": """
def inner(): raise ValueError("printed on stderr")
inner()
""",
    "an exception with notes and causes": """
try:
    {}["missing"]
except KeyError as error:
    raise RuntimeError("outer") from error
""",
    "sys.exit with a number": "import sys; print('out'); sys.exit(3)",
    "sys.exit with a message": "import sys; sys.exit('a message for stderr')",
    "SystemExit in a thread": """
import sys, threading
thread = threading.Thread(target=sys.exit, args=(4,))
thread.start(); thread.join(); print('still here')
""",
    "death by SIGTERM": "import os, signal; print('before', flush=True); os.kill(os.getpid(), signal.SIGTERM)",
    "death by SIGKILL": "import os, signal; print('before', flush=True); os.kill(os.getpid(), signal.SIGKILL)",
    "death by SIGSEGV": "import os, signal; print('before', flush=True); os.kill(os.getpid(), signal.SIGSEGV)",
    "KeyboardInterrupt": """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(10**8): pass
except KeyboardInterrupt:
    print('interrupted')
""",
    "a signal handler that allocates": """
import signal
import subprocess
seen = []
def handler(number, frame): seen.append([bytearray(1000) for _ in range(10)])
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
blocks = []
while len(seen) < 40: blocks = [bytes(600) for _ in range(100)]
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(blocks))
""",
    "the signal state": """
import signal
import subprocess
print([signal.getsignal(s) for s in (signal.SIGPROF, signal.SIGUSR1, signal.SIGCHLD, signal.SIGXFSZ)])
print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
""",
    "atexit and late frees": """
import atexit
class Loud:
    def __del__(self): print('freed')
held = Loud()
atexit.register(lambda: print('atexit'))
""",
    "daemon threads at exit": """
import threading, time
def work():
    while True: bytearray(1000)
for _ in range(3): threading.Thread(target=work, daemon=True).start()
time.sleep(0.01)
print('main is done')
""",
    "threads that outlive main": """
import threading, time
def work(): time.sleep(0.02); print('thread is done')
threading.Thread(target=work).start()
print('main is done')
""",
    "os._exit": "import os; print('flushed', flush=True); print('lost'); os._exit(5)",
    "fork without a warning": """
import os, warnings
warnings.simplefilter('error')
pid = os.fork()
if pid == 0: os._exit(6)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if hasattr(os, 'waitstatus_to_exitcode') else 6)
""",
    "no child of ours": """
import os
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError as error:
    print(error)
""",
    "threads as seen by the kernel": "import os; print(len(os.listdir('/proc/self/task')))",
    "low descriptors": "import os; print([os.open('/dev/null', os.O_RDONLY) for _ in range(5)])",
    "all descriptors closed": """
import os
os.closerange(3, os.sysconf('SC_OPEN_MAX') if os.sysconf('SC_OPEN_MAX') < 10**6 else 10**6)
files = [os.open('/dev/zero', os.O_RDONLY) for _ in range(20)]
blocks = [bytes(n) for n in range(20000)]
print(files, {os.read(file, 3) for file in files})
""",
    "memory that runs out": """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
try:
    bytearray(1 << 33)
except MemoryError:
    print('MemoryError')
""",
    "recursion without end": """
def down(n): return down(n + 1)
try:
    down(0)
except RecursionError as error:
    print(error)
""",
    "the collector": """
import gc
print(gc.isenabled(), gc.get_threshold(), gc.callbacks)
class Node: pass
for _ in range(1000):
    a, b = Node(), Node(); a.b = b; b.a = a
del a, b
gc.collect(); print(gc.garbage, sum(type(o) is Node for o in gc.get_objects()))
""",
    "modules, traces and profiles": """
import sys
print(sys.gettrace(), sys.getprofile(), [name for name in sys.modules if 'cistern' in name.lower()])
""",
    "a second thread's C stack": """
import threading
threading.stack_size(64 * 1024)
result = []
thread = threading.Thread(target=lambda: result.append(len([bytearray(n) for n in range(500)])))
thread.start(); thread.join(); print(result)
""",
    "sub-interpreters": """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
for _ in range(3):
    one = interpreters.create()
    interpreters.run_string(one, "import json; json.dumps(list(range(1000)))")
    interpreters.destroy(one)
print('done')
""",
    "localised output": "print('grün – 測試 – \\u2603')",
}


class Behaviour(product.Case):
    def test_every_program_behaves_as_without_the_recorder(self):
        for interpreter in interpreters.supported():
            for name, program in PROGRAMS.items():
                with self.subTest(interpreter=interpreter.name, program=name):
                    self.check(interpreter, program)

    def check(self, interpreter, program):
        path = self.path("program.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(program)
        outcomes = {}
        for kind, env in (("bare", product.clean_environment()),
                          ("recorded", product.recorded_environment(self.path("p.cistern"), {"force": "on"}))):
            env.update(PYTHONHASHSEED="0", PYTHONIOENCODING="utf-8")
            done = product.run([interpreter.path, path], env, timeout=60)
            outcomes[kind] = (done.code, done.out, done.err)
        self.assertEqual(outcomes["recorded"], outcomes["bare"])

    def test_standard_input_and_big_output_pass_through(self):
        program = "import sys; data = sys.stdin.buffer.read(); sys.stdout.buffer.write(data * 3)"
        given = bytes(range(256)) * 4096
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                env = product.recorded_environment(self.path("p.cistern"), {"force": "on"})
                done = subprocess.run([interpreter.path, "-c", program], input=given, env=env, stdout=subprocess.PIPE,
                                      timeout=60)
                self.assertEqual((done.returncode, done.stdout == given * 3), (0, True))

    def test_wrong_options_are_reported_once_by_each_first_python(self):
        """Shells that start Python, and children of Python, print nothing."""
        child = "import subprocess, sys; print(subprocess.call([sys.executable, '-c', 'print(1)']))"
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                env = product.clean_environment(LD_PRELOAD=product.PRELOAD, CISTERN_OPTIONS="force colour=red")
                done = product.run(["/bin/sh", "-c", "/bin/true; '%s' -c \"%s\"; exit 7" % (interpreter.path, child)], env)
                self.assertEqual((done.code, done.out), (7, "1\n0\n"))
                self.assertEqual(done.err, "cistern: not recording: CISTERN_OPTIONS: colour=red: expected one of output, force, "
                                           "start, domains, max-size, follow, ring, native\n")

    def test_a_signal_from_outside_ends_the_program_as_it_would(self):
        program = "import sys, time; print('ready', flush=True); time.sleep(60)"
        for interpreter in interpreters.supported():
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                with self.subTest(interpreter=interpreter.name, signal=number):
                    env = product.recorded_environment(self.path("p.cistern"), {"force": "on"})
                    with subprocess.Popen([interpreter.path, "-c", program], env=env, stdout=subprocess.PIPE,
                                          stderr=subprocess.DEVNULL) as process:
                        self.assertEqual(process.stdout.readline(), b"ready\n")
                        process.send_signal(number)
                        self.assertEqual(process.wait(timeout=30), -number)


if __name__ == "__main__":
    unittest.main()
