"""The demonstration leaks what its text says, and the report says so."""
import json
import os
import tempfile
import unittest

import tree

PROGRAM = tree.script("demo_leaky.py")
REQUESTS = 3000


def line_of(text):
    with open(PROGRAM) as file:
        return next(number for number, line in enumerate(file, 1) if text in line)


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            profile = os.path.join(folder, "demo.cistern")
            done = tree.run([tree.CISTERN, "run", "-o", profile, "--", tree.PYTHON, PROGRAM],
                            env=tree.plain_environment(REQUESTS=str(REQUESTS)))
            if (done.returncode, done.stdout, done.stderr) != (0, "%d requests answered\n" % REQUESTS, ""):
                raise AssertionError(done)
            report = tree.run([tree.CISTERN, "leaks", "--all", "--top", "0", "--json", profile])
            cls.report = json.loads(report.stdout)

    def blocks_at(self, text, domain):
        """Blocks whose innermost Python line holds `text`."""
        line, blocks = line_of(text), 0
        for group in self.report["groups"]:
            frames = [frame for frame in group["stack"] if not frame["native"]]
            if frames and os.path.basename(frames[0]["file"] or "") == "demo_leaky.py" and frames[0]["line"] == line:
                blocks += group["blocks"] if group["domain"] == domain else 0
        return blocks

    def test_nothing_was_lost(self):
        self.assertTrue(self.report["complete"])

    def test_each_request_leaves_one_copy_that_the_c_library_made(self):
        self.assertEqual(self.blocks_at("return libc.strdup", "malloc"), REQUESTS)

    def test_each_request_leaves_a_session_with_its_buffer(self):
        # The bytearray and its bytes.
        self.assertEqual(self.blocks_at("bytearray(1024)", "obj"), 2 * REQUESTS)

    def test_the_healthy_cache_holds_its_templates_and_no_more(self):
        # The texts; the cache's own table is a block or two.
        blocks = self.blocks_at("self.cache[name] =", "obj")
        self.assertGreaterEqual(blocks, 64)
        self.assertLess(blocks, 64 + 8)


if __name__ == "__main__":
    unittest.main()
