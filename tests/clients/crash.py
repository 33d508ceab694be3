#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The server is killed at random moments while writers write, and begins again: what it echoed must be there,
once, under its number. crash.py [KILLS [SEED]]; VCRPD names the program."""
import os, random, re, sys, time
from server import Server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash"))
from crowd import Crowd, judge

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 12
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(4), "big")
# As small as can be, so that in a second segments, windows and descriptors change often.
CONFIG = """limits = { lines = 0; address = 0; };
rooms = { window = 64; linger = 0; };
storage = { fsync = "%s"; segment = 64; files = 3; };"""


def killed(policy, kills):
    chance = random.Random("%d %s" % (SEED, policy))
    crowd = Crowd(seed=SEED)
    crowd.writers(10, 4, pad=200)
    with Server(CONFIG % policy) as server:
        for _ in range(kills):
            crowd.connect(server.port)
            crowd.run(chance.uniform(0.02, 0.4))
            server.process.kill()
            crowd.drain()
            server.process.wait()
            if chance.random() < 0.3:
                # Again, while it begins.
                server.launch()
                time.sleep(chance.uniform(0, 0.03))
                server.process.kill()
                server.process.wait()
            server.start()
        crowd.connect(server.port)
        crowd.settle()
        crowd.close()
        total, _ = judge(crowd.truth, server.port, crowd.people)
        if server.stop() != 0:
            crowd.truth.fault("the server did not end well")
        with open(server.path("log")) as file:
            log = file.read()
        for report in re.findall(r".*(?:Sanitizer: |runtime error: |Assertion).*", log)[:3]:
            crowd.truth.fault(report)
        if crowd.truth.faults:
            sys.stderr.write(log[-4000:])
    print("%s: %d kills, %d acknowledged, %d lines kept" % (policy, kills, crowd.acked(), total), flush=True)
    return crowd.truth.faults


print("seed", SEED, flush=True)
faults = []
for n, policy in enumerate(("interval", "always", "never")):
    faults += killed(policy, (KILLS + n) // 3)
for fault in faults[:20]:
    print("FAIL", fault)
sys.exit(f"{len(faults)} failed, seed {SEED}" if faults else 0)
