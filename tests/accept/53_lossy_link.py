#!/usr/bin/env python3
# 53_lossy_link.py -- what is said is seen once and in order, whatever is lost
#
# SPDX-License-Identifier: MIT
"""People who talk by libvcrp, over a link that loses, doubles and reorders
packets, by datagrams and by streams: each sees all that all say, exactly once
and in each one's order (vcrp-together checks it). A stream has the kernel for
that; of datagrams the library and the server make it. Needs root."""
import subprocess

from accept import Row, pin_load
from lossy import FarServer, Link

row = Row("53", "nothing lost, doubled or misordered at 1, 10 and 30 % of loss",
          {"count": (8, "messages of each sender"),
           "members": (6, "of the room"),
           "senders": (3, "of these"),
           "seed": (1, "of what the link does")})
args = row.args


def talk(server, link, way, name):
    command = [row.program("vcrp-together"), "--members", str(args.members),
               "--senders", str(args.senders), "--count", str(args.count),
               "--rate", "2", "--room", name, "--patience", "300",
               "--fingerprint", server.fingerprint, *way, server.uri]
    process = link.run(1, command, preexec=pin_load, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    packets = link.set()
    told = process.communicate(timeout=900)[0]
    packets = link.set() - packets
    figures = {}
    for line in told.splitlines():
        key, _, value = line.partition(" ")
        if key == "fault:":
            print("   " + line)
        else:
            figures[key] = value
    for key in ("delay_p50_ms", "delay_max_ms", "interruptions"):
        row.figure("%s: %s" % (name, key), figures.get(key, "none"))
    row.check(process.returncode == 0 and figures.get("deliveries") == str(
        args.members * args.senders * args.count),
        "%s: %s deliveries, each once and in order" % (
            name, figures.get("deliveries")))
    row.check(packets > args.count if way else packets == 0,
              "%s: %d of their packets were of UDP" % (name, packets))


with Link(seed=args.seed, seconds=1700, double=0.02, reorder=0.05,
          delay=20) as link:
    server = FarServer(row, link)
    for loss in (1, 10, 30):
        link.set(loss=loss / 100)
        for name, way in (("datagrams", ["--udp"]), ("stream", [])):
            talk(server, link, way, "%s-%d" % (name, loss))
    link.set(loss=0.0, double=0.0, reorder=0.0)
    status = server.stop()
    row.check(status == 0, "server's exit status %s is 0" % status)
    row.figure("what the link did", "; ".join(link.close().splitlines()))
row.finish()
