#!/usr/bin/env python3
# 02_power_cut.py -- the power is cut under fsync = "always"
#
# SPDX-License-Identifier: MIT
"""Nothing that was heard is lost, and no number is given twice; a room goes on
behind a GAP of numbers that nobody was told. The rate of group commits is
measured with the real server and the disk that is there."""
from accept import Row, Server, load
from power import cuts

row = Row("2", "power cuts, fsync = always: nothing acknowledged is lost",
          {"runs": (50, "cuts"), "seed": (1, "of chance"),
           "messages": (1000, "acknowledged before each, at least")})


def rate(sync):
    server = Server(row, {"storage.fsync": sync})
    run = load(row, server, "fanout", rooms=5, members=4, senders=4,
               window=32, time=5)
    run.good(row, "fanout, " + sync)
    server.stop()
    row.figure(sync + ": acknowledged messages a second",
               run["messages_per_s"])
    return run["messages_per_s"]


fate = cuts(row, "always", row.args.runs, row.args.messages, 0.3)
row.check(fate.lost == 0, "always: lost %d is 0" % fate.lost)
said = rate("always")
row.check(said >= 5000, "group commit: %.0f >= 5000 acknowledged messages a "
          "second" % said)
rate("interval")
row.finish()
