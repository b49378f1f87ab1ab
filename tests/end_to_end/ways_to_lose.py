"""Ways to lose a part of a recording: a name, what the reports must say, and whether root is needed."""
import os
import shutil

from recorded_ways import FORKS, STARTS, loses, remove_images


@loses("the size limit", r"recording stopped after [\d.]+ m?s: size limit \(--max-size 200KiB\)")
def size_limit(recorder):
    return recorder.run("work(30000)", "--max-size", "200KiB")


@loses("the size limit, and a kill", r"recording stopped after .*: size limit")
def size_limit_and_kill(recorder):
    return recorder.run("work(30000); os.kill(os.getpid(), 9)", "--max-size", "200KiB")


@loses("the size limit, without cistern run", r"recording stopped after .*: size limit")
def size_limit_preloaded(recorder):
    return recorder.preload("work(30000)", {"max-size": "200KiB"})


@loses("the size limit, and exec", r"process \d+: recording stopped after .*: size limit")
def size_limit_and_exec(recorder):
    return recorder.run("work(30000); os.execv(sys.executable, [sys.executable, '-c', 'pass'])",
                        "--max-size", "200KiB")


@loses("the size limit in a child", r"process \d+: recording stopped after .*: size limit")
def size_limit_in_child(recorder):
    return recorder.run("if os.fork() == 0:\n    work(30000)\n    os._exit(0)\nos.wait()", "--max-size", "200KiB")


@loses("RLIMIT_FSIZE", r"recording stopped after .*: limit on the size of files \(ulimit -f\)")
def file_size_limit(recorder):
    return recorder.run("import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))\nwork(30000)")


@loses("a full disk", r"recording stopped after .*: no space left", root=True)
def full_disk(recorder):
    recorder.mount("1m")
    return recorder.run("work(60000)")


@loses("a full disk, and a kill", r"recording stopped after .*: no space left", root=True)
def full_disk_and_kill(recorder):
    recorder.mount("1m")
    return recorder.preload("work(60000); os.kill(os.getpid(), 9)")


@loses("a profile that may not be opened again", r"recording stopped after .*: .*(no permission|descriptor)", root=True)
def closed_descriptor(recorder):
    os.chmod(recorder.test.folder, 0o755)
    return recorder.preload("os.setresuid(65534, 65534, 65534); os.closerange(3, 70000); work(30000)")


@loses("a profile whose directory moved away, and its descriptor closed", r"recording stopped after .*: .*descriptor")
def moved_and_closed(recorder):
    os.mkdir(recorder.path("old"))
    recorder.profile = recorder.path("old/x.cistern")
    recorder.run("os.rename('old', 'new'); os.closerange(3, 70000); work(30000)")
    return recorder.path("new/x.cistern")


@loses("a deleted profile of a child", r"recording stopped after .*: the profile was deleted")
def deleted_child(recorder):
    return recorder.preload("""
if os.fork() == 0:
    work(100)
    folder = sys.argv[1] + '.d'
    for name in os.listdir(folder):
        if name.endswith('.cistern'): os.unlink(os.path.join(folder, name))
    work(30000)
    os._exit(0)
os.wait()
""", arguments=[recorder.profile])


@loses("a truncated profile of a child", r"recording stopped after .*: the profile was truncated")
def truncated_child(recorder):
    return recorder.preload("""
if os.fork() == 0:
    work(30000)
    folder = sys.argv[1] + '.d'
    for name in os.listdir(folder):
        if name.endswith('.cistern'): os.truncate(os.path.join(folder, name), 4096)
    work(30000)
    os._exit(0)
os.wait()
""", arguments=[recorder.profile])


@loses("the profile of a forked child is deleted afterwards", r"process \d+, forked by process \d+ after .*, has no profile")
def deleted_forked(recorder):
    recorder.run(FORKS)
    remove_images(recorder)
    return recorder.profile


@loses("the profile of a subprocess is deleted afterwards", r"process \d+ \(.*-c kept.*\), started by process \d+ after .*, "
       r"has no profile")
def deleted_started(recorder):
    recorder.run(STARTS)
    remove_images(recorder)
    return recorder.profile


@loses("the folder of the other profiles is deleted afterwards", r"process \d+, forked by process \d+ .* has no profile")
def deleted_folder(recorder):
    recorder.preload(FORKS)
    shutil.rmtree(recorder.profile + ".d")
    return recorder.profile


@loses("only the first profile is copied", r"process \d+ .*has no profile")
def copied_alone(recorder):
    recorder.run(STARTS)
    os.mkdir(recorder.path("there"))
    return shutil.copy(recorder.profile, recorder.path("there"))


@loses("the folder of the other profiles is deleted while the program runs", r"process \d+, forked by .* has no profile")
def deleted_while_running(recorder):
    return recorder.run(FORKS + "import shutil\nshutil.rmtree(sys.argv[1] + '.d')\nwork(300)", arguments=[recorder.profile])


@loses("the profile of an intermediate process is deleted", r"process \d+.*has no profile")
def deleted_intermediate(recorder):
    recorder.run("""
if os.fork() == 0:
    open(sys.argv[1], 'w').write(str(os.getpid()))
    if os.fork() == 0:
        work(300)
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
""", arguments=[recorder.path("pid")])
    with open(recorder.path("pid")) as file:
        pid = file.read()
    folder = recorder.profile + ".d"
    for name in os.listdir(folder):
        if name.startswith(pid + "-"):
            os.unlink(os.path.join(folder, name))
    return recorder.profile


