#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What acts on a terminal, said in every field of every command to a real server: it is refused, or it never
comes raw out of the server, into its log, or out of vcrp and vcrpctl."""
import os, pty, re, subprocess, unittest
from people import Peer, administrator
from server import PATIENCE, Server

VCRP = os.path.abspath(os.environ.get("VCRP", "./vcrp"))
VCRPCTL = os.path.abspath(os.environ.get("VCRPCTL", "./vcrpctl"))

PAYLOADS = [
    b"\x1b[31mred", b"\x1b[2J", b"\x1bc", b"\x1b]0;title\x07", b"\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\",
    b"\x1b]52;c;ZXZpbA==\x07", b"\x1bPq#0\x1b\\", b"\x1b[6n", b"\x9b2J", b"\x9d0;t\x9c", b"\x90q\x9c", b"\x85",
    "\u009b2J".encode(), "\u009d0;t\u009c".encode(), "\u0090q\u009c".encode(), "a\u0085b".encode(),
    "a\u2028b".encode(), "a\u2029b".encode(), "\u202eevil".encode(), "\u202ax\u202dy".encode(),
    "\u2066a\u2067b\u2068c".encode(), ("a" + "\u200d" * 40 + "b").encode(), "\U000e0041\U000e0042x".encode(),
    b"a\rb", b"a\r", b"a\nNOTICE b", b"a\0b", b"\x07\x08\x0b\x0c\x0e\x0f\x7f", b"%n%s%n%s%999999c", b"%s%p%n",
    b"\xff\xfe", b"\xc0\x9b", b"\xed\xa0\x9b", b"\xe0\x82\x9b", b"\\x1b[31m\\033[31m\\e[31m", b"$(reboot)`reboot`",
]
# Each field of each command; before the login those that log in come last.
FIRST = [b"%b x", b"PING %b", b"PONG %b", b"HELP %b", b"@id=%b PING", b"@+x=%b PING", b"@%b PING", b"AUTH %b",
         b"AUTH PLAIN %b", b"AUTH SCRAM-SHA-256 %b", b"AUTH *", b"AUTH EXTERNAL %b", b"REGISTER %b x", b"REGISTER x %b",
         b"@key=%b REGISTER x y", b"@key=%b HELLO eve", b"HELLO %b", b"HELLO %b hall", b"HELLO eve%d %b"]
LATER = [b"%b x", b"HELLO %b", b"AUTH %b", b"REGISTER %b x", b"PASSWD %b", b"PING %b", b"PONG %b", b"HELP %b",
         b"JOIN %b", b"JOIN hall %b", b"LEAVE %b", b"SAY hall %b", b"SAY %b x", b"@id=%b SAY hall x",
         b"@re=%b SAY hall x", b"@+a=%b SAY hall x", b"@+%b SAY hall x", b"@%b SAY hall x", b"EDIT hall %d %b",
         b"EDIT hall %b x", b"REACT hall %d %b", b"REACT hall %b x", b"DELETE hall %b", b"SIGNAL hall %b",
         b"SAY @%b x", b"SAY @~eve,%b x", b"WHO %b", b"LIST %b", b"HISTORY hall %b", b"HISTORY hall 1 %b",
         b"HISTORY %b 1", b"SEARCH hall 1 %b", b"SEARCH hall %b x", b"@before=%b SEARCH hall 1 x", b"SET hall topic %b",
         b"SET hall %b on", b"SET hall keep %b", b"SET %b topic x", b"ROLE hall %b muted", b"ROLE hall ~eve %b",
         b"@for=%b ROLE hall ~eve muted", b"KICK hall %b", b"KICK hall ~eve %b", b"READ hall %b", b"READ %b 1", b"UDP %b"]
ADMIN = [b"NOTICE %b", b"KILL %b", b"KILL ~nobody %b", b"STATS %b", b"RETRY %b", b"BACKUP %b", b"BACKUP /nowhere/%b",
         b"DRAIN %b", b"RELOAD %b", b"SHUTDOWN %b", b"ACCOUNT %b", b"ACCOUNT list %b", b"ACCOUNT delete %b",
         b"ACCOUNT role %b user", b"ACCOUNT role eve %b", b"ACCOUNT add %b x", b"ACCOUNT add eve %b",
         b"ACCOUNT certificate eve %b", b"@for=%b ACCOUNT invite", b"BAN %b", b"BAN 192.0.2.%d %b",
         b"@for=%b BAN 192.0.2.1 x", b"UNBAN %b", b"CALM %b"]
LAST = [b"QUIT %b", b"QUIT"]

# What no line of the protocol has, nor the log; and what no terminal is to be sent besides.
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
OWN = re.compile("\x1b\\[[0-9]*[ABCDJK@P]")  # libedit's


def fill(template, payload, number=0):
    return template.replace(b"%d", b"%d" % number).replace(b"%b", payload) + b"\n"


class Escapes(unittest.TestCase):
    def setUp(self):
        self.server = Server('limits = { lines = 0; address = 0; }; log = { level = "debug"; };')
        # Of the people's bytes the log has names alone, which have nothing of this; of files it has these.
        for payload in PAYLOADS:
            if not set(payload) & set(b"/\0"):
                os.makedirs(os.path.join(self.server.path("data", "rooms").encode(), payload))
        self.server.start()
        self.addCleanup(self.server.__exit__)
        self.server.environment["VCRP_SERVER"] = self.server.address
        self.admin = administrator(self.server)
        self.addCleanup(self.admin.close)
        self.admin.good("JOIN hall")
        self.said = self.admin.good("SAY hall first")[0].split()[2]
        self.heard = []

    def assert_none(self, pattern, data, what):
        text = data.decode()  # what is not UTF-8 is a failure as well
        found = pattern.search(text)
        self.assertIsNone(found, found and (what, text[max(0, found.start() - 100):found.end() + 50]))

    def drain(self, peer, lines):
        """All that it answers, whatever that is, as long as it answers."""
        for at in range(0, len(lines), 50):
            mark = b"PONG drained-%d" % at
            peer.raw(b"".join(lines[at:at + 50]) + b"PING drained-%d\n" % at)
            line = b""
            while line != mark:
                line = peer.bytes_line()
                self.heard.append(line + b"\n")

    def login_lines(self):
        for number, payload in enumerate(PAYLOADS):
            peer = Peer(self.server)
            peer.raw(b"PING\n")
            self.drain(peer, [fill(template, payload, number) for template in FIRST])
            peer.raw(fill(LAST[0], payload))
            peer.close()
            # As the first line of all.
            for template in FIRST:
                peer = Peer(self.server)
                peer.raw(fill(template, payload, number) + b"QUIT\n")
                self.heard.append(self.to_the_end(peer))

    def to_the_end(self, peer):
        data = peer.rest
        try:
            while more := peer.socket.recv(1 << 16):
                data += more
        except ConnectionResetError:
            pass
        peer.close()
        return data

    def guest_lines(self):
        mallory = Peer(self.server).hello("mallory")
        mallory.good("JOIN hall")
        own = mallory.good("SAY hall mine")[0].split()[2]
        for payload in PAYLOADS:
            self.drain(mallory, [fill(template, payload, int(own)) for template in LATER])
        for number, payload in enumerate(PAYLOADS):
            victim = Peer(self.server).hello(f"victim{number}")
            victim.good("JOIN hall")
            name = b"~victim%d" % number
            self.drain(self.admin, [b"KICK hall " + name + b" " + payload + b"\n"])
            self.drain(self.admin, [b"KILL " + name + b" " + payload + b"\n"])
            victim.raw(fill(LAST[0], payload) + b"QUIT\n")
            self.heard.append(self.to_the_end(victim))
        mallory.close()

    def run_in_terminal(self, program, *arguments, until=None, then=()):
        """What it writes to a terminal, to its end, or up to `until`; what to type whenever that has come."""
        ours, its = pty.openpty()
        process = subprocess.Popen([program, *arguments], stdin=its, stdout=its, stderr=its,
                                   env=self.server.environment, start_new_session=True)
        os.close(its)
        data = b""
        try:
            for typed in (*then, None):
                seen = len(data)
                while until is None or until not in data[seen:]:
                    data += os.read(ours, 1 << 16)
                if typed:
                    os.write(ours, typed)
        except OSError:
            pass  # it has ended
        finally:
            process.kill()
            process.wait(PATIENCE)
            os.close(ours)
        return data

    def run_in_pipe(self, program, *arguments, text=b""):
        done = subprocess.run([program, *arguments], input=text, capture_output=True, timeout=PATIENCE,
                              env=self.server.environment)
        return done.stdout + done.stderr

    def programs(self):
        ctl = [VCRPCTL, "-s", self.server.socket]
        yield from ([VCRP, "rooms"], [VCRP, "who", "hall"], [VCRP, "-n", "a\u202eb", "who", "hall"],
                    [VCRP, "who", "a\x1b[31mb\u202e"], [VCRP, "say", "\x1b]0;t\x07", "x"],
                    [VCRP, "-w", "1", "-s", "\x1b[31m\u202e.invalid", "rooms"])
        yield from (ctl + words for words in (
            ["status"], ["stats"], ["rooms"], ["connections"], ["export", "hall"], ["export", "hall", "--json"],
            ["kill", "~nobody\u202e", "x"], ["notice", "\x1b[31m\u202e\x9b"], ["room", "retry", "\u202ehall"],
            ["backup", "/nowhere/\u202e\u009b"], ["verify", "/nowhere/\x1b[31m\u202e"], ["export", "\u202e\x1b[2J"]))
        yield [VCRPCTL, "-s", "/nowhere/\x1b[31m\u202e", "stats"]

    def test_nothing_comes_out_raw(self):
        self.login_lines()
        self.drain(self.admin, [fill(template, payload, number) for number, payload in enumerate(PAYLOADS)
                                for template in ADMIN])
        self.guest_lines()
        for verb in self.verbs():
            self.assertTrue(any(template.startswith(verb.encode()) or b" " + verb.encode() + b" " in template
                                for template in FIRST + LATER + ADMIN + LAST), verb)
        for payload in PAYLOADS:  # the last topic has it
            self.drain(self.admin, [fill(b"SET hall topic %b", payload)])
            self.assert_none(SHOWN, self.run_in_terminal(VCRP, "-n", "lister", "rooms"), payload)
        self.admin.good("SAY hall the end")
        tail = self.run_in_terminal(VCRP, "-n", "tailer", "tail", "-a", "0", "hall", until=b"the end")
        self.assertGreater(tail.count(b"\n"), len(PAYLOADS))
        self.assert_none(SHOWN, tail, "tail")
        chat = self.run_in_terminal(VCRP, "-n", "chatter", f"vcrp://{self.server.address}/hall", until=b"the end",
                                    then=[b"/history 1000\r", b"/list\r/who\r/search x\r/quit\r"])
        self.assertGreater(chat.count(b"\n"), len(PAYLOADS))
        self.assert_none(SHOWN, OWN.sub("", chat.decode()).encode(), "the chat")
        for program in self.programs():
            self.assert_none(SHOWN, self.run_in_terminal(*program), program)
            self.assert_none(RAW, self.run_in_pipe(*program), program)
        for payload in PAYLOADS:
            self.assert_none(RAW, self.run_in_pipe(VCRP, "-n", "sayer", "say", "hall", text=payload), payload)
        self.assert_none(RAW, b"".join(self.heard), "the protocol")
        self.assertEqual(self.server.stop(), 0)
        with open(self.server.path("log"), "rb") as log:
            data = log.read()
        self.assertGreater(data.count(b"\n"), len(PAYLOADS))
        self.assert_none(SHOWN, data, "the log")

    def verbs(self):
        self.admin.good("HELP")
        return next(line for line in self.admin.between if "commands:" in line).split()[2:]


if __name__ == "__main__":
    unittest.main()
