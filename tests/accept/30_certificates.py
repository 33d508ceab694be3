#!/usr/bin/env python3
# 30_certificates.py -- certificates that change while clients are connected
#
# SPDX-License-Identifier: MIT
import shutil
import signal
import socket
import ssl
import time

from accept import Client, Load, Row, Server, administrator, until
from authority import Authority

row = Row("30", "another certificate by SIGHUP, by RELOAD, by itself")
authority = Authority(row.dir)
serial = authority.issue("server")
server = Server(row, {"tls.certificate": authority.path("server.crt"),
                      "tls.key": authority.path("server.key")})
admin = administrator(server)
verified = ssl.create_default_context(cafile=authority.ca)


def connect():
    raw = socket.create_connection(("localhost", server.port), 10)
    return verified.wrap_socket(raw, server_hostname="localhost")


def shown():
    with connect() as sock:
        return sock.getpeercert()["serialNumber"].lstrip("0")


def log_has(text, begin=0):
    return until(lambda: text in server.log()[begin:], 5)


class Encrypted(Client):
    def __init__(self, nick):
        self.sock, self.rest = connect(), b""
        self.hello(nick)


row.check(shown() == serial, "the certificate is verified by its authority")
old = [Encrypted("old%d" % i) for i in range(10)]
for client in old:
    client.join("lobby")
crowd = Load(row, server, "chat", rooms=2, members=20, senders=20, rate=10,
             time=30, tls=True)
until(lambda: server.descriptors() > 50)
delays = []
for turn in range(5):
    serial = authority.issue("server")
    begin = time.monotonic()
    server.kill(signal.SIGHUP)
    row.check(until(lambda: shown() == serial, 5),
              "SIGHUP: new handshakes see serial %s" % serial)
    delays.append(time.monotonic() - begin)
row.at_most("the slowest to be seen", max(delays), 1.0, "s")
serial = authority.issue("server")
admin.send("RELOAD")
admin.until("OK RELOAD")
row.check(shown() == serial, "RELOAD: the next handshake sees the new one")
serial = authority.issue("server")
begin = time.monotonic()
row.check(until(lambda: shown() == serial, 30, 0.2),
          "files that change are taken by themselves")
row.figure("after", time.monotonic() - begin, "s")
for i, client in enumerate(old):
    client.send("SAY lobby still %d" % i)
for client in old:
    client.until(r"MSG lobby \d+ \d+ ~old9 still 9$")
row.check(True, "connections from before the first change live")

# A pair that does not fit changes nothing.
shutil.copy(authority.path("server.crt"), authority.path("good.crt"))
shutil.copy(authority.path("server.key"), authority.path("good.key"))
authority.issue("other")
shutil.copy(authority.path("other.key"), authority.path("server.key"))
size = len(server.log())
server.kill(signal.SIGHUP)
row.check(log_has(authority.path("server.key"), size),
          "a key of another certificate is named in the log")
row.check(shown() == serial, "and the old pair stays")
shutil.copy(authority.path("good.key"), authority.path("server.key"))

# What is about to expire is told, at the reload and at a start.
size = len(server.log())
authority.issue("server", days=13)
server.kill(signal.SIGHUP)
row.check(log_has("expires in 12 days", size) or
          log_has("expires in 13 days", size), "13 days left: it is told")
size = len(server.log())
authority.issue("server", days=16)
server.kill(signal.SIGHUP)
row.check(log_has("sha256:", size), "16 days left: it is taken")
row.check("expires in" not in server.log()[size:], "and nothing is told")
authority.issue("server", days=2)
again = Server(row, {"tls.certificate": authority.path("server.crt"),
                     "tls.key": authority.path("server.key")})
row.check(until(lambda: "expires in" in again.log(), 5),
          "2 days left: it is told at a start")
crowd.end()
crowd.good(row, "chat through all changes")
row.finish()
