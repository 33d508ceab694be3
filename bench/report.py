# report.py -- tables and verdicts of what was measured
#
# SPDX-License-Identifier: MIT
"""Results are what compare --json keeps: for each work and server the figures
of every round, the system calls, and the faults, which make them void."""

import re
import statistics

import peers
from works import OTHERS, OTHERS_TLS, WORKS

# What a figure is called, what it is multiplied by to be shown, and what is
# better; None: it is compared with nothing.
COLUMNS = {
    "deliveries_per_s": ("million deliveries/s", 1e-6, "more"),
    "messages_per_s": ("thousand messages/s", 1e-3, "more"),
    "logins_per_s": ("logins/s", 1, "more"),
    "back_seconds": ("s until all are back", 1, "less"),
    "cpu_us": ("µs of CPU a delivery", 1, "less"),
    "cpu_us_login": ("µs of CPU a login", 1, "less"),
    "p50": ("p50, ms", 1, "less"),
    "p99": ("p99, ms", 1, "less"),
    "p999": ("p99.9, ms", 1, None),
    "max": ("longest, ms", 1, None),
    "bytes_per_delivery": ("bytes a delivery", 1, None),
    "calls": ("system calls a delivery", 1, None),
    "rss_mib": ("RSS, MiB", 1, None),
    "load_cpu_percent": ("the load's own CPU, %", 1, None),
    "pss_mib": ("Pss of all, MiB", 1, None),
    "connection_bytes": ("bytes a connection", 1, "less"),
    "threads": ("threads", 1, None),
    "rest_cpu_percent": ("CPU at rest, % of a core", 1, None),
    "churn_to_calm_p99": ("p99 to that without", 1, "less"),
    "calm_p99": ("p99 without, ms", 1, None),
    "churn_p99": ("p99 with, ms", 1, None),
    "reconnects_per_s": ("resumes/s", 1, None),
}


def column(key):
    """Of `cpu_us_1000` it is that of `cpu_us`, with 1,000 named."""
    found = re.match(r"(.*_per_s|cpu_us)_(\d+)$", key)
    if not found:
        return COLUMNS[key]
    heading, scale, _ = COLUMNS[found.group(1)]
    return "%s: %s" % (format(int(found.group(2)), ","), heading), scale, None


def shown(value):
    """Three significant digits, and no exponent."""
    for least, form in ((100, ",.0f"), (10, ".1f"), (1, ".2f"), (0.1, ".3f"),
                        (0.01, ".4f")):
        if abs(value) >= least:
            return format(value, form)
    return "0" if value == 0 else "%.5f" % value


def compared(work, key):
    """Whether its range and ratios are told: of what a row is about, and of
    CPU. Delays are what they are where the pace is not given."""
    if key in ("p50", "p99"):
        return work == "open-loop"
    return column(key)[2] is not None


class Results:
    def __init__(self, kept):
        self.kept = kept

    def servers(self, work):
        there = self.kept["works"].get(work, {}).get("servers", {})
        return [name for name in peers.SERVERS if name in there]

    def faults(self, work, server):
        return self.kept["works"][work]["servers"][server]["faults"]

    def values(self, work, server, key):
        """Of every round; none if they are void or were not measured."""
        if server not in self.servers(work) or self.faults(work, server):
            return []
        of = self.kept["works"][work]["servers"][server]
        if key == "calls":
            return [] if of.get("calls") is None else [of["calls"]]
        return [r[key] for r in of["rounds"] if key in r]

    def median(self, work, server, key):
        values = self.values(work, server, key)
        return statistics.median(values) if values else None

    def best(self, work, key):
        """The best peer's name and figure."""
        better = max if column(key)[2] == "more" else min
        found = [(self.median(work, p, key), p) for p in OTHERS + OTHERS_TLS]
        found = [f for f in found if f[0] is not None]
        return (better(found)[1], better(found)[0]) if found else (None, None)

    def ratio(self, work, server, key):
        """To the floor and to the best peer, as a text."""
        mine = self.median(work, server, key)
        texts = []
        for other in (self.median(work, "floor", key),
                      self.best(work, key)[1]):
            texts.append("–" if not other or mine is None
                         else "%.2f" % (mine / other))
        return " / ".join(texts)

    def cell(self, work, server, key):
        _, scale, _ = column(key)
        values = [v * scale for v in self.values(work, server, key)]
        if not values:
            return "void" if self.faults(work, server) else "–"
        text = shown(statistics.median(values))
        if compared(work, key) and len(values) > 1:
            text += " (%s–%s)" % (shown(min(values)), shown(max(values)))
        return text


