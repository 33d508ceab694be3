# SPDX-License-Identifier: MIT
"""The lines of VCRP/1 (doc/vcrp-1.md), and a stream of them."""
import select, ssl

PORT = 3073

# How many words stand before a text, by the server's verbs that have one.
EVENTS = {"MSG": 4, "EDIT": 5, "DELETE": 5, "REACT": 5, "SET": 5, "ROLE": 6}
TEXTS = {**EVENTS, "JOIN": 2, "LEAVE": 2, "SIGNAL": 2, "ERR": 1, "ROOM": 3, "NOTICE": 0,
         "PING": 0, "PONG": 0, "BYE": 1}
SAID = {"SAY": "MSG", "EDIT": "EDIT", "DELETE": "DELETE", "REACT": "REACT"}


class Refused(Exception):
    """An ERR or BYE that ends what was wanted; .line has it."""

    def __init__(self, line):
        super().__init__(line.raw)
        self.line = line


class Line:
    """A line taken apart: a server's, or with no texts a client's. number: an event's own, a GAP's last."""

    def __init__(self, raw, texts=TEXTS):
        self.raw, rest, self.attributes = raw, raw, {}
        if raw.startswith("@"):
            attributes, _, rest = raw[1:].partition(" ")
            self.attributes = {key: value for key, _, value in
                               (one.partition("=") for one in attributes.split(";"))}
        self.verb, _, rest = rest.lstrip(" ").partition(" ")
        self.words, self.text = [], None
        count = texts.get(self.verb)
        while rest and (count is None or len(self.words) < count):
            word, space, rest = rest.lstrip(" ").partition(" ")
            if word:
                self.words.append(word)
        if count is not None and rest:
            self.text = rest
        self.id = self.attributes.get("id")
        at = 1 if self.verb in EVENTS else 2 if self.verb == "GAP" else None
        self.number = int(self.words[at]) if at and texts else None

    def __repr__(self):
        return f"<{self.raw}>"

    def milliseconds(self, attribute):
        return int(self.attributes.get(attribute, 0)) / 1000


class Stream:
    """Lines over a connected socket, TLS or not."""

    def __init__(self, sock):
        self.sock, self.input, self.output, self.closed, self.reason = sock, b"", b"", False, None
        sock.setblocking(False)

    def fileno(self):
        return self.sock.fileno()

    def send(self, line):
        self.send_bytes(line.encode(errors="surrogateescape") + b"\n")

    def send_bytes(self, data):
        self.output += data
        self.flush()

    def flush(self):
        try:
            while self.output and not self.closed:
                self.output = self.output[self.sock.send(self.output):]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as why:
            self.output, self.reason = b"", str(why)  # what came before is still to be read

    def receive(self):
        """Lines, as strings; afterwards closed tells whether that was all."""
        self.flush()
        try:
            while not self.closed:
                data = self.sock.recv(65536)
                self.input += data
                self.closed = not data
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as why:
            self.closed, self.reason = True, str(why)
        *lines, self.input = self.input.split(b"\n")
        return [line.removesuffix(b"\r").decode() for line in lines if line.strip(b"\r")]

    def wait(self, timeout):
        """Until there may be something, or the time is over."""
        if not self.closed:
            select.select([self], [self] * bool(self.output), [], max(0, timeout))

    def close(self):
        self.closed = True
        self.sock.close()
