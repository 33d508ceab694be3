#!/usr/bin/env python3
# 08_store_gone.py -- the database is locked, deleted, read-only or garbage
#
# SPDX-License-Identifier: MIT
"""Only what needs it (a guest with a key) may fail, and says so soon; rooms
and guests without a key do not notice."""
import os
import sqlite3
import threading
import time

from accept import Client, Row, Server, quantile
from crowd import Crowd, judge
import logs

row = Row("8", "the database is not there: rooms go on",
          {"locked": (10, "seconds for which it is locked")})
KEYED = 0


def keyed(server, what):
    """A guest with a key: an answer within 2 s. The answer."""
    global KEYED
    KEYED += 1
    client = Client(server.port)
    begin = time.monotonic()
    client.send("@key=%030d HELLO keyed%d" % (KEYED, KEYED))
    client.line()
    got = client.line() or "the end"
    row.at_most("%s: HELLO with a key is answered '%s'" % (what, got[:60]),
                time.monotonic() - begin, 2.0, "s")
    return got


def rhythm(server, nick, seconds):
    """How long echoes take."""
    client = Client(server.port, nick)
    client.join("lobby")
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        client.send("SAY lobby tick")
        client.until("MSG lobby \\d+ \\d+ ~%s" % nick)
        times.append(1000 * (time.monotonic() - begin))
        time.sleep(0.002)
    client.close()
    return quantile(times, 0.99)


def locked():
    server = Server(row)
    row.check(keyed(server, "good").startswith("OK"), "a key is taken")
    before = rhythm(server, "before", 3)
    path = logs.databases(server.data)[0]
    row.figure("database", os.path.basename(path))
    lock = sqlite3.connect(path, isolation_level=None, timeout=5)
    lock.execute("BEGIN EXCLUSIVE")
    answers = []
    asker = threading.Thread(
        target=lambda: answers.append(keyed(server, "locked")))
    asker.start()
    during = rhythm(server, "during", row.args.locked)
    asker.join()
    row.at_most("p99 of echoes while it is locked, less before",
                during - before, 1.0, "ms")
    row.check(answers[0].startswith("ERR"), "which is an ERR")
    row.check("database" in server.log() or "store" in server.log(),
              "the log says so")
    lock.execute("ROLLBACK")
    lock.close()
    row.check(keyed(server, "free again").startswith("OK"),
              "a key is taken again, without a restart")
    status = server.stop()
    row.check(status == 0, "ends with %s" % status)


def crowd_through(name, harm, uid=None, killed=None):
    """A crowd speaks; the database is harmed; it speaks on; the server begins
    again, or says why not; what was said is there. killed: what is done to
    the database of a dead server."""
    server = Server(row, uid=uid)
    crowd = Crowd(seed=1)
    crowd.writers(6, 2, pace=0.01)
    crowd.connect(server.port)
    crowd.run(1)
    harm(server)
    before = crowd.acked()
    crowd.run(1)
    row.check(crowd.acked() > before, name + ": rooms go on")
    Client(server.port, "plain-" + name.split()[0]).close()
    keyed(server, name)
    crowd.settle()
    crowd.close()
    row.check(not judge(crowd.truth, server.port, crowd.people)[1],
              name + ": nothing is missing in this life")
    if killed:
        server.crash()
        killed(server)
    else:
        server.stop()
    server.launch()
    line = server.process.stdout.readline().decode()
    if not line.startswith("vcrpd: ready"):
        server.process.wait()
        said = server.log().strip().split("\n")[-1]
        server.killed = True
        row.check(os.path.basename(path_of(server)) in said,
                  "%s: it does not start, and says: %s" % (name, said))
        return
    server.port = int(line.split()[-1])
    keyed(server, name + ", next life")
    guest = Client(server.port, "next")
    last = guest.join("room0")
    guest.send("SAY room0 in the next life")
    number = int(guest.until("MSG room0").split()[2])
    row.figure(name + ": goes on after", "%d - %d" % (number, last))
    # A GAP may speak of numbers that were never given, of no other.
    row.check(not judge(crowd.truth, server.port, crowd.people)[1],
              name + ": nothing is missing in the next life")
    for fault in crowd.truth.faults[:5]:
        print("   " + fault)
    row.check(not crowd.truth.faults, name + ": nothing doubled, no hole")
    server.stop()


def path_of(server):
    found = [n for n in os.listdir(server.data) if n.endswith(".db")]
    return os.path.join(server.data, found[0] if found else "?")


def delete(server):
    for path in logs.databases(server.data):
        for end in "-wal", "-shm", "":
            if os.path.exists(path + end):
                os.unlink(path + end)


def read_only(server):
    for path in logs.databases(server.data):
        for end in "", "-wal", "-shm":
            if os.path.exists(path + end):
                os.chmod(path + end, 0o444)


def garbage(server):
    for path in logs.databases(server.data):
        size = os.path.getsize(path)
        with open(path, "r+b") as file:
            file.write(os.urandom(size))


def empty(server):
    for path in logs.databases(server.data):
        os.truncate(path, 0)


locked()
crowd_through("deleted", delete)
if os.geteuid() == 0:
    crowd_through("read-only", read_only, uid=65534)
crowd_through("garbage", garbage)
crowd_through("deleted between two lives", lambda _: None, killed=delete)
crowd_through("garbage between two lives", lambda _: None, killed=garbage)
crowd_through("empty between two lives", lambda _: None, killed=empty)
row.finish()
