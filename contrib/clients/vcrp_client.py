#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A client of VCRP/1 (doc/vcrp-1.md): a module, and a small chat program.

    vcrp_client.py [--udp] [--fingerprint sha256:HEX] vcrp://nick@host[:port]/room
    vcrp_client.py --discover [HOST]

    client = Client("vcrps://alice@chat.example.org/lobby", password="...", udp=True)
    client.say("lobby", "hello")
    for line in client.poll(1):
        print(line.verb, line.words, line.text)

Stream (vcrp_lines.py) and Datagrams (vcrp_datagrams.py, which needs python3-nacl) are connections of
lines, by TCP and by UDP: what they give is the same, in order and once. Client is who logs in, says
and asks over either, comes back after an interruption, and misses nothing. All is for one thread."""
import argparse, getpass, hashlib, hmac, os, random, secrets, select, socket, ssl, stringprep, sys, time
import unicodedata, urllib.parse
from base64 import b64decode, b64encode
from vcrp_datagrams import SILENCE, Datagrams, discover
from vcrp_lines import PORT, SAID, Line, Refused, Stream

TRIAL = 3.0      # seconds for the first answer by UDP
PATIENCE = 20.0  # seconds for the steps of a login


# -- how one logs in

def saslprep(text):
    """RFC 4013."""
    mapped = "".join(" " if stringprep.in_table_c12(c) else "" if stringprep.in_table_b1(c) else c for c in text)
    text = unicodedata.normalize("NFKC", mapped)
    tables = [getattr(stringprep, f"in_table_{name}") for name in
              "a1 c12 c21 c22 c3 c4 c5 c6 c7 c8 c9".split()]
    if any(table(c) for c in text for table in tables):
        raise ValueError("the password has characters that none may have")
    if any(map(stringprep.in_table_d1, text)) and (any(map(stringprep.in_table_d2, text)) or not (
            stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1]))):
        raise ValueError("the password mixes directions of writing")
    return text


def digest(key, message):
    return hmac.digest(key, message, "sha256")


def verifier(password, iterations, salt=None):
    """What REGISTER, PASSWD and ACCOUNT take (RFC 5803)."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", saslprep(password).encode(), salt, iterations)
    stored, server = hashlib.sha256(digest(salted, b"Client Key")).digest(), digest(salted, b"Server Key")
    return "SCRAM-SHA-256$%d:%s$%s:%s" % (iterations, *(b64encode(one).decode() for one in (salt, stored, server)))


def scram(name, password, exchange, binding=None):
    """SCRAM-SHA-256 (RFC 5802, 7677). exchange(data) sends the client's data and has the server's.
    binding: (type, data) of the channel."""
    escaped = name.replace("=", "=3D").replace(",", "=2C")
    header = f"p={binding[0]},," if binding else "n,,"
    bare, nonce = f"n={escaped},r={(mine := secrets.token_hex(16))}", mine
    first = exchange((header + bare).encode()).decode()
    fields = dict(field.split("=", 1) for field in first.split(","))
    if not fields["r"].startswith(nonce) or fields["r"] == nonce or not 4096 <= int(fields["i"]) <= 10**7:
        raise ConnectionError(f"the server's first data are not good: {first}")
    salted = hashlib.pbkdf2_hmac("sha256", saslprep(password).encode(), b64decode(fields["s"]), int(fields["i"]))
    channel = b64encode(header.encode() + (binding[1] if binding else b"")).decode()
    final = f"c={channel},r={fields['r']}"
    said, key = f"{bare},{first},{final}".encode(), digest(salted, b"Client Key")
    proof = bytes(a ^ b for a, b in zip(key, digest(hashlib.sha256(key).digest(), said)))
    answer = exchange(f"{final},p={b64encode(proof).decode()}".encode())
    if not hmac.compare_digest(answer, b"v=" + b64encode(digest(digest(salted, b"Server Key"), said))):
        raise ConnectionError("this is not the server that knows the password")


