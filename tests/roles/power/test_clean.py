import unittest

from clean import interrupted, repaired, stopped, when

POSTGRESQL = "postgresql@17-main.service"


def at(*said):
    """A second apart."""
    return [(unit, text, second) for second, (unit, text) in enumerate(said)]


class Clean(unittest.TestCase):
    def test_a_database_is_clean_that_ended_by_itself_since_its_last_start(self):
        ended = "%s: Deactivated successfully." % POSTGRESQL
        started = "Started %s - PostgreSQL Cluster 17-main." % POSTGRESQL
        self.assertEqual(stopped(at((POSTGRESQL, started), (POSTGRESQL, ended))), (set(), {POSTGRESQL: True}))
        self.assertEqual(stopped(at((POSTGRESQL, ended), (POSTGRESQL, started))), (set(), {POSTGRESQL: False}))

    def test_who_was_given_up_at_its_stop_is_named(self):
        said = [
            ("samba-ad-dc.service", "Started samba-ad-dc.service - Samba AD Daemon."),
            ("samba-ad-dc.service", "samba-ad-dc.service: State 'stop-sigterm' timed out. Killing."),
            ("x.service", "x.service: Failed with result 'exit-code'."),
        ]
        self.assertEqual(stopped(at(*said)), ({"samba-ad-dc.service"}, {"samba-ad-dc.service": False}))

    def test_samba_ends_with_127_when_it_is_told_to_and_nobody_else_does(self):
        exited = "%s: Main process exited, code=exited, status=127/n/a"
        said = [(unit, exited % unit) for unit in ("samba-ad-dc.service", "mariadb.service")]
        self.assertEqual(
            stopped(at(("mariadb.service", "Started mariadb.service."), *said))[1],
            {
                "samba-ad-dc.service": True,
                "mariadb.service": False,
            },
        )
        died = "samba-ad-dc.service: Main process exited, code=dumped, status=6/ABRT"
        self.assertEqual(
            stopped(at(("samba-ad-dc.service", "Started samba-ad-dc.service."), ("samba-ad-dc.service", died)))[1],
            {"samba-ad-dc.service": False},
        )

    def test_a_database_that_repairs_itself_was_not_closed(self):
        said = [("mariadb.service", "InnoDB: Starting crash recovery from checkpoint LSN=1"), ("x.service", "well")]
        self.assertEqual(repaired(at(*said)), {"mariadb.service"})

    def test_the_moment_is_that_of_the_last_time(self):
        words = ("Stopped x.", "Started x.", "Stopped x.")
        said = at(*[("x.service", text) for text in words], ("y.service", "Stopped y."))
        self.assertEqual(when(said, "x.service", "Stopped "), 2)
        self.assertIsNone(when(said, "z.service", "Stopped "))

    def test_postgresql_says_at_its_start_how_it_was_found(self):
        closed = "LOG:  database system was shut down at 2026-12-01 05:00:00 CET\n"
        lost = "LOG:  database system was interrupted; last known up at 2026-12-01 04:00:00 CET\n"
        self.assertFalse(interrupted([lost, closed, "LOG:  database system is ready to accept connections\n"]))
        self.assertTrue(interrupted([closed, lost]))
        self.assertFalse(interrupted([]))


if __name__ == "__main__":
    unittest.main()
