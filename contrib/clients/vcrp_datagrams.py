# SPDX-License-Identifier: MIT
"""VCRP/1 by UDP: sessions of sealed datagrams, and discovery. Sessions need the module nacl
(python3-nacl)."""
import re, secrets, select, socket, struct, time
from vcrp_lines import EVENTS, PORT, SAID, Line

DATAGRAM_MAX, DATAGRAM_MIN, PLAIN_MAX, WINDOW = 1200, 64, 1160, 1024
PIECE_MAX, BEGUN_MAX = PLAIN_MAX - 1, 4
EARLY_MAX = 4096           # events of a room kept behind a hole
REORDERED = 0.03           # seconds that a datagram is waited for that was overtaken
RTO_FIRST, RTO_MIN, RTO_MAX = 1.0, 0.2, 5.0
KEEPALIVE, SILENCE = 20.0, 20.0
UNHEARD = 40.0             # seconds without an AT of a room
GONE, GONE_PINGS, GONE_AGAIN = 1.0, (0.0, 0.2, 0.5), 5.0  # of hints that the session is not known

REPEATED = set(SAID) | set("JOIN LEAVE WHO LIST HISTORY SEARCH READ PING HELP SET ROLE STATS QUIT".split())
SEVERAL = {"WHO", "LIST", "HELP", "STATS"}  # answered by lines that are not counted
PAGED = ("HISTORY", "SEARCH")
IN_ROOM = set(SAID) | set("JOIN LEAVE SIGNAL WHO HISTORY SEARCH READ SET ROLE KICK".split())


class Seal:
    """One session's datagrams: sealed and opened, each once, and long lines in pieces."""

    def __init__(self, session, key):
        try:
            import nacl.bindings, nacl.exceptions
        except ImportError:
            raise ImportError("datagrams need the Python module nacl (Debian: python3-nacl, pip: PyNaCl)")
        self.lock, self.unlock = (nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt,
                                  nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt)
        self.broken = nacl.exceptions.CryptoError
        self.session, self.key = session, key
        self.counter = 0                # the last one sent
        self.highest, self.seen = 0, 0  # received; bit n of seen: highest - n was
        self.begun = {}                 # counter of the first piece: [pieces]

    def seal(self, plain):
        self.counter += 1
        if len(plain) < DATAGRAM_MIN - 40:
            plain += b"\n" * (DATAGRAM_MIN - 40 - len(plain))
        head = self.session + struct.pack(">Q", self.counter)
        return head + self.lock(plain, head, b"\0" * 16 + head[16:], self.key)

    def pack(self, lines):
        """Datagrams with these lines, each with its LF."""
        plain = b""
        for line in lines:
            if plain and len(plain) + len(line) > PLAIN_MAX:
                yield self.seal(plain)
                plain = b""
            if len(line) <= PLAIN_MAX:
                plain += line
                continue
            pieces = [line[at:at + PIECE_MAX] for at in range(0, len(line), PIECE_MAX)]
            for index, piece in enumerate(pieces):
                yield self.seal(bytes([0x10 + 4 * index + len(pieces) - 1]) + piece)
        if plain:
            yield self.seal(plain)

    def open(self, datagram):
        """(counter, plain text), or None for what is not good, or was here before."""
        head, counter = datagram[:24], int.from_bytes(datagram[16:24], "big")
        behind = self.highest - counter
        if (len(datagram) < 41 or len(datagram) > DATAGRAM_MAX or head[:16] != self.session or counter == 0 or
                behind >= WINDOW or (behind >= 0 and self.seen >> behind & 1)):
            return None
        try:
            plain = self.unlock(datagram[24:], head, b"\x01" + b"\0" * 15 + head[16:], self.key)
        except self.broken:
            return None
        if behind < 0:
            self.seen, self.highest, behind = self.seen << -behind & ((1 << WINDOW) - 1), counter, 0
        self.seen |= 1 << behind
        return counter, plain

    def lines(self, counter, plain):
        """The whole lines that a datagram brings, each without its LF."""
        if not 0x10 <= plain[0] <= 0x1f:
            return plain.split(b"\n")[:-1] if plain.endswith(b"\n") else []
        index, total, piece = plain[0] >> 2 & 3, (plain[0] & 3) + 1, plain[1:]
        first = counter - index
        pieces = self.begun.get(first, [None] * total)
        if total == 1 or index >= total or len(pieces) != total or (index < total - 1 and len(piece) != PIECE_MAX):
            return []
        self.begun[first], pieces[index] = pieces, piece
        if None not in pieces:
            del self.begun[first]
            return b"".join(pieces).split(b"\n")[:-1]
        for first in sorted(self.begun):
            if first + WINDOW < self.highest or len(self.begun) > BEGUN_MAX:
                del self.begun[first]
        return []


