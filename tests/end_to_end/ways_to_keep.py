"""Ways to record in which nothing is lost."""
import os

from recorded_ways import FORKS, STARTS, keeps


@keeps("a forked child")
def forked(recorder):
    return recorder.run(FORKS)


@keeps("a subprocess")
def started(recorder):
    return recorder.run(STARTS)


@keeps("a subprocess, without cistern run")
def started_preloaded(recorder):
    return recorder.preload(STARTS)


@keeps("programs without Python")
def without_python(recorder):
    return recorder.run("import subprocess\nfor i in range(5):\n    subprocess.run(['ls', '/'], stdout=subprocess.DEVNULL)\n"
                        "    subprocess.run('true; ls / >/dev/null', shell=True)\nos.system('ls / >/dev/null')\nwork(300)")


@keeps("programs without Python, without cistern run")
def without_python_preloaded(recorder):
    return recorder.preload("import subprocess\nsubprocess.run(['ls', '/'], stdout=subprocess.DEVNULL)\n"
                            "os.spawnlp(os.P_WAIT, 'true', 'true')\nwork(300)")


@keeps("programs without Python and without LD_PRELOAD")
def without_python_stripped(recorder):
    return recorder.run("import subprocess\nsubprocess.run(['ls', '/'], env={}, stdout=subprocess.DEVNULL)\n"
                        "subprocess.run(['env', '-i', 'ls', '/'], stdout=subprocess.DEVNULL)\nwork(300)")


@keeps("a program that does not exist")
def no_such_program(recorder):
    return recorder.run("import subprocess\ntry: subprocess.run(['no-such-program'])\nexcept OSError: pass\n"
                        "try: os.execvp('no-such-program', ['x'])\nexcept OSError: pass\nwork(300)")


@keeps("exec of a program without Python")
def exec_without_python(recorder):
    return recorder.run("work(300); os.execvp('true', ['true'])")


@keeps("exec of Python")
def exec_python(recorder):
    return recorder.run("work(300); os.execv(sys.executable, [sys.executable, '-c', 'pass'])")


@keeps("a child of another user", root=True)
def other_user(recorder):
    os.chmod(recorder.test.folder, 0o755)
    os.chmod(recorder.folder, 0o755)
    return recorder.run("if os.fork() == 0:\n    os.setresuid(65534, 65534, 65534)\n    if os.fork() == 0:\n"
                        "        work(300)\n        os._exit(0)\n    os.wait()\n    os._exit(0)\nos.wait()")


@keeps("a subprocess of another user", root=True)
def started_by_other_user(recorder):
    os.chmod(recorder.test.folder, 0o755)
    return recorder.run(STARTS.replace("check=True", "user=65534, check=True, cwd='/'"))


@keeps("a child in a pid namespace of its own", root=True)
def pid_namespace(recorder):
    return recorder.run("import ctypes\nassert ctypes.CDLL(None).unshare(0x20000000) == 0\n" + FORKS)


@keeps("--follow none")
def follow_none(recorder):
    return recorder.run(FORKS + STARTS, "--follow", "none")


@keeps("a pool of processes")
def pool(recorder):
    return recorder.run("from multiprocessing import Pool\nif __name__ == '__main__':\n    with Pool(3) as pool:\n"
                        "        pool.map(len, ['a'] * 20)\n    work(300)")


@keeps("a child that ends at once")
def ends_at_once(recorder):
    return recorder.run("for i in range(100):\n    if os.fork() == 0: os._exit(0)\n    os.wait()")


@keeps("a kill after a program was started")
def killed_after_start(recorder):
    return recorder.run("import subprocess\nsubprocess.Popen(['sleep', '0.01'])\nos.kill(os.getpid(), 9)")


@keeps("many programs at a time")
def many_programs(recorder):
    return recorder.run("import subprocess\nmany = [subprocess.Popen(['true']) for i in range(200)]\n"
                        "for one in many: one.wait()")


@keeps("a program that ends")
def ends(recorder):
    return recorder.run("work(3000)")


@keeps("a program that ends, without cistern run")
def ends_preloaded(recorder):
    return recorder.preload("work(3000)")


@keeps("a kill")
def killed(recorder):
    return recorder.run("work(3000); os.kill(os.getpid(), 9)")


@keeps("a kill, without cistern run")
def killed_preloaded(recorder):
    return recorder.preload("work(3000); os.kill(os.getpid(), 9)")


@keeps("the closed descriptor of a profile that can be opened again")
def reopened(recorder):
    return recorder.preload("os.closerange(3, 70000); work(3000)")
