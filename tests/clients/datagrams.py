#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a real server sends to sessions of datagrams: every event in the end, however many were lost,
left out by udp.rate, or said before a restart."""
import ctypes, random, re, socket, struct, time, unittest
from server import PATIENCE, Server

SODIUM = ctypes.CDLL("libsodium.so.23")
OVERHEAD, TAG, PIECE = 40, 16, 1159


class Session:
    """Its lines, in order of arrival. `loses` is asked of each datagram that comes."""

    def __init__(self, server, name):
        self.stream = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        lines = self.stream.makefile("rw", encoding="utf-8", newline="\n")
        lines.write(f"HELLO {name}\nUDP\n")
        lines.flush()
        self.session, self.key = None, None
        for line in lines:
            if asked := re.match(r"OK UDP ([0-9a-f]{32}) ([0-9a-f]{64})\n", line):
                break
            assert not line.startswith("ERR"), line
        self.session, self.key = bytes.fromhex(asked[1]), bytes.fromhex(asked[2])
        lines.close()
        self.stream.close()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.connect(("127.0.0.1", server.port))
        self.counter, self.pieces, self.got, self.sizes = 0, {}, [], []
        self.loses = lambda: False
        self.ask("PING here", r"PONG here$")

    def send(self, *lines):
        plain = "".join(line + "\n" for line in lines).encode().ljust(24, b"\n")
        self.counter += 1
        head = self.session + struct.pack(">Q", self.counter)
        sealed = ctypes.create_string_buffer(len(plain) + TAG)
        SODIUM.crypto_aead_xchacha20poly1305_ietf_encrypt(
            sealed, None, plain, ctypes.c_ulonglong(len(plain)), head, ctypes.c_ulonglong(len(head)), None,
            bytes(16) + head[16:], self.key)
        self.socket.send(head + sealed.raw)

    def open(self, datagram):
        """Its plaintext."""
        assert OVERHEAD < len(datagram) <= 1200, len(datagram)
        assert datagram[:16] == self.session
        plain = ctypes.create_string_buffer(len(datagram) - OVERHEAD)
        bad = SODIUM.crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain, None, None, datagram[24:], ctypes.c_ulonglong(len(datagram) - 24), datagram[:24],
            ctypes.c_ulonglong(24), b"\x01" + bytes(15) + datagram[16:24], self.key)
        assert bad == 0
        return plain.raw, struct.unpack(">Q", datagram[16:24])[0]

    def take(self, timeout):
        """The lines of one datagram, or None if there is none in time."""
        self.socket.settimeout(timeout)
        try:
            datagram = self.socket.recv(65536)
        except (TimeoutError, BlockingIOError):
            return None
        plain, counter = self.open(datagram)
        if self.loses():
            return []
        self.sizes.append(len(datagram))
        if 0x10 <= plain[0] <= 0x1f:
            index, total = (plain[0] - 0x10) // 4, (plain[0] - 0x10) % 4 + 1
            line = self.pieces.setdefault(counter - index, {})
            line[index] = plain[1:]
            if len(line) < total:
                return []
            plain = b"".join(line[i] for i in range(total))
        lines = [line for line in plain.decode().split("\n") if line]
        self.got += lines
        return lines

    def wait(self, pattern, patience=PATIENCE):
        """The first line from now on that matches; all that came before it is in `got`."""
        until = time.monotonic() + patience
        while (left := until - time.monotonic()) > 0:
            for line in self.take(left) or []:
                if re.match(pattern, line):
                    return line
        raise AssertionError("no " + pattern)

    def ask(self, line, pattern):
        """Sends it until it is answered so."""
        for _ in range(40):
            self.send(line)
            try:
                return self.wait(pattern, 0.5)
            except AssertionError:
                pass
        raise AssertionError("no answer to " + line)

    def close(self):
        self.socket.close()


class Reader:
    """Follows a room as a client has to: what comes in order counts, and what is missing is asked for."""

    def __init__(self, session, room, cursor=None):
        self.session, self.room, self.cursor = session, room, cursor
        self.said, self.early, self.asked, self.asks, self.target = [], {}, 0, 0, 0

    def ask(self, force=False):
        """A replay is over with the AT behind its OK JOIN, or is given up."""
        if force or time.monotonic() - self.asked > 0.5:
            self.asked, self.answered = time.monotonic(), False
            self.asks += 1
            self.session.send(f"JOIN {self.room} {self.cursor}")

    def line(self, line):
        words = re.sub(r"^@\S+ ", "", line).split(" ", 5)
        if words[0] == "GAP" and int(words[2]) <= self.cursor + 1:
            raise AssertionError(line)
        if words[:2] == ["MSG", self.room] and int(words[2]) > self.cursor:
            self.early[int(words[2])] = words[5]
        if line.startswith(f"OK JOIN {self.room} "):
            self.answered = True
        while self.cursor + 1 in self.early:
            self.cursor += 1
            self.said.append(self.early.pop(self.cursor))
        if words[:2] == ["AT", self.room]:
            self.target = int(words[2])
            if self.target > self.cursor:
                self.ask(self.asked > 0 and self.answered)

    def follow(self, enough):
        """Until enough() is so."""
        until = time.monotonic() + PATIENCE
        while not enough():
            assert time.monotonic() < until, (self.cursor, self.target, self.asks)
            for line in self.session.take(0.5) or []:
                self.line(line)


class Speaker:
    """A connection of the other kind, that says things."""

    def __init__(self, server, name):
        self.socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        self.file = self.socket.makefile("rw", encoding="utf-8", newline="\n")
        self.file.write(f"HELLO {name}\n")
        self.count = 0

    def ask(self, *lines):
        """All of them, and the answer to a PING behind them."""
        self.count += 1
        self.file.write("".join(line + "\n" for line in lines) + f"PING {self.count}\n")
        self.file.flush()
        heard = []
        for line in self.file:
            heard.append(line.rstrip("\n"))
            if heard[-1] == f"PONG {self.count}":
                return heard
        raise AssertionError("closed")

    def say(self, room, texts):
        """Returns the number of the last, when it was echoed."""
        self.count += 1
        for i in range(0, len(texts), 50):
            self.file.write("".join(f"@id=t{i}x{n}x{self.count} SAY {room} {text}\n" for n, text in
                                    enumerate(texts[i:i + 50])))
        self.file.flush()
        for line in self.file:
            words = line.rstrip("\n").split(" ", 6)
            if words[-1] == texts[-1]:
                return int(words[3])
        raise AssertionError("closed")

    def last(self, room):
        return int([line for line in self.ask(f"JOIN {room}") if line.startswith("OK JOIN")][0].split()[3])

    def stats(self, name):
        self.file.write("STATS\n")
        self.file.flush()
        return next(int(line.split()[2]) for line in self.file if line.startswith(f"STAT {name} "))

    def close(self):
        self.file.close()
        self.socket.close()


OPEN = "limits: { lines = 0; };\n"


def texts(tag, count, size=1000):
    return [f"{tag}-{i} ".ljust(size, "x") for i in range(count)]


class Datagrams(unittest.TestCase):
    def open(self, kind, *arguments):
        """Closed when the test is over."""
        opened = kind(*arguments)
        self.addCleanup(opened.close)
        return opened

    def catch_up(self, server, name, room, cursor, expected):
        session = self.open(Session, server, name)
        reader = Reader(session, room, cursor)
        reader.ask(True)
        reader.follow(lambda: len(reader.said) >= len(expected))
        self.assertEqual(reader.said, expected)
        self.assertLessEqual(max(session.sizes), 1200)
        return reader

    def test_a_window_is_replayed_in_several_asks(self):
        with Server(OPEN) as server:
            bob = self.open(Speaker, server, "bob")
            first = bob.last("lobby")
            said = texts("w", 200)
            bob.say("lobby", said)
            reader = self.catch_up(server, "reader", "lobby", first, said)
            self.assertGreaterEqual(reader.asks, 7)
            self.assertLessEqual(reader.asks, 10)

    def test_a_log_is_replayed_in_several_asks_before_and_after_a_restart(self):
        with Server(OPEN + "rooms: { window = 64; };\n") as server:
            bob = self.open(Speaker, server, "bob")
            first = bob.last("lobby")
            said = texts("l", 200)
            bob.say("lobby", said)
            reader = self.catch_up(server, "reader", "lobby", first, said)
            self.assertGreaterEqual(reader.asks, 7)
            self.assertEqual(server.stop(), 0)
            server.start()
            self.catch_up(server, "second", "lobby", first, said)
            # The numbers go on, and so does who was there before.
            bob = self.open(Speaker, server, "bob")
            bob.last("lobby")
            more = texts("m", 20)
            bob.say("lobby", more)
            self.catch_up(server, "third", "lobby", first + 150, said[150:] + more)

    def test_what_is_over_the_rate_is_caught_up_with_exactly(self):
        with Server(OPEN + "udp: { rate = 131072; };\n") as server:
            bob = self.open(Speaker, server, "bob")
            first = bob.last("lobby")
            session = self.open(Session, server, "reader")
            session.ask("JOIN lobby", "OK JOIN lobby")
            said = texts("r", 200)
            bob.say("lobby", said)
            reader = Reader(session, "lobby", first)
            for line in session.got:
                reader.line(line)
            reader.follow(lambda: len(reader.said) >= len(said))
            self.assertEqual(reader.said, said)
            self.assertGreater(self.open(Admin, server).stats("udp_skipped"), 100)

    def test_what_is_lost_is_caught_up_with_exactly(self):
        with Server(OPEN) as server:
            bob = self.open(Speaker, server, "bob")
            first = bob.last("lobby")
            session = self.open(Session, server, "reader")
            session.ask("JOIN lobby", "OK JOIN lobby")
            # By chance: a count could lose the first of every replay.
            chance = random.Random(3)
            session.loses = lambda: chance.random() < 1 / 3
            said = texts("k", 100, 100)
            reader = Reader(session, "lobby", first)
            for text in said:
                bob.say("lobby", [text])
            reader.follow(lambda: len(reader.said) >= 100)
            self.assertEqual(reader.said, said)

    def test_answers_over_the_rate_come_by_themselves(self):
        with Server(OPEN + "udp: { rate = 65536; };\n") as server:
            session = self.open(Session, server, "reader")
            for i in range(60):
                session.send(f"PING {i}".ljust(1000, "."))
            session.wait(r"PONG 59\.", 5)
            self.assertEqual(len([line for line in session.got if line.endswith(".")]), 60)

    def test_silence_is_told_of(self):
        with Server(OPEN) as server:
            bob = self.open(Speaker, server, "bob")
            bob.last("lobby")
            session = self.open(Session, server, "reader")
            session.ask("JOIN lobby", "OK JOIN lobby")
            last = bob.say("lobby", ["the last"])
            began = time.monotonic()
            session.wait(rf"(@\S+ )?MSG lobby {last} ")
            for _ in range(3):
                self.assertEqual(session.wait("AT lobby"), f"AT lobby {last}")
            self.assertGreater(time.monotonic() - began, 1.3)

    def test_who_is_thrown_out_hears_it_three_times(self):
        with Server(OPEN) as server:
            session = self.open(Session, server, "reader")
            session.ask("JOIN den", "OK JOIN den")
            self.open(Admin, server).ask("KICK den ~reader go")
            for _ in range(3):
                self.assertRegex(session.wait("LEAVE den ~reader"), "LEAVE den ~reader kicked by .*: go")
            session.ask("LEAVE den", "ERR not-member")

    def test_a_stop_is_told_of(self):
        with Server(OPEN) as server:
            session = self.open(Session, server, "reader")
            session.ask("JOIN lobby", "OK JOIN lobby")
            server.process.terminate()
            self.assertRegex(session.wait(".*BYE"), "BYE restarting|BYE shutting-down")
            self.assertEqual(server.process.wait(PATIENCE), 0)


class Admin(Speaker):
    """By the local socket."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(server.socket)
        self.file = self.socket.makefile("rw", encoding="utf-8", newline="\n")
        self.file.write("AUTH EXTERNAL\n")
        self.count = 0


if __name__ == "__main__":
    unittest.main()
