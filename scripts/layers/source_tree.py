"""The files of the source tree and the list of faults that the checks find in it."""
import os
import re

TOP = ("CMakeLists.txt", "README.md", "LICENSE", "preload", "analyzer", "include", "tests", "scripts")
# Build folders, profiles and hidden files, which the top level may hold besides TOP.
IGNORED_AT_TOP = re.compile(r"\..*|build.*|.*\.cistern(\.d)?")
CODE = (".h", ".cpp", ".c", ".S")
TEXT = CODE + (".py", ".txt", ".cmake", ".md", "")
NOT_SOURCES = ("golden", "corpus", "__pycache__")

INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
# Directives that include a file in another form, such as a macro's, or after a comment.
ODD_INCLUDE = re.compile(r"\s*(?:/\*.*\*/\s*)*(?:#|%:|\?\?=)\s*(?:/\*.*\*/\s*)*(?:include|include_next|import|embed)\b")


class Tree:
    """All source files below `root`, by path relative to it, and the faults found so far."""

    def __init__(self, root):
        self.root = root
        self.faults = []
        self.files = sorted(self._walk())
        self.includes = {path: list(self._includes_of(path)) for path in self.files if path.endswith(CODE)}

    def _walk(self):
        for top in TOP:
            if os.path.isfile(os.path.join(self.root, top)):
                yield top
            for folder, folders, names in os.walk(os.path.join(self.root, top)):
                folders[:] = [name for name in folders if name not in NOT_SOURCES]
                for name in names:
                    if os.path.splitext(name)[1] in TEXT:
                        yield os.path.relpath(os.path.join(folder, name), self.root)

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def lines(self, path):
        return self.text(path).splitlines()

    def _includes_of(self, path):
        for number, line in enumerate(self.lines(path), 1):
            found = INCLUDE.match(line)
            if found:
                yield number, found.group(1), found.group(2)
            elif ODD_INCLUDE.match(line):
                self.fault(path, number, 'includes a file in another form than #include "FILE" or <FILE>')

    def resolve(self, path, name):
        """Returns the file of the tree that `path` includes as `name`, or None."""
        for candidate in ("include/" + name, name, os.path.join(os.path.dirname(path), name)):
            if candidate in self.includes:
                return candidate
        return None

    def fault(self, path, number, text):
        self.faults.append("%s:%d: %s" % (path, number, text))
