#!/usr/bin/env python3
# sanitized_chat.py -- 2,000 members chat with servers built with sanitizers
#
# SPDX-License-Identifier: MIT
import os
import subprocess

from accept import TOP, Load, Row, Server

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


for name, given in (("thread", row.args.thread),
                    ("address,undefined", row.args.address)):
    where = build(name, given)
    server = Server(row, build=where)
    crowd = Load(row, server, "chat", rooms=100, members=20, senders=20,
                 rate=1, time=row.args.seconds, ids=True, patience=60)
    crowd.end()
    crowd.good(row, name)
    row.check(crowd["deliveries"] == 20 * crowd["messages"] > 0,
              "%s: %d messages, %d deliveries" % (
                  name, crowd["messages"], crowd["deliveries"]))
    row.figure("p99", crowd["delivery_p99_us"] / 1000, "ms")
    growth = (crowd["server_rss_kib_end"] -
              crowd["server_rss_kib_entered"]) / 1024
    # Rooms' windows fill up: 20 messages of 200 bytes a second each.
    window = 100 * min(1.0, row.args.seconds * 20 * 200 / 2**20)
    row.figure("RSS with all inside", crowd["server_rss_kib_entered"] / 1024,
               "MiB")
    row.figure("RSS growth", growth, "MiB")
    status = server.stop()
    row.check(status == 0, "%s: exit status %s is 0" % (name, status))
    row.check(not server.reports(), "%s: no report" % name)
    if not name.startswith("thread"):
        # Freed memory waits in quarantine: a bound for leaks, not for it.
        window += 256
    row.at_most("%s: RSS growth" % name, growth, window * 4, "MiB")
row.finish()
