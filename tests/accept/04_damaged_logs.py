#!/usr/bin/env python3
# 04_damaged_logs.py -- logs that are cut, damaged, or not what they should be
#
# SPDX-License-Identifier: MIT
"""First every cut and a thousand flipped bits, without a server
(tests/crash/cuts). Then a server that finds such things in its data: it
starts, says what it found, serves the rest unaltered, gives no number twice,
and throws nothing away."""
import os
import random
import re
import shutil
import subprocess

from accept import Client, Row, Server
from crowd import Crowd, Truth, history
import logs

row = Row("4", "cut and damaged logs: what is left is served, unaltered",
          {"all": (1, "cut at each place without a server, or at some: 0"),
           "cuts": (48, "of a whole server's log"),
           "flips": (48, "of bits in it"),
           "seed": (1, "of the random places")})
chance = random.Random(row.args.seed)
command = [row.program("tests/crash/cuts")]
if row.args.all:
    command.append("all")
cuts = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
row.check(cuts.returncode == 0,
          "without a server: " + cuts.stdout.strip().split("\n")[-1])
if cuts.returncode:
    print(cuts.stdout[:3000])

server = Server(row, {"storage.segment": 192, "rooms.linger": 1})
crowd = Crowd(seed=1)
crowd.writers(4, 2, pad=100, mix=(0, 0, 0))
crowd.connect(server.port)
crowd.run(60, lambda: crowd.acked() > 10000)
crowd.settle()
crowd.close()
server.stop()
template = server.data + ".template"
os.rename(server.data, template)
found, faults = logs.check(template)
ROOM0, ROOM1 = (os.path.relpath(logs.directory(template, room), template)
                for room in ("room0", "room1"))
known = {room: found[os.path.basename(path)]
         for room, path in (("room0", ROOM0), ("room1", ROOM1))}
row.check(not faults, "the logs as written are good %s" % faults[:3])
row.check(all(len(logs.segments(os.path.join(template, room))) >= 4
              for room in (ROOM0, ROOM1)), "they have some segments")


def open_ceiling():
    """The server was not stopped in order."""
    path = os.path.join(server.data, "ceiling")
    line = logs.content(path).replace(b"state=closed", b"state=open")
    line = line[:line.index(b"crc=")]
    write(path, line + b"crc=%08x\n" % logs.crc32c(line))


