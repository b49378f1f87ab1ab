"""scripts/check-layers passes on this tree, and notices every kind of fault that it is there for."""
import os
import shutil
import tempfile
import unittest

import tree

CHECK = tree.script("check-layers")

# A small tree in order: file name and what it includes.
SOUND = {
    "include/cistern/ids.h": "<cstdint>",
    "include/cistern/event.h": '"cistern/ids.h"',
    "preload/base/clock.h": '"cistern/ids.h" <time.h>',
    "preload/ring/window.h": '"preload/base/clock.h"',
    "preload/ring/window.cpp": '"preload/ring/window.h" <sys/mman.h>',
    "preload/hooks/malloc.cpp": '"preload/ring/window.h"',
    "analyzer/read/profile.h": '"cistern/event.h" <zstd.h>',
    "analyzer/cli/main.cpp": '"analyzer/read/profile.h" <fmt/format.h>',
    "tests/preload/window_test.cpp": '"preload/ring/window.h" <gtest/gtest.h>',
}


class CheckLayers(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="cistern-layers-")
        self.addCleanup(shutil.rmtree, self.root)
        for name, includes in SOUND.items():
            self.write(name, includes)

    def write(self, name, includes, lines=0):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.writelines("#include %s\n" % include for include in includes.split())
            file.write("// a line\n" * lines)

    def check(self):
        done = tree.run([CHECK, self.root])
        return done.returncode, done.stdout

    def assert_fault(self, text):
        code, out = self.check()
        self.assertEqual(code, 1, out)
        self.assertIn(text, out)
        self.assertEqual(len(out.splitlines()), 2, "one fault and the sum:\n" + out)

    def test_this_tree_is_in_order(self):
        done = tree.run([CHECK])
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_tree_in_order_passes(self):
        self.assertEqual(self.check(), (0, "check-layers: %d files, 0 faults\n" % len(SOUND)))

    def test_an_include_that_points_upwards_is_a_fault(self):
        self.write("preload/hooks/malloc.h", "<cstdint>")
        self.write("preload/ring/window.cpp", '<cstdint> "preload/hooks/malloc.h"')
        self.assert_fault("preload/ring/window.cpp:2: points upwards, from preload/ring to preload/hooks")

    def test_rooms_side_by_side_do_not_know_each_other(self):
        self.write("preload/cpython/layout.h", '"preload/ring/window.h"')
        self.assert_fault("side by side")

    def test_preload_and_analyzer_do_not_know_each_other(self):
        self.write("analyzer/read/profile.cpp", '"preload/base/clock.h"')
        self.assert_fault("analyzer/read must not know preload/base")

    def test_the_format_knows_nobody(self):
        self.write("include/cistern/event.h", '"preload/base/clock.h"')
        self.assert_fault("include/cistern must not know preload/base")

    def test_the_format_knows_no_operating_system(self):
        for header in ("<sys/mman.h>", "<unistd.h>", "<Python.h>", "<libunwind.h>", "<pthread.h>"):
            self.write("include/cistern/event.h", header)
            self.assert_fault("include/cistern must not know " + header)

    def test_the_recorder_does_not_compress_and_the_analyzer_does_not_unwind(self):
        self.write("preload/ring/window.cpp", "<zstd.h>")
        self.assert_fault("preload must not use <zstd.h>")
        self.write("preload/ring/window.cpp", "<cstdint>")
        self.write("analyzer/read/profile.h", "<libunwind.h>")
        self.assert_fault("analyzer must not use <libunwind.h>")

    def test_a_cycle_within_a_room_is_a_fault(self):
        self.write("analyzer/read/a.h", '"analyzer/read/b.h"')
        self.write("analyzer/read/b.h", '"analyzer/read/a.h"')
        self.assert_fault("analyzer/read/a.h -> analyzer/read/b.h -> analyzer/read/a.h")

    def test_a_room_that_is_not_in_the_table_is_a_fault(self):
        self.write("analyzer/misc/things.h", "<cstdint>")
        self.assert_fault("analyzer/misc is not in the order of rooms")

    def test_an_include_of_nothing_is_a_fault(self):
        self.write("analyzer/read/profile.cpp", '"analyzer/read/gone.h"')
        self.assert_fault('there is no "analyzer/read/gone.h"')

    def test_a_file_of_more_than_five_hundred_lines_is_a_fault(self):
        self.write("tests/preload/window_test.cpp", "<gtest/gtest.h>", lines=499)
        self.assertEqual(self.check()[0], 0)
        self.write("tests/preload/window_test.cpp", "<gtest/gtest.h>", lines=500)
        self.assert_fault("501 lines, more than 500")

    def test_what_does_not_belong_at_the_top_level_is_a_fault(self):
        for name in ("build", "build-asan", ".cache", "a.cistern", "a.cistern.d"):
            os.mkdir(os.path.join(self.root, name))
        self.assertEqual(self.check()[0], 0)
        self.write("tools/thing.py", "")
        self.assert_fault("tools:1: does not belong at the top level")


if __name__ == "__main__":
    unittest.main()
