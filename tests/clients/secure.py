#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vcrp and TLS, with a real server: whom it trusts, what it asks, and what it keeps."""
import hashlib, os, shutil, ssl, subprocess, unittest
from screen import VCRP, Terminal
from server import PATIENCE, Server

CERTIFY = """
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=authority \
    -keyout ca.key -out ca.crt
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout good.key -out good.csr
openssl x509 -req -in good.csr -days 9 -copy_extensions copy -CA ca.crt -CAkey ca.key -out good.crt
"""


class Base(unittest.TestCase):
    config = "limits = { lines = 0; }; server = { retry_spread = 1; };"

    def setUp(self):
        self.server = Server(self.config)
        self.server.start()
        self.here()
        self.server.environment.update(XDG_CONFIG_HOME=self.server.path("config"))
        self.known = self.server.path("config", "vcrp", "known_servers")

    def tearDown(self):
        self.server.__exit__()

    def here(self):
        """The server has another port after each start."""
        self.address = f"localhost:{self.server.port}"
        self.server.environment["VCRP_SERVER"] = "vcrps://" + self.address

    def restart(self):
        self.server.stop()
        self.server.process.stdout.close()
        self.server.start(self.server.port)

    def vcrp(self, *arguments, text="", status=0, fds=()):
        done = subprocess.run([VCRP, *arguments], input=text, capture_output=True, text=True, pass_fds=fds,
                              timeout=PATIENCE, env=self.server.environment)
        self.assertEqual(done.returncode, status, (arguments, done.stdout, done.stderr))
        return done.stdout if status == 0 else done.stderr

    def terminal(self, *arguments):
        return Terminal(self.server.environment, *arguments)

    def fingerprint(self, *path):
        with open(self.server.path(*path or ("data", "tls.crt"))) as file:
            return "sha256:" + hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()

    def lines(self):
        with open(self.known) as file:
            return file.read().splitlines()


class Pins(Base):
    def change(self):
        """The server gets another key."""
        for name in ("tls.crt", "tls.key"):
            os.unlink(self.server.path("data", name))
        self.restart()

    def test_a_new_server_is_not_taken_unasked(self):
        told = self.vcrp("rooms", status=3)
        self.assertIn(self.fingerprint(), told)
        self.assertIn("self-signed", told)
        self.assertFalse(os.path.exists(self.known))

    def test_a_new_server_is_taken_when_told_to_and_remembered(self):
        self.vcrp("--accept-new", "say", "ops", "hello")
        self.assertEqual(self.lines(), [f"{self.address} {self.fingerprint()}"])
        self.assertEqual(os.stat(self.known).st_mode & 0o777, 0o600)
        self.assertEqual(self.vcrp("rooms"), "ops 0\n")
        self.vcrp("--accept-new", "rooms")
        self.assertEqual(len(self.lines()), 1)

    def test_who_sits_there_is_asked(self):
        terminal = self.terminal("rooms")
        terminal.wait_for(self.fingerprint())
        terminal.answer("[y/N]", "")
        self.assertEqual(terminal.end(), 3)
        self.assertFalse(os.path.exists(self.known))
        terminal = self.terminal()
        terminal.answer("[y/N]", "y")
        terminal.wait_for("lobby> ")
        terminal.type("/quit\r")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual(self.lines(), [f"{self.address} {self.fingerprint()}"])

    def test_another_certificate_is_refused_out_loud(self):
        os.makedirs(os.path.dirname(self.known))
        with open(self.known, "w") as file:
            file.write("# mine\nother:1 ca")
        self.vcrp("--accept-new", "rooms")
        before = self.fingerprint()
        self.change()
        for arguments in (["rooms"], ["--accept-new", "rooms"]):
            told = self.vcrp(*arguments, status=3)
            for text in ("NOT THE ONE IT WAS", before, self.fingerprint(), f"line 3 of {self.known}"):
                self.assertIn(text, told)
        terminal = self.terminal("rooms")
        self.assertEqual(terminal.end(), 3)  # and asks nobody
        self.assertNotIn("[y/N]", terminal.text())
        self.vcrp(f"--fingerprint={self.fingerprint()}", "rooms")
        self.vcrp(f"--fingerprint={before}", "rooms", status=3)
        self.assertEqual(self.lines(), ["# mine", "other:1 ca", f"{self.address} {before}"])
        with open(self.known, "w") as file:
            file.write("# mine\nother:1 ca\n")
        self.vcrp("--accept-new", "rooms")

    def test_it_ends_when_the_certificate_changes_meanwhile(self):
        self.vcrp("--accept-new", "say", "ops", "hello")
        tail = subprocess.Popen([VCRP, "tail", "-a", "0", "ops"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env=self.server.environment)
        while "hello" not in tail.stdout.readline():
            pass
        self.change()
        told = tail.communicate(timeout=PATIENCE)[1]
        self.assertEqual(tail.returncode, 3)
        self.assertIn("NOT THE ONE IT WAS", told)

    def test_options_are_checked(self):
        self.vcrp("--fingerprint=sha256:12", "rooms", status=2)
        self.vcrp("--certificate=/nonexistent", "rooms", status=2)
        self.vcrp("-s", "vcrps://a:secret@localhost", "rooms", status=2)

    def test_nothing_can_be_kept(self):
        self.server.environment["XDG_CONFIG_HOME"] = "/dev/null"
        self.vcrp("rooms", status=3)
        self.vcrp("--accept-new", "rooms")


class Authority(Base):
    config = 'limits = { lines = 0; }; tls = { certificate = "%s"; key = "%s"; };'

    def setUp(self):
        self.server = Server()
        subprocess.run(["sh", "-ec", CERTIFY], cwd=self.server.directory, check=True, stderr=subprocess.DEVNULL)
        self.crt, self.key = self.server.path("server.crt"), self.server.path("server.key")
        self.use("good")
        self.server.configure(self.config % (self.crt, self.key))
        self.server.start()
        self.here()
        self.server.environment.update(XDG_CONFIG_HOME=self.server.path("config"),
                                       SSL_CERT_FILE=self.server.path("ca.crt"))
        self.known = self.server.path("config", "vcrp", "known_servers")

    def use(self, name):
        shutil.copy(self.server.path(name + ".crt"), self.crt)
        shutil.copy(self.server.path(name + ".key"), self.key)

    def test_what_an_authority_verifies_is_taken_and_nothing_less_afterwards(self):
        self.vcrp("rooms")
        self.vcrp("rooms")
        self.assertEqual(self.lines(), [self.address + " ca"])
        self.use("ca")  # an honest certificate, of somebody else
        self.restart()
        for arguments in (["rooms"], ["--accept-new", "rooms"]):
            told = self.vcrp(*arguments, status=3)
            self.assertIn("NOT THE ONE IT WAS", told)
            self.assertIn("hostname mismatch", told)
        self.assertEqual(self.lines(), [self.address + " ca"])

    def test_another_name_for_it_is_not_verified(self):
        told = self.vcrp("-s", f"vcrps://127.0.0.1:{self.server.port}", "rooms", status=3)
        self.assertIn("IP address mismatch", told)


if __name__ == "__main__":
    unittest.main()
