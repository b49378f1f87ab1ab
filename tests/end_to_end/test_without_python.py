"""Programs without Python have native stacks too, down to where they began, and behave as before."""
import unittest

import product
import reader

TARGET = product.tool("thread_target")


class NativeAlone(product.Case):
    def test_a_program_without_python_is_recorded_in_every_native_mode(self):
        command = [TARGET, "locals"]
        bare = self.run_well(command, product.clean_environment())
        for native in ("auto", "leaf", "full", "none"):
            with self.subTest(native=native):
                profile = self.path("%s.cistern" % native)
                options = {"native": native, "follow": "all"}
                recorded = self.run_well(command, product.recorded_environment(profile, options))
                self.assertEqual(recorded.out, bare.out)
                image = reader.only_image(profile)
                self.assertEqual(image.losses["lost"], 0)
                kinds = {frame.kind for event in image.events() if event.op == 1 for frame in image.stack(event.stack)}
                self.assertEqual(reader.NATIVE in kinds, native != "none", kinds)
                for report in ("leaks", "tree", "summary"):
                    done = product.cistern(report, profile)
                    self.assertEqual((done.code, done.err), (0, ""), report)


if __name__ == "__main__":
    unittest.main()
