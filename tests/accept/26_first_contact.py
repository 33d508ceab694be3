#!/usr/bin/env python3
# 26_first_contact.py -- datagrams of strangers: nothing is amplified or kept
#
# SPDX-License-Identifier: MIT
"""What any service is asked first on the network, questions for discovery that
are right and almost right, what looks as if it was sealed: whatever comes from
an address that has proved nothing, no more bytes go there than came, and no
more datagrams. Then 50,000 of them a second, from addresses and ports that change
with each batch, while people talk by TCP."""
import ctypes
import ctypes.util
import random
import socket
import struct
import subprocess

from accept import Client, Load, Row, Server, administrator, pin_load, until

row = Row("26", "200 first contacts; 50,000 datagrams a second from ports that "
          "change", {"rate": (50000, "datagrams a second"),
                     "seconds": (5, "of the flood"),
                     "seed": (1, "of the bytes")})
chance = random.Random(row.args.seed)
sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")


class Sealed:
    """The one who has a session: it is to be served through all of this."""

    def __init__(self, port):
        self.stream = Client(port, "sealed")
        self.stream.send("UDP")
        words = self.stream.until("OK UDP").split()
        self.session, self.key = map(bytes.fromhex, words[2:4])
        self.counter = 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect(("127.0.0.1", port))
        self.sock.settimeout(1)

    def crypt(self, function, direction, head, text, size):
        nonce = bytes([direction]) + bytes(15) + head[16:]
        out, length = ctypes.create_string_buffer(size), ctypes.c_ulonglong()
        args = [out, ctypes.byref(length)]
        if function.endswith("_decrypt"):
            args.append(None)
        args += [text, ctypes.c_ulonglong(len(text)), head,
                 ctypes.c_ulonglong(len(head))]
        if function.endswith("_encrypt"):
            args.append(None)
        name = "crypto_aead_xchacha20poly1305_ietf" + function
        if getattr(sodium, name)(*args, nonce, self.key) != 0:
            return None
        return out.raw[:length.value]

    def seal(self, text):
        self.counter += 1
        head = self.session + struct.pack(">Q", self.counter)
        text += b"\n" * max(0, 24 - len(text))
        return head + self.crypt("_encrypt", 0, head, text, len(text) + 16)

    def ping(self):
        """Whether a PING is answered, of three."""
        for _ in range(3):
            self.sock.send(self.seal(b"PING here\n"))
            try:
                while True:
                    came = self.sock.recv(2048)
                    text = self.crypt("_decrypt", 1, came[:24], came[24:], 2048)
                    if text and b"PONG here\n" in text:
                        return True
            except TimeoutError:
                pass
        return False


def question(length, nonce=b"0123456789abcdef", version=b"1", end=b"\n"):
    text = b"VCRP? " + version + b" " + nonce
    return text + b" " * (length - len(text) - len(end)) + end


# As scanners and broken software send them.
OTHERS = [
    b"", b"\n", b"\0", b"\0" * 64, b"\xff" * 64, b"HELLO ann\n", b"PING\n",
    b"GET / HTTP/1.1\r\n\r\n", b"M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n",
    bytes.fromhex("0001010000010000000000000776657273696f6e0462696e6400"
                  "00100003"),
    b"\x17\0\x03\x2a" + bytes(4), b"\xe3" + bytes(47),
    b"\0\x01\0\0\0\x01\0\0stats\r\n", b"stats\r\n",
    bytes.fromhex("000100002112a442") + bytes(12),
    b"\xff\xff\xff\xffgetstatus\n", b"\xff\xff\xff\xffTSource Engine Query\0",
    b"OPTIONS sip:nm SIP/2.0\r\n\r\n",
    b"\x16\xfe\xff" + bytes(61), b"\xc0\xff\0\0\x1d" + bytes(1195),
    b"0\x26\x02\x01\x01\x04\x06public" + bytes(28), b"VCRP!", b"VCRP? ",
    b"VCRP? 1 ", b"V", b"V" * 1200, b"VCRP! 1 0123456789abcdef x y - 1 1\n",
]