class Request:
    """A line that is sent until it is answered. hidden: the id is ours, nobody asked for it."""

    def __init__(self, line, raw, hidden):
        self.verb, self.words, self.id, self.raw, self.hidden = line.verb.upper(), line.words, line.id, raw, hidden
        self.times, self.due, self.pause, self.sent = 0, 0.0, 0.0, 0.0


class Place:
    """A room one is in: how far all was given, and what came early."""

    def __init__(self, name, cursor):
        self.name, self.cursor, self.newest, self.early = name, cursor, cursor or 0, {}
        self.begun = None  # where a conversation was entered, as its ROOM tells; said again until a JOIN
        # A ROOM that came before what it counts; that one is to come; that further ones are due to us.
        self.room, self.owed, self.hidden = None, False, False
        self.heard, self.asked = time.monotonic(), 0.0
        self.due, self.pause, self.answered = None, 0.0, False  # of the JOIN that asks for what is missing


class Datagrams:
    """Lines over a datagram session, and what it takes to make of them what a stream gives: requests
    with an id are sent until answered, events come once and in order, holes are asked for."""

    def __init__(self, sock, session, key, name, least=RTO_MIN, silence=SILENCE):
        self.sock, self.seal, self.name = sock, Seal(session, key), name
        self.closed, self.reason, self.silence = False, None, silence
        self.output, self.places, self.requests, self.waiting = [], {}, {}, {}
        self.next, self.ahead, self.losses = 1, {}, 0  # counters: what comes next, and what came before it
        self.own, self.count = secrets.token_hex(5), 0  # ids that nobody but us knows of
        self.repairs = {}  # ids of JOINs because of a hole: the room
        self.done, self.prelude, self.page, self.given = {}, [], None, []
        self.smooth, self.variation, self.rto, self.least = None, 0.0, max(RTO_FIRST, least), least
        self.spoke = self.heard = time.monotonic()
        self.asked = None  # since when nothing has come though something was asked
        self.doubted, self.hinted, self.pings = None, None, []  # since when it may be gone, and when to ask
        sock.setblocking(False)

    def fileno(self):
        return self.sock.fileno()

    # -- what goes out

    def send(self, raw):
        """A request. One without an id is sent once, and may be lost."""
        line, hidden = Line(raw, {}), False
        if line.id is None and line.verb.upper() == "JOIN":  # whose answer has to be known
            line.id, hidden = self.new_id(), True
            raw = (f"@id={line.id};{raw[1:]}" if raw.startswith("@") else f"@id={line.id} {raw}")
        request = Request(line, raw, hidden)
        room = line.words[0].casefold() if line.words and request.verb in IN_ROOM else None
        if room in self.waiting:
            self.waiting[room].append((request, room))
        else:
            self.start(request, room)
        self.flush()

    def start(self, request, room):
        if request.verb == "QUIT":
            request.id = request.id or self.new_id()  # its BYE may have none
        if request.id is None or request.verb not in REPEATED:
            self.put(request.raw)
            return
        self.done.pop(request.id, None)
        self.requests[request.id] = request
        request.sent, request.pause, request.room = time.monotonic(), self.rto, room
        if request.verb in SAID:
            self.waiting.setdefault(room, [])  # one of these in flight in a room
        self.repeat(request)

    def repeat(self, request):
        now = time.monotonic()
        if request.times and self.heard < request.last:  # nothing comes through
            request.pause = min(request.pause * 2, max(RTO_MAX, self.rto))
        request.times, request.last, request.due = request.times + 1, now, now + request.pause
        request.losses = self.losses
        self.put(request.raw)

    def new_id(self):
        self.count += 1
        return f"{self.own}-{self.count}"

    def put(self, raw, asks=True):
        self.output.append(raw.encode(errors="surrogateescape") + b"\n")
        if asks and self.asked is None:
            self.asked = time.monotonic()

    def flush(self):
        if self.closed or not self.output:
            return
        lines, self.output, self.spoke = self.output, [], time.monotonic()
        for datagram in self.seal.pack(lines):
            try:
                self.sock.send(datagram)
            except OSError:
                pass  # lost, as any may be

    # -- what comes in

    def wait(self, timeout):
        now = time.monotonic()
        if not self.closed:
            select.select([self], [], [], max(0, min(timeout, self.due() - now)))

    def due(self):
        """When something is to be done though nothing has come."""
        times = [self.spoke + KEEPALIVE] + [request.due for request in self.requests.values()]
        times += [place.due for place in self.places.values() if place.due]
        times += [came + REORDERED for came, _ in self.ahead.values()]
        if self.asked is not None:
            times.append(self.asked + self.silence)
        if self.doubted is not None:
            times += self.pings + [self.gone()]
        return min(times)

    def receive(self):
        """Lines, as strings; afterwards closed tells whether that was all."""
        while not self.closed:
            try:
                datagram = self.sock.recv(65536)
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP error, which anybody can send
            opened = self.seal.open(datagram)
            if opened is not None:
                self.asked, self.doubted, self.heard = None, None, time.monotonic()
                self.arrange(*opened)
            elif datagram == b"VCRP! 1 gone %s\n" % self.seal.session.hex().encode():
                self.doubt()
        self.skip()
        self.tick()
        self.flush()
        given, self.given = self.given, []
        return given

    def doubt(self):
        """The session is not known, says somebody: the server, if nothing answers now."""
        now = time.monotonic()
        if self.seal.highest and self.doubted is None and (self.hinted is None or now - self.hinted >= GONE_AGAIN):
            self.doubted = self.hinted = now
            self.pings = [now + pause for pause in GONE_PINGS]

    def gone(self):
        return self.doubted + max(GONE, 3 * (RTO_FIRST if self.smooth is None else self.smooth))

    def arrange(self, counter, plain):
        """Gives datagrams on by their counters; what was overtaken is waited for a moment."""
        if counter < self.next:
            self.losses += 1
            self.take(counter, plain)
            return
        self.ahead[counter] = time.monotonic(), plain
        while self.next in self.ahead:
            _, plain = self.ahead.pop(self.next)
            self.next += 1
            self.take(self.next - 1, plain)

    def skip(self):
        late = time.monotonic() - REORDERED
        while self.ahead and min(came for came, _ in self.ahead.values()) <= late:
            self.losses += 1
            self.next = min(self.ahead)
            self.arrange(self.next, self.ahead[self.next][1])

    def take(self, counter, plain):
        for raw in self.seal.lines(counter, plain):
            if raw.removesuffix(b"\r") and not self.closed:
                self.line(Line(raw.removesuffix(b"\r").decode()))

    def give(self, line):
        self.given.append(line.raw)

    def line(self, line):
        if self.page is not None:
            self.in_page(line)
        elif line.verb == "PAGE":
            self.page, self.page_losses = [line], self.losses
        elif line.verb in ("ROOM", "READ", "RESET") and self.joining():
            self.prelude.append(line)  # of which JOIN is told by the OK
        else:
            self.no_page(line)

    def joining(self):
        return (any(request.verb == "JOIN" for request in self.requests.values()) or
                any(place.due and not place.answered for place in self.places.values()))

    def no_page(self, line):
        prelude, self.prelude = self.prelude, []
        if line.verb == "OK" and line.words[0] == "JOIN":
            self.joined(line, prelude)
            return
        for before in prelude:
            self.give(before)
        if line.verb == "OK" and line.words[0] == "LEAVE":
            self.places.pop(line.words[1], None)
        if line.verb in EVENTS or line.verb == "GAP":
            self.event(line)
        elif line.verb == "AT":
            self.at(*line.words)
        elif line.verb == "ERR" and line.id in self.repairs:
            self.repair_refused(line)
        elif line.verb in ("OK", "ERR", "PONG") and line.id is not None:
            self.answer(line)
        elif line.verb == "PING" and re.fullmatch("[0-9a-f]{16}", line.text or ""):
            self.put(f"PONG {line.text}", asks=False)  # whether we are at this address
        elif line.verb == "PONG" and (line.text or "") in self.requests:
            self.close_request(self.requests[line.text])
        elif line.verb != "PONG" or not (line.text or "").startswith(self.own):
            self.other(line)

    def other(self, line):
        if line.verb == "ROOM" and line.words[0].startswith("@") and self.entered(line):
            return
        elif line.verb == "ROOM" and line.words[0] in self.places:
            place = self.places[line.words[0]]
            if place.due is not None and int(line.words[1]) > place.cursor:
                place.room = line
                return
            if place.hidden and not place.owed:
                return
            place.owed = False
        elif line.verb == "LEAVE" and (line.words[1] == self.name or line.text == "gone" and line.words[0][0] == "@"):
            if self.places.pop(line.words[0], None) is None:
                return  # the end of a membership may be told again
        self.give(line)
        if line.verb == "BYE":
            self.closed, self.reason = True, line.raw

    def entered(self, line):
        """ROOM of a conversation that began by what was said there; whether it was told before."""
        room, begun = line.words[0], int(line.words[1])
        place = self.places.get(room)
        if place is None:
            if not any(request.verb == "LIST" for request in self.requests.values()):
                self.places[room] = Place(room, begun)
                self.places[room].begun = begun
        elif place.cursor is None:
            self.give(line)
            self.begin(place, begun)
            return True
        return place is not None and place.begun == begun

    def begin(self, place, begun):
        """The place of a conversation whose ROOM had been lost."""
        place.cursor = place.begun = begun
        place.newest = max(begun, place.newest)
        self.drain(place)
        self.known(place, place.newest)

    # Between a PAGE, its lines and its OK there is nothing else, so that lines of a page are told from
    # events by nothing but their place: a page in which a datagram is missing is asked for again.
    def in_page(self, line):
        self.page.append(line)
        page, count = self.page, int(self.page[0].words[1])
        whole = self.losses == self.page_losses
        if whole and len(page) < count + 2:
            return
        self.page = None
        if whole and line.verb == "OK" and line.words[0] in PAGED:
            for one in page[:-1] if line.id not in self.done else []:
                self.give(one)
            self.answer(line, whole)
            return
        for one in page[1:]:
            self.line(one)

    def answer(self, line, whole=False):
        request = self.requests.get(line.id)
        if request is None:
            if line.id not in self.done:
                self.give(line)
            return
        if line.verb == "OK" and not whole and (request.verb in PAGED or (
                request.verb in SEVERAL and request.losses != self.losses)):
            request.due = 0.0  # a line of the answer is missing, or may be
            return
        self.close_request(request)
        if request.verb == "LEAVE" and request.words:
            name = self.room_name(request.words[0])
            if line.verb == "ERR" and line.words[0] == "not-member" and request.times > 1:
                line = Line(f"@id={line.id} OK LEAVE {name}")
        if request.hidden:
            line = Line(re.sub(r"^@id=[^ ;]*[; ]", "@" if ";" in line.raw.split(" ")[0] else "", line.raw))
        self.give(line)
        if line.verb == "OK" and line.words[0] in SAID and line.words[1] in self.places:
            self.known(self.places[line.words[1]], int(line.words[2]))

    def room_name(self, word):
        return next((name for name in self.places if name.casefold() == word.casefold()), word)

    def close_request(self, request, measured=True):
        """It is answered. The next one for its room goes out, if it was one that is waited for."""
        self.requests.pop(request.id, None)
        self.done[request.id] = None
        while len(self.done) > 1000:
            self.done.pop(next(iter(self.done)))
        if request.times == 1 and measured:
            self.measure(time.monotonic() - request.sent)
        if request.verb not in SAID:
            return
        waiting = self.waiting.pop(request.room, [])
        while waiting and request.room not in self.waiting:
            self.start(*waiting.pop(0))
        if waiting:
            self.waiting[request.room] = waiting

    def measure(self, took):
        """RFC 6298."""
        if self.smooth is None:
            self.smooth, self.variation = took, took / 2
        else:
            self.variation += (abs(self.smooth - took) - self.variation) / 4
            self.smooth += (took - self.smooth) / 8
        self.rto = max(self.least, min(RTO_MAX, self.smooth + 4 * self.variation))

    def joined(self, line, prelude):
        """OK JOIN room last: to what was asked for, or to what we asked for because of a hole."""
        name, last = line.words[1], int(line.words[2])
        reset = any(before.verb == "RESET" for before in prelude)
        request, place = self.requests.get(line.id), self.places.get(name)
        if request is None:
            if place is not None and (line.id or "").startswith(self.own):
                place.answered = place.hidden = True
                self.moved(place, last if reset else place.cursor, last)
            for before in prelude:
                if before.verb == "RESET":
                    self.give(before)
            return
        for before in prelude:
            self.give(before)
        after = int(request.words[1]) if len(request.words) > 1 and not reset else None
        if place is None or after is not None or reset:
            place = self.places[name] = Place(name, last if after is None else after)
        self.answer(line)
        place.answered, place.owed = True, after is not None
        self.moved(place, place.cursor, last)

    def moved(self, place, cursor, last):
        if cursor != place.cursor:
            place.cursor, place.newest, place.early = cursor, cursor, {}
        place.newest = max(place.newest, last)
        place.pause = self.rto
        place.due = time.monotonic() + 2 * place.pause if place.newest > place.cursor else None

    def event(self, line):
        place, room = self.places.get(line.words[0]), line.words[0]
        first = int(line.words[1])
        if place is None:
            if not room.startswith("@") or self.asks_pages():
                return  # of a room one has left, or a line of a broken page
            place = self.places[room] = Place(room, None)  # its ROOM was lost, and comes again with AT
        request = self.requests.get(line.id)
        if request is not None and SAID.get(request.verb) == line.verb and line.words[3] == self.name:
            # What a replay brings does not tell how long an answer takes.
            self.close_request(request, measured=place.cursor == first - 1 and place.due is None)
        place.heard = time.monotonic()
        if place.cursor is not None and line.number <= place.cursor:
            return
        if place.cursor is not None and first <= place.cursor + 1:
            self.advance(place, line)
            self.drain(place)
        elif len(place.early) < EARLY_MAX:
            place.early[first] = line
        self.known(place, line.number)

    def asks_pages(self):
        return any(request.verb in PAGED for request in self.requests.values())

    def advance(self, place, line):
        place.cursor, place.pause = line.number, self.rto
        self.give(line)
        if line.verb == "ROLE" and line.words[4] == self.name and line.words[5] == "banned":
            self.places.pop(place.name, None)
        if place.room is not None and int(place.room.words[1]) <= place.cursor:
            if place.owed or not place.hidden:
                self.give(place.room)
            place.room, place.owed = None, False

    def drain(self, place):
        """What came early, as far as it follows."""
        while place.early and (first := min(place.early)) <= place.cursor + 1:
            line = place.early.pop(first)
            if line.number > place.cursor:
                self.advance(place, line)

    def known(self, place, newest):
        """The room has events up to there: what is missing is asked for."""
        place.newest = max(place.newest, newest)
        if place.cursor is None:
            return
        if place.newest <= place.cursor:
            place.due = None
        elif place.due is None:
            place.pause = self.rto
            self.repair(place)

    def repair(self, place):
        now = time.monotonic()
        if self.heard < place.asked:
            place.pause = min(place.pause * 2, max(RTO_MAX, self.rto))
        place.due, place.answered, place.asked = now + place.pause, False, now
        name = self.new_id()
        self.repairs[name] = place.name
        while len(self.repairs) > 100:
            self.repairs.pop(next(iter(self.repairs)))
        self.put(f"@id={name} JOIN {place.name} {place.cursor}")

    def repair_refused(self, line):
        """One is not in the room any more, though it was not heard why; or it is to be asked later."""
        room = self.repairs[line.id]
        if line.words[0] not in ("too-fast", "busy", "internal") and self.places.pop(room, None) is not None:
            self.give(Line(f"LEAVE {room} {self.name}"))

    def at(self, room, newest):
        place = self.places.get(room)
        if place is None and not room.startswith("@"):
            return
        if place is None or place.cursor is None:  # of a conversation ROOM would stand before its first AT
            place = self.places.setdefault(room, Place(room, None))
            self.begin(place, min(place.early, default=int(newest)) - 1)
        place.heard = time.monotonic()
        if place.answered:  # the end of the replay: what it did not reach is asked for at once
            place.due = None
        self.known(place, int(newest))

    def tick(self):
        now = time.monotonic()
        for request in list(self.requests.values()):
            if request.due <= now:
                if request.verb == "QUIT" and request.times > 3:
                    self.closed, self.reason = True, "no BYE"
                else:
                    self.repeat(request)
        for place in self.places.values():
            if place.due is not None and place.due <= now:
                self.repair(place)
            elif place.cursor is not None and place.heard + UNHEARD <= now:  # where we may be no more
                place.heard = now
                self.repair(place)
        if self.spoke + KEEPALIVE <= now:
            name = self.new_id()
            self.start(Request(Line(f"@id={name} PING {name}", {}), f"PING {name}", True), None)
        while self.doubted is not None and self.pings and self.pings[0] <= now:
            del self.pings[0]
            self.put(f"PING {self.new_id()}")
        if self.doubted is not None and self.gone() <= now:
            self.closed, self.reason = True, "the server does not know the session any more"
        if self.asked is not None and self.asked + self.silence <= now:
            self.closed, self.reason = True, f"nothing has come for {self.silence:.0f} s"

    def close(self):
        self.closed = True
        self.sock.close()


def discover(host="255.255.255.255", port=PORT, timeout=1.0, size=512):
    """Asks who is there, by UDP and without a login: a host, a broadcast address or a group. Gives a
    dictionary for each answer, as they come."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    nonce = secrets.token_hex(16)
    with socket.socket(family, kind, protocol) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        question = f"VCRP? 1 {nonce}".encode()
        sock.sendto(question + b" " * (size - 1 - len(question)) + b"\n", address)
        end = time.monotonic() + timeout
        while select.select([sock], [], [], max(0, end - time.monotonic()))[0]:
            answer, sender = sock.recvfrom(2048)
            words = answer.decode(errors="replace").rstrip("\r\n").split(" ")
            if words[:3] == ["VCRP!", "1", nonce] and len(words) >= 8:
                yield {"address": sender[0], "port": sender[1], "server": words[3], "software": words[4],
                       "features": words[5].split(","), "connections": int(words[6]), "rooms": int(words[7])}
