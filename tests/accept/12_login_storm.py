#!/usr/bin/env python3
# 12_login_storm.py -- ten thousand connect, log in and enter at once, twice
#
# SPDX-License-Identifier: MIT
from accept import Row, Server, load, until

row = Row("12", "10,000 connect and log in; RST to all; again",
          {"at-once": (500, "logins under way")})
server = Server(row)
empty = server.rss()
run = load(row, server, "storm", rooms=100, members=100, rounds=2, reset=True,
           at_once=row.args.at_once)
for n in 1, 2:
    inside = run["round%d_members" % n]
    row.check(inside == 10000, "round %d: %d of 10,000" % (n, inside))
    row.at_most("round %d" % n, run["round%d_seconds" % n], 3.0, "s")
    row.figure("login p50", run["round%d_login_p50_us" % n] / 1000, "ms")
    row.at_most("login p99", run["round%d_login_p99_us" % n] / 1000, 500.0,
                "ms")
per_head = (run["server_rss_kib_round1"] - empty) / 10000
row.at_most("RSS a connection, its rooms' share with it", per_head, 8.0, "KiB")
row.at_most("RSS after the second to that after the first",
            run["server_rss_kib_round2"] / run["server_rss_kib_round1"], 1.05)
base = 32
row.check(until(lambda: server.descriptors() < base),
          "descriptors are given back")
row.figure("RSS when all are gone", server.rss(), "KiB")
row.figure("server CPU a login", run["server_cpu_s_round2"] * 1e6 / 20000,
           "us")
row.finish()
