"""scripts/check-layers passes on this tree and reports every kind of fault that it checks for."""
import os
import shutil
import subprocess
import tempfile
import unittest

import tree

CHECK = tree.script("check-layers")


def list_of(block, name, sources, folders):
    """A CMakeLists.txt that declares a folder."""
    return "cistern_%s_folder(%s\n  SOURCES\n    %s\n  FOLDERS %s)\n" % (block, name, sources, folders)


def including(*headers):
    return "".join("#include %s\n" % header for header in headers)


# A small tree without a fault.
SOUND = {
    "include/cistern/format/ids.h": including("<cstdint>"),
    "include/cistern/format/event.h": including('"cistern/format/ids.h"', "<xxhash.h>"),
    "preload/arch/arch.h": including('"preload/arch/x86_64/processor.h"'),
    "preload/arch/x86_64/processor.h": "#define CISTERN_PAUSE asm volatile(\"pause\")\n",
    "preload/CMakeLists.txt": "add_subdirectory(base)\nadd_subdirectory(ring)\nadd_subdirectory(hooks)\n",
    "preload/base/CMakeLists.txt": list_of("preload", "base", "clock.cpp", "format"),
    "preload/base/clock.h": including('"cistern/format/ids.h"', "<time.h>"),
    "preload/base/clock.cpp": including('"preload/base/clock.h"', '"preload/arch/arch.h"'),
    "preload/ring/CMakeLists.txt": list_of("preload", "ring", "segment_store.cpp", "base"),
    "preload/ring/segment_store.h": including('"preload/base/clock.h"'),
    "preload/ring/segment_store.cpp": including('"preload/ring/segment_store.h"', "<sys/mman.h>"),
    "preload/hooks/CMakeLists.txt": list_of("preload", "hooks", "malloc.cpp", "ring"),
    "preload/hooks/malloc.cpp": including('"preload/ring/segment_store.h"', '"preload/base/clock.h"'),
    "analyzer/CMakeLists.txt": "add_subdirectory(pack)\nadd_subdirectory(results)\nadd_subdirectory(check)\n"
                               "add_subdirectory(render/layout)\nadd_subdirectory(render/text)\n",
    "analyzer/pack/CMakeLists.txt": list_of("analyzer", "pack", "compressor.cpp", "format"),
    "analyzer/pack/compressor.h": including('"cistern/format/event.h"'),
    "analyzer/pack/compressor.cpp": including('"analyzer/pack/compressor.h"', "<zstd.h>", "<vector>"),
    "analyzer/results/CMakeLists.txt": list_of("analyzer", "results", "summary.cpp", "pack"),
    "analyzer/results/summary.h": including('"analyzer/pack/compressor.h"', "<tsl/robin_map.h>"),
    "analyzer/results/summary.cpp": including('"analyzer/results/summary.h"'),
    "analyzer/check/CMakeLists.txt": list_of("analyzer", "check", "verdict.cpp", "results"),
    "analyzer/check/verdict.cpp": including('"analyzer/results/summary.h"', "<toml++/toml.h>"),
    "analyzer/render/layout/CMakeLists.txt": list_of("analyzer", "render_layout", "columns.cpp", "pack"),
    "analyzer/render/layout/columns.h": including('"analyzer/pack/compressor.h"'),
    "analyzer/render/layout/columns.cpp": including('"analyzer/render/layout/columns.h"'),
    "analyzer/render/text/CMakeLists.txt": list_of("analyzer", "render_text", "summary_text.cpp", "results render_layout"),
    "analyzer/render/text/summary_text.cpp": including('"analyzer/results/summary.h"', '"analyzer/render/layout/columns.h"',
                                                       "<fmt/format.h>"),
    "tests/CMakeLists.txt": "add_executable(store_test preload/store_test.cpp)\n",
    "tests/preload/store_test.cpp": including('"preload/ring/segment_store.h"', "<gtest/gtest.h>"),
}


class SmallTree(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="cistern-layers-")
        self.addCleanup(shutil.rmtree, self.root)
        for name, text in SOUND.items():
            self.write(name, text)

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def append(self, name, text):
        self.write(name, SOUND[name] + text)

    def check(self, *options):
        done = tree.run([CHECK] + list(options) + [self.root])
        return done.returncode, done.stdout

    def assert_fault(self, text, *options):
        """Exactly one fault is found, and it is this one."""
        code, out = self.check(*options)
        self.assertEqual(code, 1, out)
        self.assertIn(text, out)
        self.assertEqual(len(out.splitlines()), 2, "one fault and the sum:\n" + out)


