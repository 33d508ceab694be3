#!/usr/bin/env python3
# 25_address_cap.py -- one address takes all it can get, another is unhurt
#
# SPDX-License-Identifier: MIT
import socket
import time

from accept import Client, Load, Row, Server, quantile

row = Row("25", "200 connections from 127.0.0.2 over a cap of 16")
server = Server(row, {"limits.loopback_trusted": False, "limits.address": 16,
                      "limits.arrivals": 0})
users = Load(row, server, "latency", measured=True, host="127.0.0.1",
             members=10, senders=1, rate=100, time=6, **{"from": "127.0.0.3"})
first = Client(server.port, "user", from_address="127.0.0.3")
kept, told, delays = [], {}, []
for i in range(200):
    begin = time.monotonic()
    sock = socket.create_connection(("127.0.0.1", server.port), 10,
                                    ("127.0.0.2", 0))
    sock.settimeout(10)
    try:
        sock.sendall(b"HELLO many%d\n" % i)
        text = b""
        while b"OK HELLO" not in text:
            data = sock.recv(4096)
            if not data:
                break
            text += data
    except OSError:
        data, text = b"", b"reset without a word\n"
    if data:
        kept.append(sock)
        continue
    delays.append(time.monotonic() - begin)
    line = text.decode().strip().split("\n")[-1]
    told[line] = told.get(line, 0) + 1
    sock.close()
for line in told:
    row.figure("told", told[line], line)
logins = []
for i in range(5):
    begin = time.monotonic()
    Client(server.port, "fresh%d" % i, from_address="127.0.0.3").close()
    logins.append(time.monotonic() - begin)
users.end()
users.good(row, "users of 127.0.0.3")
row.check(len(kept) == 16, "%d of 127.0.0.2 are in" % len(kept))
row.check(all("too-many" in line for line in told),
          "the others are told why")
row.at_most("told and closed, slowest", max(delays, default=9.0) * 1000, 100.0,
            "ms")
row.at_most("login from 127.0.0.3, slowest", quantile(logins, 1) * 1000, 100.0,
            "ms")
row.figure("p99 of users of 127.0.0.3", users["delivery_p99_us"] / 1000, "ms")
kept.pop().close()
begin = time.monotonic()
while True:
    try:
        Client(server.port, "again", from_address="127.0.0.2")
        break
    except (EOFError, ValueError, OSError):
        if time.monotonic() - begin > 5:
            break
row.at_most("a place given back is free", time.monotonic() - begin, 1.0, "s")
row.finish()
