import datetime
import unittest

from had import had


def taken(seconds_ago, error=None):
    at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds_ago)
    return {"ok": {"at": at.isoformat()}, "error": error}


NEVER = {"ok": None, "error": None}


class Had(unittest.TestCase):
    def asked(self, *statuses, off=(), seconds=0):
        answers = list(statuses)
        status = lambda _: answers.pop(0) if len(answers) > 1 else answers[0]  # noqa: E731
        return had({"oldest": 100, "seconds": seconds, "units": []}, status, lambda _: list(off))

    def test_young_ones_are_well_and_the_oldest_is_told(self):
        found = self.asked({"mail/mail": taken(10), "dc1/dc": taken(50)})
        self.assertEqual((found["old"], found["sets"], found["oldest"]), ({}, 2, 50))

    def test_an_old_one_says_why_there_is_none_since(self):
        found = self.asked({"mail/mail": taken(10), "dc1/dc": taken(200, "no way to dc1")})
        self.assertEqual(found["old"], {"dc1/dc": "200 s old: no way to dc1"})

    def test_one_that_was_never_taken_is_waited_for(self):
        self.assertEqual(self.asked({"a": NEVER}, {"a": NEVER}, {"a": taken(0)}, seconds=20)["old"], {})
        self.assertEqual(self.asked({"a": NEVER})["old"], {"a": "never taken"})
        self.assertEqual(self.asked({"a": {"ok": None, "error": "full"}})["old"], {"a": "full"})

    def test_nobody_is_waited_for_who_does_not_run(self):
        found = self.asked({"a": NEVER}, off=["x.timer"], seconds=600)
        self.assertEqual((found["waits"], found["old"]), (["x.timer"], {"a": "never taken"}))


if __name__ == "__main__":
    unittest.main()
