#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays the conversations of tests/talk (talk.md tells what they may say) with the participants of
contrib/clients/vcrp_client.py instead of the program's own, by TCP or, from their login on, by
datagrams. talks.py [--udp] [FILE.talk...]; VCRPD names the server."""
import collections, concurrent.futures, getpass, os, re, select, shutil, signal, socket, struct, subprocess
import sys, time, traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "contrib", "clients"))
from server import Server
from vcrp_datagrams import Datagrams
from vcrp_lines import Line, Stream

TALKS = os.path.join(HERE, "..", "talk")
PATIENCE = int(os.environ.get("TALK_WAIT", 10))
SILENCE = 2  # a server that was killed does not tell those who have datagrams
NOT_BY_DATAGRAMS = {
    "account-invite": "administrators on the local socket, and a connection that has not logged in",
    "ban": "limits.loopback_trusted is off, so that no session is given without TLS",
    "ephemeral-restart": "all of it is on the local socket",
    "history-page": "counts what there is room for in a page, of which datagrams have smaller ones",
    "keep-log": "all of it is on the local socket",
    "limit-address": "connections are counted, and a session is one more; limits.loopback_trusted is off",
    "limit-arrivals": "connections are counted; limits.loopback_trusted is off",
    "limit-connections": "connections are counted, and a session is one more",
    "limit-idle": "a session that is idle is not asked: it ends after udp.timeout",
    "limit-rooms-made": "limits.loopback_trusted is off, so that no session is given without TLS",
    "output-drains": "what is not read is lost, and holds up nothing",
    "pipeline": "what stands behind a HELLO is done before a session can be asked for",
    "register-tls": "nobody logs in",
    "repeat-first": "a connection that is cut, others on the local socket",
    "stop-asked": "all of it is on the local socket",
    "udp-conversation": "hears AT, which a client keeps to itself",
    "udp-dropped": "about datagrams that no client sends; lossy.py sends such",
    "udp-move": "about datagrams from where the client is not; lossy.py moves",
    "udp-off": "there are none",
    "udp-place": "about datagrams from where the client is not",
    "udp-refused": "there are none",
    "udp-timeout": "a client that is silent until it is forgotten; this one says PING",
}


class Failed(Exception):
    pass


# -- names, expressions and patterns

def evaluate(names, text):
    """What an expression without its braces is worth; None if a name in it has no value."""
    what, star, times = text.rpartition("*")
    if star and what:
        count = evaluate(names, times)
        return None if count is None else what * int(count)
    if text in names:
        return names[text]
    total = 0
    for sign, term in re.findall(r"([+-]?)(\w+)", text):
        term = term if term.isdigit() else names.get(term)
        if term is None:
            return None
        total += -int(term) if sign == "-" else int(term)
    return str(total)


def expand(names, text):
    def worth(match):
        value = evaluate(names, match[1])
        if value is None:
            raise Failed(f"a name without a value: {match[1]}")
        return value
    return re.sub(r"\$\{([^}]*)\}", worth, text)


def pattern(names, text):
    """The regular expression of a pattern, and the names that it binds."""
    out, bound = "", []
    for token in re.findall(r" \.\.\.$|\.\.\.|\*|\\.|\$\{[^}]*\}|.", text, re.S):
        if token == " ...":
            out += "(?: .*)?"
        elif token == "...":
            out += ".*"
        elif token == "*":
            out += "[^ ]+"
        elif token.startswith("${") and token[2:-1] in bound:
            out += f"(?P={token[2:-1]})"
        elif token.startswith("${"):
            value = evaluate(names, token[2:-1])
            if value is None:
                bound.append(token[2:-1])
                out += f"(?P<{token[2:-1]}>[0-9]+)"
            else:
                out += re.escape(value)
        else:
            out += re.escape(token[1:] if len(token) > 1 else token)
    return out


def unescape(text):
    plain = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\"}
    data = re.sub(rb"\\(?:([nrt0\\])|x([0-9a-fA-F]{2}))",
                  lambda m: plain[m[1].decode()].encode() if m[1] else bytes([int(m[2], 16)]), text.encode())
    return data.decode(errors="surrogateescape")


# -- who takes part

class Peer:
    def __init__(self, name, way, stage, link=None):
        self.name, self.way, self.stage = name, way, stage
        self.lines, self.features = collections.deque(), []
        self.inside = self.parted = self.stopped = self.by_datagrams = False
        self.identity, self.link = None, link or self.connect()

    def connect(self):
        if self.way == "local":
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(self.stage.server.socket)
        else:
            sock = socket.create_connection(("127.0.0.1", self.stage.server.port), PATIENCE,
                                            (self.way, 0) if self.way else None)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Stream(sock)

    def read(self):
        for raw in self.link.receive():
            if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", raw) or len(raw.encode()) >= 4096:
                raise Failed(f"{self.name} was sent {raw!r}")
            self.lines.append(raw)

    def take(self):
        """The next line, which the script now knows of."""
        raw = self.lines.popleft()
        line = Line(raw)
        if line.verb == "VCRP":
            self.features = line.words[3].split(",")
        elif line.verb == "OK" and line.words[0] in ("HELLO", "AUTH"):
            self.inside, self.identity = True, line.words[1]
        self.parted |= line.verb == "BYE"
        return raw

    def send(self, text):
        if not self.by_datagrams:
            self.link.send_bytes(text.encode(errors="surrogateescape"))
            return
        if not text.endswith("\n"):
            raise Failed("a line in two is not for datagrams")
        for line in text[:-1].split("\n"):
            self.link.send(line.removesuffix("\r"))

    def wait_for(self, *beginnings):
        """The next line, which has to begin so."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.lines:
                line = self.lines.popleft()
                if line.startswith(beginnings):
                    return line
                raise Failed(f"{self.name} expected {beginnings[0]}, came {line}")
            self.stage.look(end - time.monotonic())
        raise Failed(f"{self.name}: {beginnings[0]} does not come")

    def go_by_datagrams(self):
        """A session, tried, and the end of the stream: from now on the same person by UDP alone."""
        if self.lines:
            raise Failed("there are lines that nobody has looked at")
        self.link.send("UDP")
        stream, self.link = self.link, self.session(self.wait_for("OK UDP "))
        self.by_datagrams = True
        self.link.send("@id=first PING")
        self.wait_for("@id=first PONG")
        stream.send("QUIT")
        end = time.monotonic() + PATIENCE
        while not stream.closed and time.monotonic() < end:
            stream.wait(0.1)
            stream.receive()
        stream.close()
        if self.stage.rate:
            self.stage.rested = time.monotonic() + 7 / self.stage.rate  # UDP and PING have cost so many lines

    def session(self, answer):
        """What is to be had by an OK UDP."""
        _, _, session, key = answer.split(" ")
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind((self.way or "127.0.0.1", 0))
        sock.connect(("127.0.0.1", self.stage.server.port))
        self.stage.datagrams += 1
        return Datagrams(sock, bytes.fromhex(session), bytes.fromhex(key), self.identity, least=PATIENCE / 4,
                         silence=PATIENCE)


