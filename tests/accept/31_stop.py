#!/usr/bin/env python3
# 31_stop.py -- SIGTERM with ten thousand connections
#
# SPDX-License-Identifier: MIT
"""A small room speaks all the time until the server goes: what its speaker
got back must be with every member when the connections end."""
import re
import signal
import threading
import time

from accept import Client, Load, Row, Server

row = Row("31", "SIGTERM with 10,000 connections")
server = Server(row)
crowd = Load(row, server, "idle", rooms=100, members=100, at_once=500,
             time=600)
row.check(crowd.until("ready") == 10000, "10,000 are in")
members = [Client(server.port, "m%d" % i) for i in range(10)]
for member in members:
    member.join("small")
heard = [[] for _ in members]
ends = [None] * len(members)


def live(i):
    me, count = members[i], 0
    while True:
        if i == 0:
            count += 1
            try:
                me.send("SAY small %d" % count)
            except OSError:
                pass
        line = me.line()
        if line is None:
            return
        found = re.match(r"MSG small \d+ \d+ ~m0 (\d+)$", line)
        if found:
            heard[i].append(int(found.group(1)))
        elif "BYE" in line:
            ends[i] = line


threads = [threading.Thread(target=live, args=(i,))
           for i in range(len(members))]
for thread in threads:
    thread.start()
time.sleep(1)
begin = time.monotonic()
server.kill(signal.SIGTERM)
status = server.process.wait(30)
seconds = time.monotonic() - begin
for thread in threads:
    thread.join()
crowd.end()
row.check(status == 0, "exit status %s is 0" % status)
row.at_most("from SIGTERM to the end", seconds, 2.0, "s")
row.check(crowd["byes"] == 10000, "%d of 10,000 were told why" %
          crowd["byes"])
row.check(all(ends), "the last line, to all: %s" % ends[0])
acked = heard[0]
row.check(acked == list(range(1, len(acked) + 1)), "%d echoes in order" %
          len(acked))
row.check(all(h == acked[:len(h)] and len(h) >= len(acked) for h in heard) or
          all(h[:len(acked)] == acked for h in heard),
          "whatever was echoed has reached all: %s" % sorted(map(len, heard)))
row.finish()
