import io
import tarfile
import time
import unittest

from restored import read

MARKER = "/var/lib/marker"


def archive(**files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as target:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))
    return stream.getvalue()


class Restored(unittest.TestCase):
    def test_reads_all_of_it_and_the_moment_that_the_marker_says(self):
        found = read(io.BytesIO(archive(box__1=b"letter", var__lib__marker=b"%f\n" % (time.time() - 7))), MARKER)
        self.assertEqual((found["files"], round(found["age"])), (2, 7))
        self.assertGreater(found["bytes"], 6)

    def test_without_a_marker_it_has_no_age(self):
        self.assertIsNone(read(io.BytesIO(archive(box__1=b"letter")), MARKER)["age"])

    def test_one_that_is_cut_off_is_none(self):
        with self.assertRaises(tarfile.TarError):
            read(io.BytesIO(archive(box__1=b"x" * 4000, box__2=b"y" * 4000)[:6000]), MARKER)


if __name__ == "__main__":
    unittest.main()
