"""Fork, exec, subprocess and multiprocessing: a file for each image that has Python, none for the others."""
import collections
import json
import os
import subprocess
import unittest

import interpreters
import product
import reader

PROGRAM = os.path.join(product.PROGRAMS, "family.py")

Reported = collections.namedtuple("Told", "name pid parent size count")


def parse_family(output):
    lines = [line.split() for line in output.splitlines()]
    return [Reported(line[0], *map(int, line[1:])) for line in lines]


def arrays_made(image):
    """How many blocks of each size of the family the image made. Each array has one byte more than its size."""
    made = collections.Counter()
    for event in image.events():
        if event.op == 1 and 3000 <= event.size <= 3018:
            made[event.size - 1] += 1
    return made


class Images(product.Case):
    def record(self, interpreter, **options):
        profile = self.path("family-%s.cistern" % interpreter)
        done = self.run_well([interpreter.path, PROGRAM], product.recorded_environment(profile, options))
        return profile, parse_family(done.out)

    def test_every_python_image_has_its_own_allocations_and_no_others(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile, family = self.record(interpreter)
                images = reader.images(profile)
                made = [(image.header.image.pid, size, count)
                        for image in images for size, count in arrays_made(image).items() if count >= 10]
                self.assertEqual(sorted(made), sorted((one.pid, one.size, one.count) for one in family))
                self.check_descent(images, family)
                self.check_no_shell(images)

    def check_descent(self, images, family):
        """Forked images name the image that forked them; exec'd ones have a new number under the same pid."""
        by_pid = collections.defaultdict(list)
        for image in images:
            by_pid[image.header.image.pid].append(image.header)
        first = images[0].header.image
        for one in family:
            if one.name in ("first", "last"):
                self.assertEqual(one.pid, first.pid)
            if one.name in ("fork", "before-exec", "mp-fork", "subprocess"):
                self.assertEqual(by_pid[one.pid][0].parent, first, one.name)
            if one.name == "grandchild":
                self.assertEqual(by_pid[one.pid][0].parent, by_pid[one.parent][0].image)
        after = next(one for one in family if one.name == "after-exec")
        self.assertEqual(sorted(header.image.number for header in by_pid[after.pid]), [1, 2])

    def check_no_shell(self, images):
        for image in images:
            self.assertTrue(image.arguments and "python" in os.path.basename(image.arguments[0]), image.arguments)

    def test_reports_include_every_image_of_the_tree(self):
        for interpreter in interpreters.supported():
            with self.subTest(interpreter=interpreter.name):
                profile, family = self.record(interpreter)
                result = product.cistern("summary", "--json", profile)
                self.assertEqual((result.code, result.err), (0, ""))
                summary = json.loads(result.out)
                images = reader.images(profile)
                self.assertEqual(sorted(image["pid"] for image in summary["images"]),
                                 sorted(image.header.image.pid for image in images))
                self.assertTrue({one.pid for one in family} <= {image["pid"] for image in summary["images"]})
                self.assertEqual([image["lost_events"] for image in summary["images"]], [0] * len(images))

    def test_follow_none_records_the_first_image_only(self):
        interpreter = interpreters.one_of("3.11", "3.12")
        profile, _ = self.record(interpreter, follow="none")
        self.assertEqual(len(reader.images(profile)), 1)

    def test_a_program_without_python_leaves_no_file(self):
        profile = self.path("shell.cistern")
        self.run_well(["/bin/sh", "-c", "ls / >/dev/null"], product.recorded_environment(profile))
        self.assertEqual(os.listdir(self.folder), [])

    def test_python_below_a_shell_is_recorded(self):
        interpreter = interpreters.one_of("3.11", "3.12")
        profile = self.path("below.cistern")
        self.run_well(["/bin/sh", "-c", "true; '%s' '%s' below 3001; true" % (interpreter.path, PROGRAM)],
                      product.recorded_environment(profile))
        self.assertEqual(arrays_made(reader.only_image(profile))[3001], 50)

    def test_plain_preload_names_the_profile_after_the_script_or_module(self):
        interpreter = interpreters.one_of("3.11", "3.12")
        for arguments, name in (([PROGRAM, "x", "3001"], "family"), (["-m", "this"], "this"),
                                (["-S", "-m", "json.tool", "--help"], "json.tool")):
            with self.subTest(arguments=arguments):
                env = product.clean_environment(LD_PRELOAD=product.PRELOAD)
                process = subprocess.Popen([interpreter.path] + arguments, env=env, cwd=self.folder,
                                           stdout=subprocess.DEVNULL)
                self.assertEqual(process.wait(timeout=60), 0)
                self.assertIn("cistern.%s.%d.cistern" % (name, process.pid), os.listdir(self.folder))


if __name__ == "__main__":
    unittest.main()
