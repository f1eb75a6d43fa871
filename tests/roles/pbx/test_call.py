import array
import math
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import call
from baresip import end, is_gone
from call import RATE, Meeting, sound, sound_in, tones


def tone(frequency, seconds=1.0, level=9000, rate=RATE):
    step = 2 * math.pi * frequency / rate
    return array.array("h", (int(level * math.sin(step * n)) for n in range(int(rate * seconds))))


class Hearing(unittest.TestCase):
    def test_our_tone_is_a_tone_and_no_other_sound(self):
        self.assertEqual(sound(tone(440), RATE), {"tone": 100, "other": 0})

    def test_another_sound_is_no_tone_of_ours(self):
        self.assertEqual(sound(tone(600), RATE), {"tone": 0, "other": 100})

    def test_silence_and_a_whisper_are_neither(self):
        for quiet in (tone(440, level=0), tone(440, level=100), array.array("h")):
            self.assertEqual(sound(quiet, RATE), {"tone": 0, "other": 0})

    def test_a_tone_with_holes_is_the_tone_for_the_rest_of_the_time(self):
        # 60 ms there, 40 ms not, and after each hole at another phase.
        torn = array.array("h")
        for n in range(10):
            torn += tone(440, 0.06 + n / 4000)[-960:] + tone(440, 0.04, level=0)
        found = sound(torn, RATE)
        self.assertAlmostEqual(found["tone"], 60, delta=3)
        self.assertEqual(found["other"], 0)

    def test_only_the_end_counts(self):
        self.assertEqual(sound(tone(440) + tone(440, level=0), RATE)["tone"], 0)

    def test_the_rate_is_that_of_the_file(self):
        self.assertEqual(sound(tone(440, rate=8000), 8000)["tone"], 100)
        self.assertEqual(sound(tone(440, rate=8000), 16000)["tone"], 0)


def mixed(*voices):
    return array.array("h", (sum(samples) for samples in zip(*voices, strict=True)))


class Room:
    """Whoever is in the room, as the phone of one of them hears it: a line for each look."""

    heard = "heard.wav"

    def __init__(self, *looks):
        self.looks, self.plays = list(looks), []

    def play(self, frequency):
        self.plays.append(frequency)

    def wait(self, seconds, *types):
        return None if self.looks else {"type": "CALL_CLOSED", "param": "gone"}

    def last(self, found, seconds=5):
        def next_look(path):
            return self.looks.pop(0), RATE

        meet = {"own": 700, "content": 900, "others": {"pc1": {"own": 1100, "content": 1300}}}
        meet["others"]["pc2"] = {"own": 1700, "content": 1900}
        with mock.patch.object(call, "sound_in", next_look):
            return Meeting(self, meet).last(seconds, found)


class Conference(unittest.TestCase):
    def test_voices_beside_each_other_are_told_apart(self):
        both = mixed(tone(1100), tone(1700))
        self.assertEqual(tones(both, RATE, (700, 1100, 1300, 1700)), {700: 0, 1100: 100, 1300: 0, 1700: 100})

    def test_who_hears_everybody_says_so_by_another_tone_and_waits_until_all_do(self):
        found = {}
        room = Room(
            mixed(tone(1100), tone(1700)), mixed(tone(1300), tone(1700)), mixed(tone(1300), tone(1900)), tone(440)
        )
        self.assertTrue(room.last(found))
        self.assertEqual(room.plays, [900])
        self.assertEqual(found["met"], {"pc1": "content", "pc2": "content"})

    def test_who_does_not_hear_one_does_not_say_that_it_did(self):
        found = {}
        room = Room(tone(1700), tone(1700))
        self.assertFalse(room.last(found))
        self.assertEqual(room.plays, [])
        self.assertEqual((found["met"], found["result"]), ({"pc1": "silent", "pc2": "own"}, "ended: gone"))

    def test_ones_own_voice_given_back_is_nobody_elses(self):
        found = {}
        self.assertFalse(Room(tone(700)).last(found))
        self.assertEqual(found["met"], {"pc1": "silent", "pc2": "silent"})


class Sound(unittest.TestCase):
    def test_a_file_that_is_being_written_is_read_to_its_end(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "heard.wav")
            header = bytearray(44)
            header[24:28] = (16000).to_bytes(4, "little")
            with open(path, "wb") as file:
                file.write(bytes(header) + tone(440, 0.5).tobytes() + b"\x01")
            samples, rate = sound_in(path)
            self.assertEqual((rate, len(samples)), (16000, 8000))
            self.assertEqual(sound(samples, rate)["tone"], 100)

    def test_no_file_yet_is_no_sound(self):
        samples, _ = sound_in("/nonexistent/heard.wav")
        self.assertEqual(len(samples), 0)


OUTSIDE = {"outside": {"tunnel": {}, "resolvers": ["10.0.0.1"], "account": {}}}


class Outside(unittest.TestCase):
    def spoken_with(self, outcome):
        client = mock.Mock(device="try1")
        client.outcome.return_value = outcome
        done = mock.Mock()
        with mock.patch("call.Client", return_value=client), mock.patch("call.move_into", done.moved):
            try:
                with call.where(OUTSIDE):
                    done.spoken()
            except SystemExit as stop:
                done.stopped(str(stop))
        client.end.assert_called_once_with()
        return [entry[0] for entry in done.mock_calls]

    def test_the_phone_speaks_once_it_is_where_only_the_tunnel_is(self):
        self.assertEqual(self.spoken_with(("up", "", [])), ["moved", "spoken"])

    def test_without_a_tunnel_nothing_is_said_past_it(self):
        self.assertEqual(self.spoken_with(("refused", "account or password refused", [])), ["stopped"])

    def test_a_phone_at_its_desk_stays_where_it_is(self):
        with mock.patch("call.Client", side_effect=AssertionError), call.where({}):
            pass


class Phones(unittest.TestCase):
    def start(self, program):
        ready = "print('ready', flush=True); import time; time.sleep(600)"
        phone = subprocess.Popen([sys.executable, "-c", program + ready], stdout=subprocess.PIPE)
        self.addCleanup(phone.stdout.close)
        self.addCleanup(phone.wait)
        phone.stdout.readline()
        return phone

    def test_a_phone_of_ones_own_is_ended(self):
        phone = self.start("")
        end(phone.pid)
        self.assertTrue(is_gone(phone.pid))

    def test_so_is_one_that_another_process_has_started(self):
        phone = self.start("")
        child = os.fork()
        if child == 0:
            end(phone.pid)
            os._exit(0)
        os.waitpid(child, 0)
        self.assertEqual(phone.wait(60), -15)

    def test_one_that_does_not_listen_is_ended_all_the_same(self):
        phone = self.start("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); ")
        child = os.fork()
        if child == 0:
            end(phone.pid)
            os._exit(0)
        os.waitpid(child, 0)
        self.assertEqual(phone.wait(60), -9)


if __name__ == "__main__":
    unittest.main()
