"""The folders of the sources and the folders that each may use, as the CMakeLists.txt files declare them.

A folder's own CMakeLists.txt lists its sources and, as FOLDERS, the folders that it may use directly. It may also use
what those use. The CMakeLists.txt of preload/ and of analyzer/ lists the folders, lowest first: an edge points down.
"""
import os
import re

BLOCKS = ("preload", "analyzer")
# Folders of headers, without a CMakeLists.txt. The target `format` in FOLDERS stands for the first two, which use no
# other folder. All of preload/ uses preload/arch; only preload/arch uses the folders of single processors below it.
FORMAT_FOLDERS = ("include/cistern", "include/cistern/format")
ARCH = "preload/arch"

# Edges that no CMakeLists.txt may declare, directly or through other folders.
FORBIDDEN_EDGES = (
    (r"analyzer/(?!render/|launch|cli).*", r"analyzer/render/.*", "what computes or records does not render"),
    (r"analyzer/render/.*", r"analyzer/(write|live|launch|cli)", "a renderer changes no profile and starts no program"),
    (r"analyzer/render/layout", r"analyzer/(results|check)", "layout helpers know no report"),
    (r"analyzer/(write|live)", r"analyzer/(results|check)", "what makes profiles computes no report"),
    (r"analyzer/(read|pack|model|elf|symbols|leaks|pools|results|check)", r"analyzer/(write|live|launch|cli)",
     "a computation reads profiles only"),
)


class Folder:
    def __init__(self, path, declared_in, sources, uses):
        self.path, self.declared_in, self.sources, self.uses = path, declared_in, sources, uses
        self.reachable = set()


def without_comments(text):
    return re.sub(r"#.*", "", text)


def words_after(key, call):
    found = re.search(r"\b%s\b(.*?)(?=\b(?:SOURCES|FOLDERS|LIBRARIES)\b|\Z)" % key, call, re.S)
    return found.group(1).split() if found else []


def paths_of(block, name):
    """The folders that a name in FOLDERS stands for: render_text is analyzer/render/text."""
    return FORMAT_FOLDERS if name == "format" else ("%s/%s" % (block, name.replace("_", "/")),)


def declared_folder(tree, path):
    """The folder that a CMakeLists.txt declares, or None."""
    directory = os.path.dirname(path)
    block = directory.split("/")[0]
    found = re.search(r"\bcistern_%s_folder\((\w+)(.*?)\)" % block, without_comments(tree.text(path)), re.S)
    if not found or directory == block:
        return None
    if (directory,) != paths_of(block, found.group(1)):
        tree.fault(path, 1, "declares %s, which is not the name of its folder" % found.group(1))
    uses = [used for name in words_after("FOLDERS", found.group(2)) for used in paths_of(block, name)]
    return Folder(directory, path, words_after("SOURCES", found.group(2)), uses)


def header_folders(tree):
    """Returns {path: Folder} for the folders that have headers only."""
    processors = sorted({os.path.dirname(path) for path in tree.includes if path.startswith(ARCH + "/")} - {ARCH})
    folders = {path: Folder(path, None, [], []) for path in FORMAT_FOLDERS + tuple(processors)}
    folders[ARCH] = Folder(ARCH, None, [], processors)
    return folders


def read_folders(tree):
    """Returns {path: Folder}, header folders included."""
    folders = header_folders(tree)
    for path in tree.files:
        if path.split("/")[0] in BLOCKS and path.endswith("/CMakeLists.txt"):
            folder = declared_folder(tree, path)
            if folder:
                folders[folder.path] = folder
    for folder in folders.values():
        folder.reachable = reachable_from(folders, folder)
        if folder.path.startswith("preload/") and folder.declared_in:
            folder.reachable.add(ARCH)
    return folders


def reachable_from(folders, start):
    found, pending = set(), list(start.uses)
    while pending:
        path = pending.pop()
        if path not in found:
            found.add(path)
            pending += folders[path].uses if path in folders else []
    return found


