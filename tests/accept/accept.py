# accept.py -- what the acceptance scripts share: a server, clients, loads
#
# SPDX-License-Identifier: MIT
"""A script makes a Row, starts a Server with the configuration it needs, loads
it, compares figures with bounds by row.check(), and ends with row.finish().

The server runs on the first core and loads on the second, as all bounds were
set for that; only addresses of 127.0.0.0/8 are used.
"""

import argparse
import atexit
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

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(1, os.path.join(TOP, "tests", "crash"))
sys.path.insert(1, os.path.join(TOP, "tests", "clients"))
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
WAIT = 30


def no_file_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Row:
    """One row of the acceptance table: its arguments, figures and verdict."""

    def __init__(self, name, bound, options=None):
        parser = argparse.ArgumentParser(description=bound)
        parser.add_argument("--build", default=os.path.join(TOP, "build"),
                            help="where vcrpd and vcrp-bench are (build)")
        parser.add_argument("--keep", action="store_true",
                            help="keep the server's log and data")
        for option, (default, text) in (options or {}).items():
            parser.add_argument("--" + option, type=type(default),
                                default=default,
                                help="%s (%s)" % (text, default))
        self.args = parser.parse_args()
        self.args.build = os.path.abspath(self.args.build)
        self.name, self.failed, self.servers, self.loads = name, [], [], []
        self.dir = tempfile.mkdtemp(prefix="vcrp-accept-")
        os.chmod(self.dir, 0o755)
        self.done = False
        atexit.register(self.broke_off)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        no_file_limit()
        print("== %s: %s" % (name, bound), flush=True)

    def figure(self, name, value, unit=""):
        if isinstance(value, float):
            value = "%.3f" % value if abs(value) < 10 else "%.1f" % value
        print("   %-44s %s %s" % (name, value, unit), flush=True)

    def check(self, good, text):
        print("   %s %s" % ("good:" if good else "BAD: ", text), flush=True)
        if not good:
            self.failed.append(text)
        return good

    def at_most(self, name, value, bound, unit=""):
        shown = "%.3f" % value if isinstance(value, float) else value
        return self.check(value <= bound, "%s %s <= %s %s" % (
            name, shown, bound, unit))

    def program(self, name, build=None):
        path = os.path.join(build or self.args.build, name)
        if not os.path.exists(path):
            sys.exit("%s is missing: give --build" % path)
        return path

    def broke_off(self):
        """Whatever happened, nothing that was started stays behind."""
        for each in self.loads + self.servers:
            if each.process.poll() is None:
                each.process.kill()
        if not self.done:
            print("FAIL %s: it broke off; see %s" % (self.name, self.dir),
                  flush=True)

    def finish(self):
        self.done = True
        for load in self.loads:
            if load.process.poll() is None:
                load.process.kill()
        for server in self.servers:
            if server.process.poll() is None:
                status = server.stop()
                self.check(status == 0, "server's exit status %s is 0" % status)
            reports = server.reports()
            self.check(not reports, "no sanitizer report, no crash")
            for text in reports[:3]:
                print(text)
        if self.args.keep or self.failed:
            print("   logs and data are in", self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        print("%s %s%s" % ("FAIL" if self.failed else "ok", self.name,
                           ": " + "; ".join(self.failed) if self.failed
                           else ": all bounds kept"), flush=True)
        sys.exit(1 if self.failed else 0)


def setting(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[ %s ]" % ", ".join(setting(v) for v in value)
    return '"%s"' % value


def config_text(options):
    """Options by path, as `{"limits.lines": 0}`, in the server's syntax."""
    groups = {}
    for path, value in options.items():
        group, key = path.split(".")
        groups.setdefault(group, []).append("\t%s = %s;\n" % (
            key, setting(value)))
    return "".join("%s = {\n%s};\n" % (group, "".join(rows))
                   for group, rows in groups.items())


def pin(core):
    if len(CORES) > 1:
        os.sched_setaffinity(0, {core})


def pin_first():
    """Real-time, so that a measuring client is not delayed by the load."""
    pin(LOAD_CORE)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except PermissionError:
        pass


def pin_load():
    pin(LOAD_CORE)


class Server:
    """A server of its own, on a port that the kernel picks."""

    LOADED = {"limits.lines": 0, "limits.address": 0}

    def __init__(self, row, config=None, build=None, env=None, nofile=None,
                 uid=None, nproc=None, pinned=True, args=(), program="vcrpd",
                 started=True):
        self.row, self.nofile, self.uid, self.nproc = row, nofile, uid, nproc
        self.pinned, self.killed = pinned, False
        self.dir = tempfile.mkdtemp(dir=row.dir)
        self.conf = os.path.join(self.dir, "vcrpd.conf")
        self.data = os.path.join(self.dir, "data")
        self.sock = os.path.join(self.dir, "sock")
        self.log_path = os.path.join(self.dir, "log")
        self.config = dict(self.LOADED)
        self.config.update({"server.socket": self.sock,
                            "server.listen": ["127.0.0.1"]})
        self.config.update(config or {})
        self.write_config()
        os.mkdir(self.data)
        if uid is not None:
            for path in (self.dir, self.data, self.conf):
                os.chown(path, uid, uid)
        self.env = dict(os.environ)
        self.env.setdefault("TSAN_OPTIONS", "halt_on_error=0")
        self.env.setdefault("ASAN_OPTIONS", "detect_leaks=1")
        self.env.update(env or {})
        self.command = [row.program(program, build), "-f", "-c", self.conf,
                        "-d", self.data, "-p", "0", *args]
        if started:
            self.start()

    def launch(self, **env):
        """Starts it without waiting; env: more of that, for this life."""
        with open(self.log_path, "ab") as log_file:
            self.process = subprocess.Popen(
                self.command, stdout=subprocess.PIPE, stderr=log_file,
                env=dict(self.env, **env), preexec_fn=self.prepare)
        self.pid, self.killed = self.process.pid, False
        if self not in self.row.servers:
            self.row.servers.append(self)

    def start(self, **env):
        self.launch(**env)
        self.port = self.ready()

    def crash(self):
        """A kill that it cannot prepare for; it may be started again."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.killed = True

    def prepare(self):
        if self.pinned:
            pin(SERVER_CORE)
        if self.nofile:
            resource.setrlimit(resource.RLIMIT_NOFILE,
                               (self.nofile, self.nofile))
        if self.uid is not None:
            os.setgroups([])
            os.setgid(self.uid)
            os.setuid(self.uid)
        if self.nproc:
            resource.setrlimit(resource.RLIMIT_NPROC,
                               (self.nproc, self.nproc))

    def ready(self):
        for line in self.process.stdout:
            found = re.match(rb"vcrpd: ready on port (\d+)", line)
            if found:
                return int(found.group(1))
        sys.exit("the server did not start:\n" + self.log())

    def write_config(self, **changes):
        self.config.update(changes)
        self.write_text(config_text(self.config))

    def write_text(self, text):
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def reports(self):
        found = re.findall(
            r"(?:WARNING: ThreadSanitizer|ERROR: AddressSanitizer|"
            r"ERROR: LeakSanitizer|runtime error:|Assertion).*"
            r"(?:\n.*){0,25}", self.log())
        if self.process.poll() not in (None, 0) and not self.killed:
            found.append("exit status %s\n%s" % (
                self.process.poll(), self.log()[-2000:]))
        return found

    def status(self, field):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as f:
            found = re.search(r"^%s:\s+(\d+)" % field, f.read(), re.M)
        return int(found.group(1)) if found else 0

    def rss(self):
        return self.status("VmRSS")

    def threads(self):
        return self.status("Threads")

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def sockets(self):
        """Not the logs, which rooms open when something is said."""
        folder, count = "/proc/%d/fd" % self.pid, 0
        for name in os.listdir(folder):
            try:
                count += os.readlink(os.path.join(folder, name)).startswith(
                    "socket:")
            except FileNotFoundError:
                pass
        return count

    def pss(self):
        with open("/proc/%d/smaps_rollup" % self.pid, encoding="ascii") as f:
            return int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))

    def cpu(self):
        """Seconds so far, to the nanosecond of what the scheduler counts."""
        total = 0
        for task in os.listdir("/proc/%d/task" % self.pid):
            try:
                with open("/proc/%d/task/%s/schedstat" % (self.pid, task),
                          encoding="ascii") as f:
                    total += int(f.read().split()[0])
            except OSError:
                pass
        return total / 1e9

    def kill(self, number):
        os.kill(self.pid, number)

    def stop(self):
        self.kill(signal.SIGTERM)
        try:
            return self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "killed: SIGTERM did nothing"


class Load:
    """A vcrp-bench under way."""

    def __init__(self, row, server, mode, measured=False, build=None,
                 **options):
        given = [row.program("vcrp-bench", build), mode, "--port",
                 str(server.port), "--pid", str(server.pid)]
        for name, value in options.items():
            given.append("--" + name.replace("_", "-"))
            if value is not True:
                given.append(str(value))
        self.command = " ".join(given)
        self.process = subprocess.Popen(
            given, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
            preexec_fn=pin_first if measured else pin_load)
        self.faults, self.figures = [], {}
        row.loads.append(self)

    def take(self, line):
        if line.startswith("fault:") or line.startswith("vcrp-bench:"):
            self.faults.append(line.strip())
            return
        name, _, value = line.partition(" ")
        try:
            self.figures[name] = float(value)
        except ValueError:
            self.faults.append(line.strip())

    def until(self, name):
        """Reads figures until this one has come."""
        for line in self.process.stdout:
            self.take(line)
            if name in self.figures:
                return self.figures[name]
        sys.exit("the load ended: %s" % self.faults)

    def tell(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        for line in self.process.stdout:
            self.take(line)
        self.status = self.process.wait()
        return self

    def good(self, row, what="load"):
        for fault in self.faults[:5]:
            print("   " + fault)
        row.check(self.status == 0,
                  "%s: nothing lost, doubled or misordered" % what)

    def __getitem__(self, name):
        return self.figures.get(name, 0.0)


def load(row, server, mode, **options):
    """Runs a vcrp-bench to its end."""
    started = Load(row, server, mode, **options)
    # Nothing on standard input is no line on it.
    for line in started.process.stdout:
        started.take(line)
    return started.end()


class Client:
    """One connection, read line by line."""

    def __init__(self, where, nick=None, key=None, from_address=None,
                 timeout=10):
        if isinstance(where, str):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect(where)
        else:
            self.sock = socket.create_connection(
                ("127.0.0.1", where), timeout,
                (from_address, 0) if from_address else None)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        if nick:
            self.hello(nick, key)

    def hello(self, nick, key=None):
        attrs = "@key=%s " % key if key else ""
        self.send("%sHELLO %s" % (attrs, nick))
        return self.until("OK HELLO")

    def send(self, *lines):
        self.raw("".join(line + "\n" for line in lines).encode())

    def raw(self, data):
        self.sock.sendall(data)

    def line(self, timeout=None):
        """The next line; None at the end of the connection."""
        if timeout is not None:
            self.sock.settimeout(timeout)
        while b"\n" not in self.rest:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode("utf-8", "replace")

    def until(self, pattern, skipped=None):
        """The next line that has `pattern` at its beginning, attributes
        aside. An ERR in between is an error here."""
        while True:
            line = self.line()
            if line is None:
                raise EOFError("ended before %s" % pattern)
            plain = re.sub(r"^@\S* ", "", line)
            if re.match(pattern, plain):
                return line
            if plain.startswith("ERR"):
                raise ValueError("%s before %s" % (line, pattern))
            if skipped is not None:
                skipped.append(line)

    def join(self, room, after=None):
        self.send("JOIN %s%s" % (room, "" if after is None
                                 else " %d" % after))
        return int(self.until("OK JOIN").split()[-1])

    def ping(self):
        """Seconds that a PING takes; what comes before its PONG is lost."""
        begin = time.monotonic()
        self.send("PING here")
        self.until("PONG")
        return time.monotonic() - begin

    def close(self, reset=False):
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 b"\1\0\0\0\0\0\0\0")
        self.sock.close()


def administrator(server):
    """A connection over the local socket, where root is an administrator."""
    client = Client(server.sock)
    client.send("AUTH EXTERNAL")
    client.until("OK AUTH")
    return client


def until(what, seconds=WAIT, step=0.01):
    """Waits for a condition that only looking can tell; False if it stays."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(step)
    return bool(what())


def quantile(values, q):
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def private_network(**sysctls):
    """Runs the script anew in a network of its own, with these settings of
    net.ipv4 there: socket buffers as small as a bound supposes."""
    if os.environ.get("VCRP_PRIVATE_NETWORK"):
        return
    if os.geteuid() != 0:
        sys.exit("this one needs root, for a network of its own")
    orders = ["ip link set lo up"]
    for name, value in sysctls.items():
        orders.append("echo '%s' > /proc/sys/net/ipv4/%s" % (value, name))
    orders.append('exec "$@"')
    os.environ["VCRP_PRIVATE_NETWORK"] = "1"
    os.execvp("unshare", ["unshare", "--net", "sh", "-ec", "; ".join(orders),
                          "sh", sys.executable] + sys.argv)
