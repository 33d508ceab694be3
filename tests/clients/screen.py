# SPDX-License-Identifier: MIT
"""vcrp in a terminal of a test's own, and a server that is not one."""
import os, pty, re, select, signal, socket, threading
from server import PATIENCE

VCRP = os.path.abspath(os.environ.get("VCRP", "./vcrp"))


class Fake(threading.Thread):
    """Answers one connection, line by line, by its answer(attributes, words)."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]

    def run(self):
        self.connection, _ = self.listener.accept()
        with self.listener, self.connection, self.connection.makefile("rb") as file:
            for line in file:
                attributes, text = re.match(r"(@\S+ )?(.*)", line.decode()).groups("")
                self.answer(attributes, text.split(" "))

    def say(self, *lines):
        self.connection.sendall("".join(line + "\n" for line in lines).encode())


class Terminal:
    """A program whose terminal we are."""

    def __init__(self, environment, *arguments):
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # What a shell starts in the background ignores it.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(VCRP, [VCRP, *arguments], environment)

    def read(self):
        if not select.select([self.fd], [], [], PATIENCE)[0]:
            raise AssertionError("nothing comes after " + repr(self.text()[-500:]))
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""  # the program has ended
        self.seen += data
        return data

    def wait_for(self, text, count=1):
        while self.text().count(text) < count:
            if not self.read():
                raise AssertionError(f"no {text!r} in {self.text()[-500:]!r}")

    def type(self, text):
        os.write(self.fd, text.encode())

    def answer(self, question, text):
        self.wait_for(question)
        self.seen = b""
        self.type(text + "\r")

    def end(self):
        while self.read():
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def text(self):
        return self.seen.decode(errors="replace")
