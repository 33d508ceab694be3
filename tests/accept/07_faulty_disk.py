#!/usr/bin/env python3
# 07_faulty_disk.py -- calls of the disk fail: one in twenty, and each one once
#
# SPDX-License-Identifier: MIT
"""First traffic while writes, syncs and opens fail at random, and an
administrator who says RETRY all the time. Then a short session, again and
again, in which the first, the second, the third call of each kind fails: the
server starts or says why not, everything is answered, and what was
acknowledged is there when the disk is well again."""
import os
import re
import shutil
import signal
import time

from accept import Client, Row, Server, administrator, until
from crowd import Crowd, Truth, history, judge
import logs

row = Row("7", "a disk that fails: no crash, no hang, nothing lost",
          {"time": (20, "seconds of traffic, for each policy"),
           "odds": (5, "of a hundred calls that fail"),
           "most": (200, "calls of a kind in the short session, at most"),
           "only": ("", "kind of call in the short session")})
SMALL = {"storage.segment": 64, "storage.files": 3, "rooms.window": 64,
         "rooms.linger": 0}


def until_any(client, pattern):
    """The next line with that; what was refused before is no matter."""
    while True:
        line = client.line()
        if line is None:
            raise EOFError("ended before " + pattern)
        if line.startswith(pattern):
            return line


