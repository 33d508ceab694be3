#!/usr/bin/env python3
# syscalls.py -- what the server asks of the kernel at saturation
#
# SPDX-License-Identifier: MIT
"""strace counts every call but slows them all, so that lines gather; where
perf can count in the kernel, at full speed, its figures follow."""
import re
import shutil
import signal
import subprocess
import time

from accept import Row, Server, load

row = Row("syscalls", "system calls of a room of 100 at saturation")
CALLS = ("sendmsg", "sendto", "write", "writev", "futex", "epoll_wait",
         "epoll_pwait", "epoll_ctl", "recvfrom", "read", "accept4")
ROOM = {"members": 100, "senders": 1, "time": 5}


def parse_strace(text):
    counts = {}
    for line in text.split("\n"):
        found = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?"
                         r"(\w+)$", line)
        if found and found.group(2) != "total":
            counts[found.group(2)] = int(found.group(1))
    return counts


def parse_perf(text):
    return {call: int(n) for n, call in
            re.findall(r"^(\d+),[^,]*,syscalls:sys_enter_(\w+)", text, re.M)}


def count(name, command, parse):
    server = Server(row)
    tracer = subprocess.Popen(command + ["-p", str(server.pid)],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
    time.sleep(1.5)
    run = load(row, server, "fanout", **ROOM)
    run.good(row, name)
    tracer.send_signal(signal.SIGINT)
    counts = parse(tracer.communicate(timeout=30)[0])
    server.stop()
    total = max(1, sum(counts.values()))
    print("   %s: %d deliveries, %d/s" % (name, run["deliveries"],
                                          run["deliveries_per_s"]))
    for call, n in sorted(counts.items(), key=lambda item: -item[1])[:8]:
        print("   %10d %5.1f %% %8.5f a delivery  %s" % (
            n, 100 * n / total, n / max(1, run["deliveries"]), call))
    sends = sum(counts.get(c, 0) for c in ("send", "sendto", "sendmsg",
                                           "writev", "sendmmsg"))
    wakes = counts.get("futex", 0) + counts.get("write", 0)
    row.figure("share of sends", 100 * sends / total, "%")
    row.figure("deliveries a send", run["deliveries"] / max(1, sends))
    row.check(sends > 0, "calls were counted")
    row.check(wakes / max(1, run["deliveries"]) < 0.1,
              "wake-ups a delivery %.5f < 0.1" % (
                  wakes / max(1, run["deliveries"])))


if shutil.which("strace"):
    count("strace", ["strace", "-c", "-f", "-q"], parse_strace)
else:
    row.check(False, "strace is here")
if shutil.which("perf"):
    # perf reads tracefs, which not every system has mounted.
    subprocess.run(["mount", "-t", "tracefs", "none", "/sys/kernel/tracing"],
                   capture_output=True, check=False)
    events = ",".join("syscalls:sys_enter_" + call for call in CALLS)
    count("perf", ["perf", "stat", "-x", ",", "-e", events], parse_perf)
row.finish()
