#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Behind a proxy that tells by the PROXY protocol whose connections it hands on: only those of
server.proxies are believed, and from them a header is required; what it says decides everything, and is
never this host."""
import re, socket, struct, sys, time
from sasl import any_certificate
from server import Server

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PROXY, STRANGER = "127.0.0.2", "127.0.0.3"
CONFIG = """
server = { proxies = [ "127.0.0.2", "127.0.0.8/29" ]; };
limits = { %s };
"""


def version_2(address, port=5000, more=b"", command=0x21):
    four = ":" not in address
    packed = socket.inet_pton(socket.AF_INET if four else socket.AF_INET6, address)
    body = packed + packed + struct.pack("!HH", port, 3073) + more
    return SIGNATURE + struct.pack("!BBH", command, 0x11 if four else 0x21, len(body)) + body


def version_1(address, port=5000):
    return f"PROXY TCP{6 if ':' in address else 4} {address} {address} {port} 3073\r\n".encode()


class Peer:
    def __init__(self, server, source=PROXY):
        if source is None:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(server.socket)
        else:
            self.socket = socket.create_connection(("127.0.0.1", server.port), 20, (source, 0))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(20)
        self.file = self.socket.makefile("rb")

    def say(self, data):
        self.socket.sendall(data)

    def line(self):
        try:
            return self.file.readline().decode().rstrip("\n")
        except ConnectionResetError:
            return ""

    def expect(self, *patterns):
        for pattern in patterns:
            line = self.line()
            if not re.fullmatch(pattern, line):
                sys.exit(f"expected {pattern!r}, came {line!r}")
        return self

    def hello(self, header, nick):
        self.say(header + b"HELLO %s\n" % nick.encode())
        return self.expect("VCRP 1 .*", f"OK HELLO ~{nick}")

    def ended(self):
        self.expect("")
        self.socket.close()


def root(server):
    peer = Peer(server, None)
    peer.say(b"AUTH EXTERNAL\n")
    return peer.expect("VCRP 1 .*", "OK AUTH root")


def stats(admin, what=b""):
    admin.say(b"STATS" + what + b"\n")
    lines = []
    while not lines or lines[-1] != "OK STATS":
        lines.append(admin.line())
    return lines


def refused(admin, limit):
    return int(next(line for line in stats(admin) if line.startswith(f"STAT refused.{limit} ")).split()[2])


def who_is_believed(server):
    admin = root(server)
    cases = {"one": (version_1("192.0.2.1", 1234), "192.0.2.1", 1234),
             "two": (version_1("2001:db8::7", 65535), "2001:db8::7", 65535),
             "three": (version_2("192.0.2.3", 77), "192.0.2.3", 77),
             "four": (version_2("2001:db8::9", 1), "2001:db8::9", 1),
             "five": (version_2("192.0.2.5", 5, b"\x04" + struct.pack("!H", 500) + b"x" * 500), "192.0.2.5", 5),
             "six": (version_2("192.0.2.6", command=0x20), PROXY, None),
             "seven": (b"PROXY UNKNOWN\r\n", PROXY, None)}
    peers = {nick: Peer(server).hello(case[0], nick) for nick, case in cases.items()}
    told = {}
    for line in stats(admin, b" connections"):
        found = re.search(r" name=(\S+) address=(\S+) port=(\d+) ", line)
        if found:
            told[found[1]] = found[2], int(found[3])
    for nick, (_, address, port) in cases.items():
        got = told["~" + nick]
        assert got[0] == address and port in (None, got[1]), (nick, got)
    # In a network of proxies, and byte by byte; bytes behind the header go on.
    slow = Peer(server, "127.0.0.9")
    for byte in version_2("192.0.2.9") + b"HELLO slow\n":
        slow.say(bytes([byte]))
    slow.expect("VCRP 1 .*", "OK HELLO ~slow")
    slow = Peer(server)
    for byte in version_1("192.0.2.9"):
        slow.say(bytes([byte]))
    slow.hello(b"", "slower")
    # From a proxy it is required; what is none is told so.
    for words in (b"HELLO alice\n", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\0", b"PROXY TCP4 nonsense\r\n",
                  SIGNATURE + b"\x21\x55\0\0", SIGNATURE + b"\x21\x11\xff\xff", b"PROXY " + b"x" * 200):
        peer = Peer(server)
        peer.say(words)
        peer.expect("ERR bad-line a PROXY header was expected").ended()
    # A second one is a stranger's word, and so it is from anybody else.
    peer = Peer(server)
    peer.say(version_1("192.0.2.1") * 2)
    peer.expect("ERR bad-line this is VCRP, not PROXY").ended()
    for words, name in ((version_1("192.0.2.1"), "PROXY"), (version_2("192.0.2.1"), None)):
        peer = Peer(server, STRANGER)
        peer.say(words)
        peer.expect("ERR bad-line this is VCRP, not PROXY" if name else "ERR .*").ended()
        peer = Peer(server, None)
        peer.say(words)
        peer.expect("ERR .*").ended()
    Peer(server, STRANGER).hello(b"", "stranger")


def limits_are_the_clients(server):
    """address = 2; this host is trusted, but not by a proxy's word."""
    admin = root(server)
    kept = []
    for given in ("192.0.2.1", "127.0.0.1", "::1", "2001:db8::1"):
        kept += [Peer(server).hello(version_1(given), f"a{len(kept)}"),
                 Peer(server).hello(version_2(given), f"b{len(kept)}")]
        peer = Peer(server)
        peer.say(version_2(given))
        peer.expect("@limit=limits.address ERR too-many .*").ended()
    # The proxy's own are not counted, nor those of this host that come without one.
    kept += [Peer(server).hello(SIGNATURE + b"\x20\0\0\0", f"own{i}") for i in range(5)]
    kept += [Peer(server, STRANGER).hello(b"", f"here{i}") for i in range(5)]
    # An address of the proxies' network is an address like others, if it is given.
    kept += [Peer(server).hello(version_1(PROXY), f"named{i}") for i in range(2)]
    peer = Peer(server)
    peer.say(version_1(PROXY))
    peer.expect("@limit=limits.address ERR too-many .*").ended()
    assert refused(admin, "limits.address") == 5
    # A place that is given back is free.
    kept[0].socket.shutdown(socket.SHUT_WR)
    kept[0].file.read()
    Peer(server).hello(version_1("192.0.2.1"), "again")


