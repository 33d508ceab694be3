#!/usr/bin/env python3
# tls_scram.py -- two thousand accounts log in over TLS, by SCRAM, and chat
#
# SPDX-License-Identifier: MIT
"""What a login costs the server is told apart by logging in without TLS, as a
guest, or both: the differences are the handshake's and SCRAM's."""
from accept import Row, Server, administrator, load, until
import sasl

row = Row("tls_scram", "2,000 accounts over TLS, by SCRAM-SHA-256-PLUS",
          {"members": (2000, "accounts"), "time": (10, "seconds of chat"),
           "rate": (0.2, "messages a second of each"),
           "at-once": (200, "logins under way")})
PASSWORD = "correct horse"
ROOM = 100
rooms = row.args.members // ROOM
members = rooms * ROOM
server = Server(row)


def make_accounts():
    """One answer for each, in order: the store commits many at a time."""
    one, admin = sasl.verifier(PASSWORD), administrator(server)
    for begin in range(0, members, 100):
        admin.send(*("ACCOUNT add load%d %s" % (i, one)
                     for i in range(begin, min(begin + 100, members))))
        for _ in range(begin, min(begin + 100, members)):
            admin.until("OK ACCOUNT")


LOGINS = {"guests": {},
          "guests over TLS": {"tls": True},
          "accounts": {"users": "load", "password": PASSWORD}}
LOGINS["accounts over TLS"] = {**LOGINS["guests over TLS"],
                               **LOGINS["accounts"]}


def log_in(name, options):
    """A storm: what each login takes, with the end of its connection."""
    before = server.cpu()
    run = load(row, server, "storm", rooms=rooms, members=ROOM, reset=True,
               at_once=row.args.at_once, patience=30, **options)
    run.good(row, name)
    row.check(run["round1_members"] == members, "%s: %d of %d came in" % (
        name, run["round1_members"], members))
    row.check(until(lambda: server.descriptors() <= descriptors),
              "descriptors are given back")
    cpu = (server.cpu() - before) * 1e6 / members
    row.figure("%s: logins/s" % name, run["round1_logins_per_s"])
    row.figure("%s: server CPU a login" % name, cpu, "us")
    row.figure("%s: login p50" % name, run["round1_login_p50_us"] / 1000, "ms")
    row.figure("%s: login p99" % name, run["round1_login_p99_us"] / 1000, "ms")
    return cpu


make_accounts()
# Each room that something was said in has its log open.
descriptors = server.descriptors() + rooms
rss = server.rss()
run = load(row, server, "chat", rooms=rooms, members=ROOM, senders=ROOM,
           rate=row.args.rate, time=row.args.time, at_once=row.args.at_once,
           patience=30, **LOGINS["accounts over TLS"])
run.good(row, "the chat")
row.check(run["members"] == members, "%d of %d are there at the end" % (
    run["members"], members))
row.check(run["errors"] == 0 and run["gaps"] == 0, "no error, and no GAP")
row.check(run["deliveries"] == run["messages"] * ROOM > 0,
          "%d deliveries of %d messages" % (
              run["deliveries"], run["messages"]))
row.figure("seconds until all were in", run["entering_seconds"])
row.figure("logins/s", members / max(run["entering_seconds"], 1e-9))
row.figure("server CPU a login", run["server_cpu_us_per_login"], "us")
row.figure("login p50", run["login_p50_us"] / 1000, "ms")
row.figure("login p99", run["login_p99_us"] / 1000, "ms")
row.figure("handshake p50", run["handshake_p50_us"] / 1000, "ms")
row.figure("handshake p99", run["handshake_p99_us"] / 1000, "ms")
row.figure("deliveries/s", run["deliveries_per_s"])
row.figure("server CPU while all chat", run["server_cpu_percent"], "%")
row.figure("message p50", run["delivery_p50_us"] / 1000, "ms")
row.at_most("message p99", run["delivery_p99_us"] / 1000, 20.0, "ms")
row.figure("RSS a connection, with its share of a room",
           (run["server_rss_kib_entered"] - rss) / members, "KiB")
row.figure("RSS with all in", run["server_rss_kib_entered"] / 1024, "MiB")
row.check(until(lambda: server.descriptors() <= descriptors),
          "descriptors are given back")
cpu = {name: log_in(name, options) for name, options in LOGINS.items()}
row.figure("a handshake's CPU, by the difference",
           cpu["guests over TLS"] - cpu["guests"], "us")
row.figure("SCRAM's CPU, by the difference",
           cpu["accounts"] - cpu["guests"], "us")
row.finish()
