#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""At the edges of a membership: who has read a chunk of the stream to its very end is blocked by its own
answers while the window moves on; and who leaves with much still unsent comes back at once."""
import re, socket, sys
from server import Server

WINDOW = "rooms = { window = 64; }; limits = { lines = 0; }; threads = { io = 1; };"


class Client:
    def __init__(self, address, *first, buffer=None):
        local = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(address)
        self.socket.settimeout(20)
        self.file = self.socket.makefile("rb", 1 << 16)
        for line in first:
            self.say(line)

    def say(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def until(self, *starts):
        for line in self.file:
            if line.startswith(starts):
                return line.decode()
        sys.exit(f"the end came before {starts}")


def behind_the_window(server, logged):
    """It gets what it missed from the log, or, where there is none, is told what that is; and a
    sanitizer sees that nothing let go of is touched."""
    host = "127.0.0.1", server.port
    root = Client(server.socket, "AUTH EXTERNAL")
    bob = Client(host, "HELLO bob hall")
    alice = Client(host, "HELLO alice hall", buffer=4096)
    bob.until(b"OK JOIN"), alice.until(b"OK JOIN")
    if not logged:
        root.say("SET hall ephemeral on")
        bob.until(b"SET hall"), alice.until(b"SET hall")
    # No second such line fits into the room's first chunk.
    bob.say("SAY hall " + "a" * 3000)
    number = int(alice.until(b"MSG hall").split()[2])
    bob.until(b"MSG hall")
    alice.socket.setblocking(False)
    asked = 0
    try:
        while asked < 4000000:
            asked += alice.socket.send(b"HELP\n" * 2000)
    except BlockingIOError:
        pass
    alice.socket.settimeout(20)
    while True:
        root.say("STATS connections")
        if "blocked=1" in root.until(b"STAT connection 3 "):
            break
        root.until(b"OK STATS")
    # One at a time, so that the window is looked at after each.
    for _ in range(90):
        bob.say("SAY hall " + "b" * 3000)
        last = int(bob.until(b"MSG hall").split()[2])
    at = number
    if not logged:
        gap = alice.until(b"GAP hall").split()
        assert int(gap[2]) == number + 1, gap
        at = int(gap[3])
    while at < last:
        at += 1
        line = alice.until(b"MSG hall", b"GAP hall").split()
        assert line[0] == "MSG" and int(line[2]) == at, line


def leave_and_return(server):
    """Everything up to OK LEAVE, then OK JOIN, then only what came later."""
    host = "127.0.0.1", server.port
    bob = Client(host, "HELLO bob", "JOIN other", "JOIN hall")
    bob.until(b"OK JOIN hall")
    alice = Client(server.socket, "HELLO alice", "JOIN hall")
    alice.until(b"OK JOIN hall")
    for _ in range(260):
        bob.say("SAY hall " + "y" * 2900)
        bob.until(b"MSG hall")
    for line in "LEAVE other", "LEAVE hall", "JOIN hall":
        alice.say(line)
    bob.until(b"LEAVE hall ~alice")
    bob.say("SAY hall between")
    bob.until(b"MSG hall")
    assert alice.until(b"OK LEAVE", b"OK JOIN").startswith("OK LEAVE")
    assert alice.until(b"MSG hall", b"OK JOIN").startswith("OK JOIN")
    bob.say("SAY hall after")
    assert alice.until(b"MSG hall").endswith(" after\n")


def from_the_log(server):
    behind_the_window(server, True)


def without_a_log(server):
    behind_the_window(server, False)


for scene, config in (from_the_log, WINDOW), (without_a_log, WINDOW), (leave_and_return, "limits = { lines = 0; };"):
    with Server(config) as server:
        scene(server)
        assert server.stop() == 0
        log = open(server.path("log")).read()
        assert not re.search("Sanitizer|runtime error", log), log
print("ok")
