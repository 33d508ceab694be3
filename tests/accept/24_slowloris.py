#!/usr/bin/env python3
# 24_slowloris.py -- 500 connections that never finish their first line
#
# SPDX-License-Identifier: MIT
import selectors
import socket
import ssl
import time

from accept import Client, Row, Server, quantile

row = Row("24", "500 connections at a byte a second, before login")
server = Server(row)
begin = time.monotonic()
select, ends, count = selectors.DefaultSelector(), [], 500
LINE = b"HELLO " + b"x" * 60


def client_hello():
    """What a client says first, were it not so slow."""
    said = ssl.MemoryBIO()
    try:
        ssl.create_default_context().wrap_bio(
            ssl.MemoryBIO(), said, server_hostname="x").do_handshake()
    except ssl.SSLWantReadError:
        return said.read()


# A fifth says half of a TLS handshake: all but its second flight.
HELLO = client_hello()
lost = 0
for i in range(count):
    sock = socket.create_connection(("127.0.0.1", server.port))
    sock.setblocking(False)
    # A fifth sends nothing at all, a fifth an empty line each second.
    select.register(sock, selectors.EVENT_READ, [i % 5, 0, {}])
delays, next_byte, next_login, named = [], begin, begin, 0
while len(ends) < count and time.monotonic() - begin < 40:
    now = time.monotonic()
    if now >= next_byte:
        next_byte += 1
        for key in list(select.get_map().values()):
            kind, at, _ = key.data
            byte = b"\n" if kind == 1 else LINE[at:at + 1]
            if kind == 2:
                byte = HELLO[at * 40:at * 40 + 40]
            key.data[1] += 1
            try:
                if kind != 0:
                    key.fileobj.send(byte)
            except OSError:
                pass
    if now >= next_login:
        next_login += 0.05
        named += 1
        client = Client(server.port, "fresh%d" % named)
        delays.append(time.monotonic() - now)
        client.close()
    for key, _ in select.select(max(0, min(next_byte, next_login) -
                                    time.monotonic())):
        try:
            data = key.fileobj.recv(4096)
        except OSError:
            data = b""
        if not data:
            ends.append(time.monotonic() - begin)
            select.unregister(key.fileobj)
            key.fileobj.close()
        else:
            key.data[2]["told"] = data
row.check(len(ends) == count, "%d of %d were closed" % (len(ends), count))
row.figure("first closed after", min(ends, default=0.0), "s")
row.at_most("last closed after", max(ends, default=99.0), 20.0, "s")
row.figure("fresh logins meanwhile", len(delays))
row.at_most("fresh login p99", quantile(delays, 0.99) * 1000, 100.0, "ms")
row.finish()
