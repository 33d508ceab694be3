# crowd.py -- writers that hold a server to what it echoed
#
# SPDX-License-Identifier: MIT
"""Writers in some rooms, on one thread. Each keeps what is not acknowledged;
when its connection is gone it comes back as the same guest, joins behind its
cursor, strikes out what it finds of its own in the replay, and sends the rest
again, in order and with the same ids, once `last` is reached.

A Truth collects all that anybody ever heard, across all lives of the server,
and judges it: one number one line, nothing doubled, nothing skipped without a
GAP, nothing acknowledged that a GAP speaks of. A server is anything with a
`port`.
"""
import random
import selectors
import socket
import time

NUMBERED = {b"MSG": 5, b"EDIT": 6, b"DELETE": 5, b"REACT": 6, b"SET": 6,
            b"ROLE": 6}


class Line:
    """A line of the server, taken apart."""

    __slots__ = ("whole", "id", "verb", "room", "number", "words")

    def __init__(self, whole):
        self.whole, self.id, plain = whole, None, whole
        if whole.startswith(b"@"):
            attributes, _, plain = whole.partition(b" ")
            for each in attributes[1:].split(b";"):
                if each.startswith(b"id="):
                    self.id = each[3:]
        self.words = plain.split(b" ")
        self.verb, self.number, self.room = self.words[0], 0, b""
        if self.verb in NUMBERED:
            self.room, self.number = self.words[1], int(self.words[2])

    @property
    def name(self):
        return self.words[4]

    def target(self):
        return int(self.words[5])

    def erased(self):
        """The line when its text is erased: blanks, byte for byte."""
        head = b" ".join(self.words[:NUMBERED[self.verb]]) + b" "
        at = self.whole.index(head) + len(head)
        return self.whole[:at] + b" " * (len(self.whole) - at)


class Truth:
    def __init__(self, lossy=False):
        self.lines = {}         # room -> number -> whole line
        self.acked = {}         # id -> (room, number)
        self.deleted = set()    # (room, number) of what we asked to delete
        self.gaps = set()       # (room, from, to)
        self.errors = {}        # code -> how often
        self.faults = []
        self.lossy = lossy      # a power cut may take what was heard
        self.when = {}          # (room, number) -> first heard, if lossy
        self.lost = set()       # (room, number) of what it took

    def fault(self, *what):
        if len(self.faults) < 50:
            self.faults.append(" ".join(str(w) for w in what))

    def heard(self, who, line):
        room = self.lines.setdefault(line.room, {})
        if line.number not in room and self.lossy:
            self.when[(line.room, line.number)] = time.monotonic()
        before = room.setdefault(line.number, line.whole)
        if before != line.whole and not self.erasure(before, line):
            self.fault("two lines under one number:", before, line.whole,
                       "heard by", who)

    def erasure(self, before, line):
        """Is one the other with its text erased, or some of it so far?"""
        number = line.target() if line.verb == b"EDIT" else line.number
        blank = line.erased()
        if (line.room, number) not in self.deleted or \
                Line(before).erased() != blank:
            return False
        if line.whole.count(b" ") < before.count(b" "):
            # Heard erased first: the other one is on record from now on.
            before, line = line.whole, Line(before)
            self.lines[line.room][line.number] = before
        return all(new in (old, none) for old, new, none in
                   zip(before, line.whole, blank))

    def gap(self, who, room, first, last):
        if (room, first, last) in self.gaps:
            return
        self.gaps.add((room, first, last))
        if self.lossy:
            return
        missing = [n for n in self.lines.get(room, {}) if first <= n <= last]
        if missing:
            self.fault("GAP", room, first, last, "told to", who, "covers",
                       len(missing), "lines that were heard")

    def find_lost(self, port):
        """After a cut and before anything new is said: (lines lost, the
        earliest of them was heard when, is it an end of each room?)"""
        earliest, suffix, before = None, True, len(self.lost)
        for room in list(self.lines):
            known = {n for n in self.lines[room] if (room, n) not in self.lost}
            there = {line.number for line in history(self, port, room)}
            gone = known - there
            if gone:
                suffix = suffix and min(gone) > max(known & there, default=0)
                heard = min(self.when.get((room, n), 0.0) for n in gone)
                earliest = min(heard, earliest or heard)
                self.lost |= {(room, n) for n in gone}
        return len(self.lost) - before, earliest, suffix

    def acknowledged(self, id, room, number):
        before = self.acked.setdefault(id, (room, number))
        if before != (room, number):
            self.fault("acknowledged twice:", id, before, (room, number))

    def refused(self, code):
        self.errors[code] = self.errors.get(code, 0) + 1


