#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How far one has read: vcrp in a terminal tells the server, and shows where that was."""
import os, queue, unittest
from screen import Fake, Terminal
from server import PATIENCE


class OneRoom(Fake):
    """A server of one room, with ten events, of which five were read."""

    def __init__(self, name, refuses=False):
        super().__init__()
        self.name, self.refuses, self.heard = name, refuses, queue.Queue()

    def answer(self, id, words):
        verb, room = words[0], (words + [""])[1]
        if verb == "HELLO":
            self.say("VCRP 1 fake fake/0 guest", f"OK HELLO {self.name}")
        elif verb == "JOIN":
            self.say("ROOM lobby 110 2", "READ lobby 105", id + "OK JOIN lobby 110")
        elif verb == "HISTORY":
            self.say("PAGE lobby 10", *(f"MSG lobby {n} 1 ~bob event {n}" for n in range(101, 111)),
                     id + "OK HISTORY lobby")
        elif verb == "READ":
            self.heard.put(" ".join(words))
            self.say(id + ("ERR denied \x1b[2J" if self.refuses else f"OK READ {room} {words[2]}"))
        elif verb == "QUIT":
            self.heard.put("QUIT")
            self.say("BYE quit")


class Marks(unittest.TestCase):
    def start(self, *arguments, **more):
        self.server = OneRoom(*arguments, **more)
        self.server.start()
        environment = dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8", HOME="/nonexistent",
                           XDG_STATE_HOME="/nonexistent", VCRP_SERVER=self.server.address)
        self.terminal = Terminal(environment, "-n", "alice")
        self.terminal.wait_for("event 110")

    def heard(self):
        return self.server.heard.get(timeout=PATIENCE)

    def quit(self):
        self.terminal.type("/quit\r")
        self.assertEqual(self.terminal.end(), 0)

    def test_where_one_had_read_to_is_shown(self):
        self.start("alice")
        self.quit()
        self.assertRegex(self.terminal.text(), "(?s)event 105\r.*-- read until here --\r.*event 106\r")
        self.assertEqual(self.terminal.text().count("read until here"), 1)

    def test_the_server_is_told_after_a_while_and_at_the_end(self):
        self.start("alice")
        self.assertEqual(self.heard(), "READ lobby 110")
        self.server.say("MSG lobby 111 1 ~bob event 111", "NOTICE seen")
        self.terminal.wait_for("seen")
        self.quit()
        self.assertEqual([self.heard(), self.heard()], ["READ lobby 111", "QUIT"])

    def test_another_connection_has_read_it(self):
        self.start("alice")
        self.server.say("READ lobby 110", "NOTICE told")
        self.terminal.wait_for("told")
        self.quit()
        self.assertEqual(self.heard(), "QUIT")
        self.assertNotIn("READ", self.terminal.text())

    def test_a_guest_has_no_marks(self):
        self.start("~alice")
        self.quit()
        self.assertEqual(self.heard(), "QUIT")

    def test_a_server_that_keeps_none_is_asked_once(self):
        self.start("alice", refuses=True)
        self.assertEqual(self.heard(), "READ lobby 110")
        self.server.say("MSG lobby 111 1 ~bob event 111", "NOTICE seen")
        self.terminal.wait_for("seen")
        self.quit()
        self.assertEqual(self.heard(), "QUIT")
        self.assertNotIn("denied", self.terminal.text())


if __name__ == "__main__":
    unittest.main()
