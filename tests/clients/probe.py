#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vcrp probe: a real server, and whatever else may have the port."""
import concurrent.futures, hashlib, json, os, re, socket, ssl, subprocess, tempfile, threading, time, unittest
from server import PATIENCE, Server

VCRP = os.environ.get("VCRP", "./vcrp")
ESCAPES = "\x1b]0;t\x07\x1b[2J\u009b2J\u202e\x08"
CERTIFY = """
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=authority \
    -keyout ca.key -out ca.crt
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /O=Example/CN=localhost \
    -addext subjectAltName=DNS:localhost,DNS:chat.example.org,IP:127.0.0.1 -keyout good.key -out good.csr
openssl x509 -req -in good.csr -days 9 -copy_extensions copy -CA ca.crt -CAkey ca.key -out good.crt
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -utf8 \
    -subj "$(printf '/CN=\\033[2Jevil\\302\\2332J')" -keyout evil.key -out evil.crt
"""


def hold(test, kind, port=0):
    """A port at which nothing answers, and that nobody else gets meanwhile: its number."""
    held = socket.socket(socket.AF_INET, kind)
    try:
        held.bind(("127.0.0.1", port))
    except OSError:
        held.close()
        raise
    if kind == socket.SOCK_DGRAM:
        held.connect(("127.0.0.1", 9))  # so it takes nothing from anybody else
    test.addCleanup(held.close)
    return held.getsockname()[1]


def hold_both(test):
    while True:
        try:
            return hold(test, socket.SOCK_DGRAM, hold(test, socket.SOCK_STREAM))
        except OSError:
            pass  # somebody has that number by UDP


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory()
        subprocess.run(["sh", "-ec", CERTIFY], cwd=cls.home.name, check=True, stderr=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.home.cleanup()

    def file(self, name):
        return os.path.join(self.home.name, name)

    def probe(self, target, *arguments, status=0, authority=None):
        environment = dict(os.environ, HOME=self.home.name, LC_ALL="C.UTF-8",
                           SSL_CERT_FILE=self.file(authority) if authority else "/dev/null")
        environment.pop("VCRP_SERVER", None)
        done = subprocess.run([VCRP, "probe", *arguments, *([target] if target else [])], capture_output=True,
                              text=True, timeout=PATIENCE, env=environment, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, (done.stdout, done.stderr))
        self.assertNotRegex(done.stdout + done.stderr, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
        return done.stdout if status != 2 else done.stderr

    def verdict(self, *arguments, **more):
        return self.probe(*arguments, **more).splitlines()[0]

    def fields(self, *arguments, **more):
        """The lines behind the first, by their names."""
        return dict(re.split(r" +", line, maxsplit=1) if line[0] != " " else ("", line) for line in
                    re.sub(r"(?m)^(issued|with|not) ", r"\1-", self.probe(*arguments, **more)).splitlines()[1:])


class Fake:
    """Does this to each of its connections, after TLS if it is given a certificate."""

    def __init__(self, test, handle, certificate=None, alpn=None, udp=False):
        self.handle, self.context = handle, None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate + ".crt", certificate + ".key")
            if alpn:
                self.context.set_alpn_protocols(alpn)
        self.listener = None
        while self.listener is None:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]
            try:
                hold(test, socket.SOCK_DGRAM, 0 if udp else self.port)
            except OSError:
                self.listener.close()
                self.listener = None
        self.target = f"127.0.0.1:{self.port}"
        test.addCleanup(self.listener.close)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            with client:
                client.settimeout(PATIENCE)
                if self.context:
                    client = self.context.wrap_socket(client, server_side=True)
                with client:
                    self.handle(client)
        except OSError:
            pass  # who asks may go whenever it likes


def banner(text):
    def handle(client):
        client.sendall(text)
        while client.recv(4096):
            pass
    return handle


def reply(text):
    def handle(client):
        client.recv(4096)
        client.sendall(text)
    return handle


def silence(client):
    while client.recv(4096):
        pass


