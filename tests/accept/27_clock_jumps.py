#!/usr/bin/env python3
# 27_clock_jumps.py -- the wall clock is set, forth and back
#
# SPDX-License-Identifier: MIT
"""The server runs with libfaketime, whose offset stands in a file; the
monotonic clock is left as it is, since that one never jumps."""
import glob
import os
import re
import time

from accept import Client, Load, Row, Server, administrator, until
from crowd import Crowd, Writer, judge

row = Row("27", "clock +1 h, -2 h, +1 d, and 1 s back 100 times; a year "
          "between two lives")
libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
if not libraries:
    row.check(False, "libfaketime is here (package faketime)")
    row.finish()
offset = os.path.join(row.dir, "offset")


def set_clock(seconds):
    with open(offset + ".new", "w", encoding="ascii") as f:
        f.write("%+d\n" % seconds)
    os.rename(offset + ".new", offset)


set_clock(0)
FAKE = {"LD_PRELOAD": libraries[0], "FAKETIME_TIMESTAMP_FILE": offset,
        "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1"}
# The file of the offset is to be in the server's reach.
server = Server(row, {"rooms.linger": 1, "limits.idle_timeout": 600,
                      "storage.backups": row.dir}, env=FAKE)
alice = Client(server.port, "alice", key="a" * 30)
last = alice.join("lobby")
seen = []


def say():
    global last
    alice.send("SAY lobby hello")
    _, _, number, stamp, _ = alice.until("MSG lobby").split()[:5]
    seen.append(int(stamp) / 1000 - time.time())
    row_number = int(number)
    if row_number != last + 1:
        row.check(False, "%d follows %d" % (row_number, last))
    last = row_number


crowd = Load(row, server, "chat", rooms=5, members=6, senders=6, rate=5,
             time=15)
row.check(until(lambda: server.descriptors() > 35), "30 members chat")
begin, jumps = time.time(), []
say()
for jump in (3600, -7200 + 3600, 86400 - 3600):
    set_clock(jump)
    for _ in range(20):
        say()
    jumps.append(round(seen[-1]))
# What a guest says is never older than its login, so the second may be 0.
row.check(jumps in ([3600, 0, 82800], [3600, -3600, 82800]),
          "the server saw the clock jump: %s" % jumps)
for back in range(100):
    set_clock(82800 - back)
    say()
# A room that ends and begins anew while the clock is behind.
highest = {}
for name in ("brief", "brief2"):
    alice.join(name)
    alice.send("SAY %s first life" % name)
    highest[name] = int(alice.until("MSG %s" % name).split()[2])
    alice.send("LEAVE %s" % name)
    alice.until("OK LEAVE")
base = server.threads()
until(lambda: server.threads() <= base - 2, 5)
set_clock(-7200)
say()
for name, number in highest.items():
    again = alice.join(name)
    row.check(again >= number, "%s begins its second life at %d, after %d" % (
        name, again, number))
# Login, ping and timers go on while the clock is behind.
row.at_most("login after the jumps", 1000 * Client(server.port, "bob").ping(),
            100.0, "ms")
crowd.end()
crowd.good(row, "chat through all jumps")
row.check(crowd["closed"] == 0, "nobody was dropped")
stats = administrator(server)
stats.send("STATS")
lines = []
stats.until("OK STATS", lines)
for line in lines:
    if re.search("uptime", line):
        row.figure("STATS", line)
server.stop()

# Each life has another clock; what was said and what numbers were given are
# those of all lives. A new room each time, too, and one without a log.
server = Server(row, {"rooms.linger": 0, "storage.backups": row.dir}, env=FAKE,
                started=False)
crowd, told = Crowd(seed=1), {}
crowd.writers(6, 2, pace=0.01)
YEAR = 365 * 86400
for life, jump in enumerate((0, YEAR, -YEAR, 60, -60, YEAR, 0)):
    set_clock(jump)
    server.start()
    crowd.add(Writer(crowd.truth, "new%d" % life, "new-%d" % life, pace=0.01,
                     chance=crowd.chance))
    crowd.connect(server.port)
    crowd.run(0.7)
    root = administrator(server)
    numbers = [root.join("short-lived")]
    for line in ("SET short-lived ephemeral on", "SAY short-lived once"):
        root.send(line)
        numbers.append(int(root.until("(SET|MSG) short").split()[2]))
    row.check(numbers[-1] > told.get("high", 0), "life %d, clock %+d: an "
              "ephemeral room goes on at %d" % (life, jump, numbers[-1]))
    told["high"] = numbers[-1]
    if life % 2:
        server.crash()
    else:
        server.stop()
    crowd.drain()
set_clock(0)
server.start()
crowd.connect(server.port)
crowd.settle()
crowd.close()
total, missing = judge(crowd.truth, server.port, crowd.people)
for fault in crowd.truth.faults[:10]:
    print("   " + fault)
row.check(not crowd.truth.faults and not missing, "%d messages in 7 lives: "
          "no number twice, none missing" % crowd.acked())
row.finish()
