#!/usr/bin/env python3
# 20_malformed.py -- 1,500 connections send 14 MB of nonsense
#
# SPDX-License-Identifier: MIT
import random
import selectors
import socket
import time

from accept import Client, Load, Row, Server, pin_load, until

row = Row("20", "1,500 connections, 14 MB of malformed input",
          {"seed": (1, "of the random bytes")})
chance = random.Random(row.args.seed)


def noise():
    return chance.randbytes(10000)


def noise_after_login():
    return b"HELLO n%d\n" % chance.randrange(10**9) + noise()


def long_line():
    return b"HELLO l%d\nSAY lobby " % chance.randrange(10**9) + b"x" * 20000


def garbage_commands():
    verbs = (b"SAY", b"JOIN", b"EDIT", b"ROLE", b"NICK", b"USER", b"GET / ",
             b"SIGNAL", b"REACT", b"SET", b"KICK", b"", b"@", b"@id", b"@id=")
    words = (b"", b"lobby", b"-1", b"0", b"9" * 30, b"*", b"\x00", b"\xff",
             b"a" * 200, b"@x", b"=", b";")
    return b"HELLO g%d\n" % chance.randrange(10**9) + b"".join(
        b"%s %s %s\n" % (chance.choice(verbs), chance.choice(words),
                         chance.choice(words)) for _ in range(220))


def blank_lines():
    return b"HELLO b%d\n" % chance.randrange(10**9) + b"\n" * 8000


def attributes():
    return b"HELLO a%d\n" % chance.randrange(10**9) + b"".join(
        b"@%s=%s;+x=y SAY lobby hi\n" % (b"k" * chance.randrange(600),
                                         b"v" * chance.randrange(600))
        for _ in range(12))


KINDS = (noise, noise_after_login, long_line, garbage_commands, blank_lines,
         attributes)


def flood(port, payloads, seconds=0):
    """Sends each on a connection of its own, two hundred at a time, as fast as
    it goes or spread over so many seconds."""
    begin, count = time.monotonic(), len(payloads)
    select, left, sent = selectors.DefaultSelector(), list(payloads), 0
    active = 0
    while left or active:
        while left and active < 200 and (
                count - len(left)) * seconds <= count * (
                    time.monotonic() - begin):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
            select.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE,
                            [left.pop(), 0])
            active += 1
        for key, events in select.select(0.002):
            data, at = key.data
            over = False
            try:
                if events & selectors.EVENT_READ:
                    over = not key.fileobj.recv(65536)
                if events & selectors.EVENT_WRITE:
                    n = key.fileobj.send(data[at:at + 32768])
                    key.data[1] += n
                    sent += n
            except BlockingIOError:
                pass
            except OSError:
                over = True
            if over or key.data[1] >= len(data):
                select.unregister(key.fileobj)
                key.fileobj.close()
                active -= 1
    return sent


# The limits that a server has unless told otherwise.
server = Server(row, {"limits.lines": 10, "limits.burst": 50})
row.check(Client(server.port, "early").join("lobby") >= 0, "alive before")
sockets = server.sockets()
payloads = [chance.choice(KINDS)() for _ in range(1500)]
# What so many connections at once need is kept for the next ones: what is
# looked for is what grows each time.
for _ in range(2):
    flood(server.port, [chance.choice(KINDS)() for _ in range(1500)])
    until(lambda: server.sockets() <= sockets)
row.figure("RSS after two floods", server.rss() / 1024, "MiB")
rss = server.rss()


def beside(name, seconds):
    bystanders = Load(row, server, "latency", measured=True,
                      room=name.replace(" ", ""), members=10, senders=10,
                      rate=9, time=7)
    until(lambda: server.sockets() >= sockets + 10)
    begin = time.monotonic()
    row.figure("%s: bytes taken" % name, flood(server.port, payloads, seconds))
    until(lambda: server.sockets() <= sockets + 10)
    row.at_most("%s: all sent, all closed" % name, time.monotonic() - begin,
                5.0, "s")
    bystanders.end()
    bystanders.good(row, "bystanders")
    row.figure("%s: bystander p99" % name, bystanders["delivery_p99_us"] /
               1000, "ms")
    return bystanders["delivery_max_us"] / 1000


row.figure("bytes offered", sum(map(len, payloads)))
pin_load()
row.figure("at once: bystander max", beside("at once", 0), "ms")
row.at_most("bystander max", beside("in four seconds", 4), 5.0, "ms")
row.check(Client(server.port, "late").join("lobby") >= 0, "alive afterwards")
row.at_most("RSS growth", (server.rss() - rss) / 1024, 1.0, "MiB")
row.figure("log bytes", len(server.log()))
row.finish()