def first_contacts(sealed):
    contacts = list(OTHERS)
    for length in (255, 256, 257, 300, 512, 1000, 1199, 1200, 1201, 1400):
        contacts += [question(length), question(length, end=b"\r\n"),
                     question(length, end=b""),
                     question(length, nonce=b"f" * 32)]
    contacts += [question(600, nonce=nonce) for nonce in (
        b"", b"0" * 7, b"0" * 8, b"0" * 33, b"ABCDEF0123", b"0123 4567",
        b"01234567\x1b[2J", b"\xff" * 8)]
    contacts += [question(600, version=v) for v in (b"0", b"2", b"11", b"")]
    contacts += [sealed.session + struct.pack(">Q", n) + chance.randbytes(size)
                 for n in (0, 1, 2, 2 ** 63) for size in (0, 40, 400, 1176)]
    while len(contacts) < 200:
        noise = chance.randbytes(chance.choice((1, 39, 63, 64, 200, 1200,
                                                1201, 1472)))
        contacts.append(bytes([noise[0] | 0x80]) + noise[1:]
                        if chance.random() < 0.5 else noise)
    return contacts


def contact(port, payload):
    """What comes back, in datagrams, for one from an address of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.%d.%d.%d" % (chance.randrange(256),
                                     chance.randrange(256),
                                     chance.randrange(2, 255)), 0))
        sock.connect(("127.0.0.1", port))
        sock.settimeout(0.02)
        sock.send(payload)
        came = []
        try:
            while True:
                came.append(sock.recv(65536))
        except (TimeoutError, ConnectionRefusedError):
            return came


def counters(admin):
    admin.send("STATS")
    found = {}
    while not (line := admin.line()).startswith("OK STATS"):
        word = line.split()
        if len(word) == 3 and word[2].isdigit():
            found[word[1]] = int(word[2])
    return found


def talk(name, seconds):
    return Load(row, server, "latency", measured=True, members=10, senders=10,
                rate=20, time=seconds, room=name)


def flood(seconds):
    process = subprocess.run(
        [row.program("tests/accept/flood"), str(server.port),
         str(row.args.rate), str(seconds), sealed.session.hex()],
        preexec_fn=pin_load, capture_output=True, text=True, timeout=120,
        check=True)
    return {name: float(value) for name, value in
            (line.split() for line in process.stdout.splitlines())}


server = Server(row)
admin = administrator(server)
sealed = Sealed(server.port)
row.check(sealed.ping(), "a session is served before")

worst, answers = 0.0, 0
contacts = first_contacts(sealed)
for payload in contacts:
    came = contact(server.port, payload)
    answers += len(came)
    worst = max(worst, sum(map(len, came)) / max(1, len(payload)),
                float(len(came)) if len(came) > 1 else 0.0)
row.figure("first contacts", len(contacts))
row.figure("answers", answers)
row.at_most("bytes that come back for each", worst, 1.0)
row.check(answers > 0, "questions for discovery are answered at all")
row.check(sealed.ping(), "the session is served afterwards")

# What a flood needs once is kept: what is looked for is what each one adds.
flood(1)
before, growths = counters(admin), []
for _ in range(3):
    rss = server.rss()
    flood(1)
    growths.append(server.rss() - rss)
row.at_most("RSS growth by each flood", min(growths), 16, "KiB")
calm = talk("calm", row.args.seconds + 1).end()
calm.good(row, "people by TCP before")
people = talk("flooded", row.args.seconds + 1)
row.check(until(lambda: counters(admin)["connections"] >=
                before["connections"] + 10), "people are there")
cpu = server.cpu()
told = flood(row.args.seconds)
cpu = server.cpu() - cpu
people.end()
people.good(row, "people by TCP in the flood")
after = counters(admin)

row.figure("datagrams a second", told["per_second"])
row.figure("server's CPU", cpu / row.args.seconds * 100, "%")
row.figure("refused by the sender's own socket", told["refused"])
row.figure("answers", told["answers"])
row.check(told["per_second"] >= 0.9 * row.args.rate,
          "it was a flood of %d a second" % told["per_second"])
row.at_most("the most that came back to one address", told["worst_factor"],
            1.0)
row.at_most("bytes back for all bytes sent",
            told["answer_bytes"] / told["bytes"], 1.0)
taken = sum(after[name] - before[name] for name in (
    "udp_dropped", "udp_discoveries"))
row.figure("datagrams that the server looked at", taken)
row.check(taken > 0, "the flood reached the server")
row.check(after["udp_sessions"] == before["udp_sessions"] == 1,
          "no session came of it")
row.check(after["connections"] == before["connections"],
          "no connection came of it")
row.figure("p99 by TCP without", calm["delivery_p99_us"] / 1000, "ms")
row.figure("p99 by TCP meanwhile", people["delivery_p99_us"] / 1000, "ms")
row.at_most("p99 by TCP, more than without",
            (people["delivery_p99_us"] - calm["delivery_p99_us"]) / 1000, 10.0,
            "ms")
row.check(sealed.ping(), "the session is served after the flood")
row.finish()
