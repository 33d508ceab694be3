#!/usr/bin/env python3
# 33_login_flood.py -- a thousand tries to log in each second
#
# SPDX-License-Identifier: MIT
"""Half of them try one account from one address, as fast as they may; half try
any name from anywhere, so that nothing slows them down."""
import multiprocessing
import random
import selectors
import socket
import time

from accept import Load, Row, Server, load, pin_load, quantile
import sasl

row = Row("33", "1,000 tries to log in a second: chat, and the owner",
          {"time": (10, "seconds"), "rate": (1000, "tries a second")})
server = Server(row)
OWNER, PASSWORD = "kay", "right"
with sasl.administrator(server.sock) as root:
    sasl.add(root, OWNER, PASSWORD)


class Try:
    """One, without waiting: a wrong proof."""

    def __init__(self, select, place, name):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.bind((place, 0))
        self.sock.connect_ex(("127.0.0.1", server.port))
        self.rest, self.name, self.proved = b"", name, False
        select.register(self.sock, selectors.EVENT_WRITE, self)

    def go_on(self, select, counts):
        if not self.rest and not self.proved and select.get_key(
                self.sock).events == selectors.EVENT_WRITE:
            self.sock.send(b"AUTH SCRAM-SHA-256 %s\n" % sasl.b64(
                b"n,,n=%s,r=abc" % self.name.encode()).encode())
            select.modify(self.sock, selectors.EVENT_READ, self)
            return True
        data = self.sock.recv(4096)
        self.rest += data
        for line in self.rest.split(b"\n")[:-1]:
            if line.startswith(b"AUTH ") and not self.proved:
                nonce = sasl.challenge(line.decode())[0]
                self.proved = True
                self.sock.send(b"AUTH %s\n" % sasl.b64(
                    ("c=biws,r=%s,p=%s" % (nonce, sasl.b64(bytes(32))))
                    .encode()).encode())
            elif b"ERR auth-failed" in line:
                counts["failed"] += 1
                return False
            elif b"ERR" in line:
                counts["refused"] += 1
                return False
        self.rest = self.rest[self.rest.rfind(b"\n") + 1:]
        return bool(data)


def flood(counts_r):
    pin_load()
    select, counts = selectors.DefaultSelector(), {
        "begun": 0, "failed": 0, "refused": 0}
    begin = now = time.monotonic()
    while now - begin < row.args.time:
        while counts["begun"] < (now - begin) * row.args.rate:
            if counts["begun"] % 2:
                Try(select, "127.0.0.66", OWNER)
            else:
                Try(select, "127.%d.%d.%d" % tuple(
                    random.randint(1, 250) for _ in range(3)),
                    "name%d" % random.randint(0, 1000000))
            counts["begun"] += 1
        for key, _ in select.select(0.001):
            try:
                good = key.data.go_on(select, counts)
            except OSError:
                good = False
            if not good:
                select.unregister(key.fileobj)
                key.fileobj.close()
        now = time.monotonic()
    counts_r.send(counts)


chat = {"rooms": 10, "members": 10, "senders": 1, "rate": 20}
quiet = load(row, server, "latency", time=min(row.args.time, 8), room="before",
             measured=True, **chat)
ours, theirs = multiprocessing.Pipe(False)
process = multiprocessing.Process(target=flood, args=(theirs,))
busy, begin = server.cpu(), time.monotonic()
process.start()
beside = Load(row, server, "latency", time=row.args.time, room="beside",
              measured=True, **chat)
delays = []
while time.monotonic() - begin < row.args.time - 1:
    at = time.monotonic()
    with sasl.Wire(("127.0.0.1", server.port, "127.0.0.9")) as wire:
        row.failed += [] if sasl.scram(wire, OWNER, PASSWORD) == \
            "OK AUTH " + OWNER else ["the owner logs in"]
    delays.append(time.monotonic() - at)
counts = ours.recv()
busy = server.cpu() - busy
process.join()
beside.end()
beside.good(row, "chat")
row.figure("tries begun", counts["begun"] / row.args.time, "a second")
row.figure("tries that were looked at and failed", counts["failed"])
row.figure("tries refused otherwise", counts["refused"])
row.figure("server CPU", busy / row.args.time * 100, "%")
row.check(counts["begun"] >= row.args.rate * row.args.time * 0.95,
          "the flood came as it should")
row.figure("the owner's logins", len(delays))
row.at_most("the owner's slowest login", max(delays), 2.0, "s")
before = quiet["delivery_p99_us"] / 1000
after = beside["delivery_p99_us"] / 1000
row.figure("chat p50, flood beside", beside["delivery_p50_us"] / 1000, "ms")
row.figure("chat p99, nothing else", before, "ms")
row.at_most("chat p99, flood beside", after, 20.0, "ms")
row.at_most("chat p99, to that without", after / before, 1.5)
row.finish()