class Stage:
    """A server, and who is connected to it."""

    def __init__(self, udp):
        self.udp, self.datagrams, self.peers = udp, 0, {}
        self.server = Server()
        self.started = self.killed = False
        self.log_seen, self.rate, self.rested = 0, 4, 0
        self.configure("")

    def configure(self, text):
        lines = re.search(r"\blines = (\d+)", text)
        self.rate = int(lines[1]) if lines else self.rate
        if "server" not in text:
            text = 'server = { listen = ["127.0.0.1"]; };\n' + text
        if self.udp and "udp" not in text:  # what is over the rate is left out; SIGNAL and JOIN for good
            text += "udp = { rate = 1000000000; };\n"
        self.server.configure(text)

    def log(self):
        with open(self.server.path("log"), "a+", errors="replace") as file:
            file.seek(0)
            return file.read()

    def start(self):
        if self.started:
            return
        self.started, self.killed = True, False
        before = len(self.log())
        with open(self.server.path("log"), "a") as log:
            self.server.process = subprocess.Popen(
                [os.environ.get("VCRPD", "./vcrpd"), "-f", "-p", "0", "-c", self.server.config,
                 "-d", self.server.path("data")], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.server.process.poll() is None:
            if ready := re.search(r"vcrpd: ready on port (\d+)\n", self.log()[before:]):
                self.server.port = int(ready[1])
                return
            time.sleep(0.005)
        raise Failed("the server does not get ready")

    def wait_for_end(self):
        try:
            end = time.monotonic() + PATIENCE
            while self.server.process.poll() is None and time.monotonic() < end:
                self.look(0.02)
            status = self.server.process.wait(0)
        except subprocess.TimeoutExpired:
            raise Failed("the server does not end")
        log = self.log()
        if "Sanitizer" in log or "runtime error: " in log:
            raise Failed("a sanitizer's report in the log")
        if status != 0 and not self.killed:
            raise Failed(f"the server ended with {status}")

    def peer(self, name):
        plain, _, way = name.partition("@")
        self.start()
        if plain not in self.peers:
            try:
                self.peers[plain] = Peer(plain, way, self)
            except OSError as why:
                raise Failed(f"{name} cannot connect: {why}")
        return self.peers[plain]

    def drop(self, peer):
        peer.link.close()
        del self.peers[peer.name]

    def look(self, timeout):
        """One wait for whatever comes to whoever reads."""
        peers = [peer for peer in self.peers.values() if not peer.stopped and not peer.link.closed]
        writers = [peer.link for peer in peers if getattr(peer.link, "output", None)]
        due = [peer.link.due() - time.monotonic() for peer in peers if peer.by_datagrams]
        select.select([peer.link for peer in peers], writers, [], max(0, min([timeout, 0.5] + due)))
        for peer in peers:
            peer.read()

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.look(left)


class Talk:
    def __init__(self, path, udp):
        with open(path, newline="\n") as file:
            self.steps = file.read().split("\n")
        self.at, self.stage = 0, Stage(udp)
        self.names, self.pings = {"user": getpass.getuser()}, 0
        self.streams = set(filter(None, map(self.wants_stream, self.steps)))
        self.as_told = not udp or any(map(of_datagrams, self.steps))  # who has datagrams is in the script

    @staticmethod
    def wants_stream(step):
        """Who does in this step what takes a stream: who is cut off, sends no whole line, or joins before one
        could ask for datagrams."""
        name = re.match(r"(?:\S*\* )?([^<>! ]+)(?:@[^<>! ]+)?(?:! (?:close|reset|half-close)|>>.*(?<!\\n)$"
                        r"|>.*HELLO [^ ]+ [^ ]|>>.*HELLO .*\\n.)", step)
        return name and name[1].partition("@")[0]

    def logged_in(self, peer):
        """From here on by datagrams, if that can be."""
        if (not self.as_told and peer.inside and not peer.by_datagrams and peer.way != "local" and
                "udp" in peer.features and peer.name not in self.streams):
            peer.go_by_datagrams()

    def match(self, text, line):
        found = re.fullmatch(pattern(self.names, text), line, re.S)
        if found:
            self.names.update(found.groupdict())
        return bool(found)

    def next_line(self, peer, wanted):
        """The next line, or None at the end of the connection."""
        end = time.monotonic() + PATIENCE
        while not peer.lines:
            if peer.link.closed:
                if getattr(peer.link, "input", b""):
                    raise Failed("an unfinished line at the end")
                return None
            if time.monotonic() >= end:
                raise Failed(f"{peer.name} expected: {wanted}\n  came: nothing in time")
            self.stage.look(end - time.monotonic())
        return peer.take()

    def fail(self, peer, wanted, line):
        then = "".join(f"\n  then: {line[:300]}" for line in list(peer.lines)[:10])
        raise Failed(f"{peer.name} expected: {wanted}\n  came: {'the end' if line is None else line[:300]}{then}")

    def expect(self, peer, wanted):
        line = self.next_line(peer, wanted)
        if line is None or not self.match(wanted, line):
            self.fail(peer, wanted, line)
        self.logged_in(peer)

    def expect_later(self, peer, wanted):
        while True:
            line = self.next_line(peer, wanted)
            if line is None:
                self.fail(peer, wanted, line)
            if self.match(wanted, line):
                return

    def expect_any_order(self, peer, wanted):
        step = self.steps[self.at]
        head = step[:step.index("<|")] + "<|"
        left = [wanted]
        while self.at + 1 < len(self.steps) and self.steps[self.at + 1].startswith(head):
            self.at += 1
            left.append(self.steps[self.at][len(head):].removeprefix(" "))
        while left:
            line = self.next_line(peer, left[0])
            fits = next((one for one in left if line is not None and self.match(one, line)), None)
            if fits is None:
                self.fail(peer, left[0], line)
            left.remove(fits)

    def quiet(self, peer, _):
        self.pings += 1
        peer.send(f"PING quiet-{self.pings}\n")
        self.expect(peer, f"PONG quiet-{self.pings}")

    def expect_end(self, peer, _):
        if peer.by_datagrams and not peer.link.closed and self.stage.killed:
            peer.link.silence = SILENCE
            peer.link.send("@id=last PING")
        line = self.next_line(peer, "the end")
        if line is not None:
            self.fail(peer, "the end", line)
        self.stage.drop(peer)

    def fault(self, peer, what):
        if what in ("stop", "resume"):
            peer.stopped = what == "stop"
        elif peer.by_datagrams:
            raise Failed(f"{what} is not for datagrams")
        elif what == "half-close":
            peer.link.sock.shutdown(socket.SHUT_WR)
        else:
            if what == "reset":
                peer.link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.stage.drop(peer)

    def peer_step(self, step):
        name, mark, text = re.match(r"([^<>! ]+)(>>|>|<EOF|<\?|<\*|<\||<|!)(.*)", step, re.S).groups()
        peer, text = self.stage.peer(name), text.removeprefix(" ")
        if mark == ">":
            peer.send(expand(self.names, text) + "\n")
        elif mark == ">>":
            peer.send(unescape(expand(self.names, text)))
        else:
            {"<": self.expect, "<*": self.expect_later, "<|": self.expect_any_order, "<?": self.quiet,
             "<EOF": self.expect_end, "!": self.fault}[mark](peer, text)

    def login(self, name, administrator):
        peer = self.stage.peer(name)
        peer.send("AUTH EXTERNAL\n" if administrator else "PING\n")
        self.expect(peer, "VCRP 1 * vcrpd/* *")
        if administrator:
            self.expect(peer, "OK AUTH ${user}")
            return
        self.expect(peer, "PONG")
        end = time.monotonic() + PATIENCE
        while True:
            peer.send(f"HELLO {peer.name}\n")
            line = self.next_line(peer, "OK HELLO")
            if line is None or not line.startswith("ERR name-taken ") or time.monotonic() > end:
                break
            self.stage.pause(0.02)
        if line != f"OK HELLO ~{peer.name}":
            self.fail(peer, f"OK HELLO ~{peer.name}", line)
        self.logged_in(peer)

    def server_step(self, order):
        stage = self.stage
        stage.start()
        if order in ("TERM", "HUP", "KILL"):
            stage.killed |= order == "KILL"
            stage.server.process.send_signal(getattr(signal, "SIG" + order))
        if order in ("KILL", "wait", "start"):
            stage.wait_for_end()
        if order == "start":
            stage.started = False
            stage.start()

    def log_step(self, text):
        stage, end = self.stage, time.monotonic() + PATIENCE
        stage.start()
        while time.monotonic() < end:
            *lines, _ = stage.log()[stage.log_seen:].split("\n")
            for line in lines:
                stage.log_seen += len(line) + 1
                if self.match(f"...{text}...", line):
                    return
            stage.look(0.01)
        raise Failed("no such line in the log")

    def refused(self, name):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.stage.drop(Peer(name.partition("@")[0], name.partition("@")[2], self.stage))
            except OSError:
                return
            except KeyError:
                pass
            self.stage.pause(0.02)
        raise Failed(f"{name} is connected")

    def config(self):
        lines = self.steps[self.at + 1:]
        lines = lines[:lines.index("end")]
        self.at += len(lines) + 1
        self.stage.configure("".join(line + "\n" for line in lines))

    def step(self, step):
        word, _, rest = step.partition(" ")
        if word not in ("login", "admin"):
            self.stage.pause(self.stage.rested - time.monotonic())
        if step == "config":
            self.config()
        elif word in ("login", "admin"):
            for name in rest.split():
                self.login(name, word == "admin")
        elif word == "udp":
            of, name = rest.split(" ")
            peer = self.stage.peer(of)
            peer.send("UDP\n")
            session = Peer(name, peer.way, self.stage, peer.session(peer.wait_for("OK UDP ")))
            session.identity, session.inside, session.by_datagrams = peer.identity, True, True
            self.stage.peers[name] = session
        elif word == "pause":
            self.stage.pause(int(expand(self.names, rest)) / 1000)
        elif word == "refused":
            self.refused(rest)
        elif word == "server!":
            self.server_step(rest)
        elif word == "log<":
            self.log_step(rest)
        else:
            self.peer_step(step)

    def line(self):
        step = self.steps[self.at]
        if not step or step.startswith("#"):
            return
        times = re.match(r"([0-9]\S*|\$\S*)\* (.*)", step, re.S)
        for i in range(int(evaluate(self.names, expand(self.names, times[1]))) if times else 1):
            self.names["i"] = str(i)
            self.step(times[2] if times else step)

    def repeat(self, count):
        first = self.at + 1
        after = first + self.steps[first:].index("end")
        for _ in range(count):
            self.at = first
            while self.at < after:
                self.line()
                self.at += 1
        self.at = after

    def finish(self):
        """Nothing is left to be read, then all are told that the server stops, and it does."""
        stage = self.stage
        stage.start()
        for peer in list(stage.peers.values()):
            if peer.inside and not peer.parted and not peer.stopped and not stage.killed:
                self.quiet(peer, "")
        stage.server.process.terminate()
        for peer in list(stage.peers.values()):
            if not peer.stopped and not stage.killed:
                self.farewell(peer)
        stage.wait_for_end()

    def farewell(self, peer):
        due = peer.inside and not peer.parted
        line = "LEAVE"
        gone = "|LEAVE @[^ ]+ [^ ]+ gone" if self.stage.udp else ""  # a session ends with its BYE, and at once
        while line is not None and re.fullmatch("LEAVE|LEAVE [^ ]+ [^ ]+ server stopped" + gone, line):
            line = self.next_line(peer, "BYE restarting")
        bye = "@retry=* BYE restarting ..." if peer.inside else "ERR shutting-down ..."
        if line is not None and self.match(bye, line):
            due, line = False, self.next_line(peer, "the end")
        if line is not None or due:
            self.fail(peer, f"{bye}, then the end", line)

    def play(self):
        try:
            while self.at < len(self.steps):
                repeat = re.match(r"repeat (\d+)", self.steps[self.at])
                self.repeat(int(repeat[1])) if repeat else self.line()
                self.at += 1
            self.finish()
            if self.stage.udp and not self.stage.datagrams:
                raise Failed("nobody was there by datagrams")
        except Failed as why:
            step = self.steps[self.at] if self.at < len(self.steps) else "(the end)"
            log = "".join(f"\n  log: {line}" for line in self.stage.log().split("\n")[-6:])
            return f"{self.at + 1}: {step[:200]}\n  {why}{log}"
        finally:
            for peer in list(self.stage.peers.values()):
                self.stage.drop(peer)
            if hasattr(self.stage.server, "process"):
                self.stage.server.process.kill()
                self.stage.server.process.wait()
            shutil.rmtree(self.stage.server.directory)
        return None


def of_datagrams(step):
    return step.startswith("udp ") and len(step.split()) == 3


def left_out(file, udp):
    """Why it is not played, or None."""
    if udp:
        return NOT_BY_DATAGRAMS.get(name_of(file))
    with open(file) as script:
        return "of datagrams" if any(map(of_datagrams, script)) else None


def name_of(file):
    return os.path.basename(file).removesuffix(".talk")


def play(file, udp):
    """(who took part by datagrams, why it failed or None)"""
    try:
        talk = Talk(file, udp)
        why = talk.play()
        return talk.stage.datagrams, why
    except Exception:
        return 0, " " + traceback.format_exc()


def main():
    udp = "--udp" in sys.argv[1:]
    files = [file for file in sys.argv[1:] if file != "--udp"]
    files = files or sorted(os.path.join(TALKS, name) for name in os.listdir(TALKS) if name.endswith(".talk"))
    for file in [file for file in files if left_out(file, udp)]:
        print(f"not played: {name_of(file)}: {left_out(file, udp)}")
        files.remove(file)
    failures, sessions, begun = 0, 0, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor((6 if udp else 2) * (os.cpu_count() or 1)) as pool:
        for file, (count, why) in zip(files, pool.map(play, files, [udp] * len(files))):
            failures, sessions = failures + bool(why), sessions + count
            if why:
                print(f"FAIL {file}:{why}", flush=True)
    print(f"{len(files)} conversations, {sessions} who took part by datagrams, {failures} failed,"
          f" {time.monotonic() - begun:.1f} s")
    return failures > 0 or not files


if __name__ == "__main__":
    sys.exit(main())
