#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""AUTH, as a client without our code or any SASL library has it: every mechanism on every kind of
connection, what it is bound to, what it tells of names, and how failures are slowed."""
import os, re, ssl, subprocess, sys, tempfile, time
import sasl
from server import Server

PASSWORD = "pencil and paper"
CERTIFICATE = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
               "-days", "2", "-subj", "/CN=someone else")

# Two authorities of one name, and from each a certificate for bud.
AUTHORITIES = """
for ca in ours theirs; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority \\
        -keyout $ca.ca.key -out $ca.ca.crt
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=bud -keyout $ca.key -out $ca.csr
    openssl x509 -req -in $ca.csr -days 2 -CA $ca.ca.crt -CAkey $ca.ca.key -out $ca.crt
done
"""


def must(good, what):
    if not good:
        sys.exit(f"not so: {what}")


def rules(version=None, files=None):
    context = sasl.any_certificate(version)
    if files:
        context.load_cert_chain(*files)
    return context


def features(wire):
    wire.say("PING")
    greeting = wire.hear().split(" ")
    must(wire.hear() == "PONG", "PING is answered")
    return greeting[4].split(",")


def each_mechanism(server, tls12):
    everywhere = {"guest", "scram-sha-256", "scram-i=10000"}
    for where, tls, more in ((server.port, None, {"tls"}), (server.socket, None, {"plain", "external"}),
                             (server.port, rules(), {"plain", "scram-sha-256-plus"}),
                             (server.port, tls12, {"plain", "scram-sha-256-plus"})):
        with sasl.Wire(where, tls) as wire:
            must(everywhere | more <= set(features(wire)), f"the greeting offers {more}")
            for name, password in (("bud", "wrong"), ("nobody", PASSWORD)):
                must(sasl.scram(wire, name, password, greeted=True).startswith("ERR auth-failed"), "SCRAM refuses")
            must(sasl.scram(wire, "bud", PASSWORD, greeted=True) == "OK AUTH bud", "SCRAM logs in")
            wire.say("JOIN lobby")
            must(wire.hear().startswith("ROOM lobby"), "who has logged in may talk")
        with sasl.Wire(where, tls) as wire:
            said = sasl.plain(wire, "bud", PASSWORD)
            must(said == "OK AUTH bud" if "plain" in more else said.startswith("ERR need-tls"), "PLAIN where it may be")


def each_binding(server, tls12):
    with sasl.Wire(server.port, tls12) as wire:
        binding = wire.socket.get_channel_binding("tls-unique")
        wrong = bytes([binding[0] ^ 1]) + binding[1:]
        must(sasl.scram(wire, "bud", PASSWORD, ("tls-unique", wrong)).startswith("ERR auth-failed"),
             "a binding to another connection is none")
        must(sasl.scram(wire, "bud", PASSWORD, ("tls-unique", binding), True) == "OK AUTH bud", "tls-unique binds")
    with sasl.Wire(server.port, rules()) as wire:
        must(sasl.scram(wire, "bud", PASSWORD, ("tls-unique", binding)).startswith("ERR auth-failed"),
             "TLS 1.3 has no tls-unique")


def exporter(server):
    """OpenSSL's client prints what RFC 9266 binds to, and passes lines through."""
    client = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_3", "-keymatexport",
         "EXPORTER-Channel-Binding", "-keymatexportlen", "32", "-nocommands"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
    said = b""
    while not re.search(rb"Keying material: [0-9A-F]{64}\n", said):
        said += client.stdout.read(1)
    binding = bytes.fromhex(said.split(b"Keying material: ")[1].decode())

    class Pipe:
        def say(self, line):
            client.stdin.write(line.encode() + b"\n")

        def hear(self):
            while True:
                line = client.stdout.readline().decode().rstrip("\n")
                must(line or client.poll() is None, "the connection holds")
                if re.match(r"(@\S+ )?(VCRP|AUTH|OK|ERR|PONG)\b", line):
                    return line

    pipe = Pipe()
    said = sasl.scram(pipe, "bud", PASSWORD, ("tls-exporter", bytes(32)))
    must(said.startswith("ERR auth-failed"), "a wrong exporter is refused")
    must(sasl.scram(pipe, "bud", PASSWORD, ("tls-exporter", binding), True) == "OK AUTH bud", "tls-exporter binds")
    client.kill()
    client.communicate()