class Reader:
    """A connection with one room: the order of numbers is judged here."""

    def __init__(self, truth, nick, room, key=None):
        self.truth, self.nick, self.room = truth, nick.encode(), room.encode()
        self.key = key
        self.cursor, self.last, self.live = None, None, False
        self.sock, self.rest, self.ended = None, b"", True
        self.bye = None

    def connect(self, port):
        attributes = "@key=%s " % self.key if self.key else ""
        after = "" if self.cursor is None else " %d" % self.cursor
        self.rest, self.last, self.live, self.ended = b"", None, False, False
        self.bye = None
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send("%sHELLO %s\nJOIN %s%s\n" % (
            attributes, self.nick.decode(), self.room.decode(), after))

    def send(self, text):
        # What a dead server does not take any more is not acknowledged.
        try:
            self.sock.sendall(text.encode())
        except OSError:
            pass

    def close(self):
        if self.sock is not None:
            self.sock.close()
        self.sock, self.ended, self.live = None, True, False

    def read(self):
        """Takes what is there; False at the end."""
        try:
            data = self.sock.recv(262144)
        except OSError:
            data = b""
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for whole in lines:
            self.take(Line(whole))
        return bool(data)

    def take(self, line):
        if line.number:
            if self.cursor is None or line.number != self.cursor + 1:
                self.truth.fault(self.nick, "has", self.cursor, "then gets",
                                 line.whole)
            self.cursor = line.number
            self.truth.heard(self.nick, line)
            self.said(line)
        elif line.verb == b"GAP":
            first, last = int(line.words[2]), int(line.words[3])
            if first > self.cursor + 1 or last < first:
                self.truth.fault(self.nick, "has", self.cursor, "then gets",
                                 line.whole)
            self.truth.gap(self.nick, self.room, first, last)
            self.cursor = max(last, self.cursor)
        elif line.verb == b"RESET":
            if not self.truth.lossy:
                self.truth.fault(self.nick, "has", self.cursor, "but",
                                 line.whole)
            self.cursor = None
        elif line.verb == b"OK":
            self.done(line)
        elif line.verb == b"ERR":
            self.refused(line)
        elif line.verb == b"BYE":
            self.bye = line.whole
        elif line.verb not in (b"VCRP", b"ROOM", b"JOIN", b"LEAVE", b"NOTICE",
                               b"SIGNAL"):
            self.truth.fault(self.nick, "gets unasked", line.whole)
        if not self.live and self.last is not None and \
                self.cursor >= self.last:
            self.live = True
            self.caught_up()

    def done(self, line):
        if line.words[1] == b"JOIN":
            self.last = int(line.words[3])
            if self.cursor is None:
                self.cursor = self.last

    def refused(self, line):
        self.truth.refused(line.words[1].decode())
        self.truth.fault(self.nick, "is refused", line.whole)

    def said(self, line):
        pass

    def caught_up(self):
        pass


