#!/usr/bin/env python3
# 13_many_idle.py -- as many idle members as descriptors allow
#
# SPDX-License-Identifier: MIT
import time

from accept import Load, Row, Server

row = Row("13", "19,000 idle members",
          {"minutes": (1.0, "how long they keep still; the bound says 10")})
server = Server(row)
crowd = Load(row, server, "idle", rooms=950, members=20, at_once=500,
             time=3600)
inside = crowd.until("ready")
row.check(inside == 19000, "%d of 19,000 came in" % inside)
before = server.cpu()
time.sleep(row.args.minutes * 60)
share = (server.cpu() - before) / (row.args.minutes * 60)
rss = server.rss() / 1024
crowd.tell()
crowd.end().good(row)
row.check(crowd["alive"] == 19000, "%d answer in the end" % crowd["alive"])
row.at_most("CPU", share * 100, 1.0, "%")
row.at_most("RSS", rss, 160.0, "MiB")
row.figure("threads", server.threads())
row.finish()
