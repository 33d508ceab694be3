#!/usr/bin/env python3
# 32_enumeration.py -- a wrong password and a name that nobody has
#
# SPDX-License-Identifier: MIT
"""Half of the tries are of names that have accounts. Each comes from an address
of its own and no name is tried more than twice, so that nothing is slowed and
what remains is the time that the server takes."""
import os
import re
import subprocess
import sys
import time

from accept import TOP, Row, Server, quantile
import sasl

row = Row("32", "200 wrong passwords and 200 unknown names, told apart",
          {"tries": (200, "of each, by each mechanism")})
server = Server(row)
gsasl = subprocess.run(
    [sys.executable, os.path.join(TOP, "tests", "clients", "gsasl.py")],
    env=dict(os.environ, VCRPD=row.program("vcrpd")))
row.check(gsasl.returncode == 0, "gsasl logs in, and only with the password")

rules = sasl.any_certificate()
count = row.args.tries // 2
with sasl.administrator(server.sock) as root:
    for i in range(count):
        sasl.add(root, "known%03d" % i, "right")
    for i in range(0, count, 4):
        sasl.ask(root, "ACCOUNT disable known%03d" % i)
places = ("127.1.%d.%d" % (i // 250, i % 250 + 1) for i in range(62500))


def by_scram(wire, name):
    wire.say("AUTH SCRAM-SHA-256 " + sasl.b64(
        ("n,,n=%s,r=%s" % (name, "r" * 24)).encode()))
    begin = time.perf_counter()
    first = wire.hear()
    between = time.perf_counter() - begin
    nonce, salt, rounds = sasl.challenge(first)
    wire.say("AUTH " + sasl.b64(("c=biws,r=%s,p=%s" % (
        nonce, sasl.b64(bytes(32)))).encode()))
    begin = time.perf_counter()
    last = wire.hear()
    shape = (len(first), len(nonce), len(salt), rounds, last)
    return shape, between + time.perf_counter() - begin


def by_plain(wire, name):
    wire.say("AUTH PLAIN " + sasl.b64(("\0%s\0wrong" % name).encode()))
    begin = time.perf_counter()
    last = wire.hear()
    return (last,), time.perf_counter() - begin


def once(way, name, tls):
    with sasl.Wire(("127.0.0.1", server.port, next(places)), tls) as wire:
        wire.say("PING")
        wire.hear(), wire.hear()
        return way(wire, name)


for what, way, tls in ("SCRAM", by_scram, None), ("PLAIN", by_plain, rules):
    shapes, times = {}, {"known": [], "other": []}
    for i in range(2 * count):
        for kind in times:
            shape, took = once(way, "%s%03d" % (kind, i % count), tls)
            shapes.setdefault(kind, set()).add(shape)
            times[kind].append(took * 1e6)
    row.check(shapes["known"] == shapes["other"] and
              len(shapes["known"]) == 1, what + ": all answers are alike")
    known, other = (quantile(times[kind], 0.5) for kind in times)
    row.figure(what + ", a wrong password, median", known, "us")
    row.figure(what + ", an unknown name, median", other, "us")
    row.at_most(what + ", difference of the medians",
                abs(known - other) / known * 100, 10.0, "%")
row.check(not re.search("assert|abort", server.log()), "the server is well")
row.finish()