def arrivals_and_bans_are_the_clients(server):
    admin = root(server)
    for i in range(20):
        peer = Peer(server)
        peer.say(version_1("192.0.2.1") + b"QUIT\n")
        peer.expect("VCRP 1 .*", "BYE quit").ended()
    peer = Peer(server)
    peer.say(version_1("192.0.2.1"))
    peer.expect("@wait=\\d+;limit=limits.arrivals ERR too-many .*").ended()
    Peer(server).hello(version_1("192.0.2.2"), "other")
    assert refused(admin, "limits.arrivals") == 1
    alice, bob = Peer(server).hello(version_1("192.0.2.33"), "alice"), Peer(server).hello(version_1("192.0.2.64"), "bob")
    own = Peer(server).hello(b"PROXY UNKNOWN\r\n", "own")
    admin.say(b"BAN 192.0.2.32/27 go away\n")
    admin.expect("OK BAN 192.0.2.32/27 1")
    alice.expect("BYE killed banned").ended()
    peer = Peer(server)
    peer.say(version_2("192.0.2.40"))
    peer.expect("ERR banned go away").ended()
    # What comes by the proxy is not the proxy's.
    admin.say(b"BAN 127.0.0.2\n")
    admin.expect("OK BAN 127.0.0.2 1")
    own.expect("BYE killed banned").ended()
    peer = Peer(server).hello(version_2("192.0.2.65"), "fresh")
    bob.say(b"PING here\n")
    bob.expect("PONG here")
    # Who had come and not logged in is ended as it does.
    waiting = Peer(server)
    waiting.say(version_2("192.0.2.99") + b"PING\n")
    waiting.expect("VCRP 1 .*", "PONG")
    admin.say(b"BAN 192.0.2.99\n")
    admin.expect("OK BAN 192.0.2.99 0")
    waiting.say(b"HELLO late\n")
    waiting.expect("OK HELLO ~late", "BYE killed banned").ended()
    # A proxy that says nothing is among those who have not logged in.
    silent = Peer(server)
    end = time.monotonic() + 20
    while "STAT unauthenticated 1" not in stats(admin):
        assert time.monotonic() < end
    silent.expect("ERR need-login .*").ended()
    # An administrator's own network, by mistake or not: the answer, and the end.
    admin.say(b"BAN ::/0\n")
    admin.expect("OK BAN ::/0 \\d+")
    bob.expect("BYE killed banned").ended()


def tls_goes_through(server):
    raw = Peer(server)
    raw.say(version_2("192.0.2.1", more=b"\x04\0\x01x"))
    secured = any_certificate().wrap_socket(raw.socket)
    secured.sendall(b"HELLO alice\n")
    answer = b""
    while not answer.endswith(b"OK HELLO ~alice\n"):
        answer += secured.recv(4096)


for config, test in (("", who_is_believed), ("address = 2;", limits_are_the_clients),
                     ("lines = 0; arrivals = 1; login_timeout = 1; address = 0; loopback_trusted = false;",
                      arrivals_and_bans_are_the_clients), ("", tls_goes_through)):
    with Server(CONFIG % config) as server:
        test(server)
        assert server.stop() == 0
    print("ok", test.__name__)
