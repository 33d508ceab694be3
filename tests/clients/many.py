#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A person with many connections says as much as with one: limits.lines is by name, whichever threads have
them. And vcrpctl's ban, unban, bans and calm."""
import os, socket, subprocess, sys
from server import Server

CONFIG = """
limits = { lines = 1; burst = 20; };
threads = { io = 2; };
"""


def root(server):
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(server.socket)
    peer.settimeout(20)
    file = peer.makefile("rb")
    peer.sendall(b"AUTH EXTERNAL\n")
    while not file.readline().startswith(b"OK AUTH"):
        pass
    return peer, file


def one_bucket(server):
    peers, taken, refused = [root(server) for _ in range(10)], 0, 0
    for peer, _ in peers:
        peer.sendall(b"PING\n" * 10)
    for _, file in peers:
        for _ in range(10):
            line = file.readline()
            taken += line.startswith(b"PONG")
            refused += b";limit=limits.lines ERR too-fast" in line
    # A second or two may have passed.
    assert taken + refused == 100 and 20 <= taken <= 25, (taken, refused)
    # Another one has its own.
    other = socket.create_connection(("127.0.0.1", server.port), 20)
    other.sendall(b"HELLO bob\n" + b"PING\n" * 15)
    file = other.makefile("rb")
    lines = [file.readline() for _ in range(17)]
    assert lines[2:] == [b"PONG\n"] * 15, lines


def control(server):
    def run(*words, status=0):
        done = subprocess.run([os.environ.get("VCRPCTL", "./vcrpctl"), "-s", server.socket, *words],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode == status, (words, done)
        return done.stdout

    assert run("ban", "192.0.2.0/24", "spam", "and", "more") == ""
    assert run("ban", "2001:db8::1", "--for=1h") == ""
    assert run("ban", "--for", "2h", "198.51.100.7", "late") == ""
    bans = sorted(run("bans").split("\n"))
    assert len(bans) == 4 and bans[1] == "ban 192.0.2.0/24 until=never by=root spam and more", bans
    assert bans[2].startswith("ban 198.51.100.7 until=1") and bans[2].endswith(" by=root late"), bans
    assert bans[3].startswith("ban 2001:db8::1 until=1") and bans[3].endswith(" by=root"), bans
    run("unban", "192.0.2.0/24")
    run("unban", "192.0.2.0/24", status=1)
    run("ban", "nonsense", status=1)
    run("ban", "--for=1h", status=2)
    run("ban", "192.0.2.1", "--for=", status=2)
    assert run("calm") == "0 seconds\n"
    assert run("calm", "30") == "30 seconds\n"
    assert run("calm") == "30 seconds\n"
    run("calm", "forever", status=1)


with Server(CONFIG) as server:
    one_bucket(server)
    assert server.stop() == 0
with Server() as server:
    if os.geteuid() == 0:
        control(server)
    assert server.stop() == 0
print("ok")
