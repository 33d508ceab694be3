# power.py -- a server whose power is cut, again and again, under a crowd
#
# SPDX-License-Identifier: MIT
"""vcrpd-faulty writes down each change of its data directory; after a kill,
power-cut makes of that what a disk may hold that lost its power then: all that
was synced, and of the rest whatever chance leaves, in parts and in any order.
(SQLite keeps its own files, which are left as they are.)"""
import os
import random
import subprocess
import time

from accept import Server
from crowd import Crowd, Truth, judge
import logs

# Few and small, so that files change, and are closed and synced, often.
SMALL = {"storage.segment": 64, "storage.files": 3, "rooms.window": 64,
         "rooms.linger": 0}


class Fate:
    """What became of a server through some cuts."""

    def __init__(self):
        self.lost, self.oldest, self.suffix = 0, 0.0, True

    def learn(self, cut_at, lost, earliest, suffix):
        self.lost += lost
        self.suffix = self.suffix and suffix
        if lost:
            self.oldest = max(self.oldest, cut_at - earliest)


def cut(row, server, seed):
    """The power goes. When, in seconds."""
    at = time.monotonic()
    server.crash()
    subprocess.run([row.program("tests/power-cut"), server.env["VCRP_POWER"],
                    str(seed)], check=True)
    return at


def make_server(row, policy, config):
    server = Server(row, dict(config, **{"storage.fsync": policy}),
                    program="tests/vcrpd-faulty", started=False)
    server.env["VCRP_POWER"] = os.path.join(server.dir, "journal")
    server.start(VCRP_BOOT="boot")
    return server


def make_crowd(lossy, seed, mix):
    crowd = Crowd(Truth(lossy), seed=seed)
    crowd.writers(20, 5, pad=100, window=8, pace=0.004, mix=mix)
    for writer in crowd.people if lossy else ():
        # What is edited may be what was lost.
        writer.forgiven = ("no-such-number",)
    return crowd


def cuts(row, policy, count, least, most, config=None, mix=(5, 5, 3)):
    """Cuts it after `least` messages and up to `most` seconds more. A Fate."""
    chance = random.Random("%s %d" % (policy, row.args.seed))
    server, fate = make_server(row, policy, config or SMALL), Fate()
    crowd = make_crowd(policy != "always", chance.random(), mix)
    truth = crowd.truth
    for n in range(count):
        crowd.connect(server.port)
        before = crowd.acked()
        crowd.run(20, lambda: crowd.acked() >= before + least)
        crowd.run(chance.uniform(0, most))
        at = cut(row, server, chance.getrandbits(32))
        crowd.drain()
        server.start(VCRP_BOOT="boot-%d" % n)
        if chance.random() < 0.3:
            # A life in which nobody enters a room settles nothing.
            server.stop()
            server.start(VCRP_BOOT="boot-%d" % n)
        fate.learn(at, *truth.find_lost(server.port))
    crowd.connect(server.port)
    crowd.settle()
    crowd.close()
    total, missing = judge(truth, server.port, crowd.people,
                           ordered=not truth.lossy)
    status = server.stop()
    faults = logs.check_databases(server.data)
    if policy != "never":
        # Then what is damaged in the middle stays as it is.
        faults += logs.check(server.data)[1]
    for fault in truth.faults[:10] + faults[:5]:
        print("   " + fault)
    row.figure("%s: cuts, acknowledged, lines lost" % policy,
               "%d, %d, %d" % (count, crowd.acked(), fate.lost))
    row.check(not missing, "%s: otherwise missing %d is 0" % (
        policy, len(missing)))
    row.check(not truth.faults, policy + ": nothing doubled, no hole, no "
              "number given twice, order kept")
    row.check(status == 0, "%s: ends with %s" % (policy, status))
    row.check(not faults, policy + ": files are good")
    return fate
