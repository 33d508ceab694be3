# SPDX-License-Identifier: MIT
"""Logins by SASL as RFC 4616, 5802 and 7677 have them, without any library of ours."""
import base64, hashlib, hmac, os, socket, ssl

ITERATIONS = 10000


def b64(data):
    return base64.b64encode(data).decode()


def mac(key, text):
    return hmac.new(key, text.encode() if isinstance(text, str) else text, "sha256").digest()


def verifier(password, iterations=ITERATIONS, salt=None):
    """What is kept of a password, as RFC 5803 writes it."""
    salt = salt or os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(mac(salted, "Client Key")).digest()
    return f"SCRAM-SHA-256${iterations}:{b64(salt)}${b64(stored)}:{b64(mac(salted, 'Server Key'))}"


def any_certificate(version=None):
    """TLS that trusts whoever answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class Wire:
    """A connection line by line; `where` is a path, a port, or (host, port, source)."""

    def __init__(self, where, tls=None, patience=20):
        if isinstance(where, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(patience)
            self.socket.connect(where)
        else:
            host, port, source = where if isinstance(where, tuple) else ("127.0.0.1", where, "")
            self.socket = socket.create_connection((host, port), patience, (source, 0))
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.file = self.socket.makefile("rb")

    def say(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def hear(self):
        return self.file.readline().decode().rstrip("\n")

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def plain(wire, name, password, authzid="", greeted=False):
    """The answer's line."""
    wire.say("AUTH PLAIN " + b64("\0".join((authzid, name, password)).encode()))
    if not greeted:
        assert wire.hear().startswith("VCRP 1 ")
    return wire.hear()


def scram(wire, name, password, binding=None, greeted=False, keys={}):
    """The answer's line. binding: the type and the data of a channel's. keys: of passwords, kept to
    spare their work."""
    header = f"p={binding[0]},," if binding else "n,,"
    bare = f"n={name},r={b64(os.urandom(18))}"
    wire.say("AUTH SCRAM-SHA-256" + ("-PLUS " if binding else " ") + b64((header + bare).encode()))
    if not greeted:
        assert wire.hear().startswith("VCRP 1 ")
    said = wire.hear()
    if not said.startswith("AUTH "):
        return said
    first = base64.b64decode(said[5:]).decode()
    nonce, salt, rounds = (part[2:] for part in first.split(","))
    at = (password, salt, rounds)
    if at not in keys:
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
        keys[at] = mac(salted, "Client Key"), mac(salted, "Server Key")
    client, server = keys[at]
    final = f"c={b64(header.encode() + (binding[1] if binding else b''))},r={nonce}"
    everything = ",".join((bare, first, final))
    proof = bytes(a ^ b for a, b in zip(client, mac(hashlib.sha256(client).digest(), everything)))
    wire.say("AUTH " + b64(f"{final},p={b64(proof)}".encode()))
    said = wire.hear()
    if not said.startswith("AUTH "):
        return said
    assert base64.b64decode(said[5:]).decode() == "v=" + b64(mac(server, everything)), "not the server"
    return wire.hear()


def challenge(said):
    """Nonce, salt and iterations of SCRAM's first answer."""
    return [part[2:] for part in base64.b64decode(said.split("AUTH ")[1]).decode().split(",")]


def fingerprint(der):
    return "sha256:" + hashlib.sha256(der).hexdigest()


def administrator(path):
    """By the server's local socket."""
    wire = Wire(path)
    wire.say("AUTH EXTERNAL")
    assert wire.hear().startswith("VCRP 1 ")
    assert wire.hear().startswith("OK AUTH ")
    return wire


def ask(wire, line):
    """The answer, which is good."""
    wire.say(line)
    said = wire.hear()
    assert said.startswith("OK "), f"{line}: {said}"
    return said


def add(administrator_wire, name, password):
    ask(administrator_wire, f"ACCOUNT add {name} {verifier(password)}")
