#!/usr/bin/env python3
# 52_log_flood.py -- bad lines as fast as they go, and what the log makes of it
#
# SPDX-License-Identifier: MIT
import os
import socket
import threading
import time

from accept import Client, Row, Server, pin_load

row = Row("52", "50,000 bad lines a second",
          {"seconds": (10, "how long; the bound says 30")})
server = Server(row, {"log.level": "debug", "limits.lines": 10})
pin_load()


def flood(seconds, make):
    sent, begin = 0, time.monotonic()
    while time.monotonic() - begin < seconds:
        sent += make()
    return sent / (time.monotonic() - begin)


held = Client(server.port, "bad")


def read_all():
    """A server does not read from one who does not read its answers."""
    try:
        while held.sock.recv(1 << 20):
            pass
    except OSError:
        pass


threading.Thread(target=read_all, daemon=True).start()


def lines():
    """Bad lines of one connection."""
    held.raw(b"NONSENSE \xff\x1b[31m\r\x07\n" * 500)
    return 500


def connections():
    """A connection each, with a bad first line."""
    sock = socket.create_connection(("127.0.0.1", server.port))
    sock.sendall(b"GET /\x1b[2J HTTP/1.1\r\n\r\n")
    sock.close()
    return 1


for make in lines, connections:
    size, begin = os.path.getsize(server.log_path), time.monotonic()
    count = server.log().count("\n")
    try:
        rate = flood(row.args.seconds, make)
    except (TimeoutError, ConnectionError) as error:
        row.check(False, "%s: %s" % (make.__name__, error))
        continue
    seconds = time.monotonic() - begin
    row.figure("%s, bad lines/s" % make.__name__, rate)
    # A second is the clock's, so the run touches one more than it lasts, and
    # each may begin with the line that tells what was suppressed.
    row.at_most("log lines in %.0f s" % seconds,
                server.log().count("\n") - count, 101 * (int(seconds) + 2))
    row.at_most("log bytes", os.path.getsize(server.log_path) - size, 1 << 20)
text = server.log()
row.figure("lines that say 'suppressed'", text.count("suppressed"))
row.check("\x1b" not in text and "\x07" not in text, "no control character")
Client(server.port, "late").ping()
row.finish()
