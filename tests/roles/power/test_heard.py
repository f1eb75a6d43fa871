import unittest

from heard import missing


class Nut:
    def __init__(self, places):
        self.places = places

    def listening(self, stage):
        return self.places[stage]


class Heard(unittest.TestCase):
    def test_who_listens_elsewhere_than_at_its_own_place_does_not(self):
        stages = {"order7": {"10.0.0.1": "pc1"}, "order4": {"10.0.0.3": "dc1"}}
        self.assertEqual(missing(Nut({"order7": {"10.0.0.1"}, "order4": {"10.0.0.3"}}), stages), [])
        self.assertEqual(missing(Nut({"order7": {"10.0.0.3"}, "order4": {"10.0.0.3"}}), stages), ["pc1"])


if __name__ == "__main__":
    unittest.main()
