#!/usr/bin/env python3
# 00_generator.py -- the load generator notices each broken promise
#
# SPDX-License-Identifier: MIT
import subprocess

from accept import Row
from fake_peers import PEER_FAULTS, PEERS
from fake_server import FAULTS, RESUME_FAULTS, FakeServer

row = Row("0", "vcrp-bench against a server that breaks its promises once")
program = row.program("vcrp-bench")


FANOUT = ("fanout", "--rooms", "2", "--members", "8", "--senders", "3",
          "--count", "700")
# 2 rooms of 12 and 6 members, of whom 3 and 2 speak
MIXED = ("mixed", "--rooms", "2", "--members", "18", "--share", "0.25",
         "--count", "700")
# Four that stay, four that come and go, 0.3 seconds each way
CHURN = ("churn", "--members", "4", "--senders", "2", "--rate", "500",
         "--pool", "4", "--churn", "100", "--time", "0.3")


def run(fault, load=(*FANOUT, "--ids"), kind=FakeServer):
    server = kind(fault)
    server.start()
    return subprocess.run(
        [program, *load, "--port", str(server.port), "--patience", "1"],
        capture_output=True, text=True, check=False)


result = run(None)
row.check(result.returncode == 0 and "deliveries 33600\n" in result.stdout,
          "nothing is found where nothing is wrong")
for fault in FAULTS:
    result = run(fault)
    if fault == "gap":
        row.check(result.returncode == 0 and "missed 1\n" in result.stdout,
                  "a GAP is counted")
    else:
        row.check(result.returncode == 1, "%s: %s" % (
            fault, result.stderr.split("\n")[0][:60]))
result = run(None, MIXED)
row.check(result.returncode == 0 and "deliveries 33600\n" in result.stdout and
          "largest_room_members 12\n" in result.stdout,
          "rooms of unequal sizes: nothing is found")
result = run("hole", MIXED)
row.check(result.returncode == 1, "a hole there: %s" %
          result.stderr.split("\n")[0][:60])
for more in (), ("--reset",), ("--leave",), ("--churn-rooms", "2"):
    result = run(None, CHURN + more)
    row.check(result.returncode == 0 and "\nreconnects " in result.stdout,
              "churn %s: nothing is found" % "".join(more))
for fault in RESUME_FAULTS:
    more = ("--leave",) if fault == "no end" else ()
    result = run(fault, CHURN + more)
    row.check(result.returncode == 1, "%s: %s" % (
        fault, result.stderr.split("\n")[0][:60]))
for name, kind in PEERS.items():
    load = (*FANOUT, "--protocol", name)
    result = run(None, load, kind)
    row.check(result.returncode == 0 and "deliveries %d\n" % (
        4200 * (7 + kind.echo)) in result.stdout, "%s: nothing is found" % name)
    for fault in PEER_FAULTS:
        result = run(fault, load, kind)
        row.check(result.returncode == 1, "%s, %s: %s" % (
            name, fault, result.stderr.split("\n")[0][:60]))
row.finish()
