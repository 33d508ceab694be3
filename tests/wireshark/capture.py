# SPDX-License-Identifier: MIT
"""Captures made by hand, and what tshark reads in them by contrib/wireshark/vcrp.lua."""
import ctypes, os, struct, subprocess, sys, tempfile, time
import xml.etree.ElementTree as ElementTree

SODIUM = ctypes.CDLL("libsodium.so.23")
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
PLUGIN = os.path.join(TOP, "contrib/wireshark/vcrp.lua")
PORT, SYN, FIN, PUSH = 3073, 0x02, 0x11, 0x18
CLIENT, SERVER = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
SESSION, KEY = bytes(range(0xa0, 0xb0)), bytes(range(32))
KEYS = f"vcrp.keys:{SESSION.hex()}:{KEY.hex()}"
TIME = "1795339198696"


def must(good, what):
    if not good:
        raise AssertionError(f"not so: {what}")


def equal(found, expected, what):
    must(found == expected, f"{what}: {found!r} where {expected!r} was expected")


class Capture:
    """Packets of raw IP, a millisecond after each other."""

    def __init__(self):
        self.packets = []

    def ip(self, protocol, source, to, payload):
        header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, source, to)
        self.packets.append(header + payload)
        return len(self.packets)

    def udp(self, payload, to_server=True, client=40000, port=PORT):
        """The number of its frame."""
        ports = (client, port) if to_server else (port, client)
        source, to = (CLIENT, SERVER) if to_server else (SERVER, CLIENT)
        return self.ip(17, source, to, struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload)

    def stream(self, client=40000, port=PORT):
        return Stream(self, client, port)

    def write(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 101))
            for i, packet in enumerate(self.packets):
                seconds, rest = divmod(i, 1000)
                file.write(struct.pack("<IIII", 1795339200 + seconds, rest * 1000, len(packet), len(packet)) + packet)


class Stream:
    """A connection of TCP: what one side says at once is a segment."""

    def __init__(self, capture, client, port):
        self.capture, self.ports, self.next = capture, {True: client, False: port}, {True: 1, False: 1}
        self.send(True, b"", SYN)
        self.send(False, b"", SYN | 0x10)

    def send(self, to_server, payload, flags=PUSH):
        source, to = (CLIENT, SERVER) if to_server else (SERVER, CLIENT)
        header = struct.pack(">HHIIBBHHH", self.ports[to_server], self.ports[not to_server], self.next[to_server],
                             0 if flags == SYN else self.next[not to_server], 0x50, flags, 65535, 0, 0)
        self.next[to_server] += len(payload) + (flags & 3 != 0)
        return self.capture.ip(6, source, to, header + payload)

    def says(self, text, flags=PUSH):
        return self.send(True, text if isinstance(text, bytes) else text.encode(), flags)

    def hears(self, text, flags=PUSH):
        return self.send(False, text if isinstance(text, bytes) else text.encode(), flags)

    def ends(self):
        self.send(True, b"", FIN)
        self.send(False, b"", FIN)


class Session:
    """A session of datagrams, as doc/vcrp-1.md has it, by libsodium."""

    def __init__(self, capture, session, key, **where):
        self.capture, self.id, self.key, self.where = capture, session, key, where
        self.counter = {True: 0, False: 0}

    def seal(self, to_server, plaintext, counter=None):
        if counter is None:
            self.counter[to_server] += 1
            counter = self.counter[to_server]
        header = self.id + struct.pack(">Q", counter)
        nonce = bytes([0 if to_server else 1]) + bytes(15) + header[16:]
        sealed, length = ctypes.create_string_buffer(len(plaintext) + 16), ctypes.c_ulonglong
        SODIUM.crypto_aead_xchacha20poly1305_ietf_encrypt(
            sealed, None, plaintext, length(len(plaintext)), header, length(len(header)), None, nonce, self.key)
        return header + sealed.raw

    def open(self, to_server, datagram):
        """Its plaintext; nothing if the seal is not good."""
        opened, length = ctypes.create_string_buffer(len(datagram)), ctypes.c_ulonglong()
        nonce = bytes([0 if to_server else 1]) + bytes(15) + datagram[16:24]
        failed = SODIUM.crypto_aead_xchacha20poly1305_ietf_decrypt(
            opened, ctypes.byref(length), None, datagram[24:], ctypes.c_ulonglong(len(datagram) - 24), datagram[:24],
            ctypes.c_ulonglong(24), nonce, self.key)
        return b"" if failed else opened.raw[:length.value]

    def send(self, to_server, text, counter=None):
        plaintext = text if isinstance(text, bytes) else text.encode()
        if to_server:
            plaintext = plaintext.ljust(24, b"\n")
        return self.capture.udp(self.seal(to_server, plaintext, counter), to_server, **self.where)

    def says(self, text, counter=None):
        return self.send(True, text, counter)

    def hears(self, text, counter=None):
        return self.send(False, text, counter)

    def pieces(self, text):
        line = text.encode()
        parts = [line[i:i + 1159] for i in range(0, len(line), 1159)]
        return [bytes([0x10 + 4 * i + len(parts) - 1]) + part for i, part in enumerate(parts)]


