#!/usr/bin/env python3
# 10_slow_readers.py -- hundreds stop reading at once
#
# SPDX-License-Identifier: MIT
from accept import Row, Server, load, private_network

private_network(tcp_wmem="4096 16384 16384")
row = Row("10", "500 of 600 stop reading at once")
server = Server(row)
room = {"members": 600, "senders": 1, "rate": 100, "bytes": 3000, "stop": 500,
        "stop_after": 1, "rcvbuf": 4096, "sample": 1}
quiet = load(row, server, "latency", members=600, rate=100, bytes=3000,
             time=5, room="quiet")
# They read again when the last message is out, to get all that they missed.
run = load(row, server, "slow", time=12, resume_after=99, **room)
run.good(row)
again = load(row, server, "slow", time=14, resume_after=12, room="again",
             **room)
again.good(row, "and when all 500 catch up at once")
row.figure("p99 when all 600 read", quiet["delivery_p99_us"] / 1000, "ms")
row.figure("healthy p99 with the catching up",
           again["delivery_p99_us"] / 1000, "ms")
growth = (run["server_rss_kib_end"] - run["server_rss_kib_entered"]) / 1024
row.figure("RSS with all inside", run["server_rss_kib_entered"] / 1024, "MiB")
row.figure("healthy p50", run["delivery_p50_us"] / 1000, "ms")
row.check(run["gaps"] == 0 and
          run["slow_deliveries"] == 500 * run["messages"],
          "each of 500 got all of %d lines" % run["messages"])
# One window of 1 MiB, a pass, a begun line of 3 kB for each, and the slices
# that are under way.
row.at_most("RSS growth", growth, 1 + 1 + 500 * 4 / 1024 + 2, "MiB")
row.at_most("healthy p99", run["delivery_p99_us"] / 1000, 20.0, "ms")
row.check(run["closed"] == 0, "nobody was dropped")
row.finish()
