#!/usr/bin/env python3
# history_speed.py -- a million messages in a room, a thousand rooms on disk
#
# SPDX-License-Identifier: MIT
import random
import re
import socket
import subprocess
import time

from accept import Row, Server, quantile, pin_load

row = Row("history_speed", "HISTORY < 2 ms anywhere in a million messages, "
          "replay > 1 GB/s, cold start < 2 s",
          {"rooms": (1000, "rooms on disk at a cold start")})


def made(rooms, segments, kib):
    server = Server(row, started=False)
    subprocess.run([row.program("tests/crash/make-logs"), server.data,
                    str(rooms), str(segments), str(kib)], check=True)
    return server


def connected(server, nick):
    sock = socket.create_connection(("127.0.0.1", server.port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(b"HELLO %s\n" % nick)
    while b"OK HELLO" not in sock.recv(4096):
        pass
    return sock


def answer(sock, request, end):
    """All bytes of an answer."""
    sock.sendall(request)
    data = b""
    while not re.search(end, data[-200:]):
        data += sock.recv(1 << 20)
    return data


def replay(sock, buf):
    """Bytes a second of everything that the room has."""
    begin, total, tail = time.monotonic(), 0, b""
    sock.sendall(b"JOIN made0 0\n")
    while total < 1 << 20 or not re.search(rb"\nROOM made0 .*\n$", tail):
        n = sock.recv_into(buf)
        total += n
        tail = (tail + bytes(buf[max(0, n - 200):n]))[-200:]
    taken = time.monotonic() - begin
    answer(sock, b"LEAVE made0\n", rb"OK LEAVE")
    return total, taken


pin_load()
server = made(1, 10, 16384)
server.start()
sock = connected(server, b"reader")
buf = bytearray(1 << 20)
runs = [replay(sock, buf) for _ in range(5)]
rates = [total / taken / 1e9 for total, taken in runs]
row.figure("bytes in a replay", runs[0][0])
row.figure("replay, GB/s, of five", " ".join("%.2f" % r for r in rates))
row.check(quantile(rates, 0.5) > 1.0, "median over 1 GB/s")

newest = answer(sock, b"HISTORY made0 1000\n", rb"\nOK HISTORY made0\n$")
last = int(newest.splitlines()[-2].split()[3])
oldest = int(answer(sock, b"JOIN made0 1\n", rb"\nROOM made0 .*\n$")
             .splitlines()[3].split()[3])
row.figure("messages", last - oldest + 1)
row.check(last - oldest >= 1000000, "a million of them")
times = []
for _ in range(2000):
    before = random.randint(oldest + 100, last)
    begin = time.monotonic()
    page = answer(sock, b"HISTORY made0 50 %d\n" % before,
                  rb"\nOK HISTORY made0\n$")
    times.append((time.monotonic() - begin) * 1000)
    lines = page.splitlines()
    if len(lines) != 52 or int(lines[50].split()[3]) != before - 1:
        row.check(False, "a page before %d is right" % before)
        break
row.figure("HISTORY of 50, ms, p50", quantile(times, 0.5))
row.figure("HISTORY of 50, ms, p99", quantile(times, 0.99))
row.figure("HISTORY of 50, ms, longest", max(times))
row.at_most("HISTORY of 50, p99", quantile(times, 0.99), 2.0, "ms")
begin = time.monotonic()
found = answer(sock, b"SEARCH made0 50 no-such-word\n",
               rb"OK SEARCH made0 \d+\n$")
row.figure("SEARCH of 32 MiB that finds nothing, ms",
           (time.monotonic() - begin) * 1000)
server.stop()

# As many files as with segments of 16 MiB; a start reads the end of each room.
server = made(row.args.rooms, 10, 64)
begin = time.monotonic()
server.start()
taken = time.monotonic() - begin
row.at_most("cold start with %d rooms of 10 segments" % row.args.rooms,
            taken, 2.0, "s")
sock = connected(server, b"reader")
begin = time.monotonic()
answer(sock, b"JOIN made%d\n" % (row.args.rooms - 1), rb"OK JOIN")
row.figure("first JOIN, ms", (time.monotonic() - begin) * 1000)
row.figure("RSS", server.rss() / 1024, "MiB")
row.finish()