def traffic(policy, rules):
    name = policy + ", one in %d" % (100 // row.args.odds)
    server = Server(row, dict(SMALL, **{"storage.fsync": policy}),
                    program="tests/vcrpd-faulty", started=False)
    server.env["VCRP_FAULT_FILE"] = path = os.path.join(server.dir, "faults")
    server.start()
    crowd = Crowd(seed=1)
    crowd.writers(9, 3, pace=0.01, pad=200)
    crowd.connect(server.port)
    crowd.run(0.5)
    with open(path, "w", encoding="ascii") as file:
        file.write(rules)
    admin, end, asked, slowest = (administrator(server), time.monotonic() +
                                  row.args.time, 0, 0.0)
    while time.monotonic() < end:
        crowd.run(0.2)
        for room in crowd.rooms():
            begin = time.monotonic()
            admin.send("RETRY " + room.decode(), "HISTORY %s 5" %
                       room.decode(), "PING")
            until_any(admin, "PONG")
            slowest = max(slowest, time.monotonic() - begin)
            asked += 1
    os.unlink(path)
    row.at_most("%s: slowest answer of %d" % (name, 2 * asked), slowest, 2.0,
                "s")
    crowd.run(1.2)
    for room in crowd.rooms():
        admin.send("RETRY " + room.decode(), "PING")
        until_any(admin, "PONG")
    crowd.settle()
    crowd.close()
    total, missing = judge(crowd.truth, server.port, crowd.people,
                           ordered=False)
    status = server.stop()
    bad = logs.check(server.data)[1] + logs.check_databases(server.data)
    row.check(status == 0, "%s: ends with %s" % (name, status))
    # The next life erases what this one could not.
    for erased in False, True:
        server.start()
        again, _ = judge(crowd.truth, server.port, crowd.people,
                         ordered=False, erased=erased)
        server.stop()
    for fault in crowd.truth.faults[:5] + bad[:5]:
        print("   " + fault)
    row.figure(name + ": acknowledged, refused", "%d, %s" % (
        crowd.acked(), crowd.truth.errors))
    row.check(not missing and total == again, "%s: acknowledged and missing "
              "%d is 0" % (name, len(missing)))
    row.check(not crowd.truth.faults, name + ": nothing doubled, no hole")
    row.check(not bad, name + ": files are good")
    row.check(crowd.truth.errors, name + ": some of it was refused")


class Session:
    """Somebody says this and that; what was acknowledged is remembered."""

    LINES = ("JOIN one", "SAY one first", "SAY one second", "EDIT one %d third",
             "JOIN two", "SAY two fourth", "REACT one %d yes", "DELETE one %d",
             "HISTORY one 10", "SEARCH one 10 second", "JOIN old",
             "SAY old fifth", "LEAVE two", "SAY one sixth")

    def __init__(self, server):
        self.acked, self.refused, self.number = {}, [], None
        client = Client(server.port)
        client.send("@key=%s HELLO somebody" % ("s" * 30))
        if not self.answer(client, "HELLO", None):
            client.send("HELLO somebody")
            self.answer(client, "HELLO", None)
        for n, line in enumerate(self.LINES):
            if "%d" in line:
                if self.number is None:
                    continue
                line = line % self.number
            id = "session.%d" % n
            client.send("@id=%s %s" % (id, line))
            self.answer(client, line, id)
        # One write, which may fail behind some whole lines.
        burst = {"session.burst%d" % n: "SAY one burst %d" % n
                 for n in range(5)}
        client.send(*["@id=%s %s" % each for each in burst.items()])
        self.unsaid = {("@id=%s " % id).encode() for id, line in burst.items()
                       if not self.answer(client, line, id)}
        client.close()

    def answer(self, client, line, id):
        while True:
            got = client.line()
            if got is None:
                raise EOFError("the end instead of an answer to " + line)
            mark, _, plain = ("", "", got) if id is None else \
                got.partition(" ")
            if id is not None and mark != "@id=" + id:
                continue
            if plain.startswith("VCRP"):
                continue
            if plain.startswith("ERR"):
                self.refused.append("%s: %s" % (line, plain))
                return False
            found = logs.NUMBERED.match(got.encode())
            if found:
                self.acked[(found[2], int(found[3]))] = got.encode()
                if line.startswith("SAY one"):
                    self.number = int(found[3])
            return True


def once(server, rule, template):
    """A life in which one call fails. (what is wrong, whether it failed)"""
    shutil.rmtree(server.data)
    shutil.copytree(template, server.data)
    open(server.log_path, "w", encoding="ascii").close()
    server.env["VCRP_FAULT"] = rule
    server.launch()
    line, session = server.process.stdout.readline(), None
    if line:
        server.port = int(line.split()[-1])
        try:
            session = Session(server)
        except (EOFError, OSError) as why:
            return "%s" % why, True
        server.kill(signal.SIGTERM)
    if not until(lambda: server.process.poll() is not None, 20):
        server.crash()
        return "it does not end", True
    server.process.stdout.close()
    said, status = server.log(), server.process.returncode
    failed = re.search(" (warn|fatal) ", said) is not None
    server.killed = True
    if not line and (status != 1 or not re.search(" fatal .*/", said)):
        return "no start, status %s, and no reason: %s" % (
            status, said[-300:]), True
    if line and status != 0:
        return "ends with %s: %s" % (status, said[-600:]), True
    server.env["VCRP_FAULT"] = ""
    server.start()
    wrong = afterwards(server, session)
    if server.stop() != 0:
        wrong = wrong or "the next life does not end well"
    wrong = wrong or ", ".join((logs.check(server.data)[1] +
                                logs.check_databases(server.data))[:2])
    return wrong, failed or (session is not None and bool(session.refused))


def afterwards(server, session):
    """What the next life has of it."""
    truth, there = Truth(), {}
    acked = session.acked if session else {}
    for room, line in list(OLD.items()) + list(acked.items()):
        truth.lines.setdefault(room[0], {})[room[1]] = line
    truth.deleted = set(acked)
    for room in list(truth.lines):
        for line in history(truth, server.port, room):
            there[(room, line.number)] = line.whole
    gone = [line for at, line in {**OLD, **acked}.items() if at not in there]
    if gone:
        return "acknowledged and missing: %s" % gone[:2]
    if truth.faults:
        return truth.faults[0]
    said = [line for line in there.values() if session and
            line.startswith(tuple(session.unsaid))]
    if said:
        return "refused, yet said: %s" % said[:2]
    client = Client(server.port, "later")
    for room in "one", "two", "old":
        client.join(room)
        client.send("SAY %s later" % room)
        client.until("MSG %s \\d+ \\d+ ~later" % room)
    return ""


def each_once(policy, template):
    server = Server(row, dict(SMALL, **{"storage.fsync": policy,
                                        "log.level": "info"}),
                    program="tests/vcrpd-faulty", started=False)
    for kind in ("open", "write", "sync", "truncate", "mkdir", "rename",
                 "unlink", "list", "size", "read"):
        if row.args.only and kind != row.args.only:
            continue
        # One that fails half way, as on a full disk.
        for error in ("EIO", "ENOSPC:short=150" if kind == "write"
                      else "EACCES"):
            lives, bad, quiet = 0, [], 0
            while quiet < 4 and lives < row.args.most:
                lives += 1
                rule = "%s:%s:n=%d" % (kind, error, lives)
                wrong, failed = once(server, rule, template)
                quiet = 0 if failed else quiet + 1
                if wrong:
                    bad.append("%s: %s" % (rule, wrong))
            for text in bad[:4]:
                print("   " + text)
            row.check(not bad, "%s: %s fails with %s once, %d lives, %d bad" %
                      (policy, kind, error, lives, len(bad)))


def make_template():
    """A data directory that has a room already."""
    server = Server(row)
    client = Client(server.port, "elder")
    client.join("old")
    for n in range(20):
        client.send("SAY old message %d" % n)
        client.until("MSG old")
    server.stop()
    for lines in logs.check(server.data)[0].values():
        for number, line in lines.items():
            OLD[(b"old", number)] = line
    return server.data


OLD = {}
odds = ":odds=%d" % row.args.odds
for each in "always", "interval":
    traffic(each, "write:EIO:short=33%s,sync:EIO%s,open:EMFILE%s" % (
        odds, odds, odds))
old = make_template()
each_once("always", old)
each_once("never", old)
row.finish()