class Case:
    """A copy of the data, harmed, and what becomes of it."""

    def __init__(self, name, clean=False):
        shutil.rmtree(server.data, ignore_errors=True)
        shutil.copytree(template, server.data, symlinks=True)
        if not clean:
            open_ceiling()
        self.name, self.excused, self.logged = name, set(), []
        self.bad = []

    def segment(self, n):
        return logs.segments(os.path.join(server.data, ROOM0))[n]

    def excuse(self, path, begin=0, end=None):
        """What need not be there: the lines of these blocks of a file. The
        log has to name the file."""
        at, data = 0, logs.content(os.path.join(
            template, os.path.relpath(path, server.data)))
        for line in data.split(b"\n")[:-1]:
            found = logs.NUMBERED.match(line)
            if found and at + len(line) >= begin and \
                    (end is None or at < end):
                self.excused.add(int(found[3]))
            at += len(line) + 1
        self.logged.append(os.path.basename(path))

    def blame(self, text):
        self.bad.append(text)

    def read(self, room, excused):
        truth = Truth(lossy=True)
        truth.lines = {room.encode(): dict(known[room])}
        got = {line.number for line in
               history(truth, server.port, room.encode())}
        for fault in truth.faults[:3]:
            self.blame(fault)
        missing = set(known[room]) - got - excused
        if missing:
            self.blame("%s: %d lines are missing, from %d" % (
                room, len(missing), min(missing)))
        return set(known[room]) - got

    def say(self, room):
        client = Client(server.port, "later")
        client.join(room)
        client.send("SAY %s later" % room)
        number = int(client.until("MSG %s" % room).split()[2])
        if number <= max(known[room]):
            self.blame("%d is given again" % number)
        client.close()

    def kept(self):
        """No byte of the logs is gone; they may have more."""
        for path, data in self.before.items():
            name = os.path.basename(path)
            now = logs.content(path) if os.path.isfile(path) else b""
            if data.startswith(now) or now.startswith(data):
                if len(now) >= len(data):
                    continue
                aside = os.path.join(os.path.dirname(path), "cut-%s-%d" % (
                    name[:16], len(now)))
                if os.path.exists(aside) and \
                        now + logs.content(aside) == data:
                    continue
            # It was cut and then written to.
            for aside in os.listdir(os.path.dirname(path)):
                cut = re.match("cut-%s-(\\d+)" % name[:16], aside)
                if cut and data == data[:int(cut[1])] + logs.content(
                        os.path.join(os.path.dirname(path), aside)) and \
                        now.startswith(data[:int(cut[1])]):
                    break
            else:
                self.blame("%s is not as it was, nor is the rest beside it"
                           % path)

    def run(self, room0=True, quiet=False):
        self.before = {path: logs.content(path)
                       for room in logs.rooms(server.data).values()
                       for path in logs.segments(room)
                       if os.path.isfile(path)}
        open(server.log_path, "w", encoding="ascii").close()
        server.start()
        lost = set()
        try:
            if not room0:
                # It is asked, whatever it says.
                client = Client(server.port, "asker")
                client.send("JOIN room0 0", "SAY room0 hello?", "PING")
                while not client.line().startswith("PONG"):
                    pass
            else:
                lost = self.read("room0", self.excused)
                self.say("room0")
            self.read("room1", set())
            self.say("room1")
        except (EOFError, ValueError, OSError) as why:
            self.blame(str(why))
        status = server.stop()
        if status != 0:
            self.blame("ends with %s" % status)
        said = server.log()
        for word in self.logged:
            if word not in said:
                self.blame("the log does not name " + word)
        self.kept()
        if self.bad:
            print("   %s: %s\n%s" % (self.name, "; ".join(self.bad[:3]),
                                     said[-800:]))
        if not quiet:
            row.check(not self.bad, "%s (%d lines lost)" % (
                self.name, len(lost)))
        return not self.bad


def write(path, data, mode="wb"):
    with open(path, mode) as file:
        file.write(data)


