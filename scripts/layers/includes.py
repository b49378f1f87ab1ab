"""Which headers each folder includes: those of folders that it may use, and of the libraries that are meant for it."""
import os
import re

from layers import folders as folder_lists

# Headers of other projects and the folders that may include them.
LIBRARIES = (
    (r"fmt/.*", r"analyzer/(read|model|results|check|write|render/\w+|launch|cli)"),
    (r"sys/ioctl\.h", r"analyzer/render/layout"),  # the terminal
    (r"tsl/.*", r"analyzer/.*"),
    (r"CLI/.*", r"analyzer/cli"),
    (r"nlohmann/.*", r"analyzer/render/json"),
    (r"toml\+\+/.*", r"analyzer/check"),
    (r"zstd\.h", r"analyzer/pack"),
    (r"elfutils/.*|libelf\.h|gelf\.h|dwarf\.h|cxxabi\.h", r"analyzer/elf"),
    (r"xxhash\.h", r"include/cistern/format|preload/intern"),
    (r"libunwind\.h", r"preload/(capture|recorder)"),  # only in the build that checks every captured stack
)
# The operating system's headers.
SYSTEM = re.compile(r"(?:sys|linux|gnu|asm)/[\w-]+\.h|(?:elf|fcntl|errno|stdlib|signal|pthread|time|dlfcn|unistd|sched|poll|stdarg"
                    r"|spawn|malloc|link|string|getopt|fnmatch|pty|ucontext|stdio|stddef|stdint|immintrin|x86intrin|cpuid)\.h")
# The preload library runs inside every allocation: no stream, no lock, no thread, nothing that allocates or throws.
NOT_IN_PRELOAD = re.compile(r"iostream|[io]stream|fstream|sstream|string|vector|deque|list|map|set|unordered_(?:map|set)"
                            r"|functional|thread|mutex|condition_variable|future|regex|filesystem|stdexcept")
# include/cistern uses the language's own headers only, and not those of an operating system.
FREESTANDING = frozenset("""algorithm array atomic bit cassert cfloat charconv climits compare concepts cstddef cstdint
    cstdlib cstring functional initializer_list iterator limits memory new numeric optional span string string_view tuple
    type_traits utility variant vector version""".split())


def check_includes(tree, folders):
    for path, includes in tree.includes.items():
        directory = os.path.dirname(path)
        if path.split("/")[0] not in folder_lists.BLOCKS + ("include",):
            continue
        folder = folders.get(directory)
        if folder is None:
            tree.fault(path, 1, "%s has no CMakeLists.txt that declares it as a folder" % directory)
            continue
        for number, quoted, system in includes:
            target = tree.resolve(path, quoted or system)
            if target is not None:
                check_folder(tree, folder, path, number, os.path.dirname(target))
            elif quoted:
                tree.fault(path, number, 'there is no "%s"' % quoted)
            else:
                check_library(tree, path, number, system)


def check_folder(tree, folder, path, number, used):
    if used != folder.path and used not in folder.reachable:
        tree.fault(path, number, "%s must not use %s" % (folder.path, used))


def check_library(tree, path, number, name):
    directory = os.path.dirname(path)
    for headers, users in LIBRARIES:
        if re.fullmatch(headers, name):
            if not re.fullmatch(users, directory):
                tree.fault(path, number, "%s must not use <%s>" % (directory, name))
            return
    if directory in folder_lists.FORMAT_FOLDERS:
        if name not in FREESTANDING:
            tree.fault(path, number, "%s must not use <%s>" % (directory, name))
    elif directory.startswith("preload/") and NOT_IN_PRELOAD.fullmatch(name):
        tree.fault(path, number, "%s must not use <%s>" % (directory, name))
    elif not SYSTEM.fullmatch(name) and not re.fullmatch(r"[a-z_0-9]+", name):
        tree.fault(path, number, "<%s> is in no list of allowed headers" % name)


def check_cycles(tree):
    """No header includes itself through other headers."""
    done, open_files = set(), []

    def visit(path):
        if path in open_files:
            tree.fault(path, 1, "includes itself: " + " -> ".join(open_files[open_files.index(path):] + [path]))
        if path in done or path in open_files:
            return
        open_files.append(path)
        for _, quoted, system in tree.includes[path]:
            target = tree.resolve(path, quoted or system)
            if target is not None:
                visit(target)
        done.add(open_files.pop())

    for path in tree.includes:
        visit(path)
