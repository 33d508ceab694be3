#!/usr/bin/env python3
# idle_memory.py -- what an idle connection and an idle room cost
#
# SPDX-License-Identifier: MIT
"""Several servers hold different numbers of connections and rooms; the costs
of one each are what fits all of them best (least squares). One more holds as
many rooms as connections, each with its thread and its log."""
import re
import time

from accept import Load, Row, Server

row = Row("idle_memory", "Pss of a server with idle members",
          {"rooms": (10000, "live at once, of one member each")})
REST = 10
SHAPES = ((5000, 50), (5000, 250), (5000, 500), (10000, 250), (10000, 1000))
KERNEL = ("Slab", "KernelStack", "PageTables")


def kernel():
    with open("/proc/meminfo", encoding="ascii") as f:
        text = f.read()
    return {name: int(re.search(r"^%s:\s+(\d+)" % name, text, re.M).group(1))
            for name in KERNEL}


def measure(members, rooms):
    server = Server(row)
    empty, kernel_empty = server.pss(), kernel()
    crowd = Load(row, server, "idle", rooms=rooms, members=members // rooms,
                 time=600)
    crowd.until("ready")
    pss, kernel_full = server.pss() - empty, kernel()
    crowd.tell()
    crowd.end().good(row, "%d in %d" % (members, rooms))
    server.stop()
    print("   %6d members %5d rooms: empty %d, Pss +%d KiB; kernel, both"
          " ends: %s KiB" % (members, rooms, empty, pss, ", ".join(
              "%s +%d" % (name, kernel_full[name] - kernel_empty[name])
              for name in KERNEL)), flush=True)
    return pss


def fit(points):
    """x and y of members * x + rooms * y = pss, by the normal equations."""
    a = sum(m * m for m, r, p in points)
    b = sum(m * r for m, r, p in points)
    c = sum(r * r for m, r, p in points)
    d = sum(m * p for m, r, p in points)
    e = sum(r * p for m, r, p in points)
    det = a * c - b * b
    return (d * c - b * e) / det, (a * e - b * d) / det


def at_rest(rooms):
    server = Server(row, {"rooms.max": rooms})
    crowd = Load(row, server, "idle", rooms=rooms, members=1, at_once=500,
                 time=600)
    inside = crowd.until("ready")
    row.check(inside == rooms, "%d of %d came in" % (inside, rooms))
    begun = server.threads()
    before, begin = server.cpu(), time.monotonic()
    time.sleep(REST)
    share = (server.cpu() - before) / (time.monotonic() - begin)
    rss = server.rss() / 1024
    row.check(server.threads() == begun > rooms, "%d threads" % begun)
    row.figure("descriptors", server.descriptors())
    crowd.tell()
    crowd.end().good(row, "%d rooms" % rooms)
    row.check(crowd["alive"] == rooms, "%d answer" % crowd["alive"])
    server.stop()
    row.at_most("RSS of all", rss, 400.0, "MiB")
    row.at_most("CPU at rest", share * 100, 0.5, "% of a core")


points = [(m, r, measure(m, r)) for m, r in SHAPES]
member, room = fit(points)
worst = max(abs(p - m * member - r * room) for m, r, p in points)
row.figure("largest difference from the fit", worst, "KiB")
row.at_most("a connection", member * 1024, 850.0, "bytes")
row.at_most("a room and its thread", room, 24.0, "KiB")
at_rest(row.args.rooms)
row.finish()
