#!/usr/bin/env python3
# peers.py -- the servers that are compared, each with its limits raised
#
# SPDX-License-Identifier: MIT
"""A server that is to be measured is started anew, on a free port of the
loopback and with a configuration of its own in a temporary directory. What is
said in the configurations here is all that differs from the defaults.

    bench/peers.py NAME [--build DIR]

runs one in the foreground: it prints the port and the process, and stops it
when standard input ends or by Ctrl-C.
"""

import argparse
import atexit
import ctypes
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WAIT = 20
CORES = sorted(os.sched_getaffinity(0))
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
under_way = []


class NotStarted(Exception):
    pass


def raise_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def die_with_parent(cores):
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.sched_setaffinity(0, cores)


def run(command, cores=None, **options):
    """Starts a process that does not outlive this one."""
    process = subprocess.Popen(
        command, preexec_fn=lambda: die_with_parent(cores or CORES),
        **options)
    under_way.append(process)
    return process


def end(process, wait=WAIT):
    """Its exit status; killed if it does not end by itself."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process in under_way:
        under_way.remove(process)
    return process.returncode


@atexit.register
def end_all():
    while under_way:
        process = under_way.pop()
        process.kill()
        process.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def make_certificate(where):
    """`pem` and `key`, as vcrpd makes them for itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=bench",
                    "-keyout", os.path.join(where, "key"),
                    "-out", os.path.join(where, "pem")],
                   check=True, capture_output=True)
    os.chmod(os.path.join(where, "key"), 0o644)


