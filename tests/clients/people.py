# SPDX-License-Identifier: MIT
"""Connections of a test's own, line by line, and the accounts behind them."""
import itertools, re, socket
import sasl
from server import PATIENCE

AT_ONCE = 100  # requests under way: the server holds back who has more


def plain(line):
    """A line without its attributes."""
    return re.sub(r"^@\S* ", "", line)


class Peer:
    numbers = itertools.count()

    def __init__(self, server, local=False):
        if local:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(server.socket)
        else:
            self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.settimeout(PATIENCE)
        self.rest, self.count = b"", 0
        self.mark = f"p{next(self.numbers)}."  # others' events carry ids too

    say = lambda self, line: self.send(line)
    hear = lambda self: self.line()

    def send(self, *lines):
        self.raw("".join(line + "\n" for line in lines).encode(errors="surrogateescape"))

    def raw(self, data):
        self.socket.sendall(data)

    def bytes_line(self):
        while b"\n" not in self.rest:
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError(self.rest)
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line

    def line(self):
        return self.bytes_line().decode()

    def until(self, pattern):
        while True:
            line = plain(self.line())
            if re.match(pattern, line):
                return line
            if line.startswith("ERR"):
                raise AssertionError(f"{line} instead of {pattern}")

    def ask(self, *requests):
        """What answers each of them: its OK, its ERR, or the event that it made; and what came with it."""
        answers = []
        for at in range(0, len(requests), AT_ONCE):
            answers += self._ask(requests[at:at + AT_ONCE])
        return answers

    def _ask(self, requests):
        ids, self.between = {}, []
        for request in requests:
            self.count += 1
            ids[f"{self.mark}{self.count}"] = len(ids)
        self.send(*(f"@id={key} {request}" for key, request in zip(ids, requests)))
        answers = [None] * len(requests)
        while None in answers:
            line = self.line()
            found = re.match(r"@\S*?\bid=([^ ;]+)\S* (.*)", line)
            if found and found[1] in ids and answers[ids[found[1]]] is None:
                answers[ids[found[1]]] = found[2]
            else:
                self.between.append(line)
        return answers

    def good(self, *requests):
        answers = self.ask(*requests)
        for request, answer in zip(requests, answers):
            assert not answer.startswith("ERR"), (request, answer)
        return answers

    def hello(self, name):
        self.send(f"HELLO {name}")
        self.until("OK HELLO")
        return self

    def log_in(self, name):
        """As an account that make_accounts() made."""
        answer = sasl.scram(self, name, "password of " + name)
        assert answer == "OK AUTH " + name, answer
        return self

    def close(self):
        self.socket.close()


def administrator(server):
    peer = Peer(server, local=True)
    peer.send("AUTH EXTERNAL")
    peer.name = peer.until("OK AUTH").split()[2]
    return peer


def make_accounts(admin, *names):
    admin.good(*(f"ACCOUNT add {name} {sasl.verifier('password of ' + name)}" for name in names))
