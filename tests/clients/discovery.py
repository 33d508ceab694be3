#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Datagrams of strangers, with a real server: what they are told, and that it is never more than they said."""
import itertools, json, os, random, re, socket, subprocess, unittest
from people import administrator
from server import PATIENCE, Server

VCRP = os.environ.get("VCRP", "./vcrp")
NONCE = b"0123456789abcdef"


def question(size=512, nonce=NONCE, version=b"1", end=b"\n", verb=b"VCRP?"):
    head = b" ".join([verb, version, nonce])
    return head + b" " * (size - len(head) - len(end)) + end


class Base(unittest.TestCase):
    config = "limits = { lines = 0; };"
    networks = itertools.count()

    def setUp(self):
        self.server = Server(self.config)
        self.server.start()

    def tearDown(self):
        self.server.__exit__()

    def stranger(self, family=socket.AF_INET):
        """A socket in a network of its own, of which 127.0.0.0/8 has many."""
        peer = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(peer.close)
        peer.settimeout(PATIENCE)
        host = "::1"
        if family == socket.AF_INET:
            n = next(self.networks)
            peer.bind((f"127.{1 + n // 250}.{n % 250}.1", 0))
            host = "127.0.0.1"
        peer.connect((host, self.server.port))
        return peer

    def back(self, peer, *payloads):
        """All that these are answered; what is asked last is always answered, and they keep their order."""
        for payload in payloads:
            peer.send(payload)
        peer.send(question(nonce=b"fedcba98"))
        answers = []
        while True:
            answer = peer.recv(65536)
            if answer.startswith(b"VCRP! 1 fedcba98 "):
                return answers
            answers.append(answer)

    def stats(self):
        with administrator(self.server).socket as local:
            local.sendall(b"STATS\n")
            stats = {}
            for line in local.makefile():
                words = line.split()
                if words[:2] == ["OK", "STATS"]:
                    return stats
                stats[words[1]] = words[2]

    def log(self):
        with open(self.server.path("log")) as file:
            return file.read()


class Named(Base):
    """A server whose answers are longer than the shortest question."""
    config = 'server = { name = "%s"; };' % ".".join(["chat"] * 50)


class Answers(Named):
    def test_a_question_is_answered(self):
        for family in (socket.AF_INET, socket.AF_INET6):
            answer, = self.back(self.stranger(family), question())
            words = answer.decode().split(" ")
            with socket.create_connection(("127.0.0.1", self.server.port)) as stream:
                stream.sendall(b"PING\n")
                greeting = stream.makefile().readline().split()
            self.assertEqual(words[:3], ["VCRP!", "1", NONCE.decode()])
            self.assertEqual(words[3:5], greeting[2:4])
            self.assertLessEqual(set(words[5].split(",")), set(greeting[4].split(",")))
            self.assertRegex(" ".join(words[6:]), r"^\d+ 0\n$")

    def test_sizes_and_line_ends(self):
        for size, end in ((512, b""), (512, b"\r\n"), (1200, b"\n")):
            self.assertEqual(len(self.back(self.stranger(), question(size, end=end))), 1)
        for bad in (question(255), question(1201), question(nonce=b"A" * 16), question(nonce=b"0" * 7),
                    question(nonce=b"0" * 33), question(version=b"2"), question(verb=b"VCRP!"), question(end=b"x"),
                    b"V", b"", question() + b"\n", b"VCRP! 1 gone " + b"8" * 32 + b"\n"):
            self.assertEqual(self.back(self.stranger(), bad), [])

    def test_an_answer_is_not_longer_than_its_question(self):
        length = len(self.back(self.stranger(), question())[0])
        for size in range(256, 400, 7):
            answers = self.back(self.stranger(), question(size))
            self.assertEqual(len(answers), size >= length, (size, length))
        self.assertIn(length, range(257, 399))

    def test_a_network_is_answered_so_often(self):
        peer = self.stranger()
        for _ in range(60):
            peer.send(question())
        count = refused = 0
        while count + refused < 60:
            stats = self.stats()
            count, refused = int(stats["udp_discoveries"]), int(stats.get("refused.discovery", 0))
        self.assertTrue(20 <= count < 60, count)
        for _ in range(count):
            self.assertTrue(peer.recv(65536).startswith(b"VCRP! "))
        peer.setblocking(False)
        self.assertRaises(BlockingIOError, peer.recv, 65536)
        self.assertRegex(self.log(), r"limit discovery: 127\.\d+\.\d+\.1:\d+, ")

    def test_a_network_that_is_banned_is_not_answered(self):
        peer = self.stranger()
        admin = administrator(self.server)
        self.addCleanup(admin.close)
        admin.good(f"BAN {peer.getsockname()[0]}")
        peer.send(question())
        self.back(self.stranger())
        peer.setblocking(False)
        self.assertRaises(BlockingIOError, peer.recv, 65536)
        admin.good(f"UNBAN {peer.getsockname()[0]}")
        peer.settimeout(PATIENCE)
        self.assertEqual(len(self.back(peer, question())), 1)