@loses("the profile of a program after exec is deleted", r"process \d+ \(.*-c pass\).* has no profile")
def deleted_after_exec(recorder):
    recorder.run("work(300); os.execv(sys.executable, [sys.executable, '-c', 'pass'])")
    remove_images(recorder)
    return recorder.profile


@loses("a child below another root", r"process \d+, forked by .*its root directory is another one \(chroot\)", root=True)
def chroot(recorder):
    os.mkdir(recorder.path("root"))
    return recorder.run("os.chroot('root')\nif os.fork() == 0:\n    work(300)\n    os._exit(0)\nos.wait()")


@loses("a child of another user, who cannot get at the folder", r"process \d+.* has no profile", root=True)
def other_user_without_access(recorder):
    os.mkdir(recorder.path("private"), 0o700)
    recorder.profile = recorder.path("private/x.cistern")
    os.chmod(recorder.test.folder, 0o755)
    return recorder.run("""
if os.fork() == 0:
    os.setresuid(65534, 65534, 65534)
    if os.fork() == 0:
        work(300)
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
""")


@loses("a subprocess of another user, who cannot get at the folder", r"process \d+ \(.*-c kept.*has no profile", root=True)
def started_user_without_access(recorder):
    os.mkdir(recorder.path("private"), 0o700)
    recorder.profile = recorder.path("private/x.cistern")
    return recorder.run(STARTS.replace("check=True", "user=65534, cwd='/'"))


@loses("a subprocess without LD_PRELOAD", r"process \d+ \(.*-c kept.*its environment did not load the recorder")
def stripped(recorder):
    return recorder.run(STARTS.replace("check=True", "env={}"))


@loses("a subprocess below env -i", r"process \d+ .*its environment did not load the recorder")
def env_i(recorder):
    return recorder.run(STARTS.replace("[sys.executable", "['env', '-i', sys.executable"))


@loses("posix_spawn without LD_PRELOAD", r"process \d+ \(.*-c kept.*its environment did not load the recorder")
def spawned_stripped(recorder):
    return recorder.run("os.waitpid(os.posix_spawn(sys.executable, [sys.executable, '-c', 'kept = 1'], {}), 0)")


@loses("exec without LD_PRELOAD", r"process \d+ \(.*-c kept.*its environment did not load the recorder")
def exec_stripped(recorder):
    return recorder.run("os.execve(sys.executable, [sys.executable, '-c', 'kept = 1'], {})")


@loses("a forked child that executes a program without LD_PRELOAD", r"process \d+ \(.*-c kept.*did not load the recorder")
def fork_exec_stripped(recorder):
    return recorder.run(STARTS.replace("check=True", "env={}, preexec_fn=lambda: None"))


@loses("a child whose file descriptors are used up", r"process \d+, forked by .* has no profile: Too many open files")
def no_descriptors(recorder):
    return recorder.run("""
import resource
if os.fork() == 0:
    os._exit(0)
os.wait()
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 4096))
if os.fork() == 0:
    work(300)
    os._exit(0)
os.wait()
""")


@loses("a child that finds the disk full", r"(process \d+, forked by .* has no profile: No space left|no space left)", root=True)
def child_on_full_disk(recorder):
    recorder.mount("1m")
    return recorder.preload("""
work(300)
with open(os.path.dirname(sys.argv[1]) + '/rest', 'wb', buffering=0) as file:
    try:
        while file.write(bytes(4096)) == 4096: pass
    except OSError: pass
if os.fork() == 0:
    work(300)
    os._exit(0)
os.wait()
""", arguments=[recorder.profile])


@loses("a profile of a child that is damaged", r"not a profile|is empty|too short|magic|unreadable|could not be read|Cistern")
def damaged_child(recorder):
    recorder.run(FORKS)
    folder = recorder.profile + ".d"
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"no profile at all" * 1000)
    return recorder.profile


@loses("a profile that is cut", r"(could not be read|missing from the file|is gone)")
def cut(recorder):
    recorder.run("work(30000)")
    os.truncate(recorder.profile, os.path.getsize(recorder.profile) // 2)
    return recorder.profile


@loses("a profile with a hole", r"(could not be read|missing from the file)")
def holed(recorder):
    recorder.run("work(30000)")
    with open(recorder.profile, "r+b") as file:
        file.seek(os.path.getsize(recorder.profile) // 2)
        file.write(bytes(300000))
    return recorder.profile


@loses("the window of a killed program", r"its window file is gone")
def window_deleted(recorder):
    recorder.preload("work(3000); os.kill(os.getpid(), 9)")
    remove_images(recorder, ".window")
    return recorder.profile


@loses("a killed program whose folder was deleted", r"its window file is gone")
def folder_of_killed(recorder):
    return recorder.preload("work(3000)\nimport shutil\nshutil.rmtree(sys.argv[1] + '.d')\nos.kill(os.getpid(), 9)",
                            arguments=[recorder.profile])


@loses("a pause", r"recording was stopped for a while", root=False)
def paused(recorder):
    return recorder.run("import ctypes\nlibrary = ctypes.CDLL(None)\nlibrary.cistern_stop()\nwork(300)\n"
                        "library.cistern_start()\nwork(300)")


@loses("a late start", r"recording was stopped for a while|Python code ran before")
def no_start(recorder):
    return recorder.run("import ctypes\nwork(300)\nctypes.CDLL(None).cistern_start()\nwork(300)", "--no-start")


@loses("the flight recorder", r"older (events were|was) overwritten|not in this profile")
def overwritten(recorder):
    return recorder.run("for i in range(60):\n    work(20000)\n    kept.clear()", "--ring", "overwrite", "--max-size", "4MiB")
