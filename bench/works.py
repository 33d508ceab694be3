# works.py -- what the compared servers are given to do, and how it is measured
#
# SPDX-License-Identifier: MIT
"""WORKS is the table: one row each, measured on one server by its function,
which starts that server anew and gives the figures. Faults end a measurement:
they make the figure void."""

import os
import re
import shutil
import signal
import subprocess
import time

import peers

PERF_EVENT = "raw_syscalls:sys_enter"
SLICE = 0.05   # seconds: the step in which perf counts
AT_ONCE = 500  # logins under way in a storm
STILL = 5.0    # seconds: how long the CPU at rest is looked at
FLOOR = ("floor",)
OURS = ("vcrp", "vcrp-off")
OTHERS = tuple(p.name for p in peers.PEERS)
OTHERS_TLS = tuple(p.name for p in peers.TLS_PEERS)
# Of ngircd the time to let one in grows with how many there are: 10,000 take
# it minutes. IRC tells everybody of everybody who comes.
NOT_NGIRCD = tuple(n for n in OTHERS if n != "ngircd")
NOT_IRC = tuple(p.name for p in peers.PEERS if p.protocol != "irc")


class Fault(Exception):
    """The generator found a promise broken, or could not run."""


class Load:
    """A vcrp-bench under way."""

    def __init__(self, bench, server, mode, **options):
        command = [os.path.join(bench.build, "vcrp-bench"), mode,
                   "--protocol", server.protocol, "--port", str(server.port),
                   "--pid", str(server.pid)]
        options.setdefault("at_once", server.at_once)
        if server.tls:
            options["tls"] = True
        for name, value in options.items():
            if value is not None:
                command.append("--" + name.replace("_", "-"))
                if value is not True:
                    command.append(str(value))
        self.what = " ".join([mode] + command[8:])
        self.limit = 60 + 4 * options.get("time", 0)
        self.out = os.path.join(server.dir, "load-%x" % id(self))
        with open(self.out, "wb") as out:
            self.process = peers.run(command, bench.load_cores, stdout=out,
                                     stderr=out, stdin=subprocess.PIPE)
        self.figures, self.faults = {}, []

    def read(self):
        self.figures, self.faults = {}, []
        with open(self.out, encoding="utf-8", errors="replace") as f:
            for line in f:
                name, _, value = line.strip().partition(" ")
                try:
                    self.figures[name] = float(value)
                except ValueError:
                    self.faults.append(line.strip())

    def until(self, name):
        end = time.monotonic() + self.limit
        while name not in self.figures:
            ended = self.process.poll() is not None
            self.read()
            if name not in self.figures and (ended or time.monotonic() > end):
                self.fail("nothing to be measured")
            time.sleep(0.01)

    def fail(self, otherwise):
        self.read()
        peers.end(self.process, 0.1)
        raise Fault("%s: %s" % (self.what, "; ".join(self.faults[:3]) or
                                otherwise))

    def end(self, wait=True):
        """The figures; without `wait` it is told to end."""
        if not wait:
            self.process.stdin.close()
        try:
            status = self.process.wait(self.limit)
        except subprocess.TimeoutExpired:
            self.fail("did not end")
        self.ended = time.monotonic()
        peers.end(self.process)
        self.read()
        if status != 0:
            self.fail("exit status %d" % status)
        return self.figures


