#!/usr/bin/env python3
# history_cost.py -- fan-out with history and without, in alternation
#
# SPDX-License-Identifier: MIT
from accept import Row, Server, administrator, load, quantile

row = Row("history_cost", "fan-out with history at 90 % of that without",
          {"rounds": (5, "alternations"), "time": (5, "seconds of each")})
shape = {"members": 100, "senders": 10, "rooms": 1}


def without_history(server):
    """Rooms whose names begin with `off`."""
    admin = administrator(server)
    admin.join("off0")
    admin.send("SET off0 ephemeral on")
    admin.until("OK SET")
    admin.close()


def measure(server, room):
    run = load(row, server, "fanout", room=room, time=row.args.time, **shape)
    if run.status != 0:
        run.good(row, room)
    return (run["deliveries_per_s"] / 1e6,
            run["server_cpu_us_per_delivery"])


servers = {policy: Server(row, {"storage.fsync": policy})
           for policy in ("interval", "always", "never")}
without_history(servers["interval"])
cases = {"off": (servers["interval"], "off"),
         "interval": (servers["interval"], "on"),
         "always": (servers["always"], "on"),
         "never": (servers["never"], "on")}
rates = {case: [] for case in cases}
cpu = {case: [] for case in cases}
for _ in range(row.args.rounds):
    for case, (server, room) in cases.items():
        rate, used = measure(server, room)
        rates[case].append(rate)
        cpu[case].append(used)
for case in cases:
    row.figure("history %s: M deliveries/s" % case,
               " ".join("%.1f" % r for r in rates[case]))
    row.figure("history %s: median, CPU us a delivery" % case,
               "%.2f %.4f" % (quantile(rates[case], 0.5),
                              quantile(cpu[case], 0.5)))
for case in "interval", "always", "never":
    row.figure("ratio %s / off, of medians" % case,
               quantile(rates[case], 0.5) / quantile(rates["off"], 0.5))
ratio = quantile(rates["interval"], 0.5) / quantile(rates["off"], 0.5)
row.check(ratio >= 0.9, "with fsync = interval: %.2f of off" % ratio)
row.finish()