def build_order(tree, block):
    """The folders of a block in the order in which its CMakeLists.txt adds them."""
    path = block + "/CMakeLists.txt"
    text = without_comments(tree.text(path)) if path in tree.files else ""
    return ["%s/%s" % (block, name) for name in re.findall(r"\badd_subdirectory\(([\w/]+)\)", text)]


def check_edges(tree, folders):
    """Every folder is added, every edge points down to a folder that exists, and none is forbidden."""
    order = {path: position for block in BLOCKS for position, path in enumerate(build_order(tree, block), 1)}
    order.update((path, 0) for path in FORMAT_FOLDERS)
    for folder in (one for one in folders.values() if one.declared_in):
        if folder.path not in order:
            tree.fault(folder.declared_in, 1, "%s is not added by %s/CMakeLists.txt" % (folder.path, folder.path.split("/")[0]))
            continue
        for used in folder.uses:
            if used not in folders:
                tree.fault(folder.declared_in, 1, "there is no folder %s" % used)
            elif order.get(used, 0) >= order[folder.path]:
                tree.fault(folder.declared_in, 1, "edge points up: %s to %s" % (folder.path, used))
        for used in sorted(folder.reachable):
            for start, end, reason in FORBIDDEN_EDGES:
                if re.fullmatch(start, folder.path) and re.fullmatch(end, used):
                    tree.fault(folder.declared_in, 1, "%s must not use %s: %s" % (folder.path, used, reason))


# What a folder's CMakeLists.txt may call. Everything else could link or compile what FOLDERS and SOURCES do not name.
FOLDER_CALLS = ("cistern_preload_folder", "cistern_analyzer_folder", "set_source_files_properties")
# Calls on the target of one folder, or on all targets, in a CMakeLists.txt above the folders.
CALLS_ON_FOLDERS = re.compile(r"\b(?:link_libraries|include_directories|link_directories|aux_source_directory)\s*\(|"
                              r"\btarget_(?:link_libraries|sources|include_directories)\s*\(\s*([\w-]+)")


def check_calls(tree, folders):
    """Only FOLDERS and SOURCES decide what a folder compiles and links."""
    targets = {"cistern_" + name for folder in folders.values() if folder.declared_in
               for name in [folder.path.replace("analyzer/", "").replace("/", "_")]}
    for path in tree.files:
        if path.split("/")[0] not in BLOCKS or not path.endswith("/CMakeLists.txt"):
            continue
        text = without_comments(tree.text(path))
        calls = re.finditer(r"\b(\w+)\s*\(", re.sub(r'"[^"]*"', "", text)) if os.path.dirname(path) in folders else ()
        for call in calls:
            if call.group(1) not in FOLDER_CALLS:
                tree.fault(path, 1, "calls %s(): a folder's list calls %s" % (call.group(1), " and ".join(FOLDER_CALLS[1:])))
        for call in CALLS_ON_FOLDERS.finditer(text if os.path.dirname(path) not in folders else ""):
            if call.group(1) is None or call.group(1) in targets:
                tree.fault(path, 1, "%s) changes a folder: FOLDERS and SOURCES decide what it uses" % call.group())
    for folder in folders.values():
        for source in folder.sources:
            if "/" in source:
                tree.fault(folder.declared_in, 1, "SOURCES names %s, which is in another folder" % source)


def check_unused_edges(tree, folders):
    """FOLDERS names only folders of which the folder includes a header."""
    for folder in (one for one in folders.values() if one.declared_in):
        included = set(folder.uses) & set(FORMAT_FOLDERS)
        for path in tree.includes:
            if os.path.dirname(path) == folder.path:
                targets = (tree.resolve(path, quoted or system) for _, quoted, system in tree.includes[path])
                included.update(os.path.dirname(target) for target in targets if target)
        for used in folder.uses:
            if used not in included:
                tree.fault(folder.declared_in, 1, "FOLDERS names %s, but %s includes none of its headers" % (used, folder.path))
