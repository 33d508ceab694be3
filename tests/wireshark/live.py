#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Wireshark's dissector finds in sessions of a real server (VCRPD) and of the client (VCRP), captured on the
loopback interface: the very lines that were said and heard, in plain text, TLS and datagrams. Needs root."""
import os, secrets, signal, socket, ssl, subprocess, sys, tempfile, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../clients"))
from capture import Session, Tshark, equal, main, must
from sasl import any_certificate
from server import PATIENCE, Server

AMISS = {"malformed", "unknown_verb", "more_words", "too_long", "bad_utf8", "control", "hole", "twice", "bad_seal",
         "replayed", "reordered", "lost", "size", "sealed", "amplifies"}


class Sniffer:
    """Captures what goes through a port, until leave; then `shark()` reads it."""

    def __init__(self, port, what=""):
        self.port, self.directory = port, tempfile.TemporaryDirectory(prefix="vcrp-live-")
        self.file, self.filter = os.path.join(self.directory.name, "live.pcap"), f"{what} port {port}".strip()

    def __enter__(self):
        self.process = subprocess.Popen(["dumpcap", "-q", "-P", "-i", "lo", "-f", f"({self.filter}) or udp port 9",
                                         "-w", self.file], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if line.startswith("File: "):
                return self
        raise SystemExit("dumpcap does not capture")

    def __exit__(self, *_):
        # What came before this is in the file when this is.
        mark = secrets.token_bytes(16)
        until = time.monotonic() + PATIENCE
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            while mark not in self.read() and time.monotonic() < until:
                one.sendto(mark, ("127.0.0.1", 9))
                time.sleep(0.05)
        self.process.send_signal(signal.SIGINT)
        self.process.stderr.read()
        must(self.process.wait(PATIENCE) == 0 and mark in self.read(), "all is captured")

    def read(self):
        with open(self.file, "rb") as file:
            return file.read()

    def shark(self, *options):
        return Tshark(self.file, "-o", f"vcrp.ports:{self.port}", "-o", "tcp.reassemble_out_of_order:TRUE", *options)


class Client:
    """Keeps all that it says and hears."""

    def __init__(self, port, tls=None):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.port = self.socket.getsockname()[1]
        if tls:
            self.socket = tls.wrap_socket(self.socket)
        self.rest, self.said, self.heard = b"", [], []

    def say(self, *lines):
        self.said += lines
        self.socket.sendall("".join(line + "\n" for line in lines).encode())

    def hear(self, sign):
        """Until a line that holds it, which it gives."""
        while True:
            while b"\n" not in self.rest:
                data = self.socket.recv(65536)
                must(data, f"the end did not come before {sign}; heard {self.heard}")
                self.rest += data
            line, self.rest = self.rest.split(b"\n", 1)
            self.heard.append(line.decode())
            if sign in self.heard[-1]:
                return self.heard[-1]


def talk(server, tls=None):
    """Two guests who use most of what there is."""
    ann, bob = Client(server.port, tls), Client(server.port, tls)
    ann.say("@id=h HELLO ann", "@id=j JOIN lobby", "@id=t SET lobby topic The front room")
    ann.hear("OK SET lobby")
    bob.say("HELLO bob lobby")
    bob.hear("OK JOIN lobby")
    number = None
    for i in range(20):
        ann.say(f"@id=s{i};+mood=good SAY lobby Grüße, number {i} " + "x" * (i * 150))
        number = ann.hear(f"@id=s{i};").split()[3]
        bob.hear(f"@id=s{i};")
    bob.say(f"@id=e;re={number} SAY lobby indeed", f"REACT lobby {number} 👍", "@id=w WHO lobby", "@id=l LIST *",
            "@id=p HISTORY lobby 10", "@id=f SEARCH lobby 5 number", "@id=n JOIN no/such", "@id=x DANCE",
            "PING still there",
            "@id=y HELP SAY", "SIGNAL lobby typing", "@id=z LEAVE lobby")
    for sign in "@id=f OK SEARCH", "@id=z OK LEAVE":
        if not any(sign in line for line in bob.heard):
            bob.hear(sign)
    ann.say(f"@id=d DELETE lobby {number}", f"@id=v EDIT lobby {int(number) - 1} better", "@id=2 SAY @~bob psst")
    ann.hear("@id=2 MSG")
    bob.hear("psst")
    for client in ann, bob:
        client.say("QUIT good night")
        client.hear("BYE quit")
        client.socket.close()
    return ann, bob


def compare(shark, clients, allowed=()):
    """Each client's lines are those that were found, one by one, and nothing is amiss that was not provoked."""
    for client in clients:
        rows = shark.fields("tcp.dstport", "vcrp.line", show=f"tcp.port == {client.port} && vcrp")
        for to_server, lines in (True, client.said), (False, client.heard):
            found = [line for (port, texts) in rows if (int(port[0]) != client.port) == to_server for line in texts]
            equal(found, lines, f"lines {'to' if to_server else 'from'} the server")
    found = [expert for line in shark.lines() for expert in line.experts if expert in AMISS]
    equal(sorted(found), sorted(allowed), "what is amiss")


# DANCE, which is no verb, by bob.
PROVOKED = ["unknown_verb"]


def plain():
    """plain text: the lines are those that were said and heard"""
    with Server("limits = { lines = 0; };") as server, Sniffer(server.port) as sniffer:
        clients = talk(server)
    shark = sniffer.shark()
    compare(shark, clients, PROVOKED)
    lines = shark.lines()
    asked = [line for line in lines if line.direction is None and line.id and line.response_in]
    equal(len(asked), len([line for client in clients for line in client.said if line.startswith("@id=")]),
          "every request has its answer")
    found = {(line.id, line.verb): line for line in lines if line.response_to}
    equal([(id, verb) for id, verb in found if id in ("x", "n")], [("n", "ERR"), ("x", "ERR")], "and refusals theirs")


