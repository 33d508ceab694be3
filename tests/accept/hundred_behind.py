#!/usr/bin/env python3
# hundred_behind.py -- a hundred stop for ten seconds in a room at full speed
#
# SPDX-License-Identifier: MIT
"""The hundred have a load of their own with the least priority, so that what
they cost the machine that is not the server's does not count against it. When
the others have ended they go on until all of them have everything."""
import os
import time

from accept import Load, Row, Server, administrator

row = Row("hundred_behind", "100 stop for 10 s and catch up without a GAP, "
          "others at 80 % of their rate", {"bytes": (32, "of a text")})
SOONER, STOP, AFTER = 4, 10, 6
server = Server(row)
behind = Load(row, server, "slow", room="full", nick="B", members=101,
              senders=1, rate=2, stop=100, stop_after=SOONER + 1,
              resume_after=SOONER + 1 + STOP, time=SOONER + STOP + AFTER + 2,
              bytes=row.args.bytes, patience=60)
os.setpriority(os.PRIO_PROCESS, behind.process.pid, 19)
time.sleep(1)
others = Load(row, server, "fanout", room="full", nick="A", members=50,
              senders=10, bytes=row.args.bytes, time=SOONER + STOP + AFTER)


def stats():
    admin.send("STATS")
    lines = []
    admin.until("OK STATS", lines)
    return {line.split()[1]: int(line.split()[2]) for line in lines
            if line.split()[2].isdigit()}


def rate(seconds):
    begin, first = time.monotonic(), stats()["room_events"]
    time.sleep(seconds)
    return (stats()["room_events"] - first) / (time.monotonic() - begin)


admin = administrator(server)
time.sleep(1)
before = rate(SOONER - 2)
time.sleep(2)
stopped = rate(STOP - 3)
rss = server.rss()
time.sleep(2)
while_behind = rate(AFTER - 2)
row.figure("messages/s: all read, 100 stopped, 100 catch up",
           "%.0f %.0f %.0f" % (before, stopped, while_behind))
others.end()
others.good(row, "the others")
begin = time.monotonic()
behind.end()
behind.good(row, "the hundred")
row.figure("messages", others["messages"])
row.figure("the hundred had all s after the last was said",
           time.monotonic() - begin)
row.figure("slices of the log", stats()["slices"])
row.check(behind["gaps"] == 0 and stats()["room_gaps"] == 0, "no GAP")
row.check(while_behind >= 0.8 * before,
          "others go on at %.2f of their rate" % (while_behind / before))
row.at_most("RSS while 100 were stopped", rss / 1024, 40.0, "MiB")
row.at_most("RSS at the end", server.rss() / 1024, 40.0, "MiB")
row.finish()
