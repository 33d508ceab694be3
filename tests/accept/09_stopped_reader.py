#!/usr/bin/env python3
# 09_stopped_reader.py -- one member of a small room stops reading
#
# SPDX-License-Identifier: MIT
from accept import Row, Server, load, private_network, quantile

private_network(tcp_wmem="4096 16384 16384")
row = Row("9", "1 of 50 stops reading at 1,000 messages/s, 16 kB send buffers",
          {"pairs": (3, "runs with and without")})
server = Server(row)
room = {"members": 50, "rate": 1000, "senders": 1}
alone, beside = [], []
for i in range(row.args.pairs):
    quiet = load(row, server, "latency", time=6, room="quiet%dx" % i,
                 sample=1, **room)
    slow = load(row, server, "slow", time=16, stop=1, stop_after=1,
                resume_after=13, rcvbuf=4096, room="slow%dx" % i, sample=1,
                **room)
    quiet.good(row, "room of readers")
    slow.good(row, "room with one that stops")
    alone.append(quiet["delivery_p99_us"] / 1000)
    beside.append(slow["delivery_p99_us"] / 1000)
    row.check(slow["gaps"] == 0 and
              slow["slow_deliveries"] == slow["messages"],
              "it got all of %d lines, from the log" % slow["messages"])
    row.at_most("RSS growth", (slow["server_rss_kib_end"] -
                               slow["server_rss_kib_entered"]) / 1024, 2.0,
                "MiB")
row.figure("bystander p99, all read", quantile(alone, 0.5), "ms")
row.figure("bystander p99, one stopped", quantile(beside, 0.5), "ms")
row.figure("deliveries/s", slow["deliveries_per_s"])
row.at_most("bystander p99", quantile(beside, 0.5), 5.0, "ms")
# Below a tenth of a millisecond it is the machine that is measured.
row.at_most("and with the stopped one", quantile(beside, 0.5),
            1.2 * quantile(alone, 0.5) + 0.1, "ms")
row.finish()
