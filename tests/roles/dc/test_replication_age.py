import importlib
import sys
import types
import unittest
from unittest import mock

# Debian's, which only a controller has.
NAMES = ["ldb", "samba", "samba.auth", "samba.dcerpc", "samba.ndr", "samba.param", "samba.samdb"]
with mock.patch.dict(sys.modules, {name: mock.MagicMock() for name in NAMES}):
    replication_age = importlib.import_module("replication_age")

NOW = 1_745_575_200


def time_of(seconds):
    return (seconds + replication_age.EPOCH) * 10_000_000


class Directory:
    """Parts with the last success of each source, as the directory's own clock counts."""

    def __init__(self, **parts):
        self.parts = parts

    def domain_dn(self):
        return "DC=cod"

    get_root_basedn = domain_dn

    def get_config_basedn(self):
        return "CN=Configuration,DC=cod"

    def search(self, base, **_):
        return [{"repsFrom": self.parts.get(base.split(",")[0].split("=")[1], [time_of(NOW - 5)])}]


def age(**parts):
    def unpack(_, blob):
        return types.SimpleNamespace(ctr=types.SimpleNamespace(last_success=blob))

    with mock.patch.multiple(replication_age, create=True, ndr_unpack=unpack, bytes=lambda one: one):
        return replication_age.age(replication_age.fetched(Directory(**parts)), NOW)


class Age(unittest.TestCase):
    def test_the_oldest_of_all_parts_counts(self):
        self.assertEqual(age(), 5)
        self.assertEqual(age(ForestDnsZones=[time_of(NOW - 5), time_of(NOW - 300)]), 300)

    def test_what_was_never_had_is_as_old_as_can_be(self):
        self.assertEqual(age(cod=[0]), NOW)
        self.assertEqual(age(cod=[]), NOW)

    def test_a_clock_that_went_back_is_no_age_below_nothing(self):
        self.assertEqual(age(cod=[time_of(NOW + 60)]), 5)


if __name__ == "__main__":
    unittest.main()