class Server:
    """One server under way. Subclasses say what it is and how it is set up:
    `text` is its configuration, `arguments` its command line, in both of
    which {port}, {dir} and {conf} are filled in."""

    name = program = None  # program: on the path, or in the build
    package = None         # of Debian; None: it is ours
    protocol = "vcrp"
    version_of = "--version"
    text = ""
    arguments = ()
    at_once = 500          # logins under way that it copes with
    tls = False            # whether the load has to speak TLS
    note = None            # what bounds its logins

    def __init__(self, build, cores=None, rooms=()):
        """build: where our own programs are; cores: those to run on; rooms:
        the names of those that will be spoken in."""
        self.build, self.rooms = build, rooms
        self.dir = tempfile.mkdtemp(prefix="vcrp-compare-")
        # Some change to a user of their own.
        os.chmod(self.dir, 0o755)
        self.log = os.path.join(self.dir, "log")
        if self.tls and self.package is not None:
            make_certificate(self.dir)
        self.port = None if self.package is None else free_port()
        try:
            self.start(cores)
        except BaseException:
            self.stop()
            raise

    @classmethod
    def path(cls, build):
        if cls.package is None:
            path = os.path.join(build, cls.program)
            return path if os.access(path, os.X_OK) else None
        return shutil.which(cls.program, path=os.environ.get("PATH", "") +
                            ":/usr/sbin:/usr/local/sbin")

    @classmethod
    def version(cls, build):
        if cls.version_of is None:
            return cls.name
        done = subprocess.run([cls.path(build), cls.version_of], text=True,
                              stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, timeout=WAIT)
        found = re.search(r"\d+(\.\d+)+", done.stdout)
        return "%s %s" % (cls.name, found.group(0) if found else "?")

    def start(self, cores):
        conf = os.path.join(self.dir, "conf")
        places = {"port": self.port, "dir": self.dir, "conf": conf}
        with open(conf, "w", encoding="utf-8") as f:
            f.write(self.text % places)
        command = [self.path(self.build)]
        if command[0] is None:
            raise NotStarted("%s is missing" % self.program)
        command += [argument % places for argument in self.arguments]
        with open(self.log, "wb") as log:
            self.process = run(command, cores, stdin=subprocess.DEVNULL,
                               stdout=log, stderr=log)
        self.pid = self.process.pid
        limit = time.monotonic() + WAIT
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > limit:
                raise NotStarted("%s did not start: %s" % (
                    self.name, self.told()[-300:].strip()))
            time.sleep(0.005)
        self.prepare()

    def ready(self):
        if self.package is not None:
            return answers(self.port)
        found = re.search(r"ready on port (\d+)", self.told())
        self.port = int(found.group(1)) if found else None
        return found is not None

    def prepare(self):
        """What it needs before the load comes."""

    def told(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        status = 0
        if hasattr(self, "process"):
            status = end(self.process)
        shutil.rmtree(self.dir, ignore_errors=True)
        return status

    def field(self, file, name):
        """A number out of a file of /proc."""
        with open("/proc/%d/%s" % (self.pid, file), encoding="ascii") as f:
            return int(re.search(r"^%s:\s+(\d+)" % name, f.read(),
                                 re.M).group(1))

    def cpu(self):
        """Seconds so far, to the nanosecond, of all its threads."""
        return time.clock_gettime((~self.pid << 3) | 2)


class Floor(Server):
    name, program = "floor", "vcrp-floor"
    version_of = None


class Vcrp(Server):
    name, program = "vcrp", "vcrpd"
    version_of = "-V"
    io = 0
    text = """
server = {
	listen = [ "127.0.0.1" ];
	socket = "%(dir)s/sock";
};
limits = {
	lines = 0;
	address = 0;
};
"""
    arguments = ("-f", "-c", "%(conf)s", "-d", "%(dir)s/data", "-p", "0")


class VcrpOff(Vcrp):
    """Without history: an administrator makes the rooms ephemeral."""
    name = "vcrp-off"

    def prepare(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(WAIT)
            s.connect(os.path.join(self.dir, "sock"))
            said = ["AUTH EXTERNAL\n"]
            said += ["JOIN %s\nSET %s ephemeral on\nLEAVE %s\n" % (r, r, r)
                     for r in self.rooms]
            lines = s.makefile("r", encoding="utf-8")
            for each in said:
                s.sendall(each.encode())
                self.answered(lines, each.count("\n"))

    def answered(self, lines, count):
        while count > 0:
            line = lines.readline()
            if line == "" or line.startswith("ERR"):
                raise NotStarted("%s: no room without history: %s" % (
                    self.name, line.strip()))
            count -= line.startswith("OK ")


class VcrpTls(Vcrp):
    name, tls = "vcrp-tls", True


class VcrpIo1(Vcrp):
    """One io thread, and one core for all of the server."""
    name = "vcrp-io1"
    text = Vcrp.text + "threads = { io = 1; };\n"

    def __init__(self, build, cores=None, rooms=()):
        super().__init__(build, CORES[:1], rooms)


class VcrpIo2(Vcrp):
    name = "vcrp-io2"
    text = Vcrp.text + "threads = { io = 2; };\n"


class Ngircd(Server):
    """A connection's output over 32 KiB that the kernel does not take ends it;
    that limit is compiled in."""
    name = program = package = "ngircd"
    protocol = "irc"
    at_once = 8
    note = "8 at a time: its backlog of 10 connections is compiled in"
    text = """
[Global]
	Name = irc.bench.test
	Info = bench
	AdminInfo1 = bench
	AdminEMail = bench@example.org
	Listen = 127.0.0.1
	Ports = %(port)d
	MotdPhrase = bench
[Limits]
	# 0 is: no limit.
	MaxConnections = 0
	MaxConnectionsIP = 0
	MaxJoins = 0
	MaxPenaltyTime = 0
	MaxNickLength = 30
	# Nobody is asked whether he is there.
	PingTimeout = 3600
[Options]
	DNS = no
	Ident = no
	PAM = no
"""
    arguments = ("-n", "-f", "%(conf)s")


class Inspircd(Server):
    """The class of all connections has neither a flood limit (commandrate,
    threshold, fakelag) nor small queues; nothing is looked up."""
    name = program = package = "inspircd"
    protocol = "irc"
    at_once = 4000
    note = "it completes logins once a second, whoever waits"
    text = """
<server name="irc.bench.test" description="bench" network="bench">
<admin name="bench" nick="bench" email="bench@example.org">
<bind address="127.0.0.1" port="%(port)d" type="clients">
<connect name="all" allow="*" timeout="60" pingfreq="1h"
	hardsendq="1073741824" softsendq="1073741824" recvq="1073741824"
	commandrate="1000000000" threshold="1000000000" fakelag="no"
	localmax="1000000" globalmax="1000000" limit="1000000"
	maxconnwarn="no" maxchans="1000000" resolvehostnames="no" useident="no">
<performance netbuffersize="65534" somaxconn="4096" softlimit="1000000"
	clonesonconnect="no" quietbursts="yes">
<limits maxnick="30">
<options defaultmodes="n">
<log method="file" type="*" level="error" target="%(dir)s/ircd.log">
"""
    arguments = ("--config", "%(conf)s", "--nofork", "--nopid", "--runasroot")


class InspircdTls(Inspircd):
    name, tls = "inspircd-tls", True
    text = Inspircd.text.replace('type="clients"', """type="clients"
	sslprofile="bench\"""") + """
<module name="ssl_gnutls">
<sslprofile name="bench" provider="gnutls" certfile="%(dir)s/pem"
	keyfile="%(dir)s/key">
"""


class Nats(Server):
    name, program = "nats", "nats-server"
    package = "nats-server"
    protocol = "nats"
    text = """
host: 127.0.0.1
port: %(port)d
max_connections: 1000000
max_subscriptions: 0
max_pending: 1073741824
write_deadline: "60s"
ping_interval: "1h"
"""
    arguments = ("-c", "%(conf)s")


class Redis(Server):
    """Descriptors bound its maxclients. One thread for all that is
    done, as by default; of its io threads it says that they want more than
    three cores."""
    name, program = "redis", "redis-server"
    package = "redis-server"
    protocol = "redis"
    text = """
bind 127.0.0.1
port %(port)d
dir %(dir)s
daemonize no
# Nothing is kept.
save ""
appendonly no
maxclients %(clients)d
tcp-backlog 4096
timeout 0
client-output-buffer-limit pubsub 0 0 0
client-output-buffer-limit normal 0 0 0
"""
    arguments = ("%(conf)s",)

    def start(self, cores):
        # It refuses to start with more than there are descriptors.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100
        self.text = self.text.replace("%(clients)d", str(most))
        super().start(cores)


class RedisTls(Redis):
    name, tls = "redis-tls", True
    text = Redis.text.replace("port %(port)d", """port 0
tls-port %(port)d
tls-cert-file %(dir)s/pem
tls-key-file %(dir)s/key
tls-auth-clients no""")


class Mosquitto(Server):
    """0 and -1 are: no limit."""
    name = program = package = "mosquitto"
    protocol = "mqtt"
    at_once = 80
    note = "80 at a time: its backlog of 100 connections is compiled in"
    version_of = "-h"
    text = """
listener %(port)d 127.0.0.1
allow_anonymous true
max_connections -1
max_keepalive 65535
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages 0
max_inflight_bytes 0
memory_limit 0
set_tcp_nodelay true
persistence false
sys_interval 0
connection_messages false
log_type error
"""
    arguments = ("-c", "%(conf)s")


class MosquittoTls(Mosquitto):
    name, tls = "mosquitto-tls", True
    text = Mosquitto.text + """
certfile %(dir)s/pem
keyfile %(dir)s/key
"""


PEERS = (Ngircd, Inspircd, Nats, Redis, Mosquitto)
TLS_PEERS = (InspircdTls, RedisTls, MosquittoTls)
SERVERS = {s.name: s for s in
           (Floor, Vcrp, VcrpOff, VcrpTls, VcrpIo1, VcrpIo2) + PEERS +
           TLS_PEERS}


def main():
    parser = argparse.ArgumentParser(description="Runs one server.")
    parser.add_argument("name", choices=SERVERS)
    parser.add_argument("--build", default=os.path.join(TOP, "build"),
                        help="where our own programs are (build)")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    raise_descriptors()
    try:
        server = SERVERS[args.name](args.build)
    except NotStarted as why:
        sys.exit("peers.py: %s" % why)
    try:
        print("%s port %d pid %d" % (server.name, server.port, server.pid),
              flush=True)
        sys.stdin.read()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()


if __name__ == "__main__":
    main()
