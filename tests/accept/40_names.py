#!/usr/bin/env python3
# 40_names.py -- no name leads out of the data directory, and none has a twin
#
# SPDX-License-Identifier: MIT
import os
import random
import re
import signal
import subprocess
import sys
import unicodedata

from accept import TOP, Row, Server, until

sys.path.insert(1, os.path.join(TOP, "tests", "clients"))
from people import Peer, administrator  # noqa: E402
from sasl import verifier  # noqa: E402

row = Row("40", "names of rooms, guests and accounts that mean it ill",
          {"names": (10000, "names made up"), "seed": (1, "of those")})
chance = random.Random(row.args.seed)
NO_NAMES = [
    "..", ".", "../x", "../../etc/passwd", "/etc/passwd", "a/b", "a/../b",
    "x/..", "..\\x", "a\\b", "%2e%2e%2f", "..%2f", "rooms/lobby", "~root",
    "~/x", "-rf", "a-", ".hidden", "*", "?", "[a]", "a;b", "a,b", "'a'",
    '"a"', "$HOME", "`id`", "a|b", "a&b", "<a>", "a:b", "#a", "!a",
    "\udcff", "\udcc0\udcae\udcc0\udcae\udcc0\udcaf", "\udce0\udc80\udcaf",
    "\udced\udca0\udc80", "a\x00b", "\x00", "../\x00", "a\x01", "a\x1b[31m",
    "a\x7f", "a\u0085b", "a" * 255, "\u00e9" * 255, "a" * 65, "m" * 129,
    "\U00010400" * 33, "\u202e", "a\u202eb", "\u200b", "\ufeff", "a\tb",
    "\u2024\u2024", "\u2025", "\uff0e\uff0e", "a\u2215b", "a\uff0fb",
    "\ufffe", "\U0010ffff", "con\u0303\u0303\u0303", "\u0301",
]


def unescape(word):
    return re.sub(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})",
                  lambda m: chr(int(m[1] or m[2], 16)), word)


