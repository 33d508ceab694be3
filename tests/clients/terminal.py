#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vcrp in a terminal, with a server and people who mean it ill: what they send must do nothing to
the terminal, and the line being typed must live through it."""
import os, re, unittest
from screen import Fake, Terminal

ATTACKS = [
    "\x1b]0;title\x07", "\x1b]52;c;ZXZpbA==\x07", "\x1b[2J", "\x1b[6n", "\x1b[31m", "\x1bc", "\x1bPq#0\x1b\\",
    "\x1b[?1049h", "\x9b2J", "\x9d0;t\x9c", "\x85", "\x07", "\x08\x08\x08", "\x0b", "\x0c", "\x0e\x0f", "\x7f",
    "\r~bob: I owe you", "\u202e", "\u2066", "\u2067", "\u2068", "\u202a", "\u202b", "\u202d", "\U000e0041", "\u2028",
]
# What vcrp and libedit need for a line of their own: up, down, left, right, wipe, insert, delete.
OWN = re.compile("\x1b\\[[0-9]*[ABCDJK@P]")
FORBIDDEN = re.compile("[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


class Evil(Fake):
    """Answers everything, with each attack in each place that a text can be in."""

    def __init__(self):
        super().__init__()
        self.number = 100

    def lines(self, room):
        for attack in ATTACKS:
            for line in ("MSG {r} {n} 1 ~x a{a}b", "MSG {r} {n} 1 {a} text", "SET {r} {n} 1 ~x topic {a}",
                         "SET {r} {n} 1 ~x {a} x", "ROLE {r} {n} 1 ~x {a} {a}", "DELETE {r} {n} 1 ~x {a}",
                         "JOIN {r} {a}", "LEAVE {r} {a} {a}", "ROOM {a} 1 {a} {a}", "NAMES {r} {a} {a}",
                         "NOTICE {a}", "{a} {a}", "ERR {a} {a}", "GAP {a} {a} {a}", "OK {a} {a}",
                         "@x={a} NOTICE x"):
                self.number += "{n}" in line
                yield line.format(a=attack.replace(" ", "_"), r=room, n=self.number)

    def answer(self, attributes, words):
        room, lines = "ro\u202eom", []
        if words[0] == "HELLO":
            lines = ["VCRP 1 \x1b]0;t\x07 \x1b]0;t\x07 x", "OK HELLO ~me\x1b[2J"]
        elif words[0] == "JOIN":
            lines = [f"{attributes}OK JOIN {room} {self.number}", *self.lines(room), "NOTICE all was sent"]
        elif words[0] in ("HISTORY", "SEARCH"):
            lines = [f"PAGE {room} {2 * len(ATTACKS)}"]
            for number, attack in enumerate(ATTACKS):
                lines += [f"MSG {room} {2 * number + 1} 1 {attack.replace(' ', '_')} {attack}",
                          f"GAP {room} {2 * number + 2} {2 * number + 2}{attack.replace(' ', '_')}"]
            lines += [f"{attributes}OK {words[0]} {room}", "NOTICE that was the page"]
        elif words[0] == "LIST":
            lines = [f"ROOM {a}x 1 1{a} {a}" for a in ATTACKS] + [attributes + "OK LIST"]
        elif words[0] == "WHO":
            lines = ["NAMES x " + " ".join(ATTACKS)] + [attributes + "ERR denied " + "".join(ATTACKS)]
        elif words[0] == "SAY":
            self.number += 1
            lines = [f"{attributes}MSG {room} {self.number} 1 ~me\x1b[2J {' '.join(words[2:])}"]
        elif words[0] == "QUIT":
            lines = ["BYE quit " + "".join(ATTACKS)]
        self.say(*lines)


class Victim(Terminal):
    def __init__(self, *arguments):
        self.server = Evil()
        self.server.start()
        environment = dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8", HOME="/nonexistent",
                           XDG_STATE_HOME="/nonexistent")
        super().__init__(environment, "-s", self.server.address, "-n", "me", *arguments)


class Safety(unittest.TestCase):
    def assert_harmless(self, terminal):
        left = OWN.sub("", terminal.text())
        found = FORBIDDEN.search(left)
        self.assertIsNone(found, found and left[max(0, found.start() - 200):found.end() + 50])
        # A CR only ever comes before a LF, or before the line is written anew.
        for match in re.finditer("\r+(.{0,3})", terminal.text(), re.S):
            self.assertRegex(match[1], r"^(\n|\x1b\[|$)", match)

    def test_the_chat_is_not_played_with(self):
        terminal = Victim()
        terminal.wait_for("all was sent")
        terminal.wait_for("that was the page")  # asked for when it had joined
        terminal.type("half a l\u00efne")
        terminal.wait_for("> half a l\u00efne")
        terminal.server.say("NOTICE somebody said something")
        terminal.wait_for("> half a l\u00efne", 2)  # drawn again, below that
        self.assertRegex(terminal.text(), "(?s)somebody said something\r\n.*> half a l\u00efne$")
        terminal.type(", and the rest\r")
        terminal.wait_for(": half a l\u00efne, and the rest")
        terminal.type("/history 5\r/search x\r")
        terminal.wait_for("that was the page", 3)
        terminal.type("/list\r/who\r/join x\r")
        terminal.wait_for("ERR denied")
        terminal.type("/quit\r")
        self.assertEqual(terminal.end(), 0)
        self.assert_harmless(terminal)

    def test_the_commands_are_not_played_with(self):
        for arguments, status in ((["rooms"], 0), (["who", "x"], 1), (["say", "x", "hi"], 0)):
            terminal = Victim(*arguments)
            self.assertEqual(terminal.end(), status)
            self.assert_harmless(terminal)

    def test_tail_is_not_played_with(self):
        terminal = Victim("tail", "x")
        terminal.wait_for("MSG ro", 2 * len(ATTACKS))
        os.kill(terminal.pid, 15)
        self.assertEqual(terminal.end(), -15)
        self.assert_harmless(terminal)


if __name__ == "__main__":
    unittest.main()