class Real(Base):
    config = 'server = { name = "chat.example.org"; };'

    def setUp(self):
        self.start(self.config)

    def start(self, config):
        self.server = Server(config)
        self.addCleanup(self.server.__exit__)
        self.server.start()

    def test_a_server(self):
        port = self.server.port
        self.assertEqual(self.verdict(f"127.0.0.1:{port}"), f"127.0.0.1:{port} speaks VCRP 1")
        self.assertEqual(self.verdict(f"vcrps://localhost:{port}/lobby"), f"localhost:{port} speaks VCRP 1")
        self.assertEqual(self.verdict(f"[::1]:{port}"), f"[::1]:{port} speaks VCRP 1")
        told = self.fields(f"127.0.0.1:{port}")
        with open(self.server.path("data", "tls.crt")) as file:
            pin = "sha256:" + hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()
        self.assertEqual(told["server"], "chat.example.org")
        self.assertRegex(told["software"], r"^vcrpd/\d")
        self.assertIn("guest,tls", told["features"])
        self.assertRegex(told["address"], rf"^127\.0\.0\.1:{port}, connected in [\d.]+ ms, answered in [\d.]+ ms$")
        self.assertRegex(told["TLS"], r"^TLSv1\.3, TLS_\w+, ALPN vcrp, in [\d.]+ ms$")
        self.assertEqual(told["certificate"], "CN=chat.example.org")
        self.assertEqual(told["issued-by"], "CN=chat.example.org")
        self.assertRegex(told["valid"], r"^20\d\d-\d\d-\d\dT[\d:]+Z to 20\d\d-\d\d-\d\dT[\d:]+Z$")
        self.assertEqual(told["fingerprint"], pin)
        self.assertEqual(told["verified"], "no: self-signed certificate")
        self.assertIn("plain", told["with-TLS"])
        self.assertRegex(told["UDP"], r"^chat\.example\.org, vcrpd/\S+, connections: \d, rooms: 0, answered in .* ms$")

    def test_for_programs(self):
        found = json.loads(self.probe(f"localhost:{self.server.port}", "--json"))
        self.assertEqual((found["status"], found["tcp"]["vcrp"], found["tls"]["vcrp"]), (0, "1", "1"))
        self.assertEqual(found["tcp"]["server"], "chat.example.org")
        self.assertIn("tls", found["tcp"]["features"])
        self.assertIn("plain", found["tls"]["features"])
        self.assertGreater(found["tcp"]["answer_ms"], 0)
        self.assertGreater(found["tls"]["handshake_ms"], 0)
        self.assertEqual((found["tls"]["alpn"], found["tls"]["verified"]), (True, False))
        self.assertEqual((found["udp"]["answered"], found["udp"]["rooms"]), (True, 0))
        self.assertEqual(found["target"], f"localhost:{self.server.port}")

    def test_an_authority_vouches_for_it(self):
        self.start('tls = { certificate = "%s"; key = "%s"; };' % (self.file("good.crt"), self.file("good.key")))
        for host, verified in (("localhost", "yes"), ("127.0.0.1", "yes"), ("[::1]", "no: IP address mismatch")):
            told = self.fields(f"{host}:{self.server.port}", authority="ca.crt")
            self.assertEqual(told["verified"], verified)
        self.assertEqual(told["certificate"], "O=Example, CN=localhost")
        self.assertEqual(told["issued-by"], "CN=authority")
        self.assertEqual(told["names"], "localhost,chat.example.org,127.0.0.1")
        found = json.loads(self.probe(f"localhost:{self.server.port}", "--json", authority="ca.crt"))
        self.assertEqual(found["tls"]["names"], ["localhost", "chat.example.org", "127.0.0.1"])
        self.assertIs(found["tls"]["verified"], True)

    def test_without_tls_and_udp(self):
        self.start("tls = { enable = false; }; udp = { enable = false; };")
        hold(self, socket.SOCK_DGRAM, self.server.port)
        target = f"127.0.0.1:{self.server.port}"
        self.assertIn("speaks VCRP 1", self.verdict(target))
        told = self.fields(target)
        self.assertEqual(told["TLS"], "no: it does not speak TLS here")
        self.assertEqual(told["UDP"], "nothing has the port")
        self.assertNotIn("certificate", told)

    def test_it_refuses_who_asks(self):
        self.start("limits = { loopback_trusted = false; address = 1; };")
        with socket.create_connection(("127.0.0.1", self.server.port)) as held:
            held.sendall(b"PING\n")
            held.recv(100)
            verdict = self.verdict(f"127.0.0.1:{self.server.port}")
            self.assertRegex(verdict, r" speaks VCRP, but not with us: too-many ")

    def test_the_server_is_not_troubled(self):
        """Three connections that end orderly, and a question."""
        self.probe(f"127.0.0.1:{self.server.port}")
        with open(self.server.path("log")) as file:
            log = file.read()
        self.assertEqual(log.count(": quit before login"), 2, log)
        self.assertNotIn("warn [acceptor]", log)


