import datetime
import os
import shutil
import tempfile
import unittest

from search import Misunderstood, search

NAMES = {
    "rules": {"311029232": ["F403", "F403 Time"], "1000000103": [None, "default-deny-ipv4"]},
    "devices": {"rtr-a": {"vtnet7": "users", "vtnet0": "wan1"}},
    "addresses": {"10.20.50.10": "pc1", "10.20.20.12": "dc2", "10.20.20.2": "rtr-a"},
    "services": {"udp/123": "ntp", "tcp/445": "smb"},
}
NOON = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
NTP = ",,,311029232,vtnet7,match,pass,in,4,0x0,,64,4764,0,DF,17,udp,76,10.20.50.10,10.20.20.12,45697,123,48"
BLOCKED = (
    ",,,1000000103,vtnet0,match,block,in,4,0x0,,63,1,0,DF,6,tcp,60,203.0.113.9,10.20.20.12,40000,445,0,S,1,,64240,,"
)
PING6 = ",,,7,vtnet7,match,pass,in,6,0x00,0x00000,64,ipv6-icmp,58,64,fd00::1,fd00::2,request,1,2"


class Search(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, host, *lines, day=NOON):
        path = os.path.join(self.folder.name, host)
        os.makedirs(path, exist_ok=True)
        with open("%s/%s.log" % (path, day.date().isoformat()), "a") as f:
            f.writelines("%s %s %s\n" % (at.isoformat(), host, text) for at, text in lines)

    def ask(self, **asked):
        asked = {"since": None, "grep": None, "unit": None, "hosts": None, "lines": 100, "names": NAMES, **asked}
        return search({"folder": self.folder.name, **asked})

    def messages(self, **asked):
        return [(line["host"], line["message"]) for line in self.ask(**asked)["lines"]]

    def later(self, seconds):
        return NOON + datetime.timedelta(seconds=seconds)

    def test_lines_of_all_hosts_come_in_the_order_of_their_times(self):
        self.write("dc1.cod.test", (NOON, "samba[7]: first"), (self.later(2), "samba[7]: third"))
        self.write("pc1.cod.test", (self.later(1), "sshd: second"))
        self.assertEqual(self.messages(), [("dc1", "first"), ("pc1", "second"), ("dc1", "third")])

    def test_of_many_the_last_ones_come_over_days_and_the_rest_is_counted(self):
        yesterday = NOON - datetime.timedelta(days=1)
        self.write("dc1.cod.test", (yesterday, "a: 1"), (yesterday, "a: 2"), day=yesterday)
        self.write("dc1.cod.test", (NOON, "a: 3"), (self.later(1), "a: 4"))
        answer = self.ask(lines=3)
        self.assertEqual(([line["message"] for line in answer["lines"]], answer["left"]), (["2", "3", "4"], 1))

    def test_what_came_in_late_stands_where_its_time_is(self):
        self.write("dc1.cod.test", (self.later(5), "a: late"), (NOON, "a: early"))
        self.assertEqual(self.messages(), [("dc1", "early"), ("dc1", "late")])

    def test_a_program_a_host_and_a_pattern_leave_out_the_rest(self):
        self.write("dc1.cod.test", (NOON, "samba[1]: Denied"), (self.later(60), "samba[1]: denied again"))
        self.write("pc1.cod.test", (self.later(60), "sshd[9]: denied"), (self.later(61), "samba: none"))
        self.assertEqual(self.messages(grep="denied", unit="samba"), [("dc1", "Denied"), ("dc1", "denied again")])
        self.assertEqual(self.messages(hosts=["pc1"], grep="denied"), [("pc1", "denied")])
        # As journalctl has it: with a capital, its case counts.
        self.assertEqual(self.messages(grep="Denied"), [("dc1", "Denied")])

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd, whose times these are")
    def test_a_time_leaves_out_what_was_before_and_one_that_is_none_is_said(self):
        self.write("dc1.cod.test", (NOON, "a: before"), (self.later(60), "a: after"))
        at = self.later(30).astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        self.assertEqual(self.messages(since=at), [("dc1", "after")])
        with self.assertRaisesRegex(Misunderstood, '"yesteryear" is no time'):
            self.ask(since="yesteryear")

    def test_the_filter_log_is_told_by_rows_zones_and_names_and_found_by_them(self):
        self.write("rtr-a", (NOON, "filterlog " + NTP), (self.later(1), "filterlog[44]: " + BLOCKED))
        self.assertEqual(
            self.messages(),
            [
                ("rtr-a", "pass in users by F403: pc1:45697 > dc2:123 udp (ntp)"),
                ("rtr-a", "block in wan1 by rule default-deny-ipv4: 203.0.113.9:40000 > dc2:445 tcp (smb) S"),
            ],
        )
        self.assertEqual(len(self.messages(grep="pc1.*ntp")), 1)
        [line] = self.ask(grep="F403")["lines"]
        self.assertEqual(
            {k: line["packet"][k] for k in ("row", "zone", "source", "destinationPort")},
            {"row": "F403", "zone": "users", "source": "10.20.50.10", "destinationPort": 123},
        )

    def test_what_only_calls_itself_a_filter_log_is_a_line_like_others_and_keeps_nobody_from_being_found(self):
        forged = NTP.replace("45697", "port")
        self.write("pc1.cod.test", (NOON, "filterlog: " + NTP))
        self.write("rtr-a", (NOON, "filterlog " + forged), (self.later(1), "sshd: found"))
        self.assertEqual(self.messages(), [("pc1", NTP), ("rtr-a", forged), ("rtr-a", "found")])

    def test_ipv6_and_an_unknown_rule_are_told_as_they_are(self):
        self.write("rtr-a", (NOON, "filterlog " + PING6))
        self.assertEqual(self.messages(), [("rtr-a", "pass in users by rule 7: fd00::1 > fd00::2 ipv6-icmp request")])

    def test_a_line_that_is_no_packet_or_bears_no_time_does_no_harm(self):
        self.write("rtr-a", (NOON, "filterlog ,,broken"))
        with open(os.path.join(self.folder.name, "rtr-a", NOON.date().isoformat() + ".log"), "a") as f:
            f.write("no time here\n\n")
        self.assertEqual(self.messages(), [("rtr-a", ",,broken")])

    def test_a_router_known_by_its_address_bears_its_name(self):
        self.write("10.20.20.2", (NOON, "sshd: x"))
        self.assertEqual(self.messages(), [("rtr-a", "x")])

    def test_a_pattern_that_is_none_is_said(self):
        with self.assertRaisesRegex(Misunderstood, "no regular expression"):
            self.ask(grep="(")


if __name__ == "__main__":
    unittest.main()
