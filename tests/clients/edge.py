#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who has read a chunk of the stream to its very end, and is then blocked by its own answers, while the
window moves on: it is told what it missed, and a sanitizer sees that nothing let go of is touched."""
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


with Server(WINDOW) as server:
    host = "127.0.0.1", server.port
    root = Client(server.socket, "AUTH EXTERNAL")
    bob = Client(host, "HELLO bob hall")
    alice = Client(host, "HELLO alice hall", buffer=4096)
    bob.until(b"OK JOIN"), alice.until(b"OK JOIN")
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
    gap = alice.until(b"GAP hall").split()
    assert int(gap[2]) == number + 1, gap
    at = int(gap[3])
    while at < last:
        at += 1
        assert int(alice.until(b"MSG hall").split()[2]) == at
    assert server.stop() == 0
    log = open(server.path("log")).read()
    assert not re.search("Sanitizer|runtime error", log), log
print("ok")
