#!/usr/bin/env python3
# 05_full_disk.py -- the disk is full, and then it is not
#
# SPDX-License-Identifier: MIT
"""The data directory is a tmpfs of 2 MB (as root; else storage.limit stands
in for it), with a ballast in it that is thrown off later. The same once more
with storage.limit, which a reload raises."""
import os
import subprocess
import time

from accept import Client, Row, Server, administrator, until
from crowd import Crowd, judge
import logs

row = Row("5", "a full disk: nothing is told that is not stored",
          {"size": (2, "MB of the disk")})


def answer(client, line, patterns, bound):
    """Says a line; the answer, which has to come in time."""
    begin = time.monotonic()
    client.send(line)
    while True:
        got = client.line()
        if got is None or any(p in got for p in patterns):
            break
    row.at_most("'%s' is answered '%s'" % (line.split(" more")[0], (
        got or "the end")[:50]), 1000 * (time.monotonic() - begin), bound,
        "ms")
    return got or ""


def live_goes_on(server, watcher):
    """What does not store works."""
    got = answer(watcher, "SAY ephemeral not kept", ["MSG ", "ERR "], 100.0)
    row.check("MSG ephemeral" in got, "an ephemeral room goes on")
    got = answer(watcher, "SIGNAL room0 typing", ["SIGNAL ", "ERR "], 100.0)
    row.check("SIGNAL room0" in got, "SIGNAL goes on")
    # A short one might still find its place.
    got = answer(watcher, "@id=fullfull.1 SAY room0 more" + "." * 3000,
                 ["@id=fullfull.1"], 100.0)
    row.check("ERR storage-full" in got, "SAY is refused as storage-full")
    watcher.send("HISTORY room0 20")
    watcher.until("PAGE room0")
    watcher.until("OK HISTORY")
    row.check(True, "HISTORY is answered")
    reader = Client(server.port, "reader")
    reader.send("JOIN room0 0")
    last = int(reader.until("OK JOIN").split()[-1])
    reader.until("[A-Z]+ room0 %d" % last)
    row.check(True, "a new guest logs in and reads all there is")
    fresh = Client(server.port)
    answer(fresh, "@key=%s HELLO fresh" % ("f" * 30), ["OK HELLO", "ERR "],
           2000.0)


def scenario(name, server, free):
    """Fills it, looks, lets `free` make room, and judges."""
    root = administrator(server)
    for line in ("JOIN ephemeral", "SET ephemeral ephemeral on"):
        root.send(line)
        root.until("OK")
    watcher = Client(server.port, "watcher")
    watcher.join("ephemeral")
    crowd = Crowd(seed=1)
    crowd.writers(4, 2, pad=1000, window=3)
    truth = crowd.truth
    crowd.connect(server.port)
    row.check(crowd.run(60, lambda: truth.errors.get("storage-full", 0) > 30),
              "%s: it fills, after %d messages" % (name, crowd.acked()))
    watcher.join("room0")
    live_goes_on(server, watcher)
    crowd.run(0.5)
    before, begin = crowd.acked(), time.monotonic()
    free()
    row.check(crowd.run(10, lambda: crowd.acked() > before),
              name + ": it stores again")
    row.at_most(name + ": after there is room again",
                time.monotonic() - begin, 1.0, "s")
    crowd.settle()
    delays = [d for p in crowd.people for d in p.delays]
    row.at_most("%s: %d refusals, the slowest" % (name, len(delays)),
                1000 * max(delays), 100.0, "ms")
    crowd.close()
    for life in "the same life", "another life":
        # What was refused is sent later, so only what is there is judged.
        total, missing = judge(truth, server.port, crowd.people,
                               ordered=False)
        row.check(not missing, "%s: in %s, of %d acknowledged and missing "
                  "%d is 0" % (name, life, crowd.acked(), len(missing)))
        if life == "the same life":
            status = server.stop()
            row.check(status == 0, "%s: ends with %s" % (name, status))
            faults = logs.check(server.data)[1] + \
                logs.check_databases(server.data)
            row.check(not faults, "%s: files are good %s" % (
                name, faults[:3]))
            server.start()
    for fault in truth.faults[:10]:
        print("   " + fault)
    row.check(not truth.faults, name + ": nothing doubled, no hole")
    row.check("No space left" in server.log() or "uota" in server.log() or
              "storage.limit" in server.log(), name + ": the log says so")


def full_tmpfs():
    server = Server(row, started=False, config={"storage.segment": 64})
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm,mode=700" %
                    row.args.size, "tmpfs", server.data], check=True)
    try:
        ballast = os.path.join(server.data, "ballast")
        with open(ballast, "wb") as file:
            file.write(bytes(row.args.size * 400000))
        server.start()
        scenario("tmpfs", server, lambda: os.unlink(ballast))
        server.stop()
    finally:
        if server.process.poll() is None:
            server.crash()
        until(lambda: subprocess.run(["umount", server.data]).returncode == 0)


def quota():
    server = Server(row, {"storage.segment": 64, "storage.limit": 1})

    def free():
        server.write_config(**{"storage.limit": 64})
        administrator(server).send("RELOAD")

    scenario("storage.limit", server, free)


if os.geteuid() == 0:
    full_tmpfs()
else:
    print("   only root can mount a small disk: left out")
quota()
row.finish()
