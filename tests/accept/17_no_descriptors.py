#!/usr/bin/env python3
# 17_no_descriptors.py -- more connections than descriptors
#
# SPDX-License-Identifier: MIT
import resource
import socket
import time

from accept import Client, Load, Row, Server, until

row = Row("17", "100 descriptors, 200 connections",
          {"seconds": (20, "how long; the bound says 60")})
# Else those that have not logged in are refused long before.
server = Server(row, {"limits.unauthenticated": 1000}, nofile=100)
empty = server.descriptors()
bystanders = Load(row, server, "latency", measured=True, members=5, senders=1,
                  rate=50, time=row.args.seconds + 4)
row.check(until(lambda: server.descriptors() >= empty + 5),
          "bystanders are in")
time.sleep(0.5)
extra = []
for i in range(200):
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(("127.0.0.1", server.port))
    extra.append(sock)
time.sleep(1)
for i, sock in enumerate(extra):
    try:
        sock.send(b"HELLO extra%d\n" % i)
    except OSError:
        pass
before, lines, begin = server.cpu(), server.log().count("\n"), time.time()
time.sleep(row.args.seconds)
share = (server.cpu() - before) / (time.time() - begin) * 100
lines = server.log().count("\n") - lines
row.figure("descriptors", server.descriptors())
told, held = {}, 0
for sock in extra:
    try:
        text = sock.recv(4096).decode().split("\n")[0]
    except BlockingIOError:
        held += 1
        continue
    except OSError:
        text = "reset"
    told[text] = told.get(text, 0) + 1
for text in told:
    row.figure("first line", told[text], text)
row.figure("held without an answer", held)
for sock in extra:
    sock.close()
begin = time.monotonic()
Client(server.port, "late")
late = time.monotonic() - begin
bystanders.end()
bystanders.good(row, "bystanders")
row.at_most("CPU", share, 5.0, "%")
row.at_most("bystander p99", bystanders["delivery_p99_us"] / 1000, 10.0, "ms")
row.at_most("new client after release", late, 1.0, "s")
row.at_most("log lines a second", lines / row.args.seconds, 1.0)


# The limit falls while the server runs, so that accept(2) itself fails.
poor = Server(row, {"limits.unauthenticated": 1000})
early = Client(poor.port, "early")
resource.prlimit(poor.pid, resource.RLIMIT_NOFILE, (30, 30))
extra = []
for i in range(60):
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(("127.0.0.1", poor.port))
    extra.append(sock)
time.sleep(1)
before, lines = poor.cpu(), poor.log().count("\n")
time.sleep(5)
share = (poor.cpu() - before) / 5 * 100
lines = poor.log().count("\n") - lines
row.check(poor.descriptors() == 30, "all 30 descriptors are used")
row.check(early.ping() < 0.1, "who is in is answered")
for sock in extra:
    sock.close()
begin = time.monotonic()
Client(poor.port, "late")
row.at_most("accept fails: new client after release",
            time.monotonic() - begin, 1.0, "s")
row.at_most("accept fails: CPU", share, 5.0, "%")
row.at_most("accept fails: log lines in 5 s", lines, 6)
row.finish()
