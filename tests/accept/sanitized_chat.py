#!/usr/bin/env python3
# sanitized_chat.py -- 2,000 members chat with servers built with sanitizers
#
# SPDX-License-Identifier: MIT
import os
import subprocess
import time

from accept import TOP, Load, Row, Server, until

row = Row("sanitized_chat", "2,000 members in 100 rooms under sanitizers",
          {"seconds": (60, "how long"),
           "thread": ("", "a build with --enable-sanitizer=thread"),
           "address": ("", "one with --enable-sanitizer=address,undefined")})


def build(name, given):
    """The build given, or one made here and now."""
    if given:
        return os.path.abspath(given)
    where = os.path.join(row.dir, name.split(",")[0])
    os.mkdir(where)
    for command in ([os.path.join(TOP, "configure"), "-q",
                     "--enable-sanitizer=" + name],
                    ["make", "-s", "-j2", "vcrpd"]):
        done = subprocess.run(command, cwd=where, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            row.check(False, "%s builds: %s" % (name, done.stderr[-1000:]))
            row.finish()
    return where


# The memory of the plain server must be flat; what sanitizers keep of freed
# memory, and of who touched what, comes on top of it.
BUILDS = (("thread", row.args.thread, 10.0),
          ("address,undefined", row.args.address, 10.0),
          ("plain", row.args.build, 1.0))
for name, given, bound in BUILDS:
    where = build(name, given)
    # Windows and tables of ids are full by half time: from then on memory is
    # flat, or something leaks.
    server = Server(row, {"rooms.window": 64, "rooms.repeat_ids": 100},
                    build=where,
                    env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    crowd = Load(row, server, "chat", rooms=100, members=20, senders=20,
                 rate=1, time=row.args.seconds, ids=True, patience=60)
    until(lambda: server.descriptors() > 2000, 120)
    full = server.rss()
    time.sleep(row.args.seconds * 0.65)
    before = server.rss()
    crowd.end()
    crowd.good(row, name)
    row.check(crowd["deliveries"] == 20 * crowd["messages"] > 0,
              "%s: %d messages, %d deliveries" % (
                  name, crowd["messages"], crowd["deliveries"]))
    row.figure("p99", crowd["delivery_p99_us"] / 1000, "ms")
    after = crowd["server_rss_kib_end"]
    row.figure("RSS with all inside", full / 1024, "MiB")
    row.figure("RSS at two thirds", before / 1024, "MiB")
    row.figure("RSS at the end", after / 1024, "MiB")
    row.at_most("%s: RSS growth in the last third" % name,
                100 * (after / before - 1), bound, "%")
    status = server.stop()
    row.check(status == 0, "%s: exit status %s is 0" % (name, status))
    row.check(not server.reports(), "%s: no report" % name)
row.finish()
