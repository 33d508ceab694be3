#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""As whom the server runs, and what is in its reach: started by root, by a user, and by a manager of services.
VCRPD names the program; SECCOMP, SYSTEMD and SANITIZERS say how it was built."""
import base64, fcntl, os, pwd, re, select, shutil, signal, socket, stat, struct, subprocess, tempfile, unittest
from server import PATIENCE, Server

VCRPCTL = os.environ.get("VCRPCTL", "./vcrpctl")
ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")
SANITIZED = os.environ.get("SANITIZERS", "no") != "no"
SYSTEMD = os.environ.get("SYSTEMD", "yes") == "yes"
FILTERED = os.environ.get("SECCOMP", "yes") == "yes" and not SANITIZED


class Person:
    def __init__(self, where):
        if isinstance(where, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(where)
        else:
            self.socket = socket.create_connection(("127.0.0.1", where), PATIENCE)
        self.lines = self.socket.makefile("r", encoding="utf-8", newline="\n")

    def ask(self, text, answer, errors=False):
        """The first line that has the answer; errors: what comes before may be one."""
        self.socket.sendall((text + "\n").encode())
        for line in self.lines:
            if re.match("(@\\S+ )?(" + answer + ")", line):
                return line
            if not errors and " ERR " in " " + line:
                raise AssertionError(line)
        raise AssertionError("ended before " + answer)

    def close(self):
        self.lines.close()
        self.socket.close()


class Standing(Server):
    """In a directory that others may enter, with a program that they may run."""

    def __init__(self, config=""):
        super().__init__(config)
        os.chmod(self.directory, 0o755)
        self.program = shutil.copy(os.environ.get("VCRPD", "./vcrpd"), self.path("vcrpd"))
        os.chmod(self.config, 0o644)
        self.more = {}

    def launch(self, port=0):
        with open(self.path("log"), "a") as log:
            self.process = subprocess.Popen(
                [self.program, "-c", self.config, "-d", self.path("data"), "-p", str(port)],
                stdout=subprocess.PIPE, stderr=log, text=True, **self.more)

    def by_nobody(self):
        """Started by that user, who has the directory."""
        os.mkdir(self.path("data"), 0o700)
        os.chown(self.path("data"), NOBODY.pw_uid, NOBODY.pw_gid)
        self.more = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}

    def status(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return dict(re.findall(r"^(\w+):\s+(.*)$", file.read(), re.M))

    def log(self):
        with open(self.path("log")) as file:
            return file.read()

    def fails(self):
        """What it says when it does not start."""
        self.launch()
        self.process.wait(PATIENCE)
        return self.log()


class Base(unittest.TestCase):
    def server(self, config=""):
        server = Standing(config)
        self.addCleanup(self.end, server)
        return server

    def end(self, server):
        if hasattr(server, "process"):
            if server.process.poll() is None:
                self.assertEqual(server.stop(), 0, server.log())
            self.assertNotRegex(server.log(), "Sanitizer|runtime error")
            server.__exit__()
        else:
            shutil.rmtree(server.directory)

    def person(self, where):
        person = Person(where)
        self.addCleanup(person.close)
        return person

    def chat(self, server):
        person = self.person(server.port)
        person.ask("HELLO alice", "OK HELLO")
        person.ask("JOIN lobby", "OK JOIN")
        person.ask("SAY lobby hello", "MSG lobby")
        return person

    def judge(self, server, uid):
        """It has what it needs, and that is all."""
        status = server.status()
        self.assertEqual(status["Uid"].split(), [str(uid)] * 4)
        for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(int(status[kind], 16), 0, kind)
        self.assertEqual(status["NoNewPrivs"], "1")
        if FILTERED:
            self.assertEqual(status["Seccomp"], "2", server.log())
        if not SANITIZED:
            with open(f"/proc/{server.process.pid}/limits") as file:
                self.assertRegex(file.read(), r"Max core file size\s+0\s+0\s")
        for path, _, files in os.walk(server.path("data")):
            for each in [path] + [os.path.join(path, name) for name in files]:
                found = os.lstat(each)
                self.assertEqual(found.st_uid, uid, each)
                if not stat.S_ISSOCK(found.st_mode):
                    self.assertEqual(found.st_mode & 0o077, 0, each)


@unittest.skipUnless(ROOT, "only root can be somebody else")
class ByRoot(Base):
    def test_root_becomes_the_user_that_is_named(self):
        server = self.server('server = { user = "nobody"; };')
        server.start()
        self.chat(server)
        self.judge(server, NOBODY.pw_uid)
        self.assertEqual(int(server.status()["CapBnd"], 16), 0)
        self.assertEqual(server.status()["Groups"].split(), [str(g) for g in os.getgrouplist(
            "nobody", NOBODY.pw_gid)])
        self.assertIn("runs as nobody", server.log())
        if FILTERED:
            self.assertNotIn(" warn ", server.log())
        # Root is an administrator still, and so is whom the server runs as.
        self.person(server.socket).ask("AUTH EXTERNAL", "OK AUTH root")
        os.chmod(server.path("data"), 0o711)
        told = subprocess.run([shutil.copy(VCRPCTL, server.path("vcrpctl")), "-s", server.socket, "status"],
                              user=NOBODY.pw_uid, group=NOBODY.pw_gid, extra_groups=[], capture_output=True,
                              text=True, timeout=PATIENCE, cwd="/")
        self.assertEqual(told.returncode, 0, told.stderr)

    def test_root_becomes_who_owns_the_data(self):
        server = self.server()
        server.by_nobody()
        server.more = {}
        server.start()
        self.chat(server)
        self.judge(server, NOBODY.pw_uid)

    def test_roots_own_data_is_served_without_capabilities(self):
        server = self.server()
        server.start()
        self.chat(server)
        self.judge(server, 0)
        self.assertIn("runs as root", server.log())

    def test_a_port_of_roots_is_bound_before(self):
        """One that only root may bind is not bound, nor any file written, by the user."""
        server = self.server('server = { user = "nobody"; };')
        for port in range(601, 700):
            server.launch(port)
            if re.match(r"vcrpd: ready", server.process.stdout.readline()):
                break
            server.process.wait(PATIENCE)
            server.process.stdout.close()
        self.person(port).ask("HELLO alice", "OK HELLO")
        self.judge(server, NOBODY.pw_uid)

    def test_who_cannot_be_is_told(self):
        server = self.server('server = { user = "no-such-user"; };')
        self.assertIn("server.user: there is no user no-such-user", server.fails())
        self.assertFalse(os.path.exists(server.path("data")))
        other = self.server('server = { user = "daemon"; };')
        other.by_nobody()
        self.assertIn("only root can start the server as daemon", other.fails())

    def test_what_root_restores_is_the_users(self):
        server = self.server('server = { user = "nobody"; };')
        server.start()
        self.chat(server)
        self.assertEqual(subprocess.run([VCRPCTL, "-s", server.socket, "backup", server.path("data", "copy")],
                                        capture_output=True, timeout=PATIENCE).returncode, 0)
        self.assertEqual(server.stop(), 0)
        os.rename(server.path("data", "copy"), server.path("copy"))
        os.mkdir(server.path("owned"), 0o700)
        os.chown(server.path("owned"), NOBODY.pw_uid, NOBODY.pw_gid)
        for name, by in (("new", ["-c", server.config]), ("owned", [])):
            told = subprocess.run([server.program, "--restore", server.path("copy"), "-d", server.path(name), *by],
                                  capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(told.returncode, 0, told.stderr)
            self.assertTrue(os.listdir(server.path(name)))
            for path, _, files in os.walk(server.path(name)):
                for each in [path] + [os.path.join(path, file) for file in files]:
                    self.assertEqual(os.stat(each).st_uid, NOBODY.pw_uid, each)
        # What that user cannot read is told, and root's rights are not used.
        os.chown(server.path("copy"), 0, 0)
        told = subprocess.run([server.program, "--restore", server.path("copy"), "-d", server.path("other"), "-c",
                               server.config], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(told.returncode, 1)
        self.assertIn("copy: Permission denied", told.stderr)
        server.process.stdout.close()
        shutil.rmtree(server.path("data"))
        os.rename(server.path("new"), server.path("data"))
        server.start()
        self.person(server.port).ask("HELLO bob", "OK HELLO")

    def test_data_of_others_is_refused(self):
        server = self.server('server = { user = "nobody"; };')
        os.mkdir(server.path("data"), 0o700)
        self.assertRegex(server.fails(), "data: Permission denied for user nobody; chown -R nobody")


class Tested(Base):
    """vcrpd -t: what a start would say, with nothing made."""

    def told(self, config, **more):
        server = self.server(config)
        done = subprocess.run([server.program, "-t", "-c", server.config, "-d", server.path("data")],
                              capture_output=True, text=True, timeout=PATIENCE, **more)
        self.assertEqual(sorted(os.listdir(server.directory)), ["vcrpd", "vcrpd.conf"])
        self.assertEqual(done.returncode, 0 if "is good" in done.stdout else 1, done.stderr)
        return done.stdout + done.stderr

    def pair(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=test", "-keyout", os.path.join(self.place, name + ".key"), "-out",
                        os.path.join(self.place, name + ".crt")], check=True, capture_output=True)

    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="vcrp-test-")
        self.addCleanup(shutil.rmtree, self.place)
        os.chmod(self.place, 0o755)

    def test_what_is_good_is_good(self):
        self.assertIn("the configuration is good", self.told(""))
        self.pair("one")
        text = 'tls = { certificate = "D/one.crt"; key = "D/one.key"; client_ca = "D/one.crt"; };' \
               'storage = { backups = "D"; };'
        self.assertIn("the configuration is good", self.told(text.replace("D", self.place)))

    def test_certificates_are_looked_at(self):
        self.pair("one")
        self.pair("two")
        with open(os.path.join(self.place, "text"), "w") as file:
            file.write("no certificate\n")
        for text, why in (
                ('certificate = "D/none"; key = "D/one.key";', "D/none: No such file"),
                ('certificate = "D/text"; key = "D/one.key";', "D/text: is not a certificate in PEM"),
                ('certificate = "D/one.crt"; key = "D/none";', "D/none: No such file"),
                ('certificate = "D/one.crt"; key = "D/two.key";', "D/two.key: is not the certificate's private key"),
                ('certificate = "D/one.crt";', "tls.key: is missing"),
                ('client_ca = "D/none";', "D/none: No such file"),
                ('client_ca = "D/text";', "D/text: is not a certificate in PEM")):
            self.assertRegex(self.told("tls = { %s };" % text.replace("D", self.place)),
                             "vcrpd: " + why.replace("D", self.place))
        self.assertIn("is good", self.told('tls = { enable = false; client_ca = "/nowhere"; };'))

    def test_users_and_directories_are_looked_at(self):
        self.assertIn("vcrpd: server.user: there is no user no-such-user",
                      self.told('server = { user = "no-such-user"; };'))
        self.assertRegex(self.told('storage = { backups = "/nowhere/at/all"; };'),
                         "vcrpd: storage.backups: /nowhere/at/all: No such file")
        self.assertRegex(self.told('storage = { backups = "/etc/passwd"; };'),
                         "vcrpd: storage.backups: /etc/passwd: Not a directory")

    @unittest.skipUnless(ROOT, "only root can be somebody else")
    def test_what_that_user_cannot_read_is_told(self):
        self.pair("one")
        text = 'server = { user = "nobody"; }; tls = { certificate = "D/one.crt"; key = "D/one.key"; };'
        self.assertRegex(self.told(text.replace("D", self.place)), "one.key: Permission denied")
        self.assertIn("only root can start the server as daemon",
                      self.told('server = { user = "daemon"; };', user=NOBODY.pw_uid, group=NOBODY.pw_gid,
                                extra_groups=[]))


@unittest.skipUnless(ROOT, "only root can have a /dev/log of its own")
class Logged(Base):
    """To syslog and to the journal, whose sockets are the test's, by a server that is confined."""

    ALONE = """set -e
        mkdir {0}/dev {0}/logs
        chmod 755 {0}/dev {0}/logs
        mount --bind /dev {0}/dev
        mount -t tmpfs -o mode=755 none /dev
        ln -s {0}/dev/null {0}/dev/urandom /dev
        ln -s {0}/logs/socket /dev/log
        mount -t tmpfs -o mode=755 none /run
        mkdir -p /run/systemd/journal
        ln -s {0}/logs/socket /run/systemd/journal/socket
        {1}"""

    def listen(self, server):
        if os.path.exists(server.path("logs/socket")):
            os.unlink(server.path("logs/socket"))
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listening.close)
        listening.bind(server.path("logs/socket"))
        os.chmod(server.path("logs/socket"), 0o666)
        listening.settimeout(PATIENCE)
        return listening

    def run_alone(self, server, command):
        """Nothing that is mounted there is seen elsewhere."""
        with open(server.path("log"), "a") as log:
            server.process = subprocess.Popen(
                ["unshare", "-m", "sh", "-c", self.ALONE.format(server.directory, command)],
                stdout=subprocess.PIPE, stderr=log, text=True)
        self.addCleanup(server.process.stdout.close)
        return server.process.stdout.readline()

    def reload(self, server):
        done = subprocess.run([VCRPCTL, "-s", server.socket, "reload"], capture_output=True, text=True,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)

    def finish(self, pidfd):
        if not select.select([pidfd], [], [], 0)[0]:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os.close(pidfd)

    def pid(self, server):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(server.socket)
            return struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def lines(self, target, option):
        server = self.server(f'log = {{ target = "{target}"; }};')
        if "here" not in self.run_alone(server, "echo here"):
            self.skipTest("no mounts of one's own here")
        server.process.wait(PATIENCE)
        os.rmdir(server.path("dev"))
        os.rmdir(server.path("logs"))
        server.by_nobody()
        ready = self.run_alone(server, f"exec {server.program} {option} -p 0 -c {server.config} "
                                       f"-d {server.path('data')}")
        self.assertIn("ready", ready, server.log())
        pid = self.pid(server)
        pidfd = os.pidfd_open(pid)
        self.addCleanup(self.finish, pidfd)
        if FILTERED:
            with open(f"/proc/{pid}/status") as file:
                self.assertRegex(file.read(), "Seccomp:\t2")
        # Nobody listens; then somebody does, and another in its place.
        self.reload(server)
        for _ in range(2):
            listening = self.listen(server)
            self.reload(server)
            # Who asked before may be still about to be told of.
            yield next(line for line in iter(lambda: listening.recv(65536).decode(), "") if "reloaded" in line)
            listening.close()
        self.reload(server)
        listening = self.listen(server)
        signal.pidfd_send_signal(pidfd, signal.SIGTERM)
        self.assertTrue(select.select([pidfd], [], [], PATIENCE)[0])
        self.assertEqual(server.process.wait(PATIENCE), 0, server.log())
        yield listening.recv(65536).decode()

    def test_syslog(self):
        for target, option in (("stderr", "-b"), ("syslog", "-b"), ("syslog", "-f")):
            *reloaded, stopped = self.lines(target, option)
            self.assertEqual(len(reloaded), 2)
            for line in reloaded:
                self.assertRegex(line, r"<30>.* vcrpd\[\d+\]: \[main\] configuration reloaded")
            self.assertRegex(stopped, r"<30>.* vcrpd\[\d+\]: ")

    def test_journal(self):
        for option in "-b", "-f":
            *reloaded, stopped = self.lines("journal", option)
            self.assertEqual(len(reloaded), 2)
            for line in reloaded:
                self.assertRegex(line, r"PRIORITY=6\nMESSAGE=\[main\] configuration reloaded\nSYSLOG_IDENTIFIER=vcrpd\n")
            self.assertIn("PRIORITY=6\nMESSAGE=", stopped)


