#!/usr/bin/env python3
# 01_kills.py -- the server is killed at random moments, and begins again
#
# SPDX-License-Identifier: MIT
"""Twenty writers in five rooms, some of what they say being EDIT, REACT and
DELETE. Files, segments, windows and descriptors are as few and small as can
be, so that all that changes on disk changes often; some starts are killed
too. Then the time of a start behind a kill, with 1 GB of logs in place."""
import random
import subprocess
import time

from accept import Client, Row, Server, administrator, quantile
from crowd import Crowd, history, judge
import logs

row = Row("1", "kill -9 under load: nothing acknowledged is lost",
          {"kills": (200, "how many, under all policies together"),
           "writers": (20, "of them"), "rooms": (5, "of them"),
           "logs": (1024, "MiB of logs for the time of a start"),
           "seed": (1, "of the random moments")})
POLICIES = ("interval", "always", "never")
SMALL = {"storage.segment": 64, "storage.files": 3, "rooms.window": 64,
         "rooms.linger": 0}


def start_killed(server, chance):
    """Killed while it starts, ready or not."""
    server.launch()
    time.sleep(chance.uniform(0, 0.04))
    server.crash()


def set_topics(server, rooms, n):
    """Some are under way when it is killed."""
    root = administrator(server)
    for room in rooms:
        root.send("JOIN " + room.decode())
    root.send(*["SET %s topic number %d" % (room.decode(), n)
                for room in rooms])
    return root


def check_topics(server, crowd, policy):
    """Is what a room's topic is what its log says last?"""
    differ = []
    for room in crowd.rooms():
        told = [line.words[6:] for line in
                history(crowd.truth, server.port, room)
                if line.verb == b"SET" and line.words[5] == b"topic"]
        client = Client(server.port, "of-" + room.decode())
        client.send("JOIN " + room.decode())
        topic = client.until("ROOM").encode().split(b" ")[4:]
        client.close()
        if told and topic != told[-1]:
            differ.append((room, topic, told[-1]))
    row.check(not differ, "%s: topics are what was set last %s" % (
        policy, differ[:2]))


def kills(policy, count):
    chance = random.Random("%s %d" % (policy, row.args.seed))
    server = Server(row, dict(SMALL, **{"storage.fsync": policy}))
    crowd = Crowd(seed=chance.random())
    crowd.writers(row.args.writers, row.args.rooms, pad=100, pace=0.004)
    early = 0
    for n in range(count):
        crowd.connect(server.port)
        crowd.run(chance.uniform(0.02, 0.6))
        root = set_topics(server, crowd.rooms(), n)
        time.sleep(chance.uniform(0, 0.01))
        server.crash()
        root.close()
        crowd.drain()
        if chance.random() < 0.2:
            start_killed(server, chance)
            early += 1
        server.start()
    crowd.connect(server.port)
    crowd.settle()
    crowd.close()
    total, missing = judge(crowd.truth, server.port, crowd.people)
    status = server.stop()
    row.check(status == 0, "%s: ends with %s" % (policy, status))
    _, faults = logs.check(server.data)
    faults += logs.check_databases(server.data)
    # Once more, so that what a start erases is erased.
    server.start()
    again, _ = judge(crowd.truth, server.port, crowd.people, erased=True)
    check_topics(server, crowd, policy)
    server.stop()
    for fault in crowd.truth.faults[:10] + faults[:10]:
        print("   " + fault)
    row.figure("%s: kills, starts killed, messages" % policy,
               "%d, %d, %d" % (count, early, crowd.acked()))
    row.check(not missing, "%s: acknowledged and missing %d is 0" % (
        policy, len(missing)))
    row.check(not crowd.truth.faults, "%s: nothing doubled, no hole, no "
              "number given twice, order kept" % policy)
    row.check(not faults, "%s: files are good, seen from outside" % policy)
    row.check(total == again and total >= crowd.acked(),
              "%s: %d lines, the same after another start" % (policy, total))


def start_time(name, rooms, segments, kib):
    server = Server(row, started=False)
    subprocess.run([row.program("tests/crash/make-logs"), server.data,
                    str(rooms), str(segments), str(kib)], check=True)
    server.start()
    times = []
    for n in range(6):
        client = Client(server.port, "somebody%d" % n, key="k" * 30)
        client.join("made0")
        # Some of it is being written when it is killed.
        client.send(*["SAY made0 more %d" % i for i in range(200)])
        client.until("MSG made0")
        server.crash()
        begin = time.monotonic()
        server.start()
        Client(server.port, "first").close()
        times.append(1000 * (time.monotonic() - begin))
    client = Client(server.port, "reader")
    last = client.join("made0")
    client.send("JOIN made0 %d" % (last - 50))
    row.check(client.until("MSG made0").split()[-1] != "", "it is served")
    server.stop()
    row.figure(name + ": starts", ", ".join("%.0f" % t for t in times), "ms")
    row.at_most(name + ": accepts again after (median)", quantile(times, 0.5),
                200.0, "ms")


for n, each in enumerate(POLICIES):
    kills(each, (row.args.kills + n) // 3)
if row.args.logs:
    start_time("%d MiB in 8 rooms" % row.args.logs, 8, row.args.logs // 128,
               16384)
    start_time("%d MiB in 1024 rooms" % row.args.logs, 1024, 1,
               row.args.logs)
row.finish()
