"""README.md names what there is: options, commands, scripts, files."""
import os
import re
import unittest

import tree


def long_options(text):
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", text)) - {"help"}


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(tree.SOURCE, "README.md"), encoding="utf-8") as file:
            cls.text = file.read()
        cls.sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", cls.text, re.M | re.S))

    def table_cells(self, section, column=0):
        rows = [line.split("|")[1:-1] for line in self.sections[section].splitlines() if line.startswith("|")]
        return [row[column] for row in rows[2:]]

    def test_the_options_of_run_are_all_there_and_no_others(self):
        described = set().union(*map(long_options, self.table_cells("Recording")))
        self.assertEqual(described, long_options(tree.run([tree.CISTERN, "run", "--help"]).stdout))

    def test_the_names_for_the_environment_are_those_that_are_parsed(self):
        described = {name for cell in self.table_cells("Recording", 1) for name in re.findall(r"`([a-z-]+)", cell)}
        with open(os.path.join(tree.SOURCE, "include", "cistern", "options.h")) as file:
            parsed = set(re.findall(r'name == "([a-z-]+)"', file.read()))
        self.assertEqual(described, parsed)

    def test_the_reports_are_commands(self):
        described = {re.match(r" `cistern ([a-z]+)", cell).group(1) for cell in self.table_cells("Reports")}
        listing = tree.run([tree.CISTERN, "--help"]).stdout.split("Subcommands:")[1]
        commands = set(re.findall(r"^  ([a-z]+) ", listing, re.M))
        self.assertEqual(described, commands - {"run"})

    def test_the_scripts_are_all_there_and_no_others(self):
        folder = os.path.join(tree.SOURCE, "scripts")
        tools = {name for name in os.listdir(folder)
                 if os.path.isfile(os.path.join(folder, name)) and os.access(os.path.join(folder, name), os.X_OK)}
        # What other scripts call is not for users.
        self.assertEqual(set(re.findall(r"scripts/([a-z-]+)(?![\w./])", self.text)) - {"python"},
                         tools - {"debian-mirror", "debian-root", "free-threaded-python"})

    def test_links_lead_somewhere(self):
        links = re.findall(r"\]\(([^)]+)\)", self.text)
        self.assertTrue(links)
        for link in links:
            self.assertTrue(os.path.exists(os.path.join(tree.SOURCE, link)), link)

    def test_no_path_of_somebodys_machine_is_in_it(self):
        self.assertEqual(re.findall(r"/(?:root|home|work|tmp|Users)\b\S*", self.text), [])


if __name__ == "__main__":
    unittest.main()
