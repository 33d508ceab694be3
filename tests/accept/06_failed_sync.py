#!/usr/bin/env python3
# 06_failed_sync.py -- one sync of one room's log fails, once
#
# SPDX-License-Identifier: MIT
"""From then on nothing is acknowledged in that room until an administrator
says RETRY or the server begins again; the file is not synced again, since the
kernel may have dropped what it could not write; other rooms notice nothing."""
import os
import time

from accept import Client, Row, Server, administrator
from crowd import Crowd, judge
import logs

row = Row("6", "a failed sync: nothing is acknowledged after it")


def stat(admin, name):
    lines = []
    admin.send("STATS")
    admin.until("OK STATS", lines)
    return [int(line.split()[2]) for line in lines
            if line.startswith("STAT %s " % name)][0]


class Faults:
    def __init__(self, server):
        self.path = server.env["VCRP_FAULT_FILE"]

    def set(self, rules):
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write(rules)
        os.rename(self.path + ".new", self.path)


def acked(crowd, room):
    return sum(1 for where, _ in crowd.truth.acked.values() if where == room)


def scenario(policy, again):
    name = "%s, %s" % (policy, again)
    server = Server(row, {"storage.fsync": policy}, started=False,
                    program="tests/vcrpd-faulty")
    server.env["VCRP_FAULT_FILE"] = os.path.join(server.dir, "faults")
    faults = Faults(server)
    server.start()
    admin = administrator(server)
    crowd = Crowd(seed=1)
    crowd.writers(6, 2, pace=0.01, mix=(5, 5, 0))
    truth = crowd.truth
    crowd.connect(server.port)
    crowd.run(1)
    path = logs.directory(server.data, "room0")
    segment = logs.segments(path)[-1]
    where = os.path.join(os.path.basename(path), os.path.basename(segment))
    failures = stat(admin, "storage_failures")
    faults.set("sync:EIO:n=1:path=" + where)
    row.check(crowd.run(10, lambda: truth.errors.get("storage-full")),
              name + ": the sync fails, and it is said")
    # Should anybody sync that file again, it fails again, and is counted.
    faults.set("sync:EIO:from=1:path=" + where)
    crowd.run(0.1)
    zero, one, begin = (acked(crowd, b"room0"), acked(crowd, b"room1"),
                        time.monotonic())
    crowd.run(3)
    row.check(acked(crowd, b"room0") == zero,
              "%s: acknowledged in that room afterwards %d is 0" % (
                  name, acked(crowd, b"room0") - zero))
    rate = (acked(crowd, b"room1") - one) / (time.monotonic() - begin)
    row.check(rate > 50, "%s: the other room goes on, %.0f a second" % (
        name, rate))
    row.check(stat(admin, "storage_failures") == failures + 1,
              name + ": the file is not synced again")
    row.check(stat(admin, "storage_failed_rooms") == 1,
              name + ": STATS tells of the room")
    row.check(os.path.basename(segment) in server.log() or
              "room0" in server.log(), name + ": the log names it")
    reader = Client(server.port, "reader")
    reader.send("JOIN room0 0")
    last = int(reader.until("OK JOIN").split()[-1])
    reader.until("[A-Z]+ room0 %d" % last)
    row.check(True, name + ": it can be read")
    faults.set("")
    crowd.run(0.5)
    row.check(acked(crowd, b"room0") == zero,
              name + ": nor when the disk is well again, by itself")
    if again == "RETRY":
        admin.send("RETRY room0")
        row.check(admin.until("(OK|ERR) ").startswith("OK"), "OK RETRY")
    else:
        status = server.stop()
        row.check(status == 0, "%s: ends with %s" % (name, status))
        crowd.drain()
        server.start()
        crowd.connect(server.port)
    begin = time.monotonic()
    row.check(crowd.run(5, lambda: acked(crowd, b"room0") > zero),
              "%s: it stores again, after %.2f s" % (
                  name, time.monotonic() - begin))
    crowd.run(0.5)
    crowd.settle()
    crowd.close()
    for life in "this life", "the next":
        total, missing = judge(truth, server.port, crowd.people,
                               ordered=False)
        row.check(not missing, "%s: in %s, acknowledged and missing %d is 0"
                  % (name, life, len(missing)))
        if life == "this life":
            server.crash()
            server.start()
    for fault in truth.faults[:5]:
        print("   " + fault)
    row.check(not truth.faults, name + ": nothing doubled, no hole")
    status = server.stop()
    row.check(status == 0, "%s: ends with %s" % (name, status))
    bad = logs.check(server.data)[1]
    row.check(not bad, "%s: files are good %s" % (name, bad[:3]))


for each in "always", "interval":
    for how in "RETRY", "another life":
        scenario(each, how)
row.finish()