def table(rows):
    """Rows of cells, the first being headings, as Markdown."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| %s |" % " | ".join(cell.ljust(width) for cell, width in
                                   zip(row, widths)) for row in rows]
    lines.insert(1, "| %s |" % " | ".join("-" * max(3, w) for w in widths))
    return "\n".join(lines)


def work_table(results, work):
    servers = results.servers(work.name)
    beside = any(s == "floor" or s in OTHERS + OTHERS_TLS for s in servers)
    keys = [k for k in work.figures if any(
        results.values(work.name, s, k) for s in servers)] or work.figures[:1]
    rows = [["server"]]
    for key in keys:
        rows[0].append(column(key)[0])
        if beside and compared(work.name, key):
            rows[0].append("of floor / best peer")
    for server in servers:
        row = [server]
        for key in keys:
            row.append(results.cell(work.name, server, key))
            if beside and compared(work.name, key):
                row.append(results.ratio(work.name, server, key))
        rows.append(row)
    text = table(rows)
    for server in servers:
        for fault in results.faults(work.name, server)[:1]:
            text += "\n\nVoid: %s: %s" % (server, fault)
        note = peers.SERVERS[server].note
        if note and "cpu_us_login" in keys:
            text += "\n\n%s: %s." % (server, note)
    return text


def summary(results):
    """One line a work: ours, the floor, the best peer."""
    rows = [["work", "figure", "vcrp", "vcrp-off", "floor", "best peer",
             "vcrp of floor / best peer"]]
    for work in WORKS:
        servers = results.servers(work.name)
        if "vcrp" not in servers:
            continue
        mine = "vcrp-tls" if "vcrp-tls" in servers else "vcrp"
        key = work.figures[0]
        peer, _ = results.best(work.name, key)
        cells = [results.cell(work.name, s, key) if s in servers else "–"
                 for s in (mine, "vcrp-off", "floor")]
        cells.append("–" if peer is None else "%s %s" % (
            peer, results.cell(work.name, peer, key)))
        rows.append([work.name, column(key)[0]] + cells +
                    [results.ratio(work.name, mine, key)])
    return table(rows)


class Verdicts:
    """What is to hold, and whether it does."""

    def __init__(self, results):
        self.results, self.lines = results, []
        for members in 10, 100, 1000:
            for senders in 1, 10:
                self.fanout(members, senders)
        for work, least in ("volano-50", 0.9), ("volano-500", 0.8):
            self.peer(work, "vcrp", "messages_per_s", least)
        for key in "p50", "p99", "cpu_us":
            self.peer("open-loop", "vcrp", key, 1)
        self.most("idle", "connection_bytes", 850)
        self.most("rooms", "rss_mib", 400)
        self.most("rooms", "rest_cpu_percent", 0.5)
        self.floor("storm", "vcrp", "logins_per_s", 0.8)
        self.least("storm", "logins_per_s", 10000)
        self.most("churn", "churn_to_calm_p99", 2)
        self.least("churn", "reconnects_per_s", 990)
        self.flat("growth-idle")
        self.flat("growth-rooms")
        self.giant()

    def say(self, good, work, text):
        self.lines.append("%s %s: %s" % (
            "unknown:" if good is None else "holds:  " if good else "FAILS:  ",
            work, text))

    def bound(self, work, what, mine, other, limit, more=True):
        """Whether mine / other is on the right side of the limit."""
        if mine is None or not other:
            if self.results.servers(work):
                self.say(None, work, what + ": not measured, or void")
            return
        ratio = mine / other
        self.say(ratio >= limit if more else ratio <= limit, work,
                 "%s: %s, %s %s is wanted" % (
                     what, shown(ratio), "at least" if more else "at most",
                     limit))

    def fanout(self, members, senders):
        work = "fanout-%dx%d" % (members, senders)
        for server in ("vcrp", "vcrp-off") if members == 10 else ("vcrp",):
            self.floor(work, server, "deliveries_per_s",
                       0.55 if members == 10 else 0.7)
        self.peer(work, "vcrp", "deliveries_per_s",
                  3 if senders == 10 else 1.3)
        self.peer(work, "vcrp", "cpu_us", 1)

    def floor(self, work, server, key, limit):
        self.bound(work, "%s to the floor, %s" % (server, column(key)[0]),
                   self.results.median(work, server, key),
                   self.results.median(work, "floor", key), limit)

    def peer(self, work, server, key, limit):
        name, other = self.results.best(work, key)
        self.bound(work, "%s to %s, %s" % (server, name or "the best peer",
                                           column(key)[0]),
                   self.results.median(work, server, key), other, limit,
                   column(key)[2] == "more")

    def most(self, work, key, limit):
        self.bound(work, column(key)[0],
                   self.results.median(work, "vcrp", key), 1, limit, False)

    def least(self, work, key, limit):
        self.bound(work, column(key)[0],
                   self.results.median(work, "vcrp", key), 1, limit)

    def flat(self, work):
        keys = [k for w in WORKS if w.name == work for k in w.figures
                if k.startswith("cpu_us")]
        for server in "vcrp", "floor":
            costs = [self.results.median(work, server, k) for k in keys]
            whole = costs and None not in costs
            self.bound(work, "%s, most CPU a delivery to that of the fewest" %
                       server, max(costs) if whole else None,
                       costs[0] if whole else None, 1.15, False)

    def giant(self):
        one, two = (self.results.median("giant", s, "deliveries_per_s")
                    for s in ("vcrp-io1", "vcrp-io2"))
        if one and two:
            self.lines.append("        giant: two io threads to one: %.2f of"
                              " its deliveries/s" % (two / one))

    def text(self):
        return "\n".join(self.lines)


def parts(results):
    """Every text that has a place of its own in the document, by name."""
    made = {"machine": results.kept.get("machine", "")}
    for work in WORKS:
        if results.servers(work.name):
            made[work.name] = work_table(results, work)
    made["summary"] = summary(results)
    return made


def write(path, results):
    """Replaces what is between `<!-- compare: NAME -->` and `<!-- end -->`;
    gives the names of those places that nothing was measured for."""
    made, missing = parts(results), []

    def replace(found):
        name = found.group(1)
        if name not in made:
            missing.append(name)
            return found.group(0)
        return "<!-- compare: %s -->\n%s\n<!-- end -->" % (name, made[name])

    with open(path, encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"<!-- compare: (\S+) -->\n.*?<!-- end -->", replace, text,
                  flags=re.S)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return missing
