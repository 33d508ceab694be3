#!/usr/bin/env python3
# 48_backup.py -- a backup made under load, and a server that begins from it
#
# SPDX-License-Identifier: MIT
"""What comes back is, room by room, what was said up to some moment of the
backup: nothing that was acknowledged before it was asked for is missing,
nothing is there without what came before it, and no number of the original is
given again."""
import os
import shutil
import subprocess
import threading
import time

from accept import Client, Row, Server, administrator
from crowd import Crowd, Truth, history, judge
import logs

row = Row("48", "backup under load, restored: a prefix of what was said",
          {"rooms": (40, "rooms"), "backups": (5, "one after another")})
server = Server(row, {"storage.segment": 64, "storage.backups": row.dir})
crowd = Crowd(seed=1)
crowd.writers(2 * row.args.rooms, row.args.rooms, pad=200, pace=0.02,
              mix=(5, 5, 0))
crowd.connect(server.port)
crowd.run(2)
root = administrator(server)
root.sock.settimeout(60)
root.join("room0")
root.send("SET room0 topic what is said here")
root.until("OK SET")


def backup(path):
    """(line numbers acknowledged before it, seconds, the answer)"""
    before, answers = dict(crowd.truth.acked), []

    def ask():
        asker = administrator(server)
        asker.sock.settimeout(60)
        begin = time.monotonic()
        asker.send("BACKUP " + path)
        answers.append((time.monotonic() - begin, asker.line()))

    thread = threading.Thread(target=ask)
    thread.start()
    while thread.is_alive():
        crowd.run(0.01)
    return (before, *answers[0])


backups = []
for n in range(row.args.backups):
    target = os.path.join(row.dir, "backup%d" % n)
    acked, seconds, said = backup(target)
    row.check(said is not None and said.startswith("OK BACKUP"),
              "backup %d: %s, %.2f s" % (n, said, seconds))
    backups.append((target, acked))
    crowd.run(0.3)
again = administrator(server)
again.send("BACKUP " + backups[0][0])
row.check(again.line().startswith("ERR"), "one is never overwritten")
crowd.settle()
crowd.close()
total, _ = judge(crowd.truth, server.port, crowd.people)
row.check(not crowd.truth.faults, "the original: %d lines, all good" % total)
highest = {room: max(lines) for room, lines in crowd.truth.lines.items()}
originals = {room: [line.whole for line in
                    history(crowd.truth, server.port, room)]
             for room in highest}
server.stop()

for n, (target, acked) in enumerate(backups):
    faults = logs.check(target)[1] + logs.check_databases(target)
    row.check(not faults, "backup %d: files are good %s" % (n, faults[:3]))
    copy = Server(row, {"storage.segment": 64}, started=False)
    os.rmdir(copy.data)
    done = subprocess.run([row.program("vcrpd"), "--restore", target, "-d",
                           copy.data], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    row.check(done.returncode == 0, "backup %d is restored: %s" % (
        n, done.stdout.strip()[-100:]))
    copy.start()
    truth, missing, low, later = Truth(lossy=True), 0, 0, 0
    for room, lines in originals.items():
        got = [line.whole for line in history(truth, copy.port, room)]
        if got != lines[:len(got)]:
            row.check(False, "%s is no prefix" % room)
        later += len(lines) - len(got)
        numbers = {int(logs.NUMBERED.match(line)[3]) for line in got}
        missing += sum(1 for r, number in acked.values()
                       if r == room and number not in numbers)
        client = Client(copy.port, "later")
        client.join(room.decode())
        client.send("SAY %s later" % room.decode())
        number = int(client.until("MSG").split()[2])
        low += number <= highest[room]
        client.close()
    for fault in truth.faults[:5]:
        print("   " + fault)
    row.check(not truth.faults, "backup %d: read without a fault" % n)
    row.check(missing == 0, "backup %d: of %d acknowledged before it %d are "
              "missing; %d came later" % (n, len(acked), missing, later))
    row.check(low == 0, "backup %d: no number is given again" % n)
    reader = Client(copy.port, "reader")
    reader.send("JOIN room0")
    row.check(reader.until("ROOM").endswith("what is said here"),
              "backup %d: the topic is there" % n)
    copy.stop()
shutil.rmtree(os.path.join(row.dir, "backup0"))
row.finish()
