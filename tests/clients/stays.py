#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vcrp --udp tells whether it goes on by datagrams, and if it does not, why; and who it is then."""
import os, pwd, socket, subprocess, time, unittest
from screen import Fake, Terminal
from server import Server

VCRP = os.environ.get("VCRP", "./vcrp")
SESSION = "OK UDP 8" + 31 * "0" + " " + 64 * "7"


class Offers(Fake):
    """A server that has the feature `udp`, and this answer to UDP."""

    def __init__(self, to_udp):
        super().__init__()
        self.to_udp = to_udp

    def answer(self, attributes, words):
        answers = {"HELLO": ["VCRP 1 here fake/0 guest,udp", "OK HELLO ~tester"], "UDP": [self.to_udp],
                   "JOIN": [attributes + "OK JOIN lobby 100"],
                   "SAY": [attributes + "MSG lobby 101 5 ~tester hello"], "QUIT": ["BYE quit"]}
        self.say(*answers[words[0]])


class Stays(unittest.TestCase):
    def setUp(self):
        name = pwd.getpwuid(os.getuid()).pw_name
        self.server = Server("udp = { enable = false; };")
        self.server.environment["USER"] = self.name = name
        self.server.start()

    def tearDown(self):
        self.server.__exit__()

    def say(self, *arguments):
        done = subprocess.run([VCRP, "--udp", "--accept-new", *arguments, "say", "lobby", "hello"],
                              env=self.server.environment, capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def test_switched_off(self):
        self.assertEqual(self.say("-s", self.server.address), "vcrp: no datagrams, on by the stream: the server "
                         "offers none on this connection; vcrps:// may help\n")
        self.assertRegex(self.say("-s", "vcrps://" + self.server.address),
                         "no datagrams, on by the stream: the server offers none on this connection\n")

    def test_switched_on(self):
        with Server() as server:
            self.assertEqual(self.say("-s", server.address), "")
            terminal = Terminal(server.environment, "--udp", f"vcrp://{server.address}/lobby")
            terminal.wait_for("Connected as ~tester, by datagrams. ")
            terminal.type("/quit\r")
            self.assertEqual(terminal.end(), 0)

    def test_refused(self):
        fake = Offers("ERR denied not for you")
        fake.start()
        self.assertEqual(self.say("-s", fake.address), "vcrp: no datagrams, on by the stream: "
                         "the server refuses them: denied: not for you\n")

    def test_nothing_comes_through(self):
        """A firewall that lets none through: 3 s, and then it is said by the stream."""
        fake = Offers(SESSION)
        host, port = fake.address.split(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((host, int(port)))
            fake.start()
            began = time.monotonic()
            self.assertEqual(self.say("-s", fake.address), "vcrp: no datagrams, on by the stream: "
                             f"none come through from UDP port {port} of {host}\n")
            self.assertGreater(time.monotonic() - began, 2.9)
            self.assertEqual(len(silent.recv(2000)), 64)

    def test_reserved(self):
        """Who has said no nick has one like the user's, also where the user has an account; a
        nick that was said is what the refusal names."""
        subprocess.run([os.environ.get("VCRPCTL", "./vcrpctl"), "-s", self.server.socket, "status"],
                       check=True, stdout=subprocess.DEVNULL, timeout=20)
        self.say("-s", self.server.address)
        done = subprocess.run([VCRP, "-n", self.name, "-s", self.server.address, "rooms"], env=self.server.environment,
                              capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr.split(": ")[:3]), (1, ["vcrp", self.name, "name-reserved"]))


if __name__ == "__main__":
    unittest.main()