class WholeTree(unittest.TestCase):
    def test_this_tree_has_no_fault(self):
        done = tree.run([CHECK])
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_libraries_of_this_tree_need_no_symbol_of_a_folder_above(self):
        done = tree.run([CHECK, "--build", tree.BINARY])
        self.assertEqual(done.returncode, 0, done.stdout)


class Edges(SmallTree):
    def test_a_sound_tree_passes(self):
        self.assertEqual(self.check(), (0, "check-layers: %d files, 0 faults\n" % len(SOUND)))

    def test_an_include_of_a_folder_that_is_not_named_is_a_fault(self):
        self.append("preload/base/clock.cpp", including('"preload/ring/segment_store.h"'))
        self.assert_fault("preload/base/clock.cpp:3: preload/base must not use preload/ring")

    def test_an_include_of_the_other_block_is_a_fault(self):
        self.append("analyzer/pack/compressor.cpp", including('"preload/base/clock.h"'))
        self.assert_fault("analyzer/pack must not use preload/base")

    def test_an_include_from_the_format_to_a_folder_is_a_fault(self):
        self.append("include/cistern/format/event.h", including('"preload/base/clock.h"'))
        self.assert_fault("include/cistern/format must not use preload/base")

    def test_an_edge_to_a_folder_that_is_added_later_points_up(self):
        self.write("preload/ring/slot.h", including('"preload/hooks/malloc.h"'))
        self.write("preload/hooks/malloc.h", "")
        self.write("preload/ring/CMakeLists.txt", list_of("preload", "ring", "segment_store.cpp", "base hooks"))
        self.assert_fault("edge points up: preload/ring to preload/hooks")

    def test_a_verdict_that_uses_a_renderer_is_a_fault_in_any_order(self):
        self.write("analyzer/CMakeLists.txt", "add_subdirectory(pack)\nadd_subdirectory(results)\nadd_subdirectory(render/layout)\n"
                                              "add_subdirectory(render/text)\nadd_subdirectory(check)\n")
        self.write("analyzer/check/CMakeLists.txt", list_of("analyzer", "check", "verdict.cpp", "results render_layout"))
        self.append("analyzer/check/verdict.cpp", including('"analyzer/render/layout/columns.h"'))
        self.assert_fault("analyzer/check must not use analyzer/render/layout")

    def test_an_edge_that_no_include_needs_is_a_fault(self):
        self.write("analyzer/check/CMakeLists.txt", list_of("analyzer", "check", "verdict.cpp", "results pack"))
        self.assert_fault("FOLDERS names analyzer/pack, but analyzer/check includes none of its headers")

    def test_an_edge_to_a_folder_that_does_not_exist_is_a_fault(self):
        self.write("analyzer/check/CMakeLists.txt", list_of("analyzer", "check", "verdict.cpp", "results"))
        self.write("analyzer/pack/CMakeLists.txt", list_of("analyzer", "pack", "compressor.cpp", "format"))
        self.write("preload/base/CMakeLists.txt", list_of("preload", "base", "clock.cpp", "format gone"))
        code, out = self.check()
        self.assertEqual(code, 1)
        self.assertIn("there is no folder preload/gone", out)

    def test_a_folder_that_is_not_added_is_a_fault(self):
        self.write("analyzer/misc/CMakeLists.txt", list_of("analyzer", "misc", "things.cpp", "pack"))
        self.write("analyzer/misc/things.cpp", including('"analyzer/pack/compressor.h"'))
        self.assert_fault("analyzer/misc is not added by analyzer/CMakeLists.txt")

    def test_a_folder_without_a_list_is_a_fault(self):
        self.write("analyzer/misc/things.h", including("<cstdint>"))
        self.assert_fault("analyzer/misc has no CMakeLists.txt that declares it as a folder")

    def test_a_folder_that_is_declared_by_another_name_is_a_fault(self):
        self.write("preload/hooks/CMakeLists.txt", list_of("preload", "hook", "malloc.cpp", "ring"))
        self.assert_fault("declares hook, which is not the name of its folder")

    def test_an_include_of_the_folder_of_one_processor_is_a_fault(self):
        self.append("preload/base/clock.cpp", including('"preload/arch/x86_64/processor.h"'))
        self.assert_fault("preload/base must not use preload/arch/x86_64")

    def test_an_include_of_the_processor_from_the_analyzer_is_a_fault(self):
        self.append("analyzer/pack/compressor.cpp", including('"preload/arch/arch.h"'))
        self.assert_fault("analyzer/pack must not use preload/arch")

    def test_headers_that_include_each_other_are_a_fault(self):
        self.write("analyzer/pack/a.h", including('"analyzer/pack/b.h"'))
        self.write("analyzer/pack/b.h", including('"analyzer/pack/a.h"'))
        self.assert_fault("analyzer/pack/a.h -> analyzer/pack/b.h -> analyzer/pack/a.h")

    def test_an_include_in_a_form_that_cannot_be_checked_is_a_fault(self):
        for line in ('#include LIST_OF_HEADERS', '/* text */ #include "analyzer/results/summary.h"', '#include \\',
                     '#import "analyzer/results/summary.h"', '#include_next <analyzer/results/summary.h>',
                     '%:include "analyzer/results/summary.h"', '# /* text */ include "analyzer/results/summary.h"'):
            self.append("analyzer/pack/compressor.cpp", line + "\n")
            self.assert_fault("analyzer/pack/compressor.cpp:4: includes a file in another form")

    def test_a_list_that_links_or_compiles_past_its_folders_is_a_fault(self):
        for line in ("target_link_libraries(cistern_pack PRIVATE cistern_results)",
                     "target_sources(cistern_pack PRIVATE ../results/summary.cpp)", "aux_source_directory(. more)"):
            self.append("analyzer/pack/CMakeLists.txt", line + "\n")
            self.assert_fault("analyzer/pack/CMakeLists.txt:1: calls %s()" % line.split("(")[0])
        self.write("analyzer/pack/CMakeLists.txt", SOUND["analyzer/pack/CMakeLists.txt"])
        for line in ("target_link_libraries(cistern_pack PRIVATE cistern_results)", "link_libraries(cistern_results)"):
            self.append("analyzer/CMakeLists.txt", line + "\n")
            self.assert_fault("changes a folder: FOLDERS and SOURCES decide what it uses")
        self.write("analyzer/CMakeLists.txt", SOUND["analyzer/CMakeLists.txt"])
        self.write("analyzer/check/CMakeLists.txt", list_of("analyzer", "check", "verdict.cpp ../results/summary.cpp", "results"))
        self.assert_fault("SOURCES names ../results/summary.cpp, which is in another folder")

    def test_an_include_of_a_file_that_does_not_exist_is_a_fault(self):
        self.append("analyzer/check/verdict.cpp", including('"analyzer/check/gone.h"'))
        self.assert_fault('there is no "analyzer/check/gone.h"')