def certificates(server, root):
    def made():
        with tempfile.TemporaryDirectory() as directory:
            files = [os.path.join(directory, name) for name in ("crt", "key")]
            subprocess.run(CERTIFICATE + ("-out", files[0], "-keyout", files[1]), check=True,
                           stderr=subprocess.DEVNULL)
            with open(files[0]) as file:
                return rules(files=files), ssl.PEM_cert_to_DER_cert(file.read())

    def external(offered=True, foreign=False):
        with sasl.Wire(server.port, other if foreign else tls) as wire:
            must(("external" in features(wire)) == offered, "EXTERNAL is offered to who shows a certificate")
            wire.say("AUTH EXTERNAL")
            return wire.hear()

    (tls, der), (other, _) = made(), made()
    must(external(offered=False).startswith("ERR auth-failed"), "where no account has a certificate none is asked for")
    sasl.ask(root, "ACCOUNT certificate bud " + sasl.fingerprint(der))
    must(external() == "OK AUTH bud", "a certificate logs its account in")
    must(external(foreign=True).startswith("ERR auth-failed"), "one that nobody knows is nobody's")
    sasl.ask(root, "ACCOUNT disable bud")
    must(external().startswith("ERR auth-failed"), "but not a disabled one")
    for login in sasl.scram, sasl.plain:
        with sasl.Wire(server.port, rules()) as wire:
            must(login(wire, "bud", PASSWORD).startswith("ERR auth-failed"), "nor does a password")
    sasl.ask(root, "ACCOUNT enable bud")
    must(external() == "OK AUTH bud", "until it is enabled")


def vouched_for():
    """A name in a certificate counts if tls.client_ca has signed it, and not otherwise."""
    server = Server()
    subprocess.run(["sh", "-ec", AUTHORITIES], cwd=server.directory, check=True, stderr=subprocess.DEVNULL)
    server.configure(f'tls = {{ client_ca = "{server.path("ours.ca.crt")}"; }};')

    def external(ca):
        with sasl.Wire(server.port, rules(files=[server.path(ca + ".crt"), server.path(ca + ".key")])) as wire:
            wire.say("AUTH EXTERNAL")
            wire.hear()     # the greeting
            return wire.hear()

    with server:
        must(external("ours").startswith("ERR auth-failed"), "a certificate makes no account")
        with sasl.administrator(server.socket) as root:
            sasl.add(root, "bud", PASSWORD)
        must(external("ours") == "OK AUTH bud", "a name that is vouched for logs in")
        must(external("theirs").startswith("ERR auth-failed"), "anybody can vouch for a name")


def changed_meanwhile(server, root):
    """What an exchange began with is of no use once the password is another, or the account another's."""
    def finish(changes, keys):
        class Late(sasl.Wire):
            def hear(self):
                said = super().hear()
                if said.startswith("AUTH "):
                    for change in changes:
                        sasl.ask(root, change)
                    changes.clear()
                return said

        with Late(server.port) as wire:
            return sasl.scram(wire, "bud", PASSWORD, keys=keys)

    other = sasl.verifier("another")
    must(finish(["ACCOUNT role bud user"], {}) == "OK AUTH bud", "a role is no other password")
    must(finish([f"ACCOUNT passwd bud {other}"], {}).startswith("ERR auth-failed"), "an old password is none")
    sasl.ask(root, "ACCOUNT passwd bud " + sasl.verifier(PASSWORD))
    must(finish(["ACCOUNT delete bud", f"ACCOUNT add bud {other}"], {}).startswith("ERR auth-failed"),
         "an account of before is none")
    sasl.ask(root, "ACCOUNT passwd bud " + sasl.verifier(PASSWORD))


def first_message(wire, name):
    wire.say("AUTH SCRAM-SHA-256 " + sasl.b64(f"n,,n={name},r=abc".encode()))
    said = wire.hear()
    wire.say("AUTH *")
    wire.hear()
    return said


