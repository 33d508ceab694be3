#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""nmap and a real server: it is known by contrib/nmap, and not troubled by nmap's own questions. Needs root."""
import os, re, socket, ssl, subprocess, tempfile, threading, unittest
import xml.etree.ElementTree as xml
from people import Peer
from server import Server

PROBES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../contrib/nmap/vcrp-service-probes")
OWN = "/usr/share/nmap/nmap-service-probes"
PATIENCE = 400
WAIT = 500  # ms for an answer to one of its own questions: to some there is none until it goes on
CERTIFY = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=x -keyout x -out x"


class Nmap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server('server = { name = "chat.example.org"; }; limits = { login_timeout = 10; };')
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def scan(self, port, *arguments):
        """What it says of the port: the attributes of `service`."""
        done = subprocess.run(["nmap", "-n", "-Pn", "-sV", "-oX", "-", "-p", str(port), *arguments, "127.0.0.1"],
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return xml.fromstring(done.stdout).find(".//port/service").attrib

    def is_known(self, service, info=r"VCRP 1, server chat\.example\.org"):
        self.assertEqual((service["name"], service["product"]), ("vcrp", "vcrpd"))
        self.assertRegex(service["version"], r"^\d+\.\d+")
        self.assertRegex(service["extrainfo"], f"^{info}$")

    def answer(self, handle):
        """A port that does this, and its number."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                try:
                    with client:
                        handle(client)
                except OSError:
                    pass  # nmap goes when it has what it wants
        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    def test_by_tcp(self):
        self.is_known(self.scan(self.server.port, "--versiondb", PROBES))

    def test_by_udp(self):
        self.is_known(self.scan(self.server.port, "-sU", "--versiondb", PROBES),
                      r"VCRP 1, server chat\.example\.org, connections: \d+, rooms: \d+")

    def test_inside_tls(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(CERTIFY.replace("-keyout x", "-keyout k").split(), cwd=directory, check=True,
                           stderr=subprocess.DEVNULL)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(os.path.join(directory, "x"), os.path.join(directory, "k"))

        def handle(client):
            if client.recv(1, socket.MSG_PEEK) != b"\x16":
                client.sendall(b"\x15\x03\x01\x00\x02\x02\x0a")
                return
            with context.wrap_socket(client, server_side=True) as inside:
                inside.recv(4096)
                inside.sendall(b"VCRP 1 chat.example.org vcrpd/0.1 guest\nPONG\nBYE quit\n")
        service = self.scan(self.answer(handle), "--versiondb", PROBES)
        self.is_known(service)
        self.assertEqual(service["tunnel"], "ssl")

    def test_other_software(self):
        for line in (b"VCRP 1 chat.example.org other/2 guest\nPONG\n", b"VCRP 2 chat.example.org vcrpd\n",
                     b"@limit=limits.address ERR too-many connections\n", b"ERR banned go\n"):
            def handle(client):
                client.recv(4096)
                client.sendall(line)
            service = self.scan(self.answer(handle), "--versiondb", PROBES)
            self.assertEqual((service["name"], service.get("product")), ("vcrp", None))

    def test_with_its_own(self):
        """As the README has it: both in one file."""
        with tempfile.NamedTemporaryFile("w", encoding="latin-1") as both:
            with open(OWN, encoding="latin-1") as own, open(PROBES) as ours:
                both.write(own.read())
                # A port is asked first what is for it.
                both.write(ours.read().replace("ports 3073", f"ports {self.server.port}"))
            both.flush()
            self.is_known(self.scan(self.server.port, "--versiondb", both.name))

    def hasty(self):
        """Its own questions, all of them, with less time for each."""
        with open(OWN, encoding="latin-1") as own:
            text = re.sub(r"^totalwaitms .*\n", "", own.read(), flags=re.M)
        file = tempfile.NamedTemporaryFile("w", encoding="latin-1")
        self.addCleanup(file.close)
        file.write(re.sub(r"^(Probe TCP .*\n)", rf"\1totalwaitms {WAIT}\n", text, flags=re.M))
        file.flush()
        return file.name

    def test_its_own_do_not_disturb(self):
        """All that it has, while somebody talks."""
        questions = self.hasty()
        alice = Peer(self.server).hello("alice")
        self.addCleanup(alice.close)
        alice.send("JOIN lobby")
        alice.until("OK JOIN")
        over, said = threading.Event(), 0
        scan = threading.Thread(target=lambda: (self.scan(self.server.port, "--version-all", "--versiondb", questions),
                                                over.set()), daemon=True)
        scan.start()
        while not over.wait(0.5):  # it is a pace
            said += 1
            alice.good(f"SAY lobby {said}")
        self.assertGreater(said, 1)
        self.assertIsNone(self.server.process.poll())
        with open(self.server.path("log")) as file:
            log = file.read()
        self.assertGreater(log.count("not VCRP"), 10)
        self.assertEqual(re.findall(r" (?:warn|fatal) \[(?!main).*", log), [])


if __name__ == "__main__":
    unittest.main()