class Gone(Base):
    """Datagrams of sessions that the server does not know (any more)."""
    stale = bytes(range(0xa0, 0xb0)) + bytes(48)
    hint = b"VCRP! 1 gone a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\n"

    def test_it_is_said_so(self):
        for family in (socket.AF_INET, socket.AF_INET6):
            for more in (0, 1, 1136):
                self.assertEqual(self.back(self.stranger(family), self.stale + bytes(more)), [self.hint])
        before = self.stats()
        for bad in (self.stale[:63], self.stale[:16], b"\x7f" + self.stale[1:], self.stale + bytes(1137)):
            self.assertEqual(self.back(self.stranger(), bad), [])
        self.back(self.stranger(), self.stale)
        after = self.stats()
        self.assertEqual(int(after["udp_dropped"]) - int(before["udp_dropped"]), 5)
        self.assertEqual(after["udp_sessions"], "0")

    def test_a_network_is_told_as_often_as_it_is_answered(self):
        peer = self.stranger()
        for _ in range(60):
            peer.send(self.stale)
        while int(self.stats()["udp_dropped"]) < 60:
            pass
        count = 0
        peer.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while True:
                self.assertEqual(peer.recv(65536), self.hint)
                count += 1
        self.assertTrue(20 <= count < 60, count)
        self.assertNotIn("limit", self.log())

    def test_a_network_that_is_banned_is_not_told(self):
        peer = self.stranger()
        admin = administrator(self.server)
        self.addCleanup(admin.close)
        admin.good(f"BAN {peer.getsockname()[0]}")
        peer.send(self.stale)
        self.back(self.stranger())
        peer.setblocking(False)
        self.assertRaises(BlockingIOError, peer.recv, 65536)


