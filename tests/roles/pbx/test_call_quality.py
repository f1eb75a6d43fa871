import datetime
import os
import tempfile
import unittest

import call_quality

NOW = datetime.datetime(2025, 4, 25, 10, 0, tzinfo=datetime.UTC)


def line(ago, came=("500", "88.1"), went=("500", "86.0")):
    """As templates/pbx/extensions.conf writes it."""
    ended = (NOW - datetime.timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%S%z")
    fields = ["c.1", ended, "poste-pc1", "g722", came[0], went[0], "0", "0", "0.001", "0.002", "0.01", came[1], went[1]]
    return ",".join(fields) + "\n"


class Quality(unittest.TestCase):
    def worst(self, *lines, ago=300):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "quality.csv")
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(lines)
            return call_quality.worst(call_quality.lines_of(path), NOW.timestamp() - ago, 100)

    def test_the_worst_of_the_last_minutes_in_either_direction(self):
        self.assertEqual(self.worst(line(10), line(20, went=("500", "41.7"))), 42)
        self.assertEqual(self.worst(line(10, came=("500", "30.2"))), 30)

    def test_what_is_older_counts_no_more(self):
        self.assertEqual(self.worst(line(301, came=("500", "30.0"))), 100)

    def test_a_call_of_a_moment_or_without_reports_is_not_judged(self):
        self.assertEqual(self.worst(line(10, came=("99", "12.0"), went=("", ""))), 100)
        self.assertEqual(self.worst(line(10, came=("500", "0.000000"), went=("500", ""))), 100)

    def test_half_a_line_and_another_text_are_none(self):
        self.assertEqual(self.worst("x,y\n", line(10)[:30] + "\n", line(10)), 86)

    def test_of_a_long_file_the_end_is_read(self):
        self.assertEqual(self.worst(*[line(900, came=("500", "1.0"))] * 4000, line(5)), 86)


if __name__ == "__main__":
    unittest.main()
