# fake_peers.py -- little servers of other protocols that break their promises
#
# SPDX-License-Identifier: MIT
"""They prove that the load generator's check of each sender's messages notices
what it must: `fault` names one of PEER_FAULTS, done once, to one member."""

from fake_server import FakeServer

PEER_FAULTS = ("hole", "double", "swap", "change", "cut", "refuse", "silence",
               "room", "invented", "end")


class FakePeer(FakeServer):
    echo = True

    def enter(self, conn, name):
        self.rooms.setdefault(name, {"members": []})["members"].append(conn)

    def say(self, conn, name, text):
        self.said += 1
        due = self.said >= self.after
        members = [m for m in self.rooms[name]["members"]
                   if self.echo or m is not conn]
        for member in members:
            texts = [text]
            if due and member is members[-1]:
                texts = self.spoil(conn, member, name, text)
            for each in texts:
                member.out += self.frame(conn, name, each)
        return set(members) | {conn}

    def spoil(self, conn, member, name, text):
        fault, self.fault = self.fault, None
        if fault == "hole":
            return []
        if fault == "double":
            return [text, text]
        if fault == "swap":
            self.fault, self.held = "swapped", (conn, text)
            return []
        if fault == "swapped" and self.held[0] is conn:
            return [text, self.held[1]]
        if fault == "change":
            return [text[:-9] + b"?" + text[-8:]]
        if fault == "cut":
            return [text[:-9]]
        if fault == "refuse":
            member.out += self.refusal
        if fault == "room":
            member.out += self.frame(conn, name[:-1] + b"9", text)
            return []
        if fault == "invented":
            index, number, rest = text.split(b" ", 2)
            return [text, b"%s %d %s" % (index, int(number) + 500, rest)]
        if fault == "end":
            self.end(member)
        if fault == "silence" or fault == "swapped":
            self.fault = fault
        return [] if fault == "silence" else [text]


class FakeNats(FakePeer):
    refusal = b"-ERR 'Slow Consumer'\r\n"

    def greet(self, conn):
        conn.out += b'INFO {"server_id":"fake"}\r\n'
        conn.publish = None

    def line(self, conn, line):
        line = line.rstrip(b"\r")
        if conn.publish:
            name, conn.publish = conn.publish, None
            return self.say(conn, name, line)
        verb, *words = line.split(b" ")
        if verb == b"PUB":
            conn.publish = words[0]
        elif verb == b"SUB":
            self.enter(conn, words[0])
        elif verb == b"PING":
            conn.out += b"PONG\r\nPING\r\n"
        return {conn}

    def frame(self, conn, name, text):
        return b"MSG %s 1 %d\r\n%s\r\n" % (name, len(text), text)


class FakeRedis(FakePeer):
    refusal = b"-ERR no\r\n"

    def greet(self, conn):
        conn.words, conn.due = [], 0

    def line(self, conn, line):
        line = line.rstrip(b"\r")
        if conn.due > 0:
            conn.words.append(line)
            conn.due -= 1
            if conn.due > 0:
                return set()
            _, _, _, name, _, text = conn.words
            conn.words = []
            heard = self.say(conn, name, text)
            conn.out += b":%d\r\n" % len(heard)
            return heard
        verb, _, rest = line.partition(b" ")
        if verb == b"*3":
            conn.due = 6
        elif verb == b"HELLO":
            conn.out += b"%1\r\n$7\r\nmodules\r\n*1\r\n%1\r\n+a\r\n_\r\n"
        elif verb == b"SUBSCRIBE":
            self.enter(conn, rest)
            conn.out += b">3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n" % (
                len(rest), rest)
        return {conn}

    def frame(self, conn, name, text):
        return b">3\r\n$7\r\nmessage\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (
            len(name), name, len(text), text)


class FakeIrc(FakePeer):
    """Wants a PONG before it lets anybody in, as some do."""
    echo = False
    refusal = b":irc 404 you #load0 :Cannot send to channel\r\n"

    def line(self, conn, line):
        verb, *words = line.rstrip(b"\r").split(b" ", 2)
        if verb == b"NICK":
            conn.nick = words[0]
            conn.out += b"PING :cookie\r\n"
        elif verb == b"PONG" and words == [b":cookie"]:
            conn.out += b":irc 001 %s :Welcome\r\n" % conn.nick
        elif verb == b"JOIN":
            self.enter(conn, words[0])
            members = self.rooms[words[0]]["members"]
            for member in members:
                member.out += b":%s JOIN :%s\r\n" % (conn.nick, words[0])
            conn.out += b":irc 366 %s %s :End\r\n" % (conn.nick, words[0])
            return set(members)
        elif verb == b"PRIVMSG":
            return self.say(conn, words[0], words[1][1:])
        return {conn}

    def frame(self, conn, name, text):
        return b":%s!load@host PRIVMSG %s :%s\r\n" % (conn.nick, name, text)


class FakeMqtt(FakePeer):
    refusal = b"\x90\x03\0\x01\x80"

    def split(self, conn, data):
        packets, data = [], conn.rest + data
        while True:
            begin, length = 1, 0
            for begin in range(1, min(5, len(data))):
                length |= (data[begin] & 127) << 7 * (begin - 1)
                if data[begin] < 128:
                    break
            else:
                break
            if len(data) < begin + 1 + length:
                break
            packets.append(data[:1] + data[begin + 1:begin + 1 + length])
            data = data[begin + 1 + length:]
        conn.rest = data
        return packets

    def line(self, conn, packet):
        kind, body = packet[0] >> 4, packet[1:]
        if kind == 1:
            conn.out += b"\x20\x02\0\0"
        elif kind == 8:
            self.enter(conn, body[4:-1])
            conn.out += b"\x90\x03" + body[:2] + b"\0"
        elif kind == 3:
            return self.say(conn, body[2:2 + body[1]], body[2 + body[1]:])
        return {conn}

    def frame(self, conn, name, text):
        rest = b"\0%c%s%s" % (len(name), name, text)
        return b"\x30%c%c%s" % (len(rest) & 127 | 128, len(rest) >> 7, rest)


PEERS = {"nats": FakeNats, "redis": FakeRedis, "irc": FakeIrc,
         "mqtt": FakeMqtt}