class Reach(Base):
    def started(self, config=""):
        server = self.server(config)
        if ROOT:
            server.by_nobody()
        server.start()
        return server

    def ctl(self, server, *arguments):
        return subprocess.run([VCRPCTL, "-s", server.socket, *arguments], capture_output=True, text=True,
                              timeout=PATIENCE)

    def test_a_user_runs_it(self):
        server = self.started()
        self.chat(server)
        self.judge(server, NOBODY.pw_uid if ROOT else os.geteuid())

    def test_a_directory_that_is_open_is_closed(self):
        server = self.server()
        if ROOT:
            server.by_nobody()
        else:
            os.mkdir(server.path("data"))
        os.chmod(server.path("data"), 0o755)
        server.start()
        self.assertEqual(os.stat(server.path("data")).st_mode & 0o7777, 0o700)
        self.assertRegex(server.log(), "warn .*/data was open to others .mode 755.")

    @unittest.skipIf(SANITIZED, "not confined with sanitizers")
    def test_backups_are_where_they_may_be(self):
        outside = tempfile.mkdtemp(prefix="vcrp-test-")
        self.addCleanup(shutil.rmtree, outside)
        os.chmod(outside, 0o777)
        for option, inside in (("", "data"), ("storage = { backups = \"%s\"; };", "kept")):
            server = self.server()
            os.mkdir(server.path("kept"))
            os.chmod(server.path("kept"), 0o777)
            if option:
                server.configure(option % server.path("kept"))
            if ROOT:
                server.by_nobody()
            server.start()
            if "files are not confined" in server.log():
                self.skipTest("this kernel has no landlock")
            self.chat(server)
            refused = self.ctl(server, "backup", os.path.join(outside, "x"))
            self.assertEqual(refused.returncode, 1)
            self.assertRegex(refused.stderr, "denied: .*; storage.backups says where")
            self.assertEqual(os.listdir(outside), [])
            made = self.ctl(server, "backup", server.path(inside, "copy"))
            self.assertEqual(made.returncode, 0, made.stderr)
            verified = self.ctl(server, "verify", server.path(inside, "copy"))
            self.assertEqual(verified.returncode, 0, verified.stdout)

    def test_a_place_for_backups_that_is_not_there_is_told(self):
        server = self.server('storage = { backups = "/nowhere/at/all"; };')
        self.assertIn("storage.backups: /nowhere/at/all: No such file", server.fails())

    def test_the_configuration_is_read_again(self):
        """Another file by its name; also of addresses, about which libc asks the system."""
        server = self.started('log = { level = "info"; };')
        for text in ('server = { listen = [ "::1", "127.0.0.1" ]; }; log = { level = "debug"; };',
                     'server = { listen = [ "fe80::1%lo", "1.2.3.4" ]; };', "what = { };", ""):
            with open(server.config + ".new", "w") as file:
                file.write(text)
            os.rename(server.config + ".new", server.config)
            told = self.ctl(server, "reload")
            self.assertEqual(told.returncode, 1 if "what" in text else 0, told.stderr)
        self.chat(server)
        self.assertIn("server.listen: needs a restart", server.log())

    def test_a_kill_is_known_from_a_crash_of_the_system(self):
        """The boot's id is in reach: numbers go on without a gap."""
        server = self.started()
        self.chat(server)
        server.process.kill()
        server.process.wait(PATIENCE)
        server.process.stdout.close()
        server.start()
        self.assertNotIn("the system went down", server.log())

    def test_many_rooms_come_and_go(self):
        """Their threads start and end under the filter."""
        server = self.started("rooms = { linger = 0; }; limits = { lines = 0; rooms_per_connection = 1000; };")
        person = self.chat(server)
        for number in range(100):
            person.ask(f"JOIN room{number}", f"OK JOIN room{number}")
        for number in range(100):
            person.ask(f"LEAVE room{number}", f"OK LEAVE room{number}")
        person.ask("SEARCH lobby 10 hello", "OK SEARCH")
        person.ask("HISTORY lobby 10", "OK HISTORY")

    def pass_sockets(self, server, *sockets):
        """As systemd does: from descriptor 3 on."""
        # Copies that are not among those that they become.
        above = [fcntl.fcntl(each.fileno(), fcntl.F_DUPFD, 100) for each in sockets]
        for fd in above:
            self.addCleanup(os.close, fd)
        server.more.update(preexec_fn=lambda: [os.dup2(fd, 3 + at) for at, fd in enumerate(above)], close_fds=False)
        server.program = server.path("activated")
        with open(server.program, "w") as file:
            file.write(f'#!/bin/sh\nLISTEN_FDS={len(sockets)} LISTEN_PID=$$ exec {server.path("vcrpd")} "$@"\n')
        os.chmod(server.program, 0o755)

    @unittest.skipUnless(SYSTEMD, "built without libsystemd")
    def test_sockets_are_taken_over(self):
        """Also by a server that begins later: who connects meanwhile waits."""
        server = self.server()
        if ROOT:
            server.by_nobody()
        tcp = socket.create_server(("127.0.0.1", 0))
        local = socket.socket(socket.AF_UNIX)
        local.bind(server.path("passed"))
        os.chmod(server.path("passed"), 0o666)
        local.listen()
        port = tcp.getsockname()[1]
        early = self.person(port)
        self.pass_sockets(server, tcp, local)
        server.start()
        self.assertEqual(server.port, port)
        early.ask("HELLO early", "OK HELLO")
        self.assertFalse(os.path.exists(server.socket))
        self.person(server.path("passed")).ask("HELLO local", "OK HELLO")
        self.assertEqual(server.stop(), 0)
        # The sockets are the manager's, and so is the file.
        self.assertTrue(os.path.exists(server.path("passed")))
        late = self.person(port)
        server.process.stdout.close()
        server.start()
        self.assertEqual(server.port, port)
        late.ask("HELLO late", "OK HELLO")
        tcp.close()
        local.close()

    @unittest.skipUnless(SYSTEMD, "built without libsystemd")
    def test_sockets_of_datagrams_are_taken_over(self):
        """With both families in one, as systemd makes them; also where nothing is to be done with them."""
        for enable in ("true", "false"):
            server = self.server("udp = { enable = %s; };" % enable)
            if ROOT:
                server.by_nobody()
            tcp = socket.create_server(("127.0.0.1", 0))
            both = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            both.bind(("::", 0))
            self.pass_sockets(server, tcp, both)
            server.start()
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.7")):
                peer = socket.socket(family, socket.SOCK_DGRAM)
                peer.settimeout(PATIENCE)
                # Connected: an answer from another address than was asked is none.
                peer.connect((host, both.getsockname()[1]))
                if enable == "true":
                    peer.send(b"VCRP? 1 0123456789abcdef".ljust(512))
                    self.assertTrue(peer.recv(1500).startswith(b"VCRP! 1 0123456789abcdef "))
                peer.close()
            person = self.person(server.port)
            person.ask("HELLO ada", "OK HELLO")
            person.ask("UDP", "OK UDP" if enable == "true" else "ERR denied")
            self.assertEqual(server.stop(), 0)
            tcp.close()
            both.close()

    def test_a_port_of_udp_that_is_taken(self):
        """The number is one for both, so a server without its half does not start."""
        config = 'server = { listen = [ "127.0.0.1" ]; };'
        with socket.create_server(("127.0.0.1", 0)) as free, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(free.getsockname())
            free.close()
            port = taken.getsockname()[1]
            server = self.server(config)
            server.launch(port)
            server.process.wait(PATIENCE)
            self.assertIn(f"port {port} of UDP: Address already in use", server.log())
            server = self.server(config + "udp = { enable = false; };")
            server.start(port)
            self.assertEqual(server.stop(), 0)

    @unittest.skipUnless(SYSTEMD, "built without libsystemd")
    def test_what_is_passed_is_looked_at(self):
        server = self.server()
        one, other = socket.socketpair()
        self.pass_sockets(server, one)
        self.assertIn("a socket that was passed: Invalid argument", server.fails())
        one.close()
        other.close()


