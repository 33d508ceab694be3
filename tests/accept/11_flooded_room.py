#!/usr/bin/env python3
# 11_flooded_room.py -- one room at saturation, and what the others notice
#
# SPDX-License-Identifier: MIT
from accept import Load, Row, Server, load

row = Row("11", "one room flooded: delays in ten others")
server = Server(row)
others = {"rooms": 10, "members": 10, "senders": 1, "rate": 20}
quiet = load(row, server, "latency", time=5, room="other", **others,
             measured=True)
flood = Load(row, server, "fanout", room="flood", members=100, senders=4,
             time=14)
beside = load(row, server, "latency", time=8, room="beside", **others,
              measured=True)
flood.end()
flood.good(row, "flooded room")
beside.good(row, "other rooms")
row.figure("flood, deliveries/s", flood["deliveries_per_s"])
row.figure("flood, server CPU", flood["server_cpu_percent"], "%")
row.figure("other rooms' p99, nothing else", quiet["delivery_p99_us"] / 1000,
           "ms")
row.figure("other rooms' p50, flood beside", beside["delivery_p50_us"] / 1000,
           "ms")
row.figure("other rooms' max, flood beside", beside["delivery_max_us"] / 1000,
           "ms")
row.at_most("other rooms' p99", beside["delivery_p99_us"] / 1000, 10.0, "ms")
row.finish()
