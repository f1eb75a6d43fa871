import datetime
import os
import tempfile
import unittest

from arrived import has_come, missing

TAG = "maquette-accept"


def now():
    return datetime.datetime.now(datetime.UTC)


class Arrived(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, host, *lines):
        path = os.path.join(self.folder.name, host)
        os.makedirs(path, exist_ok=True)
        with open("%s/%s.log" % (path, datetime.date.today().isoformat()), "a") as f:
            f.writelines("%s %s %s\n" % (at.isoformat(), host, text) for at, text in lines)

    def asked(self, *hosts):
        return {"folder": self.folder.name, "hosts": list(hosts), "tag": TAG, "seconds": 0}

    def test_a_line_just_written_has_come_whatever_stands_around_it(self):
        self.write("pc1", (now(), "sshd: x"), (now(), TAG + ": asked"), (now(), "cron: y"))
        self.assertEqual(missing(self.asked("pc1")), [])

    def test_no_file_no_line_and_a_line_of_an_earlier_run_are_missing(self):
        self.write("pc2", (now(), "sshd: x"))
        self.write("pc3", (now() - datetime.timedelta(minutes=5), TAG + ": asked"))
        self.assertEqual(missing(self.asked("pc1", "pc2", "pc3")), ["pc1", "pc2", "pc3"])

    def test_a_line_without_a_time_is_none(self):
        self.write("pc1")
        with open("%s/pc1/%s.log" % (self.folder.name, datetime.date.today().isoformat()), "w") as f:
            f.write("garbage %s\n" % TAG)
        self.assertFalse(has_come(self.folder.name, "pc1", TAG, now()))


if __name__ == "__main__":
    unittest.main()