def names_are_not_told(server):
    """A restart does not change what is said to a name that nobody has."""
    def salts():
        with sasl.Wire(server.port) as wire:
            features(wire)
            return [sasl.challenge(first_message(wire, name))[1] for name in ("bud", "nobody", "NOBODY", "bob")]

    before = salts()
    must(len(set(before)) == 3 and before[1] == before[2], "each name has a salt")
    must(len({len(salt) for salt in before}) == 1, "all salts look alike")
    must(server.stop() == 0, "the server stops")
    server.start()
    must(salts() == before, "a salt is the same after a restart")


def slowed(server):
    """Who fails waits; whoever comes from elsewhere waits a second at most; nobody is locked out."""
    def timed(source, password, expected):
        begun = time.monotonic()
        with sasl.Wire(("127.0.0.1", server.port, source)) as wire:
            said = sasl.scram(wire, "kay", password)
        must(said.startswith(expected), f"{said} is {expected}")
        return time.monotonic() - begun

    waits = [timed("127.0.0.2", "wrong", "ERR auth-failed") for _ in range(6)]
    must(max(waits[:3]) < 0.2, f"three are free: {waits}")
    must(all(wait >= least for wait, least in zip(waits[3:], (0.25, 0.5, 1.0))), f"then they wait: {waits}")
    wait = timed("127.0.0.3", "I X", "OK AUTH kay")
    must(1 <= wait < 2, f"the owner elsewhere waits {wait}")
    wait = timed("127.0.0.2", "I X", "OK AUTH kay")
    must(2 <= wait < 4, f"the owner there waits {wait}")
    must(timed("127.0.0.2", "I X", "OK AUTH kay") < 0.2, "who succeeds there is trusted again")


def crowded(server):
    """Of eight places for those who have not logged in, four are for tries that wait for their address."""
    def begin(source):
        wire = sasl.Wire(("127.0.0.1", server.port, source))
        wire.say("AUTH SCRAM-SHA-256 " + sasl.b64(b"n,,n=bud,r=abc"))
        wire.hear()
        nonce = sasl.challenge(wire.hear())[0]
        wire.say("AUTH " + sasl.b64(f"c=biws,r={nonce},p={sasl.b64(bytes(32))}".encode()))
        return wire

    for _ in range(5):
        with begin("127.0.0.4") as wire:
            must(wire.hear().startswith("ERR auth-failed"), "a proof of nothing fails")
    waiting = [begin("127.0.0.4") for _ in range(4)]
    with begin("127.0.0.4") as wire:
        must(re.match(r"@wait=\d+;limit=auth ERR too-many |@limit=auth;wait=\d+ ERR too-many ", wire.hear()),
             "a fifth that waits is refused")
        must(wire.hear() == "", "and ended")
    with sasl.Wire(("127.0.0.1", server.port, "127.0.0.5")) as wire:
        must(sasl.scram(wire, "kay", "I X") == "OK AUTH kay", "others are let in")
    # Their end is not seen before their turn comes; a stop does not wait for it.
    for wire in waiting:
        wire.close()


def what_is_logged(server):
    with open(server.path("log")) as file:
        log = file.read()
    must(re.search(r'127\.0\.0\.2:\d+: login as "kay" by SCRAM-SHA-256 failed', log), "a failed login is logged")
    must(PASSWORD not in log and sasl.b64(PASSWORD.encode())[:12] not in log, "and no password")


def main():
    tls12 = rules(ssl.TLSVersion.TLSv1_2)
    with Server("limits = { login_timeout = 1; unauthenticated = 8; };") as server:
        with sasl.administrator(server.socket) as root:
            sasl.add(root, "bud", PASSWORD)
            sasl.add(root, "kay", "I X")
            each_mechanism(server, tls12)
            each_binding(server, tls12)
            exporter(server)
            certificates(server, root)
            changed_meanwhile(server, root)
        names_are_not_told(server)
        slowed(server)
        crowded(server)
        must(server.stop() == 0, "the server stops")
        what_is_logged(server)
    vouched_for()


main()