class OneAddress(Base):
    config = 'server = { listen = [ "127.0.0.1" ]; };'

    def test_a_server_is_not_answered(self):
        """What comes from the port of servers; another port of the same host is none."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.250.0.1", self.server.port))
            peer.sendto(question(), ("127.0.0.1", self.server.port))
            peer.sendto(Gone.stale, ("127.0.0.1", self.server.port))
            self.back(self.stranger())
            peer.setblocking(False)
            self.assertRaises(BlockingIOError, peer.recv, 65536)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.250.0.1", 0))
            peer.connect(("127.0.0.1", self.server.port))
            peer.settimeout(PATIENCE)
            self.assertEqual(len(self.back(peer, question())), 1)


class Amplification(Named):
    def payloads(self):
        """First contacts of all kinds and sizes, always the same ones."""
        numbers = random.Random(3073)
        for n in range(200):
            size = numbers.choice([0, 1, 2, 16, 40, 41, 64, 255, 256, 257, 300, 512, 1199, 1200, 1201, 1400, 1472])
            kind = n % 8
            if kind == 0:
                yield question(max(size, 32))
            elif kind == 1:
                yield question(max(size, 256), nonce=b"%x" % numbers.getrandbits(4 * numbers.randint(6, 36)))
            elif kind == 2:
                yield bytes([numbers.randint(0x80, 0xff)]) + numbers.randbytes(max(size, 1) - 1)
            elif kind == 3:
                yield b"V" + numbers.randbytes(max(size, 1) - 1)
            elif kind == 4:
                yield (b"HELLO alice\nJOIN lobby\nLIST\nHELP\n" * 50)[:size]
            elif kind == 5:
                yield b"VCRP! 1 " + NONCE + b" h s f 1 2\n" + b" " * size
            elif kind == 6:
                yield b"\x16\x03\x01" + numbers.randbytes(size)
            else:
                yield numbers.randbytes(size)

    def test_nobody_is_sent_more_than_came_from_there(self):
        answered = 0
        for payload in self.payloads():
            answers = self.back(self.stranger(), payload)
            self.assertLessEqual(len(answers), 1, payload)
            self.assertLessEqual(sum(map(len, answers)), len(payload), payload)
            answered += len(answers)
        self.assertGreater(answered, 5)  # or nothing was tried


class Off(Base):
    config = "udp = { enable = false; };"

    def test_nothing_has_the_port(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
            # It could be had, and nobody else gets it: it takes nothing from others either.
            held.bind(("127.0.0.1", self.server.port))
            held.connect(("127.0.0.1", 9))
            peer = self.stranger()
            peer.send(question())
            self.assertRaises(ConnectionRefusedError, peer.recv, 65536)


class Discover(Base):
    config = 'server = { name = "chat.example.org"; };'

    def discover(self, *arguments, status=0):
        done = subprocess.run([VCRP, "discover", *arguments], capture_output=True, text=True, timeout=PATIENCE,
                              env=self.server.environment)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def addresses(self):
        """The first is the one by which an answer came first."""
        return f"127.0.0.1:{self.server.port}", f"[::1]:{self.server.port}"

    def test_this_host_is_asked(self):
        told = self.discover("--wait=1", f"--port={self.server.port}")
        self.assertEqual(told.count("chat.example.org"), 1)
        addresses = re.match(r"(\S+)  chat\.example\.org  vcrpd/\S+  connections: 0  rooms: 0  \d+\.\d ms\n"
                             r"    also (\S+)\n", told)
        self.assertCountEqual(addresses.groups(), self.addresses())
        self.assertRegex(told, r"(?m)^    guest,tls,")
        # Nobody but who asks is heard: it was not asked for on a network.
        self.assertEqual(int(self.stats()["udp_discoveries"]), 4)

    def test_for_programs(self):
        with socket.create_connection(("127.0.0.1", self.server.port)) as stream:
            stream.sendall(b"HELLO alice lobby\n")
            file = stream.makefile()
            while "OK JOIN" not in file.readline():
                pass
            found = json.loads(self.discover("--json", "--wait", "1", "--port", str(self.server.port)))
        self.assertCountEqual(found["addresses"], self.addresses())
        self.assertEqual((found["server"], found["connections"], found["rooms"]), ("chat.example.org", 1, 1))
        self.assertIn("guest", found["features"])
        self.assertGreater(found["ms"], 0)

    def test_nobody_answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = str(silent.getsockname()[1])
            self.assertIn("no server answered", self.discover("--wait=1", "--port", port, status=1))

    def test_answers_of_others_are_not_believed(self):
        """To another question, of control characters, too long, twice."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:
            liar.bind(("127.0.0.1", 0))
            liar.settimeout(PATIENCE)
            process = subprocess.Popen([VCRP, "discover", "--wait=1", "--port", str(liar.getsockname()[1])],
                                       stdout=subprocess.PIPE, text=True, env=self.server.environment)
            asked, peer = liar.recvfrom(65536)
            self.assertGreaterEqual(len(asked), 256)
            nonce = asked.split()[2]
            for answer in (b"VCRP! 1 0123456789abcdef liar s f 1 2\n", b"VCRP! 1 %s liar\x1b[2J s f 1 2\n" % nonce,
                           b"VCRP! 1 %s liar s f 1 2" % nonce, b"VCRP! 1 %s liar s f 1 two\n" % nonce, b"", asked,
                           b"VCRP! 1 %s %s s f 1 2\n" % (nonce, b"liar" * 300),
                           b"VCRP! 1 %s hon\xe2\x80\xaeest\xff s f 1 2\n" % nonce):
                liar.sendto(answer, peer)
                liar.sendto(answer, peer)
            told, _ = process.communicate(timeout=PATIENCE)
            self.assertEqual(told.count("connections:"), 1)
            self.assertIn("  honest\ufffd  s  connections: 1  rooms: 2 ", told)
            self.assertNotIn("liar", told)

    def test_usage(self):
        for arguments, why in ((["here"], "here"), (["--wait=0"], "--wait"), (["--wait=x"], "x"),
                               (["--port=70000"], "70000")):
            self.assertIn(why, self.discover(*arguments, status=2))


if __name__ == "__main__":
    unittest.main()
