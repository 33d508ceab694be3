#!/usr/bin/env python3
# 14_tls_handshakes.py -- two thousand TLS handshakes at once, beside a chat
#
# SPDX-License-Identifier: MIT
from accept import Load, Row, Server, administrator, load, until

COUNT = 2000
row = Row("14", "2,000 TLS handshakes at once, beside those who talk")
server = Server(row, {"limits.unauthenticated": 2 * COUNT})
admin = administrator(server)
fds = server.descriptors()


def count(name):
    admin.send("STATS")
    found = admin.until("STAT %s " % name)
    admin.until("OK STATS")
    return int(found.split()[-1])


# One that is there before learns nothing of it: it is served by io threads, and
# handshakes are made on the acceptor's.
crowd = Load(row, server, "latency", measured=True, rooms=1, members=20,
             senders=5, rate=20, time=12, tls=True)
until(lambda: server.descriptors() >= fds + 20)
before = server.cpu()
storm = load(row, server, "storm", rounds=1, rooms=0, members=COUNT,
             at_once=COUNT, tls=True)
cpu = server.cpu() - before
crowd.end()
crowd.good(row, "chat meanwhile")
row.check(storm["round1_members"] == COUNT, "%d of %d logged in" % (
    storm["round1_members"], COUNT))
row.figure("handshakes and logins a second", storm["round1_logins_per_s"])
row.figure("handshake p50", storm["handshake_p50_us"] / 1000, "ms")
row.figure("server CPU a handshake, login and end", cpu * 1e6 / COUNT, "us")
row.at_most("slowest handshake", storm["handshake_max_us"] / 1e6, 10.0, "s")
row.at_most("slowest login", storm["round1_login_max_us"] / 1e6, 10.0, "s")
row.at_most("chat meanwhile p99", crowd["delivery_p99_us"] / 1000, 50.0, "ms")
row.check(count("tls_handshakes") == COUNT + 20, "each was counted")
row.check(count("tls_failures") == 0, "none failed")
row.check(until(lambda: count("tls_connections") == 0 and
                count("connections") == 1), "all are gone")
row.at_most("descriptors", server.descriptors(), fds + 1,
            "(one for the room's log)")
row.finish()