class Libraries(SmallTree):
    def test_a_header_of_an_operating_system_in_the_format_is_a_fault(self):
        for header in ("<sys/mman.h>", "<unistd.h>", "<Python.h>", "<pthread.h>"):
            self.append("include/cistern/format/event.h", including(header))
            self.assert_fault("include/cistern/format must not use " + header)

    def test_a_library_outside_the_folder_that_it_is_meant_for_is_a_fault(self):
        for name, header in (("preload/ring/segment_store.cpp", "<zstd.h>"), ("analyzer/check/verdict.cpp", "<zstd.h>"),
                             ("analyzer/pack/compressor.h", "<libunwind.h>"), ("preload/base/clock.cpp", "<fmt/format.h>"),
                             ("analyzer/pack/compressor.cpp", "<fmt/format.h>"), ("analyzer/results/summary.cpp", "<sys/ioctl.h>"),
                             ("analyzer/render/text/summary_text.cpp", "<nlohmann/json.hpp>"),
                             ("analyzer/render/text/summary_text.cpp", "<CLI/CLI.hpp>"),
                             ("analyzer/pack/compressor.cpp", "<elfutils/libdw.h>"),
                             ("analyzer/results/summary.cpp", "<toml++/toml.h>")):
            self.append(name, including(header))
            self.assert_fault("%s must not use %s" % (os.path.dirname(name), header))
            self.write(name, SOUND[name])

    def test_a_header_that_allocates_in_the_preload_library_is_a_fault(self):
        for header in ("<string>", "<vector>", "<iostream>", "<mutex>"):
            self.append("preload/base/clock.cpp", including(header))
            self.assert_fault("preload/base must not use " + header)

    def test_an_unknown_library_is_a_fault(self):
        self.append("analyzer/pack/compressor.cpp", including("<boost/any.hpp>"))
        self.assert_fault("<boost/any.hpp> is in no list of allowed headers")


