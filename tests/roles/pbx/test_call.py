import array
import math
import os
import subprocess
import sys
import tempfile
import unittest

from call import RATE, end, is_gone, is_heard, sound_in


def tone(frequency, seconds=1.0, level=9000, rate=RATE):
    step = 2 * math.pi * frequency / rate
    return array.array("h", (int(level * math.sin(step * n)) for n in range(int(rate * seconds))))


class Hearing(unittest.TestCase):
    def test_our_tone_is_a_tone_and_no_speech(self):
        self.assertTrue(is_heard(tone(440), RATE, "tone"))
        self.assertFalse(is_heard(tone(440), RATE, "speech"))

    def test_another_sound_is_no_tone_of_ours(self):
        self.assertFalse(is_heard(tone(600), RATE, "tone"))
        self.assertTrue(is_heard(tone(600), RATE, "speech"))

    def test_silence_and_a_whisper_are_neither(self):
        for quiet in (tone(440, level=0), tone(440, level=100), array.array("h")):
            self.assertFalse(is_heard(quiet, RATE, "tone"))
            self.assertFalse(is_heard(quiet, RATE, "speech"))

    def test_only_the_end_counts(self):
        self.assertFalse(is_heard(tone(440) + tone(440, level=0), RATE, "tone"))

    def test_the_rate_is_that_of_the_file(self):
        self.assertTrue(is_heard(tone(440, rate=8000), 8000, "tone"))
        self.assertFalse(is_heard(tone(440, rate=8000), 16000, "tone"))


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
            self.assertTrue(is_heard(samples, rate, "tone"))

    def test_no_file_yet_is_no_sound(self):
        samples, _ = sound_in("/nonexistent/heard.wav")
        self.assertEqual(len(samples), 0)


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
