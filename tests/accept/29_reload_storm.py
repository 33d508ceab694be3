#!/usr/bin/env python3
# 29_reload_storm.py -- a hundred reloads under load
#
# SPDX-License-Identifier: MIT
import signal
import time

from accept import Load, Row, Server, until

row = Row("29", "100 SIGHUPs in 10 s under load")
# Windows and tables of ids are full when the reloads begin, so growth is not
# theirs.
server = Server(row, {"rooms.window": 64, "rooms.repeat_ids": 100})
crowd = Load(row, server, "chat", rooms=20, members=20, senders=20, rate=10,
             time=22, ids=True)
row.check(until(lambda: server.descriptors() > 400), "400 members chat")
time.sleep(8)
server.kill(signal.SIGHUP)
time.sleep(0.5)
fds, threads, rss = server.descriptors(), server.threads(), server.rss()
for i in range(100):
    server.write_config(**{"limits.rooms_per_connection": 40 + i % 2})
    server.kill(signal.SIGHUP)
    time.sleep(0.1)
row.figure("descriptors", "%d, then %d" % (fds, server.descriptors()))
row.figure("threads", "%d, then %d" % (threads, server.threads()))
row.check(server.descriptors() == fds and server.threads() == threads,
          "descriptors and threads are as they were")
row.at_most("RSS growth", (server.rss() - rss) / 1024, 1.0, "MiB")
crowd.end()
crowd.good(row)
row.figure("p99", crowd["delivery_p99_us"] / 1000, "ms")
row.finish()
