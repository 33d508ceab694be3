#!/usr/bin/env python3
# 19_small_memory.py -- a flood within a cgroup of 128 MB: sheds, and lives
#
# SPDX-License-Identifier: MIT
"""5,000 clients are in, 500 of them ask for pages and never read, and strangers
come on. In a cgroup where root may make one, so that the kernel kills a server
that takes more; else limits.memory is set to what would be taken from that."""
import os
import re
import socket
import time

from accept import (Client, Load, Row, Server, administrator, private_network,
                    until)

private_network(tcp_wmem="4096 16384 16384")
STRANGERS = 300


def make_group():
    """(directory, its file for the limit), or None."""
    with open("/proc/self/cgroup", encoding="ascii") as f:
        groups = [line.rstrip("\n").split(":", 2) for line in f]
    for _, kinds, path in groups:
        for root, name in (("/sys/fs/cgroup/memory", "limit_in_bytes"),
                           ("/sys/fs/cgroup", "max")):
            if kinds != ("memory" if name == "limit_in_bytes" else ""):
                continue
            group = "%s%s/vcrp-%d" % (root, path.rstrip("/"), os.getpid())
            try:
                os.mkdir(group)
                with open("%s/memory.%s" % (group, name), "w",
                          encoding="ascii") as f:
                    f.write(str(BOUND << 20))
                return group
            except OSError:
                continue
    return None


def oom_kills(group):
    for name in ("memory.oom_control", "memory.events"):
        try:
            with open(os.path.join(group, name), encoding="ascii") as f:
                found = re.search(r"^oom_kill (\d+)", f.read(), re.M)
                if found:
                    return int(found.group(1))
        except OSError:
            pass
    return 0


class Confined(Server):
    def prepare(self):
        super().prepare()
        if group:
            with open(os.path.join(group, "cgroup.procs"), "w",
                      encoding="ascii") as f:
                f.write(str(os.getpid()))


row = Row("19", "128 MB, 5,000 clients and a flood",
          {"bound": (128, "what the server may have, in MB"),
           "clients": (5000, "who are in and still"),
           "greedy": (500, "who ask for what they do not read")})
BOUND, CLIENTS, GREEDY = row.args.bound, row.args.clients, row.args.greedy
group = make_group()
options = {} if group else {"limits.memory": BOUND * 3 // 4}
server = Confined(row, dict({"limits.unauthenticated": 2000}, **options))
row.figure("cgroup", group or "none can be made here; limits.memory = %d" % (
    BOUND * 3 // 4))
crowd = Load(row, server, "idle", rooms=50, members=CLIENTS // 50,
             at_once=500, time=3600)
row.check(crowd.until("ready") == CLIENTS, "%d came in" % CLIENTS)
row.figure("RSS with all inside", server.rss() / 1024, "MiB")
talker = Client(server.port, "talker")
talker.join("hall")
for i in range(400):
    talker.send("SAY hall " + "x" * 3000)
    talker.until("MSG")
greedy = []
for i in range(GREEDY):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", server.port))
    sock.sendall(b"HELLO greedy%d hall\n" % i + b"HISTORY hall 1000\n" * 4)
    greedy.append(sock)
strangers, told, delays, most = [], {}, [], 0
end = time.monotonic() + 8
while time.monotonic() < end and server.process.poll() is None:
    if len(strangers) < STRANGERS:
        try:
            strangers.append(socket.create_connection(
                ("127.0.0.1", server.port)))
            strangers[-1].sendall(b"PING\n")
        except OSError:
            pass
    most = max(most, server.rss())
    begin = time.monotonic()
    talker.send("SAY hall still here")
    talker.until("MSG")
    delays.append(time.monotonic() - begin)
    time.sleep(0.01)
for sock in strangers:
    sock.settimeout(0.1)
    try:
        text = sock.recv(4096).decode().split("\n")
    except OSError:
        continue
    for line in text:
        if "limits.memory" in line:
            told[line] = told.get(line, 0) + 1
for line in told:
    row.figure("told", told[line], line)
row.check(server.process.poll() is None, "the server lives")
row.figure("most RSS", most / 1024, "MiB")
row.at_most("RSS", most / 1024, BOUND, "MiB")
row.figure("who talks meanwhile waits at most", max(delays) * 1000, "ms")
if group:
    row.check(oom_kills(group) == 0, "the kernel killed nothing")
admin = administrator(server)
admin.send("STATS")
lines = []
admin.until("OK STATS", lines)
refused = dict(line.split()[1:] for line in lines if " refused." in line)
row.check(int(refused["refused.limits.memory"]) > 0,
          "%s were ended or not taken in" % refused["refused.limits.memory"])
row.check("limits.memory" in server.log(), "the log says so")
ended = sum("too much unread" in line for line in server.log().split("\n"))
row.figure("ended with most unread, in the log", ended)
for sock in greedy + strangers:
    sock.close()
crowd.tell()
crowd.end().good(row, "who asked for nothing")
row.check(crowd["alive"] == CLIENTS, "%d of them are still there" %
          crowd["alive"])


def comes_in():
    try:
        Client(server.port, "fresh").close()
        return True
    except (OSError, EOFError, ValueError):
        return False


row.check(until(comes_in, 20), "afterwards one comes in again")
if group:
    server.stop()
    until(lambda: not os.path.exists("/proc/%d" % server.pid), 5)
    try:
        os.rmdir(group)
    except OSError:
        row.figure("left behind", group)
row.finish()
