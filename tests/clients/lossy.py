#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Datagram sessions of contrib/clients/vcrp_client.py through a relay that loses, doubles, delays and
overtakes datagrams: who is in a room sees all of it, once and in order. Also a server that is killed,
members that move, and datagrams that are not theirs. lossy.py [SEED]; VCRPD names the server."""
import concurrent.futures, hashlib, os, random, re, select, socket, ssl, sys, time, traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "contrib", "clients"))
from relay import Relay
from server import Server
from vcrp_client import Client, verifier
from vcrp_datagrams import Seal, discover
from vcrp_lines import Line, Refused, Stream

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else int.from_bytes(os.urandom(4), "big")
PATIENCE = 100
CONFIG = 'server = { listen = ["127.0.0.1"]; };\nlimits = { lines = 0; address = 0; arrivals = 0; };\n'
FAST = 3  # seconds of silence after which a member looks for a new server: 20 by the document


class Observer:
    """A member by TCP: what it sees is what was said."""

    def __init__(self, server):
        self.link, self.seen, self.left = None, [], []
        self.server = server
        self.connect()

    def connect(self):
        """Again after the server was killed."""
        self.link = Stream(socket.create_connection(("127.0.0.1", self.server.port)))
        after = int(Line(self.seen[-1]).words[1]) if self.seen else 0
        self.link.send(f"HELLO observer\nJOIN lobby {after}")

    def look(self):
        for raw in self.link.receive():
            line = Line(raw)
            if line.verb == "MSG" and line.words[0] == "lobby":
                self.seen.append(raw)


class Members:
    """Some that say so many lines each, by datagrams through the relay, and what they have seen."""

    def __init__(self, server, relay, count, lines, silence=20):
        self.server, self.relay, self.observer = server, relay, Observer(server)
        self.clients, self.seen = [], []
        for at in range(count):
            self.clients.append(self.member(f"m{at}", silence))
            self.seen.append([])
        self.total, self.count = 0, {}
        for client in self.clients:
            client.join("lobby", 0)
            self.say(client, lines)

    def member(self, name, silence):
        """Where nothing comes through for three seconds, a client stays with its stream."""
        while True:
            client = Client(f"vcrp://{name}@127.0.0.1:{self.server.port}", udp=True,
                            udp_address=self.relay.address, silence=silence)
            if client.transport == "udp":
                return client
            client.close()

    def say(self, client, lines, size=20):
        for _ in range(lines):
            at = self.count[client] = self.count.get(client, -1) + 1
            # Now and then one that takes two to four datagrams.
            client.say("lobby", f"{client.name} {at} " + "x" * (size if at % 20 else random.randrange(1200, 3000)))
        self.total += lines

    def turn(self):
        links = [client for client in self.clients if not client.link.closed] + [self.observer.link]
        select.select(links, [], [], 0.01)
        self.observer.look()
        for client, seen in zip(self.clients, self.seen):
            for line in client.poll():
                if line.verb == "MSG" and line.words[0] == "lobby":
                    seen.append(line.raw)

    def all_is_seen(self):
        return not any(client.unsaid() for client in self.clients) and \
            min(map(len, self.seen + [self.observer.seen])) >= self.total

    def go_on(self, until=None):
        end = time.monotonic() + PATIENCE
        until = until or self.all_is_seen
        while not until():
            if time.monotonic() > end:
                raise AssertionError(f"{[len(seen) for seen in self.seen]} of {self.total} lines seen, unsaid "
                                     f"{[client.unsaid() for client in self.clients]}")
            self.turn()

    def check(self):
        """All have seen what the observer has; of each, all that it said, in its order."""
        texts = [Line(raw) for raw in self.observer.seen]
        assert len(texts) == self.total, f"{len(texts)} lines were said, {self.total} wanted"
        numbers = [line.number for line in texts]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "numbers have a hole"
        for client, seen in zip(self.clients, self.seen):
            assert seen == self.observer.seen, f"{client.name} has seen something else"
            own = [int(line.text.split(" ")[1]) for line in texts if line.words[3] == client.name]
            assert own and own == list(range(len(own))), f"{client.name} did not say its lines in order: {own}"

    def close(self):
        for client in self.clients:
            client.close(patience=1)


def administrator(server):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(server.socket)
    return sock.makefile("rw", newline="\n")


def stats(server):
    """The server's counters."""
    with administrator(server) as file:
        file.write("AUTH EXTERNAL\nSTATS\nQUIT\n")
        file.flush()
        return {m[1]: int(m[2]) for m in re.finditer(r"STAT (\S+) (\d+)$", file.read(), re.M)}


