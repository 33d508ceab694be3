#!/usr/bin/env python3
# 28_bad_reloads.py -- reloads of configurations that cannot be
#
# SPDX-License-Identifier: MIT
import itertools
import os
import signal
import socket
import time

from accept import (Client, Load, Row, Server, administrator, config_text,
                    until)

row = Row("28", "reloads: faults of each kind, alone and in pairs")
server = Server(row)
admin = administrator(server)
good = config_text(server.config)
crowd = Load(row, server, "chat", rooms=2, members=10, senders=10, rate=5,
             time=20)
until(lambda: server.descriptors() > 25)
guest = Client(server.port, "guest")
guest.join("lobby")
fds = server.descriptors()


def missing():
    os.unlink(server.conf)


def unreadable():
    os.unlink(server.conf)
    os.mkdir(server.conf)


def restore():
    if os.path.isdir(server.conf):
        os.rmdir(server.conf)
    server.write_text(good)


# name, how it comes about, what the reply and the log must hold
FAULTS = {
    "syntax": (lambda: server.write_text(good + "limits = {{\n"),
               "vcrpd.conf:"),
    "unknown option": (lambda: server.write_text(
        good + 'chat = {\n\tcolour = "red";\n};\n'), "vcrpd.conf:"),
    "wrong type": (lambda: server.write_text(good.replace(
        "lines = 0", 'lines = "many"')), "vcrpd.conf:"),
    "out of range": (lambda: server.write_text(good.replace(
        "lines = 0", "lines = -5")), "vcrpd.conf:"),
    "empty group cut": (lambda: server.write_text(good[:len(good) // 2]),
                        "vcrpd.conf:"),
    "missing": (missing, "vcrpd.conf"),
    "a directory": (unreadable, "vcrpd.conf"),
}


def still_open(what):
    try:
        client = Client(server.port, "x%d" % (time.time() * 1000))
        client.close()
        local = Client(server.sock)
        local.close()
        return True
    except (OSError, EOFError, ValueError) as error:
        print("   ", what, error)
        return False


def reload(name):
    restore()
    FAULTS[name][0]()
    before = len(server.log())
    admin.send("@id=r1 RELOAD")
    lines = []
    while True:
        line = admin.line()
        if line is None:
            return "the administrator's connection ended", ""
        lines.append(line)
        if line.startswith("@") and (" OK" in line or " ERR" in line):
            break
    return "\n".join(lines), server.log()[before:]


for name in FAULTS:
    told, logged = reload(name)
    row.check(" ERR " in told and FAULTS[name][1] in told,
              "%s: told %s" % (name, told.split("\n")[-1][:90]))
    row.check(FAULTS[name][1] in logged, "%s: logged %s" % (
        name, logged.strip().split("\n")[-1][-80:]))
    row.check(still_open(name), "%s: listeners are open" % name)
pairs = 0
for one, two in itertools.product(FAULTS, FAULTS):
    reload(one)
    told, _ = reload(two)
    pairs += " ERR " in told and still_open(one + ", " + two)
row.check(pairs == len(FAULTS) ** 2, "%d pairs in a row of %d" % (
    pairs, len(FAULTS) ** 2))
# The log holds back what exceeds a hundred lines a second.
time.sleep(1.5)
for name in FAULTS:
    restore()
    FAULTS[name][0]()
    size = len(server.log())
    server.kill(signal.SIGHUP)
    row.check(until(lambda: "vcrpd.conf" in server.log()[size:], 5),
              "%s: SIGHUP is answered in the log" % name)
# The limit of lines was 0 all the time: a thousand in a go go through.
guest.send(*["SAY lobby %d" % i for i in range(200)])
guest.until(r"MSG lobby \d+ \d+ ~guest 199$")
row.check(True, "the old limits are in force")
restore()
server.write_text(good.replace("lines = 0", "lines = 1"))
admin.send("@id=r2 RELOAD")
row.check("OK" in admin.until("OK|ERR"), "a good one is taken then")
guest.send(*["SAY lobby %d" % i for i in range(200)])
try:
    guest.until(r"MSG lobby \d+ \d+ ~guest 199$")
    row.check(False, "and holds for connections that are there")
except ValueError as error:
    row.check("too-fast" in str(error), "and holds for connections that are"
              " there: %s" % error)
restore()
admin.send("@id=r3 RELOAD")
admin.until("OK|ERR")
crowd.end()
crowd.good(row, "chat through all reloads")
row.check(until(lambda: server.descriptors() <= fds), "no descriptor is lost")
row.finish()
