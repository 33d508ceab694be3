#!/usr/bin/env python3
# slow_member.py -- one of a hundred stops reading in a room at full speed
#
# SPDX-License-Identifier: MIT
from accept import Row, Server, load

row = Row("slow_member", "1 of 100 stops reading at full speed")
server = Server(row)
run = load(row, server, "slow", members=100, senders=1, stop=1, stop_after=4,
           resume_after=8, time=12)
run.good(row)
for when in "before", "while", "after":
    row.figure("others' deliveries/s, %s the stop" % when,
               run["%s_stop_others_deliveries_per_s" % when])
row.figure("messages", run["messages"])
row.figure("lines the slow one got", run["slow_deliveries"])
row.figure("lines it was told of by GAP", run["missed"])
row.check(run["slow_deliveries"] == run["messages"] and run["gaps"] == 0,
          "it got all, without a GAP")
ratio = (run["while_stop_others_deliveries_per_s"] /
         max(1, run["before_stop_others_deliveries_per_s"]))
row.check(ratio >= 0.8, "others go on at %.2f of their rate" % ratio)
growth = (run["server_rss_kib_end"] - run["server_rss_kib_entered"]) / 1024
row.at_most("RSS growth", growth, 3.0, "MiB")
row.finish()