class Client:
    """Somebody at a server, whatever becomes of the connection: rooms are joined again from where one
    was, what was said and not echoed is said again, in order and not twice.

    uri: vcrp://nick@host:port/room, vcrps:// for TLS, ?transport=udp; vcrp:///path of a local socket.
    password: of the account; without one, a guest, whose name is kept by key (made up; "": not kept).
    fingerprint: sha256:HEX of the server's certificate, which is verified as the system does it otherwise.
    udp: go on by datagrams where the server has them. udp_address: (host, port) where it has them, if not
    where TCP is. keylog: a file that keys are written to, for who looks at the packets.
    poll() gives what happens; say() and join() are done again until they are answered; ask() waits.
    What ends it for good is raised as Refused."""

    def __init__(self, uri, nick=None, password=None, key=None, fingerprint=None, udp=False, udp_address=None,
                 keylog=None, silence=SILENCE):
        parts = urllib.parse.urlsplit(uri)
        if parts.scheme not in ("vcrp", "vcrps") or not (parts.hostname or parts.scheme == "vcrp" and parts.path):
            raise ValueError(f"not a server: {uri}")
        self.tls, room = parts.scheme == "vcrps", urllib.parse.unquote(parts.path[1:]) if parts.hostname else ""
        self.address = (parts.hostname, parts.port or PORT) if parts.hostname else parts.path
        nick = nick or parts.username and urllib.parse.unquote(parts.username)
        udp = udp or parts.query == "transport=udp"
        self.nick, self.password, self.fingerprint = nick or getpass.getuser(), password, fingerprint
        self.key = secrets.token_urlsafe(24) if key is None else key
        self.udp, self.udp_address, self.keylog, self.silence = udp, udp_address, keylog, silence
        self.ids, self.count = secrets.token_hex(5), 0
        self.rooms = {}    # by the name that is shown: the last number seen
        self.asked = {}    # rooms that are to be joined: the name asked for: after, or None
        self.saying = {}   # by room: [(id, line)], the first is on its way
        self.sent, self.later = set(), {}  # ids on their way now; when a room may be spoken in again
        self.targets = {}  # number that ends the replay, by the room's shown name
        self.joins, self.names = {}, {}    # id of a JOIN: its room; the name asked for: the one shown
        self.resets, self.paged = {}, 0    # of a RESET the last number; lines of a page to come
        self.events, self.link, self.pause, self.retry = [], None, 0.1, 0
        self.connect()
        if room:
            self.join(room)

    # -- a connection

    def connect(self):
        self.lines = []
        if isinstance(self.address, str):
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(PATIENCE)
            sock.connect(self.address)
        else:
            sock = socket.create_connection(self.address, PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            sock = self.secured(sock)
        self.peer, self.link = sock, Stream(sock)
        self.transport = "tls" if self.tls else "local" if isinstance(self.address, str) else "tcp"
        self.login()
        if self.udp and "udp" in self.features:
            self.go_by_datagrams()
        self.sent, self.targets, self.joins, self.later, self.resets, self.paged = set(), {}, {}, {}, {}, 0
        self.pause = 0.1
        for room, cursor in {**self.asked, **self.rooms}.items():
            self.send_join(room, cursor)

    def secured(self, sock):
        context = ssl.create_default_context()
        context.set_alpn_protocols(["vcrp"])
        if self.keylog:
            os.close(os.open(self.keylog, os.O_CREAT | os.O_WRONLY, 0o600))
            context.keylog_filename = self.keylog
        if self.fingerprint:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        sock = context.wrap_socket(sock, server_hostname=self.address[0])
        shown = "sha256:" + hashlib.sha256(sock.getpeercert(True)).hexdigest()
        if self.fingerprint and self.fingerprint.lower() != shown:
            raise ssl.SSLCertVerificationError(1, f"the server's certificate is another one: {shown}")
        return sock

    def answer_to(self, line, *verbs, patience=PATIENCE):
        """Sends the line; the next line with one of these verbs, or an ERR or BYE."""
        self.link.send(line)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            while self.lines:
                line = Line(self.lines.pop(0))
                if line.verb == "VCRP":
                    self.server, self.software = line.words[1:3]
                    self.features = line.words[3].split(",") if len(line.words) > 3 else []
                if line.verb in verbs or line.verb in ("ERR", "BYE"):
                    return line
                if line.verb == "PING":
                    self.link.send("PONG" + (f" {line.text}" if line.text else ""))
            self.lines += self.link.receive()
            if self.link.closed and not self.lines:
                raise ConnectionError(self.link.reason or "the server has closed the connection")
            if not self.lines:
                self.link.wait(min(0.5, end - time.monotonic()))
        raise TimeoutError("no answer from the server")

    def login(self):
        if self.password is None:
            line = self.answer_to((f"@key={self.key} " if self.key else "") + f"HELLO {self.nick}", "OK")
        else:
            self.answer_to("PING", "PONG")
            line = self.authenticate()
        if line.verb != "OK":
            raise Refused(line)
        self.name = line.words[1]

    def authenticate(self):
        binding, mechanism = None, "SCRAM-SHA-256"
        if "scram-sha-256-plus" in self.features and self.peer.version() == "TLSv1.2":
            # Of TLS 1.3 the module ssl does not give what a channel is bound by.
            binding, mechanism = ("tls-unique", self.peer.get_channel_binding("tls-unique")), mechanism + "-PLUS"
        verb = f"AUTH {mechanism} "

        def exchange(data):
            nonlocal verb
            line = self.answer_to(verb + b64encode(data).decode(), "AUTH")
            if line.verb != "AUTH":
                raise Refused(line)
            verb = "AUTH "
            return b64decode(line.words[0])

        scram(self.nick, self.password, exchange, binding)
        return self.answer_to("PING", "OK")

    def go_by_datagrams(self):
        """Asks for a session and tries it; the stream stays until it has answered."""
        asked = time.monotonic()
        line = self.answer_to(f"@id={self.new_id()} UDP", "OK")
        if line.verb != "OK":
            return
        session, key = bytes.fromhex(line.words[1]), bytes.fromhex(line.words[2])
        if self.keylog:
            with open(os.open(self.keylog, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a") as file:
                file.write(f"VCRP_DATAGRAM {line.words[1]} {line.words[2]}\n")
        host, port = self.udp_address or self.peer.getpeername()[:2]
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        sock = socket.socket(family, kind, protocol)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.connect(address)
        took = time.monotonic() - asked
        stream, self.link = self.link, Datagrams(sock, session, key, self.name, silence=self.silence)
        self.link.measure(took)  # the way is the same
        try:
            if self.answer_to(f"@id={self.new_id()} PING", "PONG", patience=TRIAL).verb != "PONG":
                raise TimeoutError
            stream.send("QUIT")
            stream.close()
            self.transport = "udp"
        except (TimeoutError, ConnectionError):
            self.link.close()
            self.link = stream

    def close(self, reason="", patience=5):
        """QUIT, and what was on its way."""
        self.asked, self.rooms = {}, {}
        try:
            self.link.send(f"QUIT {reason}".rstrip())
            end = time.monotonic() + patience
            while not self.link.closed and time.monotonic() < end:
                self.link.wait(end - time.monotonic())
                for raw in self.link.receive():
                    self.take(Line(raw))
        except OSError:
            pass
        self.link.close()

    # -- what one does

    def new_id(self):
        self.count += 1
        return f"{self.ids}-{self.count}"

    def join(self, room, after=None):
        """Its answer, ROOM and OK JOIN, comes by poll(), as does what is refused."""
        self.asked[room] = after
        return self.send_join(room, after)

    def send_join(self, room, after):
        name = self.new_id()
        self.joins[name] = room
        self.link.send(f"@id={name} JOIN {room}" + (f" {after}" if after is not None else ""))
        return name

    def leave(self, room):
        name = self.new_id()
        for known in self.same(room):
            self.forget(known)
        self.link.send(f"@id={name} LEAVE {room}")
        return name

    def same(self, room):
        """The names by which the room is known here."""
        shown = self.names.get(room, room)
        return [name for name in {*self.rooms, *self.asked}
                if self.names.get(name, name).casefold() == shown.casefold()]

    def forget(self, room):
        for table in (self.rooms, self.asked, self.targets):
            table.pop(room, None)

    def say(self, room, text, verb="SAY", number=None, **attributes):
        """SAY, or EDIT, DELETE, REACT of a number; the id that its event will have. It is sent until it is
        done: once, after what was said in the room before, and over new connections too."""
        name = self.new_id()
        words = [word for word in (verb, room, number, text) if word not in (None, "")]
        head = ";".join([f"id={name}"] + [f"{key}={value}" for key, value in attributes.items()])
        self.saying.setdefault(room, []).append((name, f"@{head} " + " ".join(map(str, words))))
        self.go_on(room)
        return name

    def unsaid(self):
        return sum(map(len, self.saying.values()))

    def go_on(self, room):
        """Says what comes next in a room, if nothing is on its way and the replay is over."""
        queue, shown = self.saying.get(room), self.names.get(room, room)
        if not queue or queue[0][0] in self.sent or self.link.closed or self.later.get(room, 0) > time.monotonic():
            return
        if not room.startswith("@") and self.rooms.get(shown, -1) < self.targets.get(shown, 1 << 60):
            return
        self.sent.add(queue[0][0])
        self.link.send(queue[0][1])

    def said(self, name):
        for room, queue in list(self.saying.items()):
            if queue and queue[0][0] == name:
                del queue[0]
                self.sent.discard(name)
                if not queue:
                    del self.saying[room]
                return True
        return False

    def ask(self, request, patience=PATIENCE):
        """Sends a request and waits: (the line that closes it, the lines before that which answer it). What
        else happens comes by poll(). It is not asked again over a new connection: ConnectionError."""
        name, verb, link = self.new_id(), request.split(" ")[0].upper(), self.link
        link.send(f"@id={name} {request}")
        kind = {"WHO": "NAMES", "LIST": "ROOM", "HELP": "NOTICE", "RELOAD": "NOTICE", "HISTORY": "PAGE",
                "SEARCH": "PAGE"}.get(verb, "STAT")
        others, answers, paged, end = [], [], 0, time.monotonic() + patience
        while time.monotonic() < end:
            for at, line in enumerate(lines := self.turn(end - time.monotonic())):
                if line.id == name and line.verb in ("OK", "ERR", "PONG"):
                    self.events += others + lines[at + 1:]
                    return line, answers
                if paged or line.verb == kind:
                    answers.append(line)
                    paged = int(line.words[1]) if kind == line.verb == "PAGE" else max(0, paged - 1)
                else:
                    others.append(line)
            if self.link is not link or link.closed:
                break
        self.events += others
        raise ConnectionError(f"no answer to {request}")

    # -- what happens

    def fileno(self):
        return self.link.fileno()

    def poll(self, timeout=0):
        """Lines that have come, waiting for the first of them no longer than that."""
        end = time.monotonic() + timeout
        while True:
            lines, self.events = self.events, []
            lines += self.turn(0 if lines else end - time.monotonic())
            if lines or time.monotonic() >= end:
                return lines

    def turn(self, timeout):
        """One wait, one look. Over an interruption it comes back, or will have tried to."""
        if self.link.closed:
            self.come_back(timeout)
            return []
        for room in list(self.saying):
            self.go_on(room)
        if not self.lines:
            self.link.wait(min([timeout, 1] + [at - time.monotonic() for at in self.later.values()]))
            self.lines = self.link.receive()
        lines, self.lines, given = self.lines, [], []
        for raw in lines:
            line = Line(raw)
            paged = self.paged
            self.paged = int(line.words[1]) if line.verb == "PAGE" else max(0, paged - 1)
            if paged or self.take(line):
                given.append(line)
        return given

    def come_back(self, timeout):
        now = time.monotonic()
        if now < self.retry:
            time.sleep(max(0, min(timeout, self.retry - now)))
            return
        self.pause = min(2 * self.pause, 30)
        self.retry = now + random.uniform(self.pause / 2, self.pause)
        self.link.close()
        try:
            self.connect()
        except Refused as why:
            if why.line.verb == "ERR" and why.line.words[0] not in ("too-many", "too-fast", "busy", "shutting-down",
                                                                    "name-taken"):
                raise
            self.retry += why.line.milliseconds("wait")
        except ssl.SSLCertVerificationError:
            raise
        except OSError:
            pass

    def take(self, line):
        """Keeps in mind what a line tells; whether it is one for whoever polls."""
        if line.number is not None:
            return self.event(line)
        if line.verb == "OK":
            return self.done(line)
        if line.verb == "ERR":
            return self.refused(line)
        if line.verb == "PING":
            self.link.send("PONG" + (f" {line.text}" if line.text else ""))
            return False
        if line.verb == "RESET":
            self.resets[line.words[0]] = int(line.words[1])
        elif line.verb == "ROOM" and line.words[0].startswith("@"):
            self.rooms.setdefault(line.words[0], int(line.words[1]))
        elif line.verb == "LEAVE" and (line.words[1] == self.name or line.text == "gone"):
            self.forget(line.words[0])
        elif line.verb == "BYE":
            if line.words[0] in ("replaced", "killed", "shutting-down"):
                raise Refused(line)
            self.retry = time.monotonic() + line.milliseconds("retry")
        return True

    def event(self, line):
        room, first = line.words[0], int(line.words[1])
        if room not in self.rooms and not room.startswith("@"):
            return False
        cursor = self.rooms.setdefault(room, first - 1)
        if line.number > cursor:
            if first > cursor + 1:
                raise RuntimeError(f"a hole after {cursor}: {line.raw}")
            self.rooms[room] = line.number
        if line.verb != "GAP":
            if line.words[3] == self.name:
                self.said(line.id)
            if line.verb == "ROLE" and line.words[4:6] == [self.name, "banned"]:
                self.forget(room)
        return line.number > cursor

    def done(self, line):
        if line.words[0] == "JOIN" and line.id in self.joins:
            asked, shown, last = self.joins.pop(line.id), line.words[1], int(line.words[2])
            after = self.asked.pop(asked, None)
            self.names[asked] = shown
            if shown in self.resets:
                self.rooms[shown] = self.resets.pop(shown)
            else:
                self.rooms.setdefault(shown, last if after is None else after)
            self.targets[shown] = last
        elif line.words[0] == "LEAVE":
            self.forget(line.words[1])
        elif line.words[0] in SAID:
            self.said(line.id)
        return True

    def refused(self, line):
        room = next((room for room, queue in self.saying.items() if queue[0][0] == line.id), None)
        if line.words[0] == "too-fast" and room is not None:
            self.later[room] = time.monotonic() + line.milliseconds("wait")
            self.sent.discard(line.id)
            return False
        self.said(line.id)
        if line.id in self.joins:
            room = self.joins.pop(line.id)
            self.forget(room)
            self.saying.pop(room, None)  # nor is anything said there
        return True


# -- a chat

def harmless(text):
    """Nothing that acts on a terminal, or sets the direction of writing."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def shown(line):
    if line.verb == "MSG":
        return f"{line.words[0]} <{line.words[3]}> {line.text}"
    return line.raw


def typed(client, room, text):
    """One line of the keyboard; the room that is spoken in from now on, or None at the end."""
    command, _, rest = text.partition(" ")
    if command == "/quit":
        return None
    if command == "/join":
        client.join(rest)
        return rest
    if command.startswith("/") and not text.startswith("//"):
        line, answers = client.ask(f"{command[1:].upper()} {rest}".rstrip())
        for one in answers + [line]:
            print(harmless(shown(one)))
    elif text:
        client.say(room, text.removeprefix("/") if text.startswith("//") else text)
    return room


def chat(client, room):
    keyboard = sys.stdin
    while keyboard or client.unsaid():
        sources = [client] * (not client.link.closed) + [keyboard] * bool(keyboard)
        ready = select.select(sources, [], [], 0.2)[0]
        for line in client.poll():
            print(harmless(shown(line)), flush=True)
        if keyboard in ready:
            text = keyboard.readline()
            room = typed(client, room, text.rstrip("\n")) if text else None
            keyboard = keyboard if room is not None else None
    client.close()


def main():
    parser = argparse.ArgumentParser(description="A small chat program for VCRP/1.", epilog="Lines of standard input"
                                     " are said. /join ROOM, /quit, and any request: /who ROOM, /history ROOM 10.")
    parser.add_argument("server", nargs="?", help="vcrp://nick@host:port/room; vcrps:// for TLS")
    parser.add_argument("--room", help="instead of that in the address")
    parser.add_argument("--udp", action="store_true", help="go on by datagrams where the server has them")
    parser.add_argument("--account", action="store_true", help="log in with a password: VCRP_PASSWORD, or asked for; a"
                        " guest's name is kept by VCRP_KEY, 22 letters or more")
    parser.add_argument("--fingerprint", metavar="sha256:HEX", help="the server's certificate is this one")
    parser.add_argument("--keylog", metavar="FILE", help="write the keys there, for who looks at the packets")
    parser.add_argument("--discover", action="store_true", help="ask who is there: the host, or this network")
    options = parser.parse_args()
    try:
        if options.discover:
            host, _, port = (options.server or "255.255.255.255").partition(":")
            found = list(discover(host, int(port or PORT)))
            for one in found:
                print(harmless("{address}:{port} {server} {software} {connections} connections, {rooms} rooms, "
                               .format(**one) + " ".join(one["features"])))
            return 0 if found else "nobody has answered"
        if not options.server:
            parser.error("which server?")
        password = (os.environ.get("VCRP_PASSWORD") or getpass.getpass()) if options.account else None
        client = Client(options.server, password=password, key=os.environ.get("VCRP_KEY"), udp=options.udp,
                        fingerprint=options.fingerprint, keylog=options.keylog)
        room = options.room or urllib.parse.unquote(urllib.parse.urlsplit(options.server).path[1:])
        if options.room:
            client.join(room)
        chat(client, room)
    except Refused as why:
        return f"refused: {harmless(why.line.raw)}"
    except (OSError, ValueError, ImportError) as why:
        return str(why)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
