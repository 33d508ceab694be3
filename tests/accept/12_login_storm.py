#!/usr/bin/env python3
# 12_login_storm.py -- ten thousand connect, log in and enter at once, twice
#
# SPDX-License-Identifier: MIT
from accept import Row, Server, load, until

row = Row("12", "10,000 connect and log in; RST to all; again",
          {"at-once": (500, "logins under way")})
server = Server(row)
empty = server.rss()
fds, rss = server.descriptors(), []


def storm(name, **shape):
    before = server.cpu()
    run = load(row, server, "storm", rounds=1, reset=True,
               at_once=row.args.at_once, **shape)
    inside = run["round1_members"]
    row.check(inside == 10000, "%s: %d of 10,000" % (name, inside))
    row.figure("login p50", run["round1_login_p50_us"] / 1000, "ms")
    row.at_most(name, run["round1_seconds"], 3.0, "s")
    row.at_most("login p99", run["round1_login_p99_us"] / 1000, 500.0, "ms")
    row.figure("server CPU a login and its end", (server.cpu() - before) *
               1e6 / 10000, "us")
    row.check(until(lambda: server.descriptors() == fds),
              "descriptors are given back")
    rss.append((run["server_rss_kib_round1"], server.rss()))


storm("100 rooms of 100", rooms=100, members=100)
storm("and again", rooms=100, members=100)
row.at_most("RSS a connection, its rooms' share with it",
            (rss[0][0] - empty) / 10000, 8.0, "KiB")
row.at_most("RSS after the second to that after the first",
            rss[1][1] / rss[0][1], 1.05)
# Up to rooms.presence_limit members everybody is told of everybody else.
storm("10 rooms of 1,000", rooms=10, members=1000, room="large")
storm("no rooms", rooms=0, members=10000)
row.figure("RSS when all are gone", server.rss(), "KiB")
row.finish()