def lossy(loss, members, lines):
    """At this loss, as much doubled, overtaken by up to 20 ms."""
    with Server(CONFIG) as server:
        relay = Relay(server.port, SEED, loss, loss, (0, 0.02))
        relay.start()
        all_of_them = Members(server, relay, members, lines)
        all_of_them.go_on()
        all_of_them.check()
        all_of_them.close()
        relay.stop()
        assert relay.lost or loss < 0.01, "nothing was lost"
        assert server.stop() == 0, "the server's exit status"
        return f"{all_of_them.total} lines, {relay.count} datagrams, {relay.lost} lost"


def killed(silence=FAST, loss=0.05):
    """The server is killed in the middle, and started again."""
    with Server(CONFIG) as server:
        relay = Relay(server.port, SEED, loss, loss, (0, 0.01))
        relay.start()
        members = Members(server, relay, 4, 60, silence)
        members.go_on(lambda: len(members.observer.seen) >= members.total // 3)
        server.process.kill()
        server.process.wait()
        members.observer.look()
        server.start(server.port)
        members.observer.connect()
        back = time.monotonic()
        members.go_on()
        back = time.monotonic() - back
        members.check()
        members.close()
        relay.stop()
        return f"{members.total} lines, {back:.1f} s after that", back


def told():
    """The new server says that it does not know the sessions: nobody waits for twenty seconds."""
    said, back = killed(20, 0.0)
    assert back < 15, said
    return said


def denied():
    """As if from the server's address, somebody says that sessions are gone, this one among them: it goes on."""
    with Server(CONFIG) as server:
        relay = Relay(server.port, SEED)
        relay.start()
        members = Members(server, relay, 2, 20)
        links = [client.link for client in members.clients]
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            members.say(members.clients[0], 1)
            for session, link in (links[0].seal.session, links[0]), (links[0].seal.session, links[1]):
                relay.front.sendto(b"VCRP! 1 gone %s\n" % session.hex().encode(), link.sock.getsockname())
            members.go_on()
        assert [client.link for client in members.clients] == links, "a session was given up"
        assert links[0].hinted and not links[1].hinted, "what was heard"
        members.check()
        members.close()
        relay.stop()
        return f"{members.total} lines"


def moved():
    """A member's port changes, then its address: it is challenged, goes on, and nothing goes where it was."""
    with Server(CONFIG) as server:
        relay = Relay(server.port, SEED, 0.0, 0.0, (0, 0.002))
        relay.start()
        members = Members(server, relay, 3, 20)
        way = relay.ways[members.clients[0].link.sock.getsockname()]
        members.go_on()
        for address in ("127.0.0.1", "127.0.0.2", "127.0.0.1"):
            before = stats(server)["udp_challenges"]
            way.move(address)
            while stats(server)["udp_challenges"] == before:  # at most one a second
                members.say(members.clients[0], 1)
                members.go_on()
            for client in members.clients:
                members.say(client, 10)
            members.go_on()
            late = way.late
            for client in members.clients:
                members.say(client, 10)
            members.go_on()
            assert way.late == late, f"{way.late - late} datagrams to the address before {address}"
        members.check()
        members.close()
        relay.stop()
        return f"{members.total} lines, {len(way.sockets)} addresses"


def conversation():
    """Between two, who are entered by what is said, and are told so by a line that may be lost."""
    with Server(CONFIG) as server:
        relay = Relay(server.port, SEED, 0.2, 0.1, (0, 0.01))
        relay.start()
        members = Members(server, relay, 2, 0)
        for client in members.clients:
            client.leave("lobby")
        ann, bob = members.clients
        seen, end = {ann: [], bob: []}, time.monotonic() + PATIENCE
        for at in range(15):
            ann.say("@~m1", f"{at}")
        while min(map(len, seen.values())) < 15 or ann.unsaid():
            assert time.monotonic() < end, {client.name: len(lines) for client, lines in seen.items()}
            select.select([client for client in seen if not client.link.closed], [], [], 0.01)
            for client, lines in seen.items():
                lines += [line.text for line in client.poll() if line.verb == "MSG"]
        assert seen[ann] == seen[bob] == [str(at) for at in range(15)], seen
        members.close()
        relay.stop()


def over_the_rate():
    """More is said than is sent: what was left out is asked for."""
    with Server(CONFIG + "udp = { rate = 65536; };\n") as server:
        relay = Relay(server.port, SEED, 0.01)
        relay.start()
        members = Members(server, relay, 3, 0)
        for client in members.clients:
            members.say(client, 40, 1200)
        members.go_on()
        members.check()
        assert (skipped := stats(server)["udp_skipped"]), "nothing was left out"
        members.close()
        relay.stop()
        return f"{members.total} lines, {skipped} events left out"


def encrypted():
    """An account, by TLS, and from there by datagrams; the keys are written down, for its user alone."""
    with Server(CONFIG + 'accounts = { registration = "open"; };\n') as server:
        link = Stream(socket.create_connection(("127.0.0.1", server.port)))
        link.send("REGISTER ann " + verifier("p\u00e4ss wort", 10000))
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(socket.create_connection(("127.0.0.1", server.port))) as sock:
            shown = "sha256:" + hashlib.sha256(sock.getpeercert(True)).hexdigest()
        while not (came := link.receive()):
            link.wait(1)
        assert "OK REGISTER ann" in came, came
        uri, keylog = f"vcrps://ann@127.0.0.1:{server.port}/lobby?transport=udp", server.path("keys")
        for password, fingerprint, wanted in (("other", shown, Refused), ("p\u00e4ss wort", "sha256:00", ssl.SSLError),
                                              ("p\u00e4ss wort", None, ssl.SSLError)):
            try:
                Client(uri, password=password, fingerprint=fingerprint)
                raise AssertionError(f"{password} and {fingerprint} are taken")
            except wanted:
                pass
        client = Client(uri, password="p\u00e4ss wort", fingerprint=shown, keylog=keylog)
        assert (client.transport, client.name) == ("udp", "ann"), client.transport
        client.say("lobby", "sealed")
        while not any(line.text == "sealed" for line in client.poll(1)):
            pass
        assert client.ask("WHO lobby")[1][0].raw == "NAMES lobby ann"
        client.close()
        with open(keylog) as file:
            assert "VCRP_DATAGRAM " in file.read() and os.stat(keylog).st_mode & 0o77 == 0


class Stranger:
    """Somebody else, who sends the server what is not his."""

    def __init__(self, server):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.3", 0))
        self.sock.connect(("127.0.0.1", server.port))
        self.server = server

    def send(self, *datagrams):
        for datagram in datagrams:
            self.sock.send(datagram)

    def heard(self):
        """What has come, once the server has dealt with what was sent: it answers the last question."""
        stats(self.server)
        heard = []
        while select.select([self.sock], [], [], 0.3)[0]:
            heard.append(self.sock.recv(2048))
        return heard


def wrong():
    """Replayed, forged and mixed up datagrams do nothing."""
    with Server(CONFIG) as server:
        relay = Relay(server.port, SEED)
        relay.start()
        members = Members(server, relay, 2, 30)
        members.go_on()
        stranger, before = Stranger(server), stats(server)
        alice, bob = (client.link.seal for client in members.clients)
        old = list(relay.ways[members.clients[0].link.sock.getsockname()].sent)

        mixed = Seal(alice.session, bob.key)  # another session's key, and a key of nobody's
        mixed.counter = alice.counter + 100
        nobody = Seal(b"\xff" + os.urandom(15), os.urandom(32))
        said = [b"@id=%d SAY lobby forged\n" % at for at in range(3)]
        sets = {"replayed": old,
                "changed": [one[:at] + bytes([one[at] ^ 1]) + one[at + 1:] for one in old[-20:]
                            for at in (0, 23, 24, len(one) - 1)],
                "cut": [one[:-1] for one in old[-5:]] + [one + b"x" for one in old[-5:] if len(one) < 1200],
                "another's key": list(mixed.pack(said)), "nobody's": list(nobody.pack(said)),
                "none": [b"", b"x", b"\x80", b"\x80" * 1200, alice.session, alice.session + b"\0" * 1184,
                         alice.session + b"\xff" * 100]}
        for what, datagrams in sets.items():
            dropped = stats(server)["udp_dropped"]
            stranger.send(*datagrams)
            heard = stranger.heard()
            unknown = {b"VCRP! 1 gone %s\n" % one[:16].hex().encode() for one in datagrams if len(one) >= 64 and
                       one[0] >= 0x80 and one[:16] not in (alice.session, bob.session)}
            assert set(heard) <= unknown and len(heard) <= len(datagrams), f"an answer to what is {what}: {heard}"
            took = stats(server)["udp_dropped"] - dropped
            assert took >= len([one for one in datagrams if one]), f"{what}: {took} of {len(datagrams)} dropped"
        after = stats(server)
        assert after["udp_challenges"] == before["udp_challenges"], "a stranger was challenged"

        # One that is still on its way, from elsewhere: its line is done, and that place is asked, not believed.
        way = relay.ways[members.clients[0].link.sock.getsockname()]
        way.held, count = True, len(way.sent)
        members.say(members.clients[0], 1)
        members.go_on(lambda: len(way.sent) > count)
        stranger.send(*way.sent[count:])
        heard = stranger.heard()
        assert len(heard) <= 1 and all(len(one) <= 64 for one in heard), f"to a stranger: {heard}"
        assert stats(server)["udp_challenges"] == before["udp_challenges"] + 1, "a place that is not proved"
        way.held = False
        for client in members.clients:
            members.say(client, 10)
        members.go_on()
        for client, seen in zip(members.clients, members.seen):
            assert seen == members.observer.seen, f"{client.name} has seen something else"
        assert not any("forged" in raw for raw in members.observer.seen), "a forged line was said"
        members.close()
        relay.stop()
        return f"{after['udp_dropped']} dropped"


def vectors():
    """The document's own."""
    seal = Seal(bytes(range(0xa0, 0xb0)), bytes(range(32)))
    assert seal.seal(b"@id=a1 SAY lobby Hello, world\n").hex() == (
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0000000000000001051db98c818616a13f6ee73f5b1c27d6693ea718678a8700"
        "67780dae590e863c799061ba1f38d25b3ca293292e5c")
    assert seal.seal(b"PING\n").hex() == (
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf00000000000000026108fb419ca823567498bdd8f3e38d7f6c27e33cea27fa6c"
        "6cd951cb75831952b8cef56751f1efe7")
    pieces = list(seal.pack([b"@id=a2 SAY lobby " + b"x" * 1282 + b"\n"]))
    assert [hashlib.sha256(piece).hexdigest() for piece in pieces] == [
        "64c40e52dc5c6d5d97a2c2bc38d2db764a34e93ca99f95559a757f9454e83ae1",
        "2a0b63c38ebc73dccc719f7cdaa91f92de603d2f779cfa1d9d9702ab19c838d9"]
    datagram = bytes.fromhex(
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0000000000000001bbc5f7c1707482038138be4c071f7b7d37c65b42d0cc924e"
        "c2fa7460400febedcb2b9c19db15bc51307a66f5d3a80355cc06ece6130aa39502f0096010c15e6e99c179dc3f8f8b74"
        "2dfeb4994bea577088d2f71209cbaf2d642f3f406c8e7a8da5ebdef253ed9af4bcd0a53348e3")
    counter, plain = seal.open(datagram)
    assert counter == 1 and plain.endswith(b"AT lobby 1838427338437633\n")
    assert seal.open(datagram) is None, "the same datagram twice"


def discovered():
    with Server(CONFIG) as server:
        answers = list(discover("127.0.0.1", server.port, 0.5))
        assert len(answers) == 1 and answers[0]["software"].startswith("vcrpd/"), answers
        assert "guest" in answers[0]["features"] and answers[0]["port"] == server.port, answers


SCENES = {"vectors": vectors, "discovery": discovered, "1 % lost": lambda: lossy(0.01, 6, 60),
          "10 % lost": lambda: lossy(0.1, 6, 50), "30 % lost": lambda: lossy(0.3, 8, 25),
          "killed": lambda: killed()[0], "told": told, "denied": denied, "moved": moved,
          "conversation": conversation, "over the rate": over_the_rate, "encrypted": encrypted,
          "wrong datagrams": wrong}


def play(name):
    start = time.monotonic()
    try:
        said, why = SCENES[name](), None
    except Exception:
        said, why = None, traceback.format_exc()
    print(f"{'FAIL' if why else 'ok'}: {name}, {time.monotonic() - start:.1f} s{': ' + said if said else ''}"
          f"{': ' + why if why else ''}", flush=True)
    return why is None


def main():
    print(f"seed {SEED}")
    names = sys.argv[2:] or list(SCENES)
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        return not all(pool.map(play, names))


if __name__ == "__main__":
    sys.exit(main())
