import io
import os
import stat
import tempfile
import unittest
import zipfile

import ebrigade
from ebrigade import Failed, changes, unpack

CONFIG = "<?php\n$patch_version=\"5.3.2\";\n$php_minimum_version='7.0.0';\n$php_maximum_version='7.4.99';\n"
MUCH = 10**12


def zipped(files, mode=0):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (mode if name.endswith("link") else 0) << 16
            archive.writestr(entry, content)
    return packed.getvalue()


class Unpacked(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.into = os.path.join(folder.name, "ebrigade")

    def refused(self, why, content, php="7.4", free=MUCH):
        with self.assertRaisesRegex(Failed, why):
            unpack(content, self.into, php, free)
        self.assertEqual(os.listdir(self.folder), [])

    def test_is_what_stands_beside_its_config(self):
        content = zipped(
            {
                "x/ebrigade/config.php": CONFIG,
                "x/ebrigade/lib/config.php": "",
                "x/ebrigade/css/all.css": "a",
                "x/README": "",
            }
        )
        unpack(content, self.into, "7.4", MUCH)
        found = sorted(os.path.relpath(os.path.join(at, f), self.into) for at, _, fs in os.walk(self.into) for f in fs)
        self.assertEqual(found, ["config.php", "css/all.css", "lib/config.php"])

    def test_is_refused_where_it_is_no_zip_or_another_one(self):
        self.refused("it is no zip", b"PK\x03\x04 and then nothing of it")
        self.refused("no config.php", zipped({"ebrigade/index.php": ""}))
        self.refused("does not say the minimum version", zipped({"config.php": "<?php\n"}))

    def test_is_refused_where_its_php_is_another(self):
        later = CONFIG.replace("7.0.0", "8.1.0").replace("7.4.99", "8.3.99")
        self.refused("asks for PHP 8.1.0 to 8.3.99, and this host has 7.4", zipped({"config.php": later}))
        self.refused("asks for PHP 7.0.0 to 7.4.99, and this host has 8.4", zipped({"config.php": CONFIG}), php="8.4")

    def test_is_refused_where_it_is_larger_than_the_disk(self):
        content = zipped({"config.php": CONFIG, "large": b"0" * 2 * 10**6})
        self.refused("unpacks to 2 MB, and the disk has 1 MB left", content, free=10**6)
        # What people upload and the database have room yet.
        self.refused("unpacks to", content, free=ebrigade.SPARE_BYTES)

    def test_is_refused_where_something_leads_out_of_it(self):
        for name in ("../out.php", "/etc/out.php", "a/../../out.php", "a\\..\\out.php"):
            self.refused("leads out of it", zipped({"config.php": CONFIG, name: ""}))
        for kind in (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO):
            packed = zipped({"config.php": CONFIG, "a-link": "/etc/passwd"}, kind | 0o777)
            self.refused("neither a file nor a folder", packed)


PERSON = {
    **{"login": "ines.robin", "givenName": "Inès", "surname": "Robin", "title": "Opératrice", "mail": "i@cod.test"},
    **{"section": "SIDPC", "grade": "COD", "rights": 0},
}
WANTED = {
    "settings": {"encryption_method": "bcrypt", "ameliorations": "0"},
    "admin": "$2y$10$hash",
    "root": {"code": "cod.test", "name": "cod.test"},
    "sections": [{"code": "SIDPC", "name": "Service"}],
    "grades": [{"code": "COD", "name": "Membre", "level": 1}],
    "people": [PERSON],
}


def fresh():
    return {
        "settings": {"encryption_method": "md5", "ameliorations": "1", "snow": "0"},
        "admin": ("md5", 0),
        "sections": {"CIS": (0, "CIS", 0)},
        "grades": {"-": ("non renseigné", 0)},
        "people": {"admin": ("admin", "admin", None, None, "-", 0, 4, 0)},
        "ours": set(),
    }


def as_wanted():
    return {
        "settings": {"encryption_method": "bcrypt", "ameliorations": "0", "snow": "0"},
        "admin": ("$2y$10$hash", 1),
        "sections": {"cod.test": (0, "cod.test", 0), "SIDPC": (1, "Service", 0)},
        "grades": {"-": ("non renseigné", 0), "COD": ("Membre", 1)},
        "people": {
            "admin": ("admin", "admin", None, None, "-", 0, 4, 0),
            "ines.robin": ("Inès", "Robin", "i@cod.test", "Opératrice", "COD", 1, 0, 0),
        },
        "ours": {("section", "SIDPC"), ("grade", "COD"), ("person", "ines.robin")},
    }


class Changes(unittest.TestCase):
    def test_are_none_where_all_is_so(self):
        self.assertEqual(changes(WANTED, as_wanted()), [])

    def test_of_a_fresh_one_are_all(self):
        does = changes(WANTED, fresh())
        tables = [sql.split()[2] if "INSERT" in sql else sql.split()[1] for sql, _ in does]
        self.assertEqual(
            tables,
            [
                *["configuration", "configuration", "pompier", "section", "section_flat", "section", "section_flat"],
                *["maquette", "grade", "maquette", "pompier", "maquette"],
            ],
        )
        # Each statement has a value for each place.
        for sql, values in does:
            self.assertEqual(sql.count("%s"), len(values), sql)

    def test_shut_the_first_account_that_nobody_has_used(self):
        found = {**as_wanted(), "admin": ("$2y$10$hash", 0)}
        ((sql, values),) = changes(WANTED, found)
        self.assertIn("P_NB_CONNECT = GREATEST(P_NB_CONNECT, 1)", sql)
        self.assertEqual(values, ("$2y$10$hash", 1))

    def test_follow_a_person(self):
        promoted = {**WANTED, "people": [{**PERSON, "rights": 4}]}
        ((sql, values),) = changes(promoted, as_wanted())
        self.assertIn("UPDATE pompier SET", sql)
        self.assertEqual(values[-2:], (0, "ines.robin"))
        self.assertEqual(values[6], 4)

    def test_shut_out_who_is_gone_and_leave_what_others_made(self):
        found = as_wanted()
        found["people"]["somebody"] = ("Made", "There", None, None, "-", 1, 0, 0)
        gone = {**WANTED, "people": []}
        ((sql, values),) = changes(gone, found)
        self.assertIn("P_OLD_MEMBER = 1", sql)
        self.assertEqual(values, (-1, "ines.robin"))
        found["people"]["ines.robin"] = (*found["people"]["ines.robin"][:-2], -1, 1)
        self.assertEqual(changes(gone, found), [])

    def test_take_back_who_was_gone(self):
        found = as_wanted()
        found["people"]["ines.robin"] = (*found["people"]["ines.robin"][:-2], -1, 1)
        ((_, values),) = changes(WANTED, found)
        self.assertEqual(values[-3:], (0, 0, "ines.robin"))

    def test_close_a_section_that_is_gone(self):
        other = {**WANTED, "sections": [{"code": "COD", "name": "C"}], "people": [{**PERSON, "section": "COD"}]}
        self.assertIn(("UPDATE section SET S_INACTIVE = 1 WHERE S_ID = %s", (1,)), changes(other, as_wanted()))

    def test_write_what_the_tables_can_hold(self):
        found, odd = as_wanted(), {**WANTED, "people": [{**PERSON, "surname": "Łuczak"}]}
        ((_, values),) = changes(odd, found)
        self.assertEqual(values[1], "?uczak")
        found["people"]["ines.robin"] = values[:-1]
        self.assertEqual(changes(odd, found), [])

    def test_refuse_a_setting_that_is_none(self):
        with self.assertRaisesRegex(Failed, "no setting nothing"):
            changes({**WANTED, "settings": {"nothing": "1"}}, fresh())


if __name__ == "__main__":
    unittest.main()