class Writer(Reader):
    """Says things with `window` of them under way. mix: how many of 100 are
    EDIT, REACT and DELETE. A forgetful one strikes nothing out of what it
    finds in a replay: all that it says again has to be known by its id."""

    PATIENT = ("storage-full", "busy")

    def __init__(self, truth, nick, room, window=4, chance=random, most=None,
                 mix=(5, 5, 3), pad=0, pace=0.0):
        super().__init__(truth, nick, room, "key-of-%s-" % nick + "x" * 22)
        self.window, self.chance, self.most = window, chance, most
        self.mix, self.pad, self.pace = mix, pad, pace
        self.count, self.waiting, self.sent = 0, {}, {}
        self.mine, self.order = [], []  # order: of ids of SAY; what speaks
                                        # of an old message may have to wait
                                        # for a disk, and comes later
        self.forgetful = False
        self.forgiven = ()      # error codes that end a request
        self.next = 0.0         # when to say something new
        self.pause = 0.0        # when to try again what was refused
        self.behind = []        # ids refused, to be tried again
        self.delays = []        # seconds from a request to its refusal
        self.begin = "%08x" % random.getrandbits(32)

    def make(self):
        """The next request: some edit, react to, or delete what one said."""
        self.count += 1
        id = ("%s.%s.%d" % (self.begin, self.nick.decode(),
                            self.count)).encode()
        text = "%s says %d%s" % (self.nick.decode(), self.count,
                                 " " + "." * self.pad if self.pad else "")
        room, kind = self.room.decode(), self.chance.randrange(100)
        edit, react, delete = self.mix
        words = "SAY %s %s" % (room, text)
        if self.mine and kind < edit + react + delete:
            number = self.mine.pop(self.chance.randrange(len(self.mine)))
            if kind < edit:
                words = "EDIT %s %d %s" % (room, number, text)
                self.mine.append(number)
            elif kind < edit + react:
                words = "REACT %s %d r%d" % (room, number, self.count)
                self.mine.append(number)
            else:
                words = "DELETE %s %d" % (room, number)
                self.truth.deleted.add((self.room, number))
        self.waiting[id] = "@id=%s %s\n" % (id.decode(), words)
        if words.startswith("SAY"):
            self.order.append(id)
        return id

    def speak(self, ids):
        now = time.monotonic()
        for id in ids:
            self.sent[id] = now
        self.send("".join(self.waiting[id] for id in ids))

    def caught_up(self):
        self.behind = []
        if self.waiting:
            self.speak(list(self.waiting))

    def act(self, now):
        """What is to be said now, if anything."""
        if not self.live:
            return
        if self.behind:
            # All that was refused again, one behind the other.
            if now >= self.pause and len(self.behind) == len(self.waiting):
                again, self.behind = self.behind, []
                self.speak(again)
            return
        fresh = []
        while now >= self.next and len(self.waiting) < self.window and \
                (self.most is None or self.count < self.most):
            fresh.append(self.make())
        if fresh:
            self.next = now + len(fresh) * self.pace
            self.speak(fresh)

    def said(self, line):
        if line.id is not None and line.name == b"~" + self.nick:
            if self.live or not self.forgetful:
                self.settle(line.id, line.number)
            if line.verb == b"MSG":
                self.mine = self.mine[-20:] + [line.number]

    def settle(self, id, number):
        if id in self.waiting:
            del self.waiting[id]
            if id in self.behind:
                self.behind.remove(id)
        elif id not in self.truth.acked:
            self.truth.fault(self.nick, "did not say", id)
        self.truth.acknowledged(id, self.room, number)

    def done(self, line):
        super().done(line)
        if line.id is not None and len(line.words) > 3:
            self.settle(line.id, int(line.words[3]))

    def refused(self, line):
        code = line.words[1].decode()
        self.truth.refused(code)
        if line.id is None or line.id not in self.waiting:
            self.truth.fault(self.nick, "is refused", line.whole)
        elif code in self.PATIENT:
            self.delays.append(time.monotonic() - self.sent[line.id])
            self.behind.append(line.id)
            self.pause = time.monotonic() + 0.05
        elif code in self.forgiven:
            del self.waiting[line.id]
            if line.id in self.order:
                self.order.remove(line.id)
        else:
            self.truth.fault(self.nick, "is refused", line.whole)
            del self.waiting[line.id]
            if line.id in self.order:
                self.order.remove(line.id)

    def idle(self):
        return self.live and not self.waiting and self.count == self.most