def twins():
    """Name and twin; None: it has to be refused."""
    with open(os.path.join(TOP, "tests", "twins.txt"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, twin = map(unescape, line.split())
                yield name, None if twin == "-" else twin


def tree(top, but):
    return sorted(os.path.join(path, name)
                  for path, dirs, files in os.walk(top) for name in dirs + files
                  if not os.path.join(path, name).startswith(but))


class Watch:
    """All that the server changes among files, as the kernel is asked."""

    CHANGES = ("mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,"
               "link,linkat,symlink,symlinkat,truncate,mknod,mknodat,chmod,"
               "fchmodat,open,openat,creat")

    def __init__(self):
        self.path = os.path.join(row.dir, "strace")
        self.process = subprocess.Popen(
            ["strace", "-f", "-y", "-qq", "-s", "600", "-e",
             "trace=" + self.CHANGES, "-o", self.path, "-p", str(server.pid)],
            stderr=subprocess.DEVNULL)
        until(lambda: os.path.exists(self.path) and server.status("TracerPid"))

    def outside(self):
        """Paths that were written to, made or removed outside of the data."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        found, seen = [], 0
        with open(self.path, encoding="utf-8", errors="replace") as f:
            for line in f:
                if re.search(r"\bopen(at)?\(", line) and not re.search(
                        r"O_(WRONLY|RDWR|CREAT)", line):
                    continue
                for base, path in re.findall(r'(?:<([^>]*)>, )?"([^"]*)"',
                                             line):
                    whole = os.path.normpath(os.path.join(
                        base or server.data, path))
                    seen += 1
                    if not whole.startswith(server.data):
                        found.append(whole)
        return seen, found


def is_line(text):
    return not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\udc80-\udcff]", text)


def answers(peer, *lines):
    """One answer each; what is no line has no id that could be read, and is
    answered at once."""
    found = []
    for line in lines:
        if is_line(line):
            found += peer.ask(line)
            continue
        peer.send(line, "PING next")
        told, next_line = [], peer.line()
        while next_line != "PONG next":
            told.append(next_line)
            next_line = peer.line()
        found.append("\n".join(told))
    return found


def is_refused(answer):
    return re.match(r"(@\S+ )?ERR (bad-name|bad-line|bad-utf8|too-long|"
                    r"unknown-verb|no-such-name|bad-value) ", answer)


def shown(peer, name):
    """What the room that is entered by that name is called; None: none is."""
    answer = answers(peer, "JOIN " + name)[0]
    if answer.startswith("ERR"):
        return None
    peer.ask("LEAVE " + name)
    return answer.split()[2]


def hello(name):
    """The connection if it got that name, else what it was told."""
    peer = Peer(server)
    peer.send("PING first", "HELLO " + name)
    peer.until("PONG")
    answer = peer.line()
    if answer.startswith("OK"):
        return peer, answer
    peer.close()
    return None, answer


def is_good(name):
    """What can be said of a name without knowing what looks like what."""
    return all(c in "_.-" or unicodedata.category(c) in (
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd") for c in name) and \
        name[0] not in ".-" and name[-1] != "-" and len(name) <= 64


def made_up():
    """Parts of paths, letters of a few scripts, and anything at all."""
    kind = chance.randrange(6)
    if kind == 0:
        return "".join(chance.choice(["..", ".", "/", "\\", "%2f", "a", "~",
                                      "rooms", "-", "_", "\u2215"])
                       for _ in range(chance.randrange(1, 7)))
    if kind == 1:
        pair = chance.choice(PAIRS)
        name = list(pair[chance.randrange(2)] or pair[0])
        name.insert(chance.randrange(len(name) + 1),
                    chance.choice("aIl1O0_.-\u0456\u0301\u200d"))
        return "".join(name)
    if kind == 2:
        low, high = chance.choice([(0x21, 0x7f), (0xc0, 0x250), (0x370, 0x400),
                                   (0x400, 0x530), (0x5d0, 0x5eb),
                                   (0x621, 0x64b), (0x4e00, 0x9fff)])
        return "".join(chr(chance.randrange(low, high))
                       for _ in range(chance.randrange(1, 12)))
    if kind == 3:
        name = chance.choice(WORDS)
        return "".join(chance.choice((c, c.upper(), c.lower(),
                                      unicodedata.normalize("NFD", c),
                                      chr(ord(c) + 0xfee0) if c < "\x7f" else c))
                       for c in name)
    if kind == 4:
        return chr(chance.choice([0x61, 0x430, 0x3b1])) * chance.choice(
            [1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255])
    while True:
        name = "".join(chr(chance.randrange(0x21, 0x30000))
                       for _ in range(chance.randrange(1, 5)))
        if not re.search("[\ud800-\udfff]", name):
            return name


WORDS = ["alice", "bob", "lobby", "stra\u00dfe", "\u00e9tude", "\u0430\u043d"
         "\u043d\u0430", "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "main"]
PAIRS = list(twins())
server = Server(row, {"rooms.max": 100000, "rooms.linger": 0,
                      "limits.unauthenticated": 5000})
server.socket = server.sock
watch = Watch()
before = tree(server.dir, server.data)
admin = administrator(server)
alice = Peer(server).hello("tester")
has_accounts = not admin.ask("HELP ACCOUNT")[0].startswith("ERR")

# What is no name.
for what, lines in (
        ("room", ["JOIN " + name for name in NO_NAMES]),
        ("role", ["ROLE lobby " + name + " muted" for name in NO_NAMES
                  if not name.startswith("~root")]),
        ("account", ["ACCOUNT add %s %s" % (name, verifier("x"))
                     for name in NO_NAMES if has_accounts])):
    peer = alice if what == "room" else admin
    if what == "role":
        admin.good("JOIN lobby")
    told = answers(peer, *lines)
    good = [pair for pair in zip(lines, told) if not is_refused(pair[1])]
    row.check(not good, "%d names that are none are no %s's: %s" % (
        len(lines), what, good))
told = [hello(name)[1] for name in NO_NAMES]
row.check(all(is_refused(answer) for answer in told),
          "nor a guest's: %s" % [a for a in told if not is_refused(a)])

# Twins.
bad = {"room": [], "guest": [], "account": []}
for name, twin in PAIRS:
    first = shown(alice, twin) if twin else None
    if shown(alice, name) not in (None, first):
        bad["room"].append((name, twin))
    one = hello(twin)[0] if twin else None
    two = hello(name)[0]
    if two:
        bad["guest"].append((name, twin))
        two.close()
    if one:
        one.close()
    if has_accounts:
        if twin:
            admin.ask("ACCOUNT add %s %s" % (twin, verifier("x")))
        answer = answers(admin, "ACCOUNT add %s %s" % (name,
                                                       verifier("x")))[0]
        beside, _ = hello(name)
        if answer.startswith("OK") or beside:
            bad["account"].append((name, twin))
        if twin:
            admin.ask("ACCOUNT delete " + twin)
for what, found in bad.items():
    row.check(not found, "%d twins: none is %s of its own: %s" % (
        len(PAIRS), what, found))

# Names that are made up.
names = []
while len(names) < row.args.names:
    name = made_up()
    if name and not re.search(r"[\x00-\x20\x7f-\x9f]", name):
        names.append(name)
entered = alice.ask(*(line for name in names for line in (
    "JOIN " + name, "SAY %s hello" % name, "LEAVE " + name)))
same, odd = {}, []
for i, name in enumerate(names):
    answer = entered[3 * i]
    if answer.startswith("ERR"):
        continue
    if not is_good(name):
        odd.append(name)
    fold = unicodedata.normalize("NFKC", unicodedata.normalize(
        "NFKC", name).casefold()).casefold()
    same.setdefault(fold, set()).add(answer.split()[2])
row.figure("names made up", len(names))
row.figure("of them rooms", len(same))
row.check(len(same) > row.args.names / 20, "some are names")
row.check(not odd, "none has what no name may have: %s" % odd[:5])
row.check(not [found for found in same.values() if len(found) > 1],
          "what folds to the same is one room")

rooms = os.listdir(os.path.join(server.data, "rooms"))
strange = [entry for entry in rooms if not re.fullmatch(
    r"[a-z0-9_%A-F-]+", entry)]
row.figure("directories of rooms", len(rooms))
row.check(not strange, "their names are plain: %s" % strange[:5])
row.check(tree(server.dir, server.data) == before,
          "there is nothing new beside the data directory")
seen, outside = watch.outside()
row.figure("files opened to write, made or removed", seen)
row.check(seen > len(rooms) and not outside,
          "all of them are in the data directory: %s" % outside[:5])
row.finish()
