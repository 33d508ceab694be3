# fake_server.py -- a little VCRP server that can break its promises on demand
#
# SPDX-License-Identifier: MIT
"""Serves rooms on a port the kernel picks, in a thread of its own.

It is there to prove that the load generator notices what a server must never
do: `fault` names one of FAULTS, done once, to one member, after 500 messages.
"""

import base64
import hashlib
import hmac
import selectors
import socket
import ssl
import threading
import time

FAULTS = ("hole", "double", "swap", "change", "cut", "refuse", "bye",
          "silence", "order", "gap")

# Done once, to who comes back after some messages.
RESUME_FAULTS = ("replay hole", "replay double", "replay change", "replay gap",
                 "live double", "older room", "another person", "no end")

# Done once, in a login by SCRAM. "no proof" is of who says OK without one.
AUTH_FAULTS = ("false proof", "no proof", "foreign nonce", "no base64",
               "refused")
PASSWORD, SALT, ITERATIONS = b"pencil", b"of sixteen bytes", 4096


class Conn:
    def __init__(self, sock):
        self.sock, self.rest, self.out = sock, b"", b""
        self.nick, self.greeted = None, False
        self.secure, self.first = not isinstance(sock, ssl.SSLSocket), None


class FakeServer(threading.Thread):
    def __init__(self, fault=None, after=500, tls=None):
        """tls: an SSLContext, if it is to speak TLS."""
        super().__init__(daemon=True)
        self.tls = tls
        self.fault, self.after, self.said = fault, after, 0
        self.rooms, self.held = {}, None
        self.known = {}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.select = selectors.DefaultSelector()
        self.select.register(self.listener, selectors.EVENT_READ, None)

    def run(self):
        while True:
            for key, events in self.select.select():
                if key.data is None:
                    self.accept()
                elif events & selectors.EVENT_READ:
                    self.read(key.data)
                else:
                    self.flush(key.data)

    def accept(self):
        sock, _ = self.listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            sock = self.tls.wrap_socket(sock, server_side=True,
                                        do_handshake_on_connect=False)
        conn = Conn(sock)
        self.select.register(sock, selectors.EVENT_READ, conn)
        self.greet(conn)
        self.flush(conn)

    def greet(self, conn):
        """What is said before the client has said anything."""

    def split(self, conn, data):
        *lines, conn.rest = (conn.rest + data).split(b"\n")
        return lines

    def end(self, conn):
        for room in self.rooms.values():
            if conn in room["members"]:
                room["members"].remove(conn)
        try:
            self.select.unregister(conn.sock)
            conn.sock.close()
        except (KeyError, ValueError):
            pass

    def read(self, conn):
        try:
            if not conn.secure:
                conn.sock.do_handshake()
                conn.secure = True
            data = conn.sock.recv(65536)
            while self.tls and conn.sock.pending():
                data += conn.sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            data = b""
        if not data:
            self.end(conn)
            return
        touched = {conn}
        for line in self.split(conn, data):
            touched |= self.line(conn, line)
        for each in touched:
            self.flush(each)

    def flush(self, conn):
        try:
            sent = conn.sock.send(conn.out) if conn.out else 0
        except (BlockingIOError, ssl.SSLWantWriteError):
            sent = 0
        except OSError:
            self.end(conn)
            return
        conn.out = conn.out[sent:]
        want = selectors.EVENT_READ
        if conn.out:
            want |= selectors.EVENT_WRITE
        try:
            self.select.modify(conn.sock, want, conn)
        except (KeyError, ValueError):
            pass

    def line(self, conn, line):
        if not conn.greeted:
            conn.out += b"VCRP 1 fake fake/0 guest\n"
            conn.greeted = True
        attrs = b""
        if line.startswith(b"@"):
            attrs, _, line = line.partition(b" ")
            attrs += b" "
        verb, _, rest = line.partition(b" ")
        if verb == b"HELLO":
            conn.nick = b"~" + rest
            conn.out += b"OK HELLO " + conn.nick + b"\n"
        elif verb == b"AUTH":
            conn.out += self.authenticate(conn, rest)
        elif verb == b"JOIN":
            return self.enter(conn, rest)
        elif verb == b"LEAVE":
            self.leave(conn, rest)
        elif verb == b"SAY":
            return self.say(conn, attrs, *rest.split(b" ", 1))
        elif verb == b"PING":
            conn.out += b"PONG " + rest + b"\n"
        return {conn}

    def authenticate(self, conn, rest):
        fault = self.fault if self.fault in AUTH_FAULTS else None
        if conn.first is None:
            mechanism, data = rest.split(b" ")
            gs2, name, nonce = base64.b64decode(data).rsplit(b",", 2)
            bound = mechanism.endswith(b"-PLUS")
            assert gs2 == (b"p=tls-exporter," if bound else b"n,"), gs2
            assert bound == (self.tls is not None), mechanism
            conn.nick = name[2:]
            conn.bare = name + b"," + nonce
            conn.first = b"%s,s=%s,i=%d" % (
                nonce[:-1] if fault == "foreign nonce" else nonce + b"more",
                base64.b64encode(SALT), ITERATIONS)
            if fault == "no proof":
                return b"OK AUTH %s\n" % conn.nick
            if fault == "no base64":
                return b"AUTH ====\n"
            return b"AUTH %s\n" % base64.b64encode(conn.first)
        final, _, proof = base64.b64decode(rest).rpartition(b",p=")
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD, SALT, ITERATIONS)
        key = hmac.digest(salted, b"Client Key", "sha256")
        said = b",".join((conn.bare, conn.first, final))
        sign = hmac.digest(hashlib.sha256(key).digest(), said, "sha256")
        right = bytes(a ^ b for a, b in zip(key, sign))
        if base64.b64decode(proof) != right or fault == "refused":
            return b"ERR auth-failed no\n"
        key = hmac.digest(salted, b"Server Key", "sha256")
        sign = hmac.digest(key, said, "sha256")
        if fault == "false proof":
            sign = sign[::-1]
        return b"AUTH %s\nOK AUTH %s\n" % (
            base64.b64encode(b"v=" + base64.b64encode(sign)), conn.nick)

    def enter(self, conn, rest):
        name, _, after = rest.partition(b" ")
        room = self.rooms.setdefault(
            name, {"last": 1000, "members": [], "log": []})
        for other in room["members"]:
            other.out += b"JOIN %s %s\n" % (name, conn.nick)
        room["members"].append(conn)
        conn.out += b"ROOM %s %d %d\nOK JOIN %s %d\n" % (
            name, room["last"], len(room["members"]), name, room["last"])
        if after:
            self.replay(conn, name, room, int(after))
        return set(room["members"])

    def leave(self, conn, name):
        if self.fault != "no end":
            self.rooms[name]["members"].remove(conn)
        conn.out += b"OK LEAVE " + name + b"\n"

    def replay(self, conn, name, room, after):
        lines = room["log"][after - 1000:]
        if lines and self.fault in RESUME_FAULTS:
            lines = self.spoil_replay(conn, name, room, after, lines)
        conn.out += b"".join(lines)

    def spoil_replay(self, conn, name, room, after, lines):
        fault, self.fault = self.fault, None
        if fault == "replay hole":
            return lines[1:]
        if fault == "replay double":
            return room["log"][after - 1001:]
        if fault == "replay change":
            return [lines[0][:-9] + b"?" + lines[0][-8:]] + lines[1:]
        if fault == "replay gap":
            return [b"GAP %s %d %d\n" % (name, after + 1, room["last"])]
        if fault == "live double":
            return lines + lines[-1:]
        if fault == "older room":
            conn.out = conn.out.replace(b"OK JOIN %s %d" % (name, room["last"]),
                                        b"OK JOIN %s %d" % (name, after - 1))
            return lines
        self.fault = fault
        return lines

    def say(self, conn, attrs, name, text):
        room = self.rooms[name]
        before = self.known.get((conn.nick, attrs)) if attrs else None
        if before and self.fault != "another person":
            conn.out += attrs + b"OK SAY %s %d\n" % (name, before)
            return {conn}
        self.known[conn.nick, attrs] = room["last"] + 1
        self.said += 1
        due = self.said == self.after
        if due and self.fault == "order":
            self.held = (conn, attrs, text)
            return set()
        if self.held and self.held[0] is conn:
            first, self.held = self.held, None
            self.tell(room, name, conn, attrs, text, False)
            _, attrs, text = first
        self.tell(room, name, conn, attrs, text, due)
        return set(room["members"])

    def tell(self, room, name, conn, attrs, text, due):
        room["last"] += 1
        line = attrs + b"MSG %s %d %d %s %s\n" % (
            name, room["last"], time.time() * 1000, conn.nick, text)
        room["log"].append(line)
        for member in room["members"]:
            copy = line
            if due and member is room["members"][-1]:
                copy = self.spoil(member, line, name, room["last"])
            member.out += copy

    def spoil(self, member, line, name, number):
        fault = self.fault
        if fault == "double":
            return line + line
        if fault == "hole":
            return b""
        if fault == "gap":
            return b"GAP %s %d %d\n" % (name, number, number)
        if fault == "swap":
            self.after += 1
            self.fault, self.swapped = "swapped", line
            return b""
        if fault == "swapped":
            return line + self.swapped
        if fault == "change":
            return line[:-9] + b"?" + line[-8:]
        if fault == "cut":
            return line[:-9] + b"\n"
        if fault == "refuse":
            return line + b"ERR busy come back later\n"
        if fault == "bye":
            return line + b"BYE kill\n"
        if fault == "silence":
            self.after += 1
            return b""
        return line


if __name__ == "__main__":
    server = FakeServer()
    server.start()
    print("port", server.port, flush=True)
    server.join()
