import tempfile
import unittest

from asker import Asker


class Background:
    def __init__(self, folder):
        self.asked = {"servers": [], "every": 10, "folder": folder}


class HoldUps(unittest.TestCase):
    def test_only_what_is_far_beyond_a_beat_is_noted(self):
        with tempfile.TemporaryDirectory() as folder:
            asker = Asker(Background(folder), {})
            self.addCleanup(asker.log.close)
            # Of a beat that is yet to come.
            before = asker.beaten(10**15) - 10**6
            after = asker.beaten(before)
            with open(folder + "/log") as f:
                self.assertEqual(f.read(), "h %d %d\n" % (before, after))


if __name__ == "__main__":
    unittest.main()