def random_cuts():
    good = 0
    for _ in range(row.args.cuts):
        case = Case("cut")
        path = case.segment(-1)
        size = os.path.getsize(path)
        cut = size - chance.randrange(1, min(size, 65536))
        os.truncate(path, cut)
        case.name = "cut at %d of %d" % (cut, size)
        case.excuse(path, cut // logs.BLOCK * logs.BLOCK)
        if logs.content(path).endswith(b"\n"):
            case.logged = []
        good += case.run(quiet=True)
    row.check(good == row.args.cuts, "%d of %d cuts" % (good, row.args.cuts))


def random_flips():
    good = 0
    for _ in range(row.args.flips):
        case = Case("flip")
        path = case.segment(chance.randrange(0, 4))
        at = chance.randrange(os.path.getsize(path))
        data = bytearray(logs.content(path))
        data[at] ^= 1 << chance.randrange(8)
        write(path, data)
        begin = at // logs.BLOCK * logs.BLOCK
        case.name = "bit at %d of %s" % (at, os.path.basename(path))
        case.excuse(path, begin, begin + logs.BLOCK)
        good += case.run(quiet=True)
    row.check(good == row.args.flips, "%d of %d flipped bits" % (
        good, row.args.flips))


def harmed(name, n, harm, **options):
    """One segment of room0 is harmed; all of it may be lost."""
    case = Case(name)
    path = case.segment(n)
    case.excuse(path)
    harm(path)
    case.run(**options)


def until_mended(name, harm):
    """The last segment cannot be opened, which may pass: the room refuses
    until it is mended, and all is there then."""
    case = Case(name)
    path = case.segment(-1)
    case.excuse(path)
    was = logs.content(path)
    harm(path)
    case.run(room0=False)
    if os.path.isdir(path):
        os.rmdir(path)
    else:
        os.unlink(path)
    write(path, was)
    case.name, case.excused, case.logged = name + ", mended", set(), []
    case.run()


def into_directory(path):
    os.unlink(path)
    os.mkdir(path)


def into_link(path):
    os.rename(path, path + ".elsewhere")
    os.symlink(path + ".elsewhere", path)


Case("unharmed, stopped in order", clean=True).run()
Case("unharmed, killed").run()
random_cuts()
random_flips()
for text, what in ((os.urandom(300), "random bytes"), (b"hello\n", "a line"),
                   (bytes(70000), "zeros"), (b"\n\n\n", "empty lines"),
                   (b"MSG room0 7 7 ~who an old number\n", "a low number"),
                   (b"MSG room0 9007199254740991 7 ~who the last number\n",
                    "a high number")):
    each = Case("%s at the end" % what)
    each.logged.append(os.path.basename(each.segment(-1)))
    write(each.segment(-1), text, "ab")
    each.run()
for nth, which in ((0, "first"), (1, "second"), (-1, "last")):
    harmed("%s segment of zeros" % which, nth,
           lambda p: write(p, bytes(os.path.getsize(p))))
    harmed("%s segment empty" % which, nth, lambda p: write(p, b""))
    harmed("%s segment random" % which, nth,
           lambda p: write(p, os.urandom(os.path.getsize(p))))
    harmed("%s segment cut in half" % which, nth,
           lambda p: os.truncate(p, os.path.getsize(p) // 2))
    for what, harm in (("a directory", into_directory),
                       ("a symbolic link", into_link)):
        name = "%s segment %s" % (which, what)
        if nth >= 0:
            harmed(name, nth, harm)
        else:
            until_mended(name, harm)
for nth, which in ((0, "first"), (1, "second"), (-1, "last")):
    each = Case("%s segment missing" % which)
    lost_path = each.segment(nth)
    each.excuse(lost_path)
    # There is no name of it to be found; the hole is told with what is there.
    each.logged = [os.path.basename(ROOM0)]
    os.unlink(lost_path)
    each.run()
for what, content in (("garbage", os.urandom(100)), ("empty", b""),
                      ("another's", b"00000000 065536\n" * 3)):
    each = Case("sums: " + what)
    each.excuse(each.segment(1))
    each.logged = []
    write(each.segment(1)[:-4] + ".sum", content)
    each.run()
each = Case("no sums at all")
for room_path in logs.rooms(server.data).values():
    for path in logs.segments(room_path):
        os.unlink(path[:-4] + ".sum")
each.run()
each = Case("todo: garbage")
write(os.path.join(server.data, ROOM0, "todo"), os.urandom(200))
each.run()
each = Case("a file in place of a room's directory")
shutil.rmtree(os.path.join(server.data, ROOM0))
write(os.path.join(server.data, ROOM0), b"surprise\n")
each.logged = [os.path.basename(ROOM0)]
each.run(room0=False)
each = Case("names that are no rooms'")
for strange in ("%zz", "A", "x" * 250, "..x", "%%", "a%00"):
    os.mkdir(os.path.join(server.data, "rooms", strange))
write(os.path.join(server.data, "rooms", "a-file"), b"")
write(os.path.join(server.data, ROOM0, "notes.txt"), b"mine")
write(os.path.join(server.data, ROOM0, "1.log"), b"mine")
each.run()
each = Case("no ceiling")
os.unlink(os.path.join(server.data, "ceiling"))
each.run()
for what, content in (("empty", b""), ("garbage", os.urandom(64)),
                      ("cut", None)):
    each = Case("ceiling: " + what)
    path = os.path.join(server.data, "ceiling")
    write(path, logs.content(path)[:20] if content is None else content)
    each.logged.append("ceiling")
    each.run()
row.finish()
