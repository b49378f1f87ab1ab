"""The documents agree with the program and with each other: commands, options, messages, files, links and anchors."""
import functools
import os
import re
import unittest

import tree

MANUAL = "analyzer/manual/"
LONGEST_README = 150
LONGEST_LINE = 100


@functools.lru_cache(None)
def text_of(name):
    with open(os.path.join(tree.SOURCE, name), encoding="utf-8") as file:
        return file.read()


def documents():
    for folder, folders, names in os.walk(tree.SOURCE):
        folders[:] = [name for name in folders if not name.startswith("build") and name not in (".git", ".cache", "golden")]
        for name in names:
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(folder, name), tree.SOURCE)


def parts(name):
    """The lines of a document as (number, line, is code)."""
    fenced = False
    for number, line in enumerate(text_of(name).splitlines(), 1):
        fence = line.lstrip().startswith("```")
        yield number, line, fenced or fence or line.startswith("    ")
        fenced = fenced != fence


def prose(name):
    return "\n".join("" if code else line for _, line, code in parts(name))


def anchors(name):
    """The anchors of a document's headings, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", prose(name), re.M)}


def section(name, heading):
    return re.search(r"^#+ %s\n(.*?)(?=^#|\Z)" % re.escape(heading), text_of(name), re.M | re.S).group(1)


def cells(text, column=0):
    """One column of the first table of a text."""
    table = re.search(r"(?:^\|.*\n?)+", text, re.M).group(0)
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()]
    return [row[column].strip() for row in rows[2:]]


def long_options(text):
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", text)) - {"help"}


@functools.lru_cache(None)
def help_of(*command):
    return tree.run([tree.CISTERN, *command, "--help"]).stdout


@functools.lru_cache(None)
def commands():
    return set(re.findall(r"^  ([a-z]+) ", help_of(), re.M))


class EveryDocument(unittest.TestCase):
    def test_each_relative_link_and_anchor_leads_to_something(self):
        count = 0
        for name in documents():
            for link in re.findall(r"\]\(([^)\s]+)\)", prose(name)):
                if re.match(r"[a-z]+:", link):
                    continue
                count += 1
                path, _, anchor = link.partition("#")
                target = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
                with self.subTest(document=name, link=link):
                    self.assertTrue(os.path.exists(os.path.join(tree.SOURCE, target)))
                    if anchor:
                        self.assertIn(anchor, anchors(target))
        self.assertGreater(count, 30)

    def test_no_line_of_prose_is_longer_than_a_hundred_columns(self):
        for name in documents():
            for number, line, code in parts(name):
                if not code and not line.startswith("|"):
                    self.assertLessEqual(len(line), LONGEST_LINE, "%s:%d" % (name, number))

    def test_commands_and_options_that_are_named_exist(self):
        for name in set(documents()) - {".github/CHANGELOG.md"}:  # which names those that are gone
            for command, rest in re.findall(r"(?:^    (?:\$ )?|`)cistern ([a-z]+)\b([^`\n]*)", text_of(name), re.M):
                with self.subTest(document=name, command=command + rest):
                    self.assertIn(command, commands())
                    own = rest.split(" -- ")[0].split("#")[0]
                    self.assertLessEqual(long_options(own), long_options(help_of(command)))

    def test_scripts_that_are_named_exist(self):
        for name in documents():
            for path in re.findall(r"(?<![\w./])scripts/[\w./-]*\w", text_of(name)):
                self.assertTrue(os.path.exists(os.path.join(tree.SOURCE, path)), "%s: %s" % (name, path))

    def test_source_files_that_are_named_exist(self):
        files = ["/" + os.path.relpath(os.path.join(folder, name), tree.SOURCE)
                 for top in ("include", "preload", "analyzer", "tests", "scripts")
                 for folder, _, names in os.walk(os.path.join(tree.SOURCE, top)) for name in names]
        for name in documents():
            if name == "README.md" or name.startswith(MANUAL):  # which name programs of users
                continue
            endings = "h|cpp|S|py" if name.startswith(("tests/", ".github/")) else "h|cpp|S"
            for path in re.findall(r"`([\w./-]+\.(?:%s))`" % endings, text_of(name)):
                if "NAME" not in path and not path.startswith("sys/"):
                    self.assertTrue(any(file.endswith("/" + path) for file in files), "%s: %s" % (name, path))

    def test_no_path_of_a_machine_is_named(self):
        for name in documents():
            self.assertEqual(re.findall(r"(?<![\w./])/(?:root|home|work|tmp|Users)/\S*", text_of(name)), [], name)


class Readme(unittest.TestCase):
    def test_it_has_at_most_150_lines(self):
        self.assertLessEqual(len(text_of("README.md").splitlines()), LONGEST_README)

    def test_its_table_has_every_command_and_no_other(self):
        named = {re.match(r"`cistern ([a-z]+)", cell).group(1) for cell in cells(section("README.md", "Commands"))}
        self.assertEqual(named, commands())

    def test_it_links_to_every_page_of_the_manual(self):
        for page in os.listdir(os.path.join(tree.SOURCE, MANUAL)):
            self.assertIn("](%s%s)" % (MANUAL, page), text_of("README.md"))


class Manual(unittest.TestCase):
    def test_the_table_of_run_has_every_option_and_no_other(self):
        named = set().union(*map(long_options, cells(section(MANUAL + "recording.md", "Options"))))
        self.assertEqual(named, long_options(help_of("run")))

    def test_the_table_of_run_has_every_name_in_the_environment_and_no_other(self):
        column = cells(section(MANUAL + "recording.md", "Options"), 1)
        named = {name for cell in column for name in re.findall(r"`([a-z-]+)", cell)}
        self.assertEqual(named, set(re.findall(r'name == "([a-z-]+)"', text_of("include/cistern/format/options.h"))))

    def test_the_table_of_check_has_every_option_of_its_own(self):
        table = "\n".join(line for line in text_of(MANUAL + "check.md").splitlines() if line.startswith("| `--"))
        shared = {"all", "json", "top", "depth", "internals", "function", "file", "thread", "domain"}
        self.assertEqual(long_options(table), long_options(help_of("check")) - shared)

    def test_each_message_is_one_that_the_sources_print(self):
        sources = "".join(text_of(os.path.relpath(os.path.join(folder, name), tree.SOURCE))
                          for top in ("preload", "analyzer") for folder, _, names in os.walk(os.path.join(tree.SOURCE, top))
                          for name in names if name.endswith((".cpp", ".h")))
        for cell in cells(text_of(MANUAL + "messages.md")):
            for message in re.findall(r"`([^`]+)`", cell):
                self.assertIn(message, sources)


class Scripts(unittest.TestCase):
    def test_the_page_names_every_script(self):
        folder = os.path.join(tree.SOURCE, "scripts")
        files = {name for name in os.listdir(folder)
                 if os.path.isfile(os.path.join(folder, name)) and os.access(os.path.join(folder, name), os.X_OK)}
        self.assertEqual(files - set(re.findall(r"scripts/([a-z-]+)(?![\w./])", text_of("scripts/README.md"))), set())


if __name__ == "__main__":
    unittest.main()