def encrypted():
    """TLS 1.2 and 1.3: the same, by a key log, and nothing without"""
    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        with tempfile.TemporaryDirectory() as directory:
            rules, log = any_certificate(version), os.path.join(directory, "keys")
            rules.keylog_filename = log
            with Server("limits = { lines = 0; };") as server, Sniffer(server.port) as sniffer:
                clients = talk(server, rules)
            compare(sniffer.shark("-o", f"tls.keylog_file:{log}"), clients, PROVOKED)
            equal(sniffer.shark().lines(), [], "without the log there are no lines")
            must(sniffer.shark().frames("tls.handshake"), "but TLS is seen")


def by_datagrams():
    """datagrams: the same, by the key that the stream was given, or by a key log"""
    with Server() as server, Sniffer(server.port) as all_of_it, Sniffer(server.port, "udp") as udp:
        ann = Client(server.port)
        ann.say("HELLO ann", "@id=u UDP")
        session, key = (bytes.fromhex(word) for word in ann.hear("OK UDP").split()[-2:])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.connect(("127.0.0.1", server.port))
            wire.settimeout(PATIENCE)
            made = Session(None, session, key)

            def ask(text):
                wire.send(made.seal(True, (text + "\n").encode().ljust(24, b"\n")))

            def hear(sign):
                while sign not in made.open(False, wire.recv(2000)):
                    pass

            ask("@id=j JOIN lobby")
            hear(b"OK JOIN")
            ask("@id=s SAY lobby hello by datagram")
            hear(b"@id=s MSG")
            for part in made.pieces("@id=l SAY lobby " + "é" * 1400 + "\n"):
                wire.send(made.seal(True, part.ljust(24, b"\n")))
            hear("é\n".encode())
            ask("QUIT")
            hear(b"BYE quit")
        ann.say("QUIT")
        ann.hear("BYE")
    log = os.path.join(udp.directory.name, "keys")
    with open(log, "w") as file:
        file.write(f"VCRP_DATAGRAM {session.hex()} {key.hex()}\n")
    for it in all_of_it.shark(), udp.shark("-o", f"vcrp.keylog_file:{log}"):
        of_udp = it.frames("udp")
        lines = [line for line in it.lines() if line.frame in of_udp]
        said = [(line.verb, line.id, line.text) for line in lines if line.verb in ("JOIN", "SAY", "QUIT", "BYE", "MSG")]
        equal(said, [("JOIN", "j", None), ("SAY", "s", "hello by datagram"), ("MSG", "s", "hello by datagram"),
                     ("SAY", "l", "é" * 1400), ("MSG", "l", "é" * 1400), ("QUIT", None, None), ("BYE", None, None)],
              "the talk")
        must(all(line.response_in for line in lines if line.verb in ("SAY", "JOIN")), "requests have answers")
        equal([expert for line in it.layers() for expert in line.experts if expert in AMISS], [], "what is amiss")
    equal({expert for line in udp.shark().layers() for expert in line.experts}, {"sealed"}, "without a key")


def clients():
    """what `vcrp` says and hears is all in the grammar"""
    vcrp = os.environ.get("VCRP", "./vcrp")
    with Server() as server, Sniffer(server.port) as sniffer:
        def run(*words, **how):
            return subprocess.run([vcrp, *words], env=server.environment, timeout=PATIENCE, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how).stdout
        where = f"vcrp://127.0.0.1:{server.port}"
        run("-s", where, "say", "lobby", "Hello, world")
        run("-s", where, "say", "lobby", input="".join(f"line {i}\n" for i in range(20)))
        run("-s", where, "rooms")
        run("probe", f"127.0.0.1:{server.port}")
    shark = sniffer.shark()
    texts = [line.text for line in shark.lines() if line.verb == "SAY"]
    equal(texts, ["Hello, world"] + [f"line {i}" for i in range(20)], "what was said")
    must(all(line.response_in for line in shark.lines() if line.verb == "SAY"), "and answered")
    asked, answered = [layer for layer in shark.layers() if layer.nonce]
    equal((asked.response_in, answered.response_to, answered.server is None),
          (str(answered.frame), str(asked.frame), False), "a probe's question and its answer")
    equal([expert for line in shark.lines() for expert in line.experts if expert in AMISS], [], "what is amiss")


def keys_of_the_client():
    """`vcrp --keylog` writes what opens TLS and datagrams, by one file"""
    vcrp = os.environ.get("VCRP", "./vcrp")
    with tempfile.TemporaryDirectory() as directory:
        log = os.path.join(directory, "keys")
        with Server() as server, Sniffer(server.port) as sniffer:
            for options in [], ["--udp"]:
                subprocess.run([vcrp, "--accept-new", *options, "--keylog", log, "-s",
                                f"vcrps://127.0.0.1:{server.port}",
                                "say", "lobby", "by TLS" if not options else "by datagrams, " + "é" * 800],
                               env=server.environment, timeout=PATIENCE, check=True, stdout=subprocess.DEVNULL)
        shark = sniffer.shark("-o", f"tls.keylog_file:{log}")
        lines = shark.lines()
        udp = shark.frames("udp")
        said = [(line.frame in udp, line.text) for line in lines if line.verb == "SAY"]
        equal(said, [(False, "by TLS"), (True, "by datagrams, " + "é" * 800)], "what was said")
        must(all(line.response_in for line in lines if line.verb == "SAY"), "and answered")
        found = {expert for line in shark.layers() for expert in line.experts if expert in AMISS}
        equal(found, set(), "what is amiss")


main(plain, encrypted, by_datagrams, clients, keys_of_the_client)