class Others(Base):
    def test_what_it_is_instead(self):
        http = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nServer: nginx/1.22.1\r\n\r\n<html>"
        kinds = (
                (reply(http), "an HTTP server (nginx/1.22.1)"),
                (reply(b"HTTP/1.0 400 Bad Request\r\n\r\n"), "an HTTP server"),
                (reply(b"<!DOCTYPE HTML>\n<html>"), "an HTTP server"),
                (banner(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "an SSH server (SSH-2.0-OpenSSH_9.2p1 Debian-2)"),
                (banner(b"220 mail.example.org ESMTP Postfix\r\n"), "a mail server (SMTP)"),
                (banner(b"220-Welcome\r\n220 to this\r\n"), "a mail or FTP server (220-Welcome)"),
                (banner(b"220 (vsFTPd 3.0.3)\r\n"), "an FTP server"),
                (banner(b"+OK ready\r\n"), "a mail server (POP3)"),
                (banner(b"* OK [CAPABILITY IMAP4rev1] ready.\r\n"), "a mail server (IMAP)"),
                (banner(b":irc.example.org NOTICE * :*** Looking up your hostname\r\n"), "an IRC server"),
                (reply(b":irc.example.org 451 * PING :You have not registered\r\n"), "an IRC server"),
                (reply(b"ERROR :Closing Link: 127.0.0.1\r\n"), "an IRC server"),
                (reply(b"+PONG\r\n+OK\r\n"), "a Redis server"),
                (reply(b"-NOAUTH Authentication required.\r\n"), "a Redis server"),
                (banner(b'INFO {"server_id":"N"} \r\n'), "a NATS server"),
                (reply(b"ERROR\r\nERROR\r\n"), "a memcached server"),
                (banner(b"RFB 003.008\n"), "a VNC server"),
                (banner(b"J\0\0\0\n8.0.36\0abc"), 'a server that says "J..."'),
                (banner(b"who are you?\r\n"), 'a server that says "who are you?"'),
                (reply(b"VCRP is not spoken here\r\n"), 'a server that says "VCRP is not spoken here"'),
                (reply(b"ERR\r\n"), 'a server that says "ERR"'))

        def check(kind):
            fake = Fake(self, kind[0])
            self.assertEqual(self.verdict(fake.target, status=1), f"{fake.target} is not VCRP: it is {kind[1]}")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(check, kinds))

    def test_for_programs(self):
        fake = Fake(self, banner(b"SSH-2.0-dropbear\r\n"))
        found = json.loads(self.probe(fake.target, "--json", status=1))
        self.assertEqual((found["status"], found["tcp"]["vcrp"]), (1, None))
        self.assertEqual(found["tcp"]["other"], "an SSH server (SSH-2.0-dropbear)")
        self.assertEqual((found["tls"]["tls"], found["udp"]["answered"]), (False, False))
        self.assertIs(found["udp"]["unreachable"], True)

    def test_silence_is_waited_out(self):
        fake = Fake(self, silence)
        begun = time.monotonic()
        self.assertEqual(self.verdict(fake.target, "--timeout=1", status=1),
                         f"{fake.target} is not VCRP: it takes connections and says nothing")
        self.assertTrue(1 <= time.monotonic() - begun < 4)
        self.assertEqual(self.fields(fake.target, "--timeout=1", status=1)["TLS"],
                         "no: no answer to the handshake in time")

    def test_one_that_stays_is_not_waited_for(self):
        begun = time.monotonic()
        self.assertIn("an SSH server", self.verdict(Fake(self, banner(b"SSH-2.0-x\r\n")).target, "--timeout=15", status=1))
        self.assertLess(time.monotonic() - begun, 10)

    def test_one_that_says_a_letter_at_a_time_is_not_waited_for(self):
        def drip(client):
            while True:
                client.sendall(b"x")
                time.sleep(0.1)  # that is what it does
        begun = time.monotonic()
        self.assertIn('says "xxx', self.verdict(Fake(self, drip).target, "--timeout=1", status=1))
        self.assertLess(time.monotonic() - begun, 4)

    def test_one_that_says_more_and_more_is_not_heard_out(self):
        def flood(client):
            while True:
                client.sendall(b"y" * 65536)
        self.assertIn('says "yyy', self.verdict(Fake(self, flood).target, status=1))

    def test_it_closes_at_once(self):
        fake = Fake(self, lambda client: None)
        self.assertEqual(self.verdict(fake.target, status=1),
                         f"{fake.target} is not VCRP: it closes connections and says nothing")

    def test_nothing_listens(self):
        port = hold_both(self)
        self.assertEqual(self.verdict(f"127.0.0.1:{port}", status=3),
                         f"127.0.0.1:{port}: nothing answers there: Connection refused")
        told = self.fields(f"127.0.0.1:{port}", status=3)
        self.assertEqual(told["not-at"], f"127.0.0.1:{port}: Connection refused")
        self.assertEqual(told["UDP"], "nothing has the port")
        found = json.loads(self.probe(f"127.0.0.1:{port}", "--json", status=3))
        self.assertIs(found["tcp"]["connected"], False)

    def test_it_is_full(self):
        """A connection that is neither taken nor refused."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            full = []
            for _ in range(4):
                one = socket.socket()
                self.addCleanup(one.close)
                one.setblocking(False)
                one.connect_ex(listener.getsockname())
                full.append(one)
            begun = time.monotonic()
            verdict = self.verdict("127.0.0.1:%d" % listener.getsockname()[1], "--timeout=1", status=3)
            self.assertTrue(verdict.endswith("nothing answers there: Connection timed out"), verdict)
            self.assertLess(time.monotonic() - begun, 4)

    def test_there_is_no_such_host(self):
        """Too long a label for anybody to be asked."""
        host = "x" * 70 + ".example"
        self.assertRegex(self.verdict(host, status=3), rf"^{host}:3073: no such host: ")
        found = json.loads(self.probe(host, "--json", status=3))
        self.assertIn("no such host", found["verdict"])

    def test_usage(self):
        for arguments, why in ((["probe"], "name a host"), (["probe", "a", "b"], "only one host"),
                               (["probe", "a:0"], "a:0: a port is a number"), (["probe", "a:b"], "a port is a number"),
                               (["probe", "/run/vcrpd.sock"], "local socket"), (["probe", "--timeout=0", "a"], "--timeout"),
                               (["probe", "--timeout=x", "a"], "x: not a number"), (["probe", "[::1"], "']'"),
                               (["probe", "x" * 2000], "is no host's name"), (["probe", "--nonsense"], "usage")):
            done = subprocess.run([VCRP, *arguments], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(why, done.stderr)
            self.assertEqual(done.stdout, "")


class Secured(Base):
    http = staticmethod(reply(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n"))

    def test_tls_of_another(self):
        fake = Fake(self, self.http, self.file("good"), ["http/1.1"])
        told = self.probe(fake.target, status=1, authority="ca.crt")
        self.assertEqual(told.splitlines()[0], f"{fake.target} is not VCRP: it is an HTTP server (nginx), by TLS")
        self.assertRegex(told, r"(?m)^TLS +TLSv1\.3, \S+, no ALPN, ")
        self.assertRegex(told, r"(?m)^verified +yes$")

    def test_tls_that_says_nothing(self):
        fake = Fake(self, silence, self.file("good"))
        self.assertEqual(self.verdict(fake.target, "--timeout=1", status=1),
                         f"{fake.target} is not VCRP: it is a TLS server (O=Example, CN=localhost)")

    def test_one_that_wants_another_protocol_shows_its_certificate(self):
        server = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:0", "-alpn", "http/1.1", "-cert",
                                   self.file("good.crt"), "-key", self.file("good.key")], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            while not (found := re.match(r"ACCEPT 127\.0\.0\.1:(\d+)", server.stdout.readline())):
                pass
            told = self.probe(f"127.0.0.1:{found[1]}", "--timeout=2", status=1)
        finally:
            server.kill()
            server.communicate()
        self.assertIn("it is a TLS server (O=Example, CN=localhost)", told)
        self.assertIn("no ALPN", told)

    def test_a_certificate_of_another_name(self):
        fake = Fake(self, self.http, self.file("evil"))
        self.assertEqual(self.fields(f"localhost:{fake.port}", status=1, authority="evil.crt")["verified"],
                         "no: hostname mismatch")

    def test_an_old_version(self):
        fake = Fake(self, self.http, self.file("good"))
        fake.context.set_ciphers("ALL:@SECLEVEL=0")
        fake.context.minimum_version = fake.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assertRegex(self.fields(fake.target, status=1)["TLS"], r"^TLSv1\.2, ")

    def test_vcrp_by_tls_alone(self):
        fake = Fake(self, reply(b"VCRP 1 chat.example.org other/2 guest\nPONG\nBYE quit\n"), self.file("good"), ["vcrp"])
        told = self.probe(fake.target, authority="ca.crt")
        self.assertEqual(told.splitlines()[0], f"{fake.target} speaks VCRP 1, by TLS alone")
        self.assertRegex(told, r"(?m)^software +other/2$")
        self.assertIn("ALPN vcrp", told)

    def test_a_hostile_certificate(self):
        fake = Fake(self, silence, self.file("evil"))
        self.assertIn("evil", self.probe(fake.target, "--timeout=1", status=1))  # probe() looks for escapes
        self.assertIn("evil", json.loads(self.probe(fake.target, "--timeout=1", "--json", status=1))["tls"]["subject"])


class Hostile(Base):
    def test_a_later_version(self):
        fake = Fake(self, reply(b"VCRP 2 chat.example.org other/2 guest,new\n"))
        self.assertEqual(self.verdict(fake.target), f"{fake.target} speaks VCRP 2")

    def test_what_it_says_does_nothing_to_a_terminal(self):
        for text in ("VCRP 1 a{0} b{0} c{0}\n", "ERR too-many {0}\n", "HTTP/1.1 400 {0}\r\nServer: {0}\r\n\r\n",
                     "SSH-2.0-{0}\r\n", "220 {0}\r\n", "{0}\n", "VCRP 1 {0}\xff b\n", "@{0} ERR denied {0}\n"):
            fake = Fake(self, reply(text.format(ESCAPES).encode("utf-8", "replace") + b"\xff\xfe"))
            for arguments in ([], ["--json"]):
                self.probe(fake.target, *arguments, status=0 if re.match("VCRP|ERR|@", text) else 1)

    def test_it_says_much(self):
        fake = Fake(self, reply(b"VCRP 1 " + b"h" * 3000 + b" s f\n" + b"x" * 100000))
        self.assertIn("speaks VCRP 1", self.verdict(fake.target))


class Datagrams(Base):
    def bind(self, handle=None):
        """A socket of UDP at a port that does this by TCP, or does not answer there."""
        while True:
            port = Fake(self, handle, udp=True).port if handle else hold(self, socket.SOCK_STREAM)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(udp.close)
            try:
                udp.bind(("127.0.0.1", port))
                return udp
            except OSError:
                pass  # somebody has that number

    def answer(self, handle=None):
        udp = self.bind(handle)

        def serve():
            try:
                while True:
                    data, peer = udp.recvfrom(2048)
                    nonce = data.split()[2]
                    udp.sendto(b"VCRP! 1 fedcba9876543210 wrong s f 1 2\n", peer)
                    udp.sendto(b"VCRP! 1 %s lan.example other/2 guest,udp 5 6\n" % nonce, peer)
            except OSError:
                return
        threading.Thread(target=serve, daemon=True).start()
        return "127.0.0.1:%d" % udp.getsockname()[1]

    def test_by_udp_alone(self):
        target = self.answer()
        told = self.probe(target, status=4)
        self.assertEqual(told.splitlines()[0], f"{target} speaks VCRP by UDP alone; by TCP nothing answers there: "
                         "Connection refused")
        self.assertIn("lan.example, other/2, connections: 5, rooms: 6, answered in ", told)
        found = json.loads(self.probe(target, "--json", status=4))["udp"]
        self.assertEqual((found["answered"], found["connections"], found["features"]), (True, 5, ["guest", "udp"]))

    def test_by_tcp_it_is_something_else(self):
        target = self.answer(banner(b"SSH-2.0-dropbear\r\n"))
        self.assertEqual(self.verdict(target, status=4),
                         f"{target} speaks VCRP by UDP alone; by TCP it is an SSH server (SSH-2.0-dropbear)")

    def test_silence(self):
        udp = self.bind()
        target = "127.0.0.1:%d" % udp.getsockname()[1]
        self.assertEqual(self.fields(target, "--timeout=1", status=3)["UDP"], "no answer")
        udp.setblocking(False)
        self.assertNotEqual(udp.recv(2048), udp.recv(2048))  # it is asked again, what got lost


if __name__ == "__main__":
    unittest.main()
