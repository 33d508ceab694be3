#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""TLS and plain text on one port: who comes by which, what is refused, what a slow reader gets, and
certificates that change while people talk."""
import os, re, shutil, socket, ssl, subprocess, sys, time
from sasl import any_certificate
from server import Server

UNTRUSTED = "limits = { lines = 0; loopback_trusted = false; };"
WINDOW = "rooms = { window = 64; }; limits = { lines = 0; }; threads = { io = 1; };"
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def rules(version=None, protocols=()):
    context = any_certificate(version)
    # A cut is an error, not an end.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


class Client:
    def __init__(self, server, *first, tls=rules(), buffer=None, local=False):
        self.socket = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
        self.socket.settimeout(20)
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(server.socket if local else ("127.0.0.1", server.port))
        if tls and not local:
            self.socket = tls.wrap_socket(self.socket, suppress_ragged_eofs=False)
        self.rest = b""
        self.say(*first)

    def say(self, *lines):
        self.socket.sendall("".join(line + "\n" for line in lines).encode())

    def line(self):
        while b"\n" not in self.rest:
            data = self.socket.recv(65536)
            if not data:
                return ""
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def until(self, *starts):
        while True:
            line = self.line()
            if line.startswith(starts):
                return line
            if not line:
                sys.exit(f"the end came before {starts}")

    def certificate(self):
        return self.socket.getpeercert(True)


def statistics(server):
    root = Client(server, "AUTH EXTERNAL", "STATS", local=True)
    found = {}
    while (line := root.line()) != "OK STATS":
        if line.startswith("STAT "):
            found[line.split()[1]] = line.split()[2]
    return found


def two_versions_and_plain(server):
    """All in one room; who is not encrypted is told that it could be."""
    guests = [Client(server, "HELLO a hall", tls=rules(TLS12)),
              Client(server, "HELLO b hall", tls=rules(TLS13, ["vcrp"])),
              Client(server, "HELLO c hall", tls=None), Client(server, "HELLO d hall", local=True)]
    features = [guest.line().split()[4].split(",") for guest in guests]
    assert ["tls" in each for each in features] == [False, False, True, False], features
    assert [guest.socket.version() for guest in guests[:2]] == ["TLSv1.2", "TLSv1.3"]
    assert guests[1].socket.selected_alpn_protocol() == "vcrp"
    for guest in guests:
        guest.until("OK JOIN")
    for guest in guests:
        guest.say("SAY hall " + "x" * 3000)
        lines = {other.until("MSG hall") for other in guests}
        assert len(lines) == 1, lines
    counts = statistics(server)
    assert counts["tls_connections"] == counts["tls_handshakes"] == "2", counts
    # The end is said on both layers: no error here.
    guests[0].say("QUIT")
    guests[0].until("BYE quit")
    assert guests[0].line() == ""
    guests[1].socket.close()


def together_with_the_handshake(server):
    """HELLO in the same segment as the end of the handshake, much of it, and a byte at a time."""
    for version, size in (TLS13, None), (TLS13, 1), (TLS12, None), (TLS12, 1):
        raw = socket.create_connection(("127.0.0.1", server.port), 20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = rules(version).wrap_bio(incoming, outgoing)

        def send():
            data = outgoing.read()
            for i in range(0, len(data), size or len(data) or 1):
                raw.sendall(data[i:i + size] if size else data)

        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                send()
                incoming.write(raw.recv(65536))
        # More than the acceptor reads at once, up to the login and beyond.
        tls.write(b"PING " + b"p" * 3000 + b"\nPING " + b"q" * 3000 + b"\n@id=1 HELLO a hall\nPING two\nQUIT\n")
        send()
        heard = b""
        while b"BYE quit" not in heard:
            incoming.write(raw.recv(65536))
            try:
                heard += tls.read(65536)
            except ssl.SSLWantReadError:
                pass
        assert [line.split()[0] for line in heard.decode().splitlines() if "PONG" in line] == ["PONG"] * 3, heard
        raw.close()


def behind_the_window(server):
    """A reader that takes nothing for long gets all that was said, from stream and log, byte by byte."""
    bob = Client(server, "HELLO bob hall", tls=None)
    bob.until("OK JOIN")
    for version in TLS12, TLS13:
        alice = Client(server, "HELLO alice hall", tls=rules(version), buffer=4096)
        alice.until("OK JOIN")
        said, lags = [], int(statistics(server)["lags"])
        while len(said) % 200 or int(statistics(server)["lags"]) == lags:
            bob.say(f"SAY hall {len(said)} " + chr(97 + len(said) % 26) * (3000 - len(said) * 7 % 1000))
            said.append(bob.until("MSG hall"))
        assert [alice.until("MSG hall") for _ in said] == said
        alice.say("QUIT")
        alice.until("BYE")
        assert alice.line() == ""


def much_at_once(server):
    """Many records together are all read, though the socket tells of them once."""
    for version in TLS12, TLS13:
        guest = Client(server, "HELLO a", tls=rules(version))
        guest.until("OK HELLO")
        for _ in range(5):
            guest.say(*(f"PING {i} " + "p" * 3000 for i in range(64)))
            for i in range(64):
                assert guest.line().startswith(f"PONG {i} ")
        guest.say("QUIT")
        guest.until("BYE")


def the_last_bytes(server):
    """What the socket did not take gets there when it does, though nothing more is said; and before an end."""
    bob = Client(server, "HELLO bob hall", tls=None)
    root = Client(server, "AUTH EXTERNAL", local=True)
    bob.until("OK JOIN"), root.until("OK AUTH")
    for quits in False, True:
        alice = Client(server, "HELLO alice hall", buffer=4096)
        alice.until("OK JOIN")
        said, blocked = [], False
        while not blocked:
            bob.say("SAY hall " + "x" * 3000)
            said.append(bob.until("MSG hall"))
            root.say("STATS connections")
            while (line := root.line()) != "OK STATS":
                blocked = blocked or "name=~alice " in line and "blocked=1" in line
        if quits:
            alice.say("QUIT")
        assert [alice.until("MSG hall") for _ in said] == said
        if not quits:
            alice.say("QUIT")
        alice.until("BYE quit")
        assert alice.line() == ""


def ends(raw):
    """What it still says, up to its end."""
    heard = b""
    try:
        while data := raw.recv(4096):
            heard += data
    except ConnectionResetError:
        pass
    return heard


def no_handshake(server):
    """Half of one, one without its second half, garbage: ended in time and counted; nobody else is touched."""
    tls = rules().wrap_bio(ssl.MemoryBIO(), out := ssl.MemoryBIO())
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        hello = out.read()
    begin, waiting = time.monotonic(), []
    for part in b"\x16", hello[:5], hello[:100], hello:
        waiting.append(socket.create_connection(("127.0.0.1", server.port), 20))
        waiting[-1].sendall(part)
    guest = Client(server, "HELLO a hall")
    guest.until("OK JOIN")
    for raw in waiting:
        assert b"ERR" not in ends(raw)
    assert time.monotonic() - begin < 10
    for part in b"\x16\x03\x01\0\x05HELLO ann\n", hello[:5] + bytes(len(hello) - 5):
        raw = socket.create_connection(("127.0.0.1", server.port), 20)
        raw.sendall(part)
        assert ends(raw)[:1] == b"\x15", "an alert"
    try:
        Client(server, tls=rules(protocols=["h2", "http/1.1"]))
        sys.exit("another protocol was taken")
    except ssl.SSLError as error:
        assert "no application protocol" in str(error).lower().replace("_", " "), error
    counts = statistics(server)
    assert counts["tls_failures"] == "7" and counts["tls_handshakes"] == "1", counts
    guest.say("PING here")
    guest.until("PONG here")


def by_hand(server):
    """openssl s_client joins a room; its renegotiation is refused."""
    said = "HELLO ann hall\nSAY hall by hand\nQUIT\n"
    where = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}"]
    done = subprocess.run(where + ["-quiet"], input=said, capture_output=True, text=True, timeout=20)
    assert re.search(r"^MSG hall \d+ \d+ ~ann by hand\nBYE quit$", done.stdout, re.M), done
    done = subprocess.run(where + ["-tls1_2"], input="R\n", capture_output=True, text=True, timeout=20)
    assert "RENEGOTIATING" in done.stdout + done.stderr and "no renegotiation" in done.stdout + done.stderr, done


def required(server):
    """Without TLS nobody logs in; and those of this host do again while it is trusted."""
    plain = Client(server, "@id=1 HELLO ann", tls=None)
    assert "tls" in plain.line()
    assert plain.line().startswith("@id=1 ERR need-tls ")
    plain.say("PING one", "AUTH EXTERNAL")
    assert plain.line() == "PONG one"
    assert plain.line().startswith("ERR need-tls ")
    secure = Client(server, "HELLO ann", "UDP")
    assert "udp" in secure.line().split()[-1].split(",")
    secure.until("OK HELLO ~ann")
    secure.until("OK UDP ")
    Client(server, "HELLO bob", local=True).until("OK HELLO ~bob")
    server.configure("tls = { required = true; };")
    Client(server, "AUTH EXTERNAL", "RELOAD", local=True).until("OK RELOAD")
    plain.say("HELLO eve")
    plain.until("OK HELLO ~eve")


def pair(server, name):
    return [server.path(name + kind) for kind in (".crt", ".key")]


def use(server, name, *kinds):
    for kind in kinds or (".crt", ".key"):
        shutil.copy(server.path(name + kind), server.path("used.new"))
        os.rename(server.path("used.new"), server.path("used" + kind))


def certificates(server):
    """A new pair is for new connections, those that talk go on; a bad one changes nothing, and is told."""
    root = Client(server, "AUTH EXTERNAL", local=True)
    root.until("OK AUTH")
    talkers = [Client(server, f"HELLO t{i} hall") for i in range(5)]
    for talker in talkers:
        talker.until("OK JOIN")
    shown = talkers[0].certificate()

    def talk(text):
        for talker in talkers:
            talker.say("SAY hall " + text)
        for talker in talkers:
            for _ in talkers:
                assert talker.until("MSG hall").endswith(text)

    for turn in range(6):
        use(server, ["two", "one"][turn % 2])
        talk("before")
        root.say("RELOAD")
        talk("meanwhile")
        assert root.until("OK RELOAD", "ERR") == "OK RELOAD"
        talkers.append(Client(server, f"HELLO u{turn} hall"))
        talkers[-1].until("OK JOIN")
        assert (talkers[-1].certificate() == shown) == (turn % 2 == 1)
        for other in talkers[:-1]:
            other.until("JOIN hall")
        talk("after")
    use(server, "two", ".crt")
    root.say("RELOAD")
    told = root.until("NOTICE")
    assert server.path("used.key") in told, told
    assert root.until("OK", "ERR").startswith("ERR bad-value")
    assert server.path("used.key") in open(server.path("log")).read()
    assert Client(server).certificate() == shown
    os.unlink(server.path("used.crt"))
    root.say("RELOAD")
    assert server.path("used.crt") in root.until("NOTICE")
    assert Client(server).certificate() == shown
    use(server, "two")
    root.say("RELOAD")
    root.until("ERR"), root.until("OK RELOAD")
    assert Client(server).certificate() != shown
    talk("at the end")


def with_pairs(server):
    """Two pairs, which servers make for themselves."""
    for name in "one", "two":
        with Server() as maker:
            for kind in ".crt", ".key":
                shutil.copy(maker.path("data", "tls" + kind), server.path(name + kind))
            line = maker.process.stdout.readline()
            assert re.fullmatch(r"vcrpd: certificate sha256:[0-9a-f]{64}\n", line), line
            assert line.split()[2] in open(maker.path("log")).read()
    use(server, "one")
    crt, key = pair(server, "used")
    server.configure('tls = { certificate = "%s"; key = "%s"; };' % (crt, key) + "limits = { lines = 0; };")


def contradiction():
    """What cannot be is refused before anybody connects."""
    server = Server("tls = { enable = false; required = true; };")
    server.launch()
    assert server.process.wait(20) != 0
    assert "tls.required" in open(server.path("log")).read()
    server.process.stdout.close()
    shutil.rmtree(server.directory)


SCENES = (
    (two_versions_and_plain, ""), (together_with_the_handshake, ""), (behind_the_window, WINDOW),
    (much_at_once, "limits = { lines = 0; };"), (the_last_bytes, "limits = { lines = 0; };"),
    (no_handshake, "limits = { login_timeout = 1; };"), (by_hand, ""),
    (required, UNTRUSTED + "tls = { required = true; };"), (certificates, with_pairs))

for scene, config in SCENES:
    server = Server("" if callable(config) else config)
    if callable(config):
        config(server)
    with server:
        scene(server)
        assert server.stop() == 0
        log = open(server.path("log")).read()
        assert not re.search("Sanitizer|runtime error", log), log
    print(scene.__name__, flush=True)
contradiction()
print("ok")