class Perf:
    """Counts a server's system calls by perf, in steps of time."""

    def __init__(self, server):
        self.out = os.path.join(server.dir, "perf")
        self.process = peers.run(
            ["perf", "stat", "-I", str(int(1000 * SLICE)), "-x", ",", "-o",
             self.out, "-e", PERF_EVENT, "-p", str(server.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        end = time.monotonic() + 5
        while time.monotonic() < end and self.process.poll() is None and \
                not os.path.exists(self.out):
            time.sleep(0.005)
        self.began = time.monotonic()

    def per_delivery(self, load):
        """Of the middle of the run, so that logins do not count."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        seconds = load.figures["seconds"]
        first = load.ended - 0.8 * seconds - self.began
        last = load.ended - 0.2 * seconds - self.began
        with open(self.out, encoding="ascii", errors="replace") as f:
            steps = [int(n) for at, n in re.findall(
                r"^\s*([\d.]+),(\d+),", f.read(), re.M)
                     if first < float(at) <= last]
        if not steps:
            return None
        return sum(steps) / (len(steps) * SLICE) / \
            load.figures["deliveries_per_s"]


class Strace:
    """Where perf cannot: it slows every call, so that lines gather, and it
    counts logins too."""

    def __init__(self, server):
        self.process = peers.run(
            ["strace", "-c", "-f", "-q", "-p", str(server.pid)], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        end = time.monotonic() + 5
        while time.monotonic() < end and \
                server.field("status", "TracerPid") == 0:
            time.sleep(0.005)

    def per_delivery(self, load):
        self.process.send_signal(signal.SIGINT)
        text = self.process.communicate(timeout=30)[0]
        found = re.search(r"^[\s\d.]{30}\s+(\d+)\s+(?:\d+\s+)?total", text,
                          re.M)
        return int(found.group(1)) / load.figures["deliveries"] \
            if found else None


def counter():
    """How system calls can be counted here; None: not at all."""
    if shutil.which("perf"):
        # perf reads tracefs, which not every system has mounted.
        subprocess.run(["mount", "-t", "tracefs", "none",
                        "/sys/kernel/tracing"], capture_output=True,
                       check=False)
        tried = subprocess.run(["perf", "stat", "-e", PERF_EVENT, "true"],
                               capture_output=True, check=False)
        if tried.returncode == 0 and b"not supported" not in tried.stderr:
            return Perf
    return Strace if shutil.which("strace") else None


class Work:
    """One row. figures: what is told of it, the first is what it is about;
    time: how much of --time it takes; cost: seconds that the rest takes;
    small: what --quick changes, None: it is left out then."""

    def __init__(self, name, title, measure, servers, figures, time=1.0,
                 small=None, mode=None, cost=0.7, **options):
        self.name, self.title, self.measure = name, title, measure
        self.servers, self.figures, self.time = servers, figures, time
        self.small, self.mode, self.options = small, mode, options
        self.cost = cost

    @property
    def head(self):
        return self.figures[0]

    def made_small(self):
        return Work(self.name, self.title + " (small)", self.measure,
                    self.servers, self.figures, self.time, self.small,
                    self.mode, 0.3, 
                    **{**self.options, **(self.small or {})})

    def run_time(self, bench):
        return self.time * bench.time

    def seconds(self, bench):
        """About how long one measurement of one server takes."""
        return self.cost + self.run_time(bench)


def rooms_of(options):
    return ["load%d" % i for i in range(int(options.get("rooms", 1)))]


def derived(figures):
    """What is made of the generator's own figures."""
    lines = figures.get("deliveries", 0)
    if lines and "server_cpu_s" in figures:
        figures["cpu_us"] = 1e6 * figures["server_cpu_s"] / lines
    if "server_rss_kib_end" in figures:
        figures["rss_mib"] = figures["server_rss_kib_end"] / 1024
    for name in DELAY:
        figures[name] = figures.get("delivery_%s_us" % name, 0) / 1000
    for name in "calm_p99", "churn_p99":
        long = name.replace("_", "_delivery_") + "_us"
        if long in figures:
            figures[name] = figures[long] / 1000
    return figures


def talk(bench, kind, work, server=None, **changes):
    """One run of a mode in which members speak."""
    options = {**work.options, "time": work.run_time(bench), **changes}
    if server is not None:
        return derived(Load(bench, server, work.mode, **options).end())
    with bench.server(kind, rooms_of(options)) as server:
        return derived(Load(bench, server, work.mode, **options).end())


def count_calls(bench, kind, work):
    """System calls a delivery, of one more and shorter run."""
    options = {**work.options, "time": max(1.0, bench.time / 4)}
    if bench.counter is None or work.measure is not talk:
        return None
    with bench.server(kind, rooms_of(options)) as server:
        tracer = bench.counter(server)
        load = Load(bench, server, work.mode, **options)
        load.end()
        calls = tracer.per_delivery(load)
        peers.end(tracer.process)
        return calls


def idle_pss(bench, kind, members):
    with bench.server(kind) as server:
        load = Load(bench, server, "idle", rooms=members // 100, members=100,
                    time=600)
        load.until("ready")
        time.sleep(0.5)  # Whatever it still does then is not waited for.
        pss = server.field("smaps_rollup", "Pss")
        load.end(wait=False)
    return pss


def idle(bench, kind, work):
    low, high = work.options["low"], work.options["high"]
    few, many = (idle_pss(bench, kind, n) for n in (low, high))
    return {"connection_bytes": 1024 * (many - few) / (high - low),
            "pss_mib": many / 1024}


def many_rooms(bench, kind, work):
    rooms, still = work.options["rooms"], STILL if bench.time >= 1 else 1
    with bench.server(kind) as server:
        load = Load(bench, server, "idle", rooms=rooms, members=1, time=600)
        load.until("ready")
        time.sleep(2)  # What is on its way to the disk is not rest.
        used = server.cpu()
        time.sleep(still)
        used = (server.cpu() - used) / still
        figures = {"rss_mib": server.field("status", "VmRSS") / 1024,
                   "threads": server.field("status", "Threads"),
                   "rest_cpu_percent": 100 * used}
        load.end(wait=False)
    return figures


def storm(bench, kind, work):
    with bench.server(kind, rooms_of(work.options)) as server:
        begin = server.cpu()
        figures = Load(bench, server, "storm", **{
            **work.options, "at_once": min(AT_ONCE, kind.at_once)}).end()
        figures["cpu_us_login"] = 1e6 * (server.cpu() - begin) / \
            figures["round1_members"]
    figures["logins_per_s"] = figures["round1_members"] / \
        figures["round1_seconds"]
    for name in DELAY:
        figures[name] = figures["round1_login_%s_us" % name] / 1000
    return figures


def returns(bench, kind, work):
    """All come back after they were cut: with what they missed where that can
    be had, else by connecting and entering for the second time."""
    options = {**work.options,
               "at_once": min(work.options["at_once"], kind.at_once)}
    resumes = kind.name in OURS
    with bench.server(kind, rooms_of(options)) as server:
        if resumes:
            figures = Load(bench, server, "returns", **options).end()
            figures["cpu_us_login"] = figures["server_cpu_us_per_return"]
        else:
            figures = Load(bench, server, "storm", rounds=2, reset=True,
                           **options).end()
            figures["cpu_us_login"] = 1e6 * (
                figures["server_cpu_s_round2"] -
                figures["server_cpu_s_round1"]) / figures["round2_members"]
    begin, end = ("return", "returns_seconds") if resumes else \
        ("round2_login", "round2_seconds")
    figures["back_seconds"] = figures[end]
    figures["rss_mib"] = figures[
        "server_rss_kib_" + ("back" if resumes else "round2")] / 1024
    for name in DELAY:
        figures[name] = figures["%s_%s_us" % (begin, name)] / 1000
    return figures


def churn(bench, kind, work):
    """Half of what it can do is found by a short run as fast as it can."""
    room = {"members": work.options["members"], "rooms": 1}
    with bench.server(kind) as server:
        most = Load(bench, server, "fanout", time=max(0.5, bench.time / 4),
                    **room).end()["messages_per_s"]
    return talk(bench, kind, work, rate=int(most / 2), **room)


def growth_idle(bench, kind, work):
    """The same traffic beside more and more connections that are idle."""
    figures = {}
    for members in work.options["over"]:
        with bench.server(kind, rooms_of({})) as server:
            if members > 0:
                crowd = Load(bench, server, "idle", time=600,
                             room="other", rooms=members // 100, members=100)
                crowd.until("ready")
            each = talk(bench, kind, work, server, over=None)
            if members > 0:
                crowd.end(wait=False)
        figures["cpu_us_%d" % members] = each["cpu_us"]
    return figures


def growth_rooms(bench, kind, work):
    figures = {}
    for rooms in work.options["over"]:
        each = talk(bench, kind, work, rooms=rooms, over=None)
        figures["cpu_us_%d" % rooms] = each["cpu_us"]
    return figures


COST = ("cpu_us", "bytes_per_delivery", "calls", "rss_mib")
DELAY = ("p50", "p99", "p999", "max")
SPEED = ("deliveries_per_s",) + COST + DELAY + ("load_cpu_percent",)


def fanout(members, senders, quick):
    return Work("fanout-%dx%d" % (members, senders),
                "Fan-out: a room of %d in which %d speak%s as fast as they"
                " can" % (members, senders, "s" if senders == 1 else ""),
                talk, FLOOR + OURS + OTHERS, SPEED, time=0.75,
                mode="fanout", rooms=1, members=members, senders=senders,
                window=100, small={} if quick else None)


def fanout_tls(members, senders):
    row = fanout(members, senders, False)
    return Work(row.name + "-tls", row.title + ", over TLS", talk,
                OURS[:1] + ("vcrp-tls",) + OTHERS_TLS, SPEED, row.time,
                mode=row.mode, **row.options)


def volano(rooms, others, **options):
    return Work("volano-%d" % rooms, "%d rooms of 20, all speak, each with one"
                " message in flight" % rooms, talk, FLOOR + OURS + others,
                ("messages_per_s",) + SPEED[1:], time=0.75, mode="volano",
                rooms=rooms, members=20, senders=20, window=1, **options)


def login(name, title, others, **options):
    return Work(name, title, storm, FLOOR + OURS[:1] + others,
                ("logins_per_s", "cpu_us_login") + DELAY, time=0, cost=2,
                rounds=1, **options)


def back(name, title, **options):
    return Work(name, title, returns, FLOOR + OURS[:1] + NOT_IRC,
                ("back_seconds", "cpu_us_login", "rss_mib") + DELAY, time=0,
                cost=4, rooms=50, members=100, **options)


def growth(name, title, measure, servers, over, **options):
    """At a pace, since what is saturated gathers the more in a send the fewer
    rooms there are."""
    return Work(name, title, measure, servers,
                tuple("cpu_us_%d" % n for n in over), time=0.75,
                cost=3 * len(over), mode="latency", over=over, **options)


WORKS = (
    fanout(10, 1, True),
    fanout(10, 10, False),
    fanout(100, 1, False),
    fanout(100, 10, True),
    fanout(1000, 1, False),
    fanout(1000, 10, False),
    fanout_tls(100, 1),
    fanout_tls(100, 10),
    volano(50, OTHERS, small={"rooms": 10}),
    volano(500, NOT_NGIRCD, cost=4),
    Work("open-loop", "200 messages a second into a room of 100", talk,
         FLOOR + OURS + OTHERS, DELAY + COST, mode="latency", rooms=1,
         members=100, senders=1, rate=200, small={}),
    Work("mixed", "200 rooms by a power law, 4,000 members, a tenth of whom"
         " speaks", talk, FLOOR + OURS + OTHERS, SPEED, time=0.5, cost=3,
         mode="mixed", rooms=200, members=4000, window=4,
         small={"rooms": 50, "members": 500}),
    Work("idle", "A connection that is idle in a room of 100", idle,
         FLOOR + OURS[:1] + OTHERS, ("connection_bytes", "pss_mib"), time=0,
         cost=5, low=1000, high=5000, small={"low": 100, "high": 500}),
    Work("rooms", "10,000 rooms of one member each", many_rooms, OURS[:1],
         ("rss_mib", "threads", "rest_cpu_percent"), time=0, cost=12,
         rooms=10000, small={"rooms": 500}),
    login("storm", "2,000 connect, log in and enter rooms of 100, 500 at a"
          " time", OTHERS, rooms=20, members=100, small={"rooms": 5}),
    login("storm-one-room", "2,000 connect, log in and enter one room in which"
          " nobody is announced, 500 at a time", NOT_IRC, rooms=1,
          members=2000),
    back("returns", "5,000 in rooms of 100 are cut at once and come back, 500"
         " at a time", at_once=AT_ONCE, small={"rooms": 5}),
    back("returns-80", "The same, 80 at a time", at_once=80),
    Work("churn", "A room of 100 at half of what it can do, beside it 1,000"
         " cuts and resumes a second", churn, OURS[:1],
         ("churn_to_calm_p99", "calm_p99", "churn_p99", "reconnects_per_s"),
         cost=6, mode="churn", members=100, pool=200, churn_rooms=10,
         small={}),
    growth("growth-idle", "A room of 100 in which 1,000 messages are said a"
           " second, beside so many idle connections", growth_idle,
           FLOOR + OURS, (0, 1000, 10000), members=100, senders=10, rate=100),
    growth("growth-rooms", "So many rooms of 10, in each 10 messages a"
           " second", growth_rooms, FLOOR + OURS, (1, 10, 100, 1000),
           members=10, senders=1, rate=10),
    Work("giant", "A room of 2,000 in which one speaks: one io thread and one"
         " core, two and two", talk, ("vcrp-io1", "vcrp-io2"), SPEED,
         time=0.75, mode="fanout", rooms=1, members=2000, senders=1,
         window=100),
)