class Crowd:
    """Readers and writers on one thread, until told otherwise."""

    def __init__(self, truth=None, seed=None):
        self.truth = truth or Truth()
        self.chance = random.Random(seed)
        self.people, self.selector = [], selectors.DefaultSelector()

    def add(self, person):
        self.people.append(person)
        return person

    def writers(self, count, rooms, **options):
        for n in range(count):
            writer = self.add(Writer(self.truth, "w%d" % n, "room%d" % (
                n % rooms), chance=self.chance, **options))
            writer.forgetful = n // rooms % 2 == 1

    def connect(self, port):
        for person in self.people:
            if person.ended:
                person.connect(port)
                person.sock.setblocking(True)
                self.selector.register(person.sock, selectors.EVENT_READ,
                                       person)

    def drop(self, person):
        if person.sock is not None:
            self.selector.unregister(person.sock)
        person.close()

    def run(self, seconds, enough=lambda: False):
        """Until the time is over, or it is enough, or all are gone; True
        unless the time was over first."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            if enough() or not self.selector.get_map():
                return True
            if now >= end:
                return False
            for person in self.people:
                if person.live:
                    person.act(now)
            for key, _ in self.selector.select(min(end - now, 0.003)):
                if not key.data.read():
                    self.drop(key.data)

    def drain(self, seconds=20):
        """The server is dead: what it sent before is still heard."""
        if not self.run(seconds, lambda: False):
            self.truth.fault("connections outlive their server")

    def settle(self, seconds=60):
        """All that was begun is acknowledged, and nothing more is begun."""
        for person in self.people:
            if isinstance(person, Writer):
                person.most = person.count
        if not self.run(seconds, lambda: all(
                p.idle() for p in self.people if isinstance(p, Writer))):
            for p in self.people:
                if isinstance(p, Writer) and not p.idle():
                    self.truth.fault(p.nick, "still waits for",
                                     list(p.waiting)[:3], "live", p.live,
                                     "ended", p.ended, "bye", p.bye)

    def close(self):
        for person in self.people:
            if not person.ended:
                self.drop(person)

    def rooms(self):
        return sorted({person.room for person in self.people})

    def acked(self):
        return len(self.truth.acked)


def history(truth, port, room):
    """Every line that the server has of a room, oldest first; judged on the
    way as everything else."""
    lines = []
    reader = Reader(truth, "reader-of-" + room.decode(), room.decode())
    reader.cursor = 0
    reader.said = lines.append
    reader.connect(port)
    reader.sock.settimeout(30)
    try:
        while not reader.live:
            if not reader.read():
                truth.fault("no history of", room, "beyond", reader.cursor,
                            "last", reader.last, reader.bye)
                break
    finally:
        reader.close()
    return lines


def judge(truth, port, writers, ordered=True, erased=False):
    """The whole history of all rooms beside all that was acknowledged:
    (lines, ids acknowledged and not there)."""
    total, there, numbers = 0, {}, set()
    for room in sorted({w.room for w in writers}):
        for line in history(truth, port, room):
            total += 1
            numbers.add((room, line.number))
            if line.id is None:
                continue
            if line.id in there:
                truth.fault("doubled:", line.id, there[line.id],
                            (room, line.number))
            there[line.id] = (room, line.number)
            if erased and line.verb == b"MSG" and \
                    (room, line.number) in truth.deleted and \
                    line.whole != line.erased():
                truth.fault("deleted, yet there:", line.whole)
    missing = [id for id, at in truth.acked.items()
               if there.get(id) != at and at not in truth.lost]
    if missing or not truth.lossy:
        for id in missing[:5]:
            truth.fault("acknowledged as", truth.acked[id], "and found as",
                        there.get(id), ":", id)
        for room, lines in truth.lines.items():
            gone = {(room, n) for n in lines} - numbers - truth.lost
            if gone:
                truth.fault(room, "heard and not in the history:",
                            len(gone), "first", lines[min(gone)[1]])
    if ordered:
        for writer in writers:
            said = [there[id][1] for id in writer.order if id in there]
            if said != sorted(said):
                truth.fault(writer.nick, "said things in another order")
    return total, missing