class Line:
    """One vcrp.line (or a datagram's own fields): values by field, as lists, and the experts' names."""

    def __init__(self, frame, element):
        self.frame, self.fields, self.experts, self.remarks = frame, {}, [], []
        self.take(element)

    def take(self, element):
        for child in element:
            name = child.get("name", "")
            if name.startswith("vcrp.expert."):
                self.experts.append(name[12:])
            elif name.startswith("vcrp."):
                self.fields.setdefault(name[5:], []).append(child.get("show"))
            elif name == "_ws.expert.message":
                self.remarks.append(child.get("show"))
            self.take(child)

    def __getattr__(self, key):
        return self.get(key.replace("_DOT_", "."))

    def get(self, key):
        """Its value, None where there is none, a list where there are several."""
        values = self.fields.get(key, [None])
        return values[0] if len(values) == 1 else values

    def __repr__(self):
        return f"{self.frame}: {self.fields} {self.experts}"


class Tshark:
    def __init__(self, capture, *options):
        self.directory = tempfile.TemporaryDirectory(prefix="vcrp-shark-")
        self.options, self.file = list(options), capture
        if not isinstance(capture, str):
            self.file = os.path.join(self.directory.name, "made.pcap")
            capture.write(self.file)
        # Nobody's own settings and plugins.
        self.environment = dict(os.environ, HOME=self.directory.name, XDG_CONFIG_HOME=self.directory.name,
                                LC_ALL="C.UTF-8", TZ="UTC")
        self.seconds = 0

    def run(self, *options, passes=2):
        start = time.monotonic()
        done = subprocess.run(["tshark", "-X", "lua_script:" + PLUGIN, "-r", self.file, *self.options,
                               *(["-2"] if passes == 2 else []), *options], env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
        self.seconds = time.monotonic() - start
        said = done.stdout + done.stderr
        must(done.returncode == 0, f"tshark {options} ends well: {done.stderr.decode(errors='replace')}")
        for sign in b"Lua Error", b"Lua: ", b".lua:", b"Dissector bug", b"exceeds":
            must(sign not in said, f"tshark has no {sign}: {said[max(said.find(sign) - 200, 0):][:1000]}")
        return done.stdout.decode(errors="replace")

    def tree(self, passes=2):
        """Each packet's layers of VCRP, by frame."""
        layers = {}
        for packet in ElementTree.fromstring(self.run("-T", "pdml", passes=passes)):
            frame = next(int(field.get("show")) for field in packet.iter("field")
                         if field.get("name") == "frame.number")
            layers[frame] = [proto for proto in packet.iter("proto") if proto.get("name") == "vcrp"]
        return layers

    def lines(self, passes=2):
        return [Line(frame, field) for frame, layers in self.tree(passes).items() for layer in layers
                for field in layer.iter("field") if field.get("name") == "vcrp.line"]

    def layers(self, passes=2):
        """As lines(), each layer taken together."""
        return [Line(frame, layer) for frame, layers in self.tree(passes).items() for layer in layers]

    def fields(self, *names, show=None, passes=2):
        """Rows of the packets that the display filter shows, or all; a field is the list of its values."""
        wanted = [word for name in names for word in ("-e", name)]
        text = self.run("-T", "fields", "-E", "separator=/t", "-E", "aggregator=\x1f", *wanted,
                        *(["-Y", show] if show else []), passes=passes)
        return [[field.split("\x1f") if field else [] for field in row.split("\t")] for row in text.splitlines()]

    def frames(self, show, passes=2):
        return [int(row[0][0]) for row in self.fields("frame.number", show=show, passes=passes)]


def main(*tests):
    """Runs all of them; says which fail, and why."""
    failed = 0
    for test in tests:
        try:
            test()
            print(f"ok    {test.__doc__}", flush=True)
        except AssertionError as error:
            failed += 1
            print(f"FAIL  {test.__doc__}\n      {error}", flush=True)
    sys.exit(failed > 0)