class Secrets(Base):
    """Keys and passwords, as they come: taken, refused, cut, too long."""

    def lines(self):
        def secret():
            self.secrets.append(os.urandom(20).hex())
            return self.secrets[-1]

        def plain():
            self.secrets.append(base64.b64encode(b"\0dora\0" + os.urandom(21)).decode())
            return self.secrets[-1]

        def verifier():
            keys = [base64.b64encode(os.urandom(size)).decode() for size in (16, 32, 32)]
            self.secrets.extend(keys)
            return "SCRAM-SHA-256$10000:%s$%s:%s" % tuple(keys)
        return [f"@key={secret()} HELLO !", f"@key={secret()} REGISTER dora {verifier()}",
                f"REGISTER dora {verifier()[:-3]}", f"AUTH PLAIN {plain()}", f"AUTH PLAIN {plain()}=", f"AUTH {plain()}",
                f"PASSWD {verifier()}", f"ACCOUNT add dora {verifier()}", f"ACCOUNT passwd dora {verifier()}",
                f"AUTH SCRAM-SHA-256 {plain()}", f"@key={secret()};id=x HELLO", "PASSWD " + verifier() + "x" * 5000,
                f"@key={secret()} HELLO {'carol' if self.guests else 'dave'} hall"]

    def say_all(self, where):
        first, then = self.person(where), self.person(where)
        for person in (first, then):
            person.ask("HELP", "OK HELP")
        for line in self.lines():
            first.socket.sendall((line + "\n").encode())
        self.guests = False
        first.ask("PING end", "PONG", True)
        # Piece by piece, so that what is begun is kept.
        key = self.lines()[-1].split()[0]
        for piece in (key[:20], key[20:] + " HEL", "LO erin\n"):
            then.socket.sendall(piece.encode())
            self.other.ask("PING", "PONG")
        then.ask("PING end", "PONG", True)

    def memory(self, pid):
        """What it can write to, a piece at a time."""
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                found = re.match("([0-9a-f]+)-([0-9a-f]+) rw", line)
                if found:
                    begin, end = (int(number, 16) for number in found.groups())
                    try:
                        memory.seek(begin)
                        yield memory.read(end - begin)
                    except OSError:
                        pass

    def test_none_is_logged_kept_or_left_in_memory(self):
        self.secrets, self.guests = [], True
        server = self.server('log = { level = "debug"; }; limits = { lines = 0; };')
        server.start()
        self.other = self.chat(server)
        self.say_all(server.port)
        self.say_all(server.socket)
        root = self.person(server.socket)
        root.ask("AUTH EXTERNAL", "OK AUTH")
        administrators = self.lines()
        for line in administrators:
            root.socket.sendall((line + "\n").encode())
        root.ask("PING end", "PONG", True)
        self.assertGreater(len(self.secrets), 50)
        # What an administrator gives an account is what the database is for.
        given = [part for line in administrators if line.startswith("ACCOUNT") for part in re.split("[$: ]", line)]
        # Where its own memory is looked at, a secret of that moment is found.
        places = {"the log": [server.log().encode()]}
        if ROOT and not SANITIZED:
            held = os.urandom(20).hex()
            self.other.socket.sendall(b"SAY lobby " + held.encode())
            self.other.socket.sendall(b"\n")
            self.other.ask("PING", "PONG")
            places["its memory"] = list(self.memory(server.process.pid))
            self.assertTrue(any(held.encode() in piece for piece in places["its memory"]))
        self.assertEqual(server.stop(), 0)
        for path, _, files in os.walk(server.path("data")):
            for name in files:
                with open(os.path.join(path, name), "rb") as file:
                    places[name] = [file.read()]
        places["the log"] = [server.log().encode()]
        for place, pieces in places.items():
            for secret in self.secrets:
                if secret in given and place != "the log":
                    continue
                whole = secret.encode()
                if place == "its memory":
                    # What a line that was cut off begins with may be shown.
                    whole = secret[8:].encode()
                self.assertFalse(any(whole in piece for piece in pieces), f"{secret} is in {place}")


if __name__ == "__main__":
    unittest.main()
