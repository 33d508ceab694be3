#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vcrp and TLS, with a real server: whom it trusts, what it asks, and what it keeps."""
import hashlib, os, shutil, socket, ssl, subprocess, tempfile, threading, unittest
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


class Relay(threading.Thread):
    """Between a client and a server, for one connection: hears all."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.listener, self.port, self.heard = socket.create_server(("127.0.0.1", 0)), port, b""
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.start()

    def hand_on(self, source, target):
        try:
            while data := source.recv(65536):
                self.heard += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other side is gone already

    def run(self):
        client, _ = self.listener.accept()
        with self.listener, client, socket.create_connection(("127.0.0.1", self.port)) as server:
            answers = threading.Thread(target=self.hand_on, args=(server, client))
            answers.start()
            self.hand_on(client, server)
            answers.join()


class AccountsBase(Base):
    config = 'limits = { lines = 0; }; server = { retry_spread = 1; }; accounts = { registration = "open"; };'
    password = "correct horse"

    def setUp(self):
        super().setUp()
        self.vcrp("--accept-new", "rooms")
        self.file = self.write("password", self.password + "\n")

    def write(self, name, text, mode=0o600):
        path = self.server.path(name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def register(self, *arguments):
        self.assertEqual(self.vcrp("register", *arguments, "alice", text=self.password + "\n"), "alice is yours.\n")

    def alice(self, *arguments, **more):
        return self.vcrp("-u", "alice", "--password-file", self.file, *arguments, **more)

    def administrator(self, line):
        with socket.socket(socket.AF_UNIX) as local:
            local.settimeout(PATIENCE)
            local.connect(self.server.socket)
            local.sendall(f"AUTH EXTERNAL\n{line}\n".encode())
            for answer in local.makefile():
                if answer.startswith("OK " + line.split()[0]):
                    return answer.split()
                self.assertFalse(answer.startswith("ERR"), answer)

    def said(self):
        """Who said the first thing in ops."""
        with subprocess.Popen([VCRP, "tail", "-a", "0", "ops"], stdout=subprocess.PIPE, text=True,
                              env=self.server.environment) as tail:
            for line in tail.stdout:
                if " MSG " in line:
                    tail.kill()
                    return line.split(" MSG ")[1].split()[3]


class Accounts(AccountsBase):
    def test_an_account_is_made_and_used(self):
        self.register()
        self.alice("say", "ops", "hello")
        self.assertEqual(self.said(), "alice")
        self.assertIn("name-reserved", self.vcrp("register", "alice", text="mine\n", status=1))
        self.vcrp("-n", "alice", "rooms", status=1)  # nor is it a guest's any more
        self.vcrp("-s", f"vcrps://alice@{self.address}", "--password-file", self.file, "rooms")

    def test_a_wrong_password_is_refused(self):
        self.register()
        self.write("password", "incorrect horse")
        self.assertIn("auth-failed", self.alice("rooms", status=1))
        self.assertIn("auth-failed", self.vcrp("-u", "bob", "--password-file", self.file, "rooms", status=1))

    def test_a_password_is_changed(self):
        self.register()
        self.alice("passwd", text="n\u00e4xt\n")
        self.assertIn("auth-failed", self.alice("rooms", status=1))
        self.write("password", "na\u0308xt")  # the same in other bytes
        self.alice("rooms")
        self.assertIn("whose?", self.vcrp("passwd", status=2))
        self.assertIn("no password", self.alice("passwd", text="\n", status=2))

    def test_where_a_password_may_come_from(self):
        self.register()
        for name, mode in (("readable", 0o640), ("others", 0o604), ("writable", 0o622)):
            path = self.write(name, self.password, mode)
            self.assertIn("chmod 600", self.vcrp("-u", "alice", "--password-file", path, "rooms", status=2))
        self.assertIn("no file", self.vcrp("-u", "alice", "--password-file", "/", "rooms", status=2))
        self.assertIn("No such file", self.vcrp("-u", "alice", "--password-file", "/none", "rooms", status=2))
        self.assertIn("no terminal", self.vcrp("-u", "alice", "rooms", status=2))
        self.write("password", "x" * 5000)
        self.assertIn("too long", self.alice("rooms", status=2))
        for given in (self.password.encode(), self.password.encode() + b"\r\nand more"):
            end, other = os.pipe()
            os.write(other, given)
            os.close(other)
            self.vcrp("-u", "alice", f"--password-fd={end}", "rooms", fds=[end])
            os.close(end)

    def test_a_password_does_not_leave(self):
        relay = Relay(self.server.port)
        self.vcrp("-s", relay.address, "register", "alice", text=self.password)
        self.assertIn(b"OK REGISTER", relay.heard)
        self.assertNotIn(self.password.encode(), relay.heard)
        relay = Relay(self.server.port)
        self.alice("-s", relay.address, "rooms")
        self.assertIn(b"AUTH SCRAM-SHA-256 ", relay.heard)
        self.assertNotIn(self.password.encode(), relay.heard)
        relay = Relay(self.server.port)
        self.alice("-s", f"vcrps://{relay.address}", f"--fingerprint={self.fingerprint()}", "rooms")
        for word in (b"AUTH", b"alice", b"HELLO"):
            self.assertNotIn(word, relay.heard)

    def test_nobody_sees_what_is_typed(self):
        self.register()
        terminal = self.terminal("-u", "alice", "rooms")
        terminal.answer("Password of alice: ", self.password)
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(self.password, terminal.text())
        terminal = self.terminal("register", "bob")
        terminal.answer("New password: ", "one")
        terminal.answer("The same again: ", "another")
        self.assertEqual(terminal.end(), 2)
        self.assertNotIn("another", terminal.text())
        terminal = self.terminal("-u", "alice", "rooms")
        terminal.wait_for("Password of alice: ")
        terminal.type("\x03")
        self.assertEqual(terminal.end(), -2)

    def test_it_is_the_same_account_after_a_restart(self):
        self.register()
        tail = subprocess.Popen([VCRP, "-u", "alice", "--password-file", self.file, "tail", "-a", "0", "ops"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                env=self.server.environment)
        self.alice("say", "ops", "before")
        while "before" not in tail.stdout.readline():
            pass
        self.restart()
        self.alice("say", "ops", "after")
        self.assertIn(" alice after\n", tail.stdout.readline())
        tail.kill()
        tail.communicate()

    def test_an_account_is_known_by_its_certificate(self):
        self.register()
        subprocess.run(["sh", "-ec", CERTIFY], cwd=self.server.directory, check=True, stderr=subprocess.DEVNULL)
        files = ["--certificate", self.server.path("good.crt"), "--certificate-key", self.server.path("good.key")]
        self.assertIn("auth-failed", self.vcrp(*files, "rooms", status=1))
        self.administrator(f"ACCOUNT certificate alice {self.fingerprint('good.crt')}")
        self.vcrp(*files, "say", "ops", "by certificate")
        self.assertEqual(self.said(), "alice")

    def test_a_bot_of_a_few_lines_can_do_it(self):
        bot = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../contrib/clients/vcrps.py")
        self.register()

        def say(text, pin, password=self.password):
            done = subprocess.run(["python3", bot, "127.0.0.1", str(self.server.port), "alice", "ops", text, *pin],
                                  input=password + "\n", capture_output=True, text=True, timeout=PATIENCE)
            return done.stdout or done.stderr
        self.assertRegex(say("hello", [self.fingerprint()]), r"^@id=\S+ MSG ops \d+ \d+ alice hello\n$")
        self.assertIn("another one", say("hello", ["sha256:" + "0" * 64]))
        self.assertIn("CERTIFICATE_VERIFY_FAILED", say("hello", []))
        self.assertIn("auth-failed", say("hello", [self.fingerprint()], "wrong"))

    def test_marks_are_kept(self):
        self.register()
        self.alice("say", "lobby", text="one\ntwo\n")
        for count in (0, 1):
            terminal = self.terminal("-u", "alice", "--password-file", self.file)
            terminal.wait_for("three" if count else "two\r\n")
            terminal.type("/quit\r")
            self.assertEqual(terminal.end(), 0)
            self.assertEqual(terminal.text().count("-- read until here --"), count)
            self.alice("say", "lobby", "three")


class Invitations(AccountsBase):
    config = "limits = { lines = 0; }; server = { retry_spread = 1; };"

    def test_who_is_invited_makes_one_account(self):
        self.assertIn("--invite", self.vcrp("register", "alice", text="x\n", status=2))
        token = self.administrator("ACCOUNT invite")[3]
        self.register("-i", token)
        self.assertIn("denied", self.vcrp("register", "-i", token, "bob", text="x\n", status=1))


class Plain(AccountsBase):
    config = ('limits = { lines = 0; loopback_trusted = false; }; tls = { required = true; };'
              'accounts = { registration = "open"; };')

    def test_passwords_are_taken_with_tls_alone(self):
        self.register()
        for arguments in (["-u", "alice", "--password-file", self.file, "rooms"], ["register", "bob"]):
            told = self.vcrp("-s", f"127.0.0.1:{self.server.port}", *arguments, text="x\n", status=1)
            self.assertIn("vcrps://", told)
        self.alice("rooms")


class Hostile(unittest.TestCase):
    """A server that says these lines to whoever comes, after the first of his."""
    escapes = "\x1b]0;t\x07\x1b[2J\u009b2J\u202e\r\x08"

    def ask(self, lines, *arguments):
        with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryDirectory() as home:
            threading.Thread(target=self.serve, args=(listener, lines), daemon=True).start()
            environment = dict(os.environ, HOME=home, LC_ALL="C.UTF-8", XDG_STATE_HOME=home, XDG_CONFIG_HOME=home)
            with open(os.path.join(home, "password"), "w") as file:
                file.write("secret")
            os.chmod(file.name, 0o600)
            done = subprocess.run([VCRP, "-s", "127.0.0.1:%d" % listener.getsockname()[1], "-w", "1",
                                   "--password-file", file.name, *arguments], env=environment, text=True,
                                  capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        self.assertNotRegex(done.stdout + done.stderr, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
        return done.returncode, done.stderr

    def serve(self, listener, lines):
        client, _ = listener.accept()
        with client, client.makefile() as file:
            for line, _ in zip(lines, file):
                client.sendall(line.encode())
            file.read()

    def test_too_few_and_too_many_iterations(self):
        for count in ("1", "4095", "10000001", "-1", "x"):
            status, told = self.ask([f"VCRP 1 h s register,scram-i={count}\nPONG\n"], "register", "alice")
            self.assertEqual((status, "iterations" in told), (3, True), told)

    def test_a_server_that_proves_nothing(self):
        for lines in (["VCRP 1 h s scram-sha-256\nPONG\n", "OK AUTH alice\n"], ["VCRP 1 h s x\nOK AUTH alice\n"],
                      ["VCRP 1 h s scram-sha-256\nPONG\n", "AUTH dj1BQUFB\nOK AUTH alice\n"],
                      ["OK AUTH alice\n"], ["OK HELLO ~alice\n"]):
            status, told = self.ask(lines, "-u", "alice", "rooms")
            self.assertIn(status, (1, 3))
            self.assertNotIn("Connected", told)

    def test_what_it_says_before_the_login(self):
        for line in ("ERR denied {}", "ERR {} {}", "BYE {} {}", "VCRP {} {} {} {}", "VCRP 1 {} {} {}\nERR auth-failed {}",
                     "{}", "NOTICE {}\nERR need-tls {}", "VCRP 1 h s register,scram-i={}"):
            for arguments in (["rooms"], ["-u", "alice", "rooms"], ["register", "alice"]):
                status, _ = self.ask([line.replace("{}", self.escapes) + "\n"], *arguments)
                self.assertIn(status, (1, 3))


if __name__ == "__main__":
    unittest.main()