class Files(SmallTree):
    def test_two_sources_with_the_same_file_name_are_a_fault(self):
        self.write("analyzer/pack/clock.h", "")
        self.assert_fault("preload/base/clock.h:1: has the same file name as analyzer/pack/clock.h")

    def test_a_source_that_no_list_names_is_a_fault(self):
        for name in ("analyzer/pack/columns_reader.cpp", "tests/preload/other_test.cpp"):
            self.write(name, "")
            self.assert_fault(name + ":1: is listed in no CMakeLists.txt")
            os.unlink(os.path.join(self.root, name))

    def test_a_list_that_searches_for_sources_is_a_fault(self):
        self.append("tests/CMakeLists.txt", "file(GLOB_RECURSE sources *.cpp)\n")
        self.assert_fault("tests/CMakeLists.txt:2: searches for sources; list them by name")

    def test_a_source_of_more_than_five_hundred_lines_is_a_fault(self):
        name = "tests/preload/store_test.cpp"
        self.append(name, "// a line\n" * 498)
        self.assertEqual(self.check()[0], 0)
        self.append(name, "// a line\n" * 499)
        self.assert_fault("501 lines, more than 500")

    def test_a_document_of_more_than_five_hundred_lines_passes(self):
        self.write("include/cistern/format/FORMAT.md", "A line.\n" * 600)
        self.assertEqual(self.check()[0], 0)

    def test_code_for_one_processor_outside_its_folder_is_a_fault(self):
        for line in ('asm volatile("pause");', "#ifdef __x86_64__", "#include <x86intrin.h>"):
            self.append("preload/ring/segment_store.cpp", line + "\n")
            self.assert_fault("its place is preload/arch")

    def test_a_computation_that_prints_is_a_fault(self):
        for line in ('std::printf("x");', 'fmt::print("x");', "std::cout << 1;", "#include <iostream>", 'std::fputs("x", stderr);',
                     '::write(1, "x", 1);', 'dprintf(2, "x");', "std::puts(text);"):
            for name in ("analyzer/results/summary.cpp", "analyzer/check/verdict.cpp", "analyzer/render/text/summary_text.cpp"):
                self.append(name, line + "\n")
                self.assert_fault("prints; only render/layout, launch and cli do")
                self.write(name, SOUND[name])

    def test_what_only_looks_like_printing_passes(self):
        for line in ('// std::printf("x");', 'const char* text = "printf(stdout)";', "out_.write(1, text);", "snprintf(a, 1, b);",
                     "blueprint(x);"):
            self.append("analyzer/results/summary.cpp", line + "\n")
            self.assertEqual(self.check()[0], 0, line)

    def test_an_unexpected_name_at_the_top_level_is_a_fault(self):
        for name in ("build", "build-asan", ".cache", "a.cistern", "a.cistern.d"):
            os.mkdir(os.path.join(self.root, name))
        self.assertEqual(self.check()[0], 0)
        self.write("tools/thing.py", "")
        self.assert_fault("tools:1: does not belong at the top level")


class Symbols(SmallTree):
    """The libraries are built of one C++ source each."""

    def setUp(self):
        super().setUp()
        self.build = tempfile.mkdtemp(prefix="cistern-layers-build-")
        self.addCleanup(shutil.rmtree, self.build)
        for name in ("preload_base", "preload_ring", "preload_hooks", "pack", "results", "check", "render_layout", "render_text"):
            self.library(name, "void in_%s() {}" % name)

    def library(self, name, source):
        stem = os.path.join(self.build, name)
        with open(stem + ".cpp", "w") as file:
            file.write(source + "\n")
        subprocess.run(["c++", "-c", stem + ".cpp", "-o", stem + ".o"], check=True)
        subprocess.run(["ar", "rcs", os.path.join(self.build, "libcistern_%s.a" % name), stem + ".o"], check=True)

    def test_libraries_that_need_nothing_from_above_pass(self):
        self.library("check", "void in_pack(); void in_check() { in_pack(); }")
        self.assertEqual(self.check("--build", self.build)[0], 0)

    def test_a_call_of_a_function_of_a_folder_above_is_a_fault(self):
        self.library("results", "void in_render_text(); void in_results() { in_render_text(); }")
        self.assert_fault("analyzer/results calls in_render_text(), which is in analyzer/render/text", "--build", self.build)

    def test_a_symbol_that_the_other_block_defines_is_not_meant(self):
        self.library("preload_hooks", 'extern "C" void* malloc(unsigned long) { return nullptr; }')
        self.library("pack", 'extern "C" void* malloc(unsigned long); void in_pack() { malloc(1); }')
        self.assertEqual(self.check("--build", self.build)[0], 0)

    def test_a_library_that_is_not_built_is_a_fault(self):
        os.unlink(os.path.join(self.build, "libcistern_results.a"))
        self.assert_fault("libcistern_results.a is not in", "--build", self.build)


if __name__ == "__main__":
    unittest.main()
