#!/usr/bin/env python3
# 03_power_cut_default.py -- the power is cut under fsync = "interval", "never"
#
# SPDX-License-Identifier: MIT
"""With "interval" only what was said last is lost, and within the interval;
with "never" anything may be, but the server begins unaided and serves what is
there, and gives no number twice."""
from accept import Row
from power import cuts

row = Row("3", "power cuts, by default: what is lost is what was said last",
          {"runs": (30, "cuts under interval"),
           "never": (15, "cuts under never"), "seed": (1, "of chance")})
# A round of the keeper comes a second after the last one ended, and takes
# its own time on a busy machine.
LATE = 0.5

# Without DELETE, which syncs, and with files that are not changed.
fate = cuts(row, "interval", row.args.runs, 0, 3.0,
            {"rooms.linger": 1}, (5, 5, 0))
row.check(fate.lost > 0, "interval: something was lost, so it was tried")
row.check(fate.suffix, "interval: in each room it is what was said last")
row.at_most("interval: the oldest was heard so long before the cut",
            fate.oldest, 1.0 + LATE, "s")
cuts(row, "never", row.args.never, 0, 2.0)
row.finish()
