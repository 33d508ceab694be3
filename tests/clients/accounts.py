#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Accounts from their making to their end: by vcrpctl and by REGISTER, with real logins; what was answered is there
after a kill; who is disabled is gone at once; a database that cannot be written is told of soon."""
import os, re, signal, sqlite3, subprocess, sys, threading, time
from sasl import Wire, any_certificate, scram, verifier
from server import Server

CTL = os.environ.get("VCRPCTL", "./vcrpctl")
TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{23}$")
SOON = 2.0


def check(good, what):
    if not good:
        sys.exit(what)


def ctl(server, *words, given=None, status=0):
    done = subprocess.run([CTL, "-s", server.socket, *words], input=given, text=True, capture_output=True, timeout=60)
    check(done.returncode == status, f"vcrpctl {words}: {done.returncode}, {done.stdout}{done.stderr}")
    return done.stdout if status == 0 else done.stderr


def rows(server):
    return {line.split()[1]: dict(word.split("=") for word in line.split()[2:])
            for line in ctl(server, "account", "list").splitlines()}


def log_in(server, name, password):
    """The wire, and what the login was answered."""
    wire = Wire(server.port)
    return wire, scram(wire, name, password)


def fails(server, name, password):
    wire, said = log_in(server, name, password)
    wire.close()
    return said.startswith("ERR auth-failed")


def passes(server, name, password):
    wire, said = log_in(server, name, password)
    wire.close()
    return said == f"OK AUTH {name}"


def register(server, name, password, token=None, wire=None):
    wire = wire or Wire(server.port)
    wire.say(("@key=" + token + " " if token else "") + f"REGISTER {name} {verifier(password)}")
    check(wire.hear().startswith("VCRP 1 "), "no greeting")
    said = wire.hear()
    wire.close()
    return said


def root(server):
    wire = Wire(server.socket)
    wire.say("AUTH EXTERNAL")
    check(wire.hear().startswith("VCRP 1 ") and wire.hear().startswith("OK AUTH"), "no administrator")
    return wire


def kill(server):
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    server.process.stdout.close()
    server.start()


def by_vcrpctl(server):
    ctl(server, "account", "add", "Alice", given="correct horse\n")
    made = ctl(server, "account", "add", "bob", "--admin", "--generate").strip()
    check(re.fullmatch(r"([a-z2-9]{5}-){4}[a-z2-9]{5}", made), f"generated: {made!r}")
    check(passes(server, "Alice", "correct horse") and passes(server, "bob", made), "they cannot log in")
    check(fails(server, "alice", "correct hors") and fails(server, "nobody", "x"), "anybody can log in")
    there = rows(server)
    check(there["Alice"]["role"] == "user" and there["bob"]["role"] == "administrator" and
          there["bob"]["disabled"] == "0" and there["bob"]["certificate"] == "none" and
          int(there["bob"]["seen"]) >= int(there["bob"]["created"]) > 1e12, f"listed: {there}")
    check("name-reserved" in ctl(server, "account", "add", "ALICE", given="x\n", status=1), "twice the same name")
    check("no-such-name" in ctl(server, "account", "passwd", "carol", given="x\n", status=1), "a password for nobody")
    check("bad-value" in ctl(server, "account", "role", "bob", "king", status=1), "a role that is none")
    check("denied" in ctl(server, "account", "delete", "root", status=1), "root was deleted")
    ctl(server, "account", "add", "dave", given="\n", status=2)
    ctl(server, "account", "add", status=2)
    ctl(server, "account", "sing", "bob", status=2)
    ctl(server, "account", "passwd", "bob", given="battery staple\n")
    check(fails(server, "bob", made) and passes(server, "bob", "battery staple"), "the old password is good")
    ctl(server, "account", "role", "bob", "user")
    ctl(server, "account", "certificate", "bob", "sha256:" + "ab" * 32)
    check(rows(server)["bob"]["role"] == "user" and rows(server)["bob"]["certificate"] == "sha256:" + "ab" * 32,
          f"listed: {rows(server)}")
    check(list(rows(server)) == ["Alice", "bob"] or set(rows(server)) == {"Alice", "bob"}, "others are listed")
    with open(server.path("log")) as log:
        text = log.read()
    check("account bob: add by" in text and "account bob: role user by" in text, "the log does not tell")
    for secret in made, "battery staple", "correct horse":
        check(secret not in text, "a password is in the log")


def sessions(server):
    """Of datagrams."""
    wire = root(server)
    wire.say("STATS")
    while not (said := wire.hear()).startswith("STAT udp_sessions "):
        check(said.startswith("STAT "), "no count of sessions")
    wire.close()
    return int(said.split()[2])


def at_once(server):
    """A role, and an end, take effect on connections that are there."""
    wire, said = log_in(server, "bob", "battery staple")
    check(said == "OK AUTH bob", said)
    wire.say("STATS")
    check(wire.hear().startswith("ERR denied"), "a user asks for STATS")
    ctl(server, "account", "role", "bob", "administrator")
    wire.say("ACCOUNT list bob")
    check(wire.hear().startswith("STAT account bob role=administrator") and wire.hear() == "OK ACCOUNT list",
          "the role took no effect")
    ctl(server, "account", "role", "bob", "user")
    wire.say("ACCOUNT list bob")
    check(wire.hear().startswith("ERR denied"), "the role is still there")
    other, _ = log_in(server, "bob", "battery staple")
    for each in wire, other:
        each.say("UDP")
        check(each.hear().startswith("OK UDP "), "no session")
    check(sessions(server) == 2, "not two sessions")
    wire.say(f"@id=p PASSWD {verifier('third')}")
    check(wire.hear() == "@id=p OK PASSWD", "PASSWD")
    check(other.hear() == "BYE killed password changed", "who had the old password is still there")
    begin = time.monotonic()
    while sessions(server) > 0:
        check(time.monotonic() - begin < SOON, "a session outlives its password")
    wire.say("PING still")
    check(wire.hear() == "PONG still", "who changed it was sent away")
    check(fails(server, "bob", "battery staple") and passes(server, "bob", "third"), "PASSWD took no effect")
    for action, again in ("disable", "enable"), ("delete", None):
        wires = [log_in(server, "bob", "third")[0] for _ in range(3)]
        begin = time.monotonic()
        ctl(server, "account", action, "bob")
        for one in wires:
            check(one.hear() == "BYE killed account disabled" and one.hear() == "", f"{action}: no end")
        check(time.monotonic() - begin < 1.0, f"{action} took {time.monotonic() - begin} s")
        check(fails(server, "bob", "third"), f"{action}: it can log in")
        if again:
            ctl(server, "account", again, "bob")
            check(passes(server, "bob", "third"), "enabled, it cannot log in")


def invitations(server):
    """Each makes one account, also after a kill, and of two at once one wins."""
    check(register(server, "carol", "x").startswith("ERR denied"), "without an invitation")
    check(register(server, "carol", "x", "A" * 24).startswith("ERR denied"), "with a wrong one")
    token, short = ctl(server, "invite").strip(), ctl(server, "invite", "--for", "1s").strip()
    check(TOKEN.match(token) and TOKEN.match(short) and token != short, f"tokens: {token} {short}")
    kill(server)
    database = sqlite3.connect(server.path("data", "vcrpd.db"))
    hashes = [row[0] for row in database.execute("SELECT hash FROM invites")]
    database.close()
    check(len(hashes) == 2 and token.encode() not in hashes, "a token is in the database")
    said = []
    two = [threading.Thread(target=lambda n=n: said.append(register(server, f"guest{n}", "x", token)))
           for n in range(2)]
    for thread in two:
        thread.start()
    for thread in two:
        thread.join()
    check(sorted(line.split()[0] for line in said) == ["ERR", "OK"], f"one token: {said}")
    check(register(server, "carol", "x", token).startswith("ERR denied"), "it was good twice")
    end = time.monotonic() + 20
    while register(server, "rose", "x", short).startswith("OK"):
        ctl(server, "account", "delete", "rose")
        short = ctl(server, "invite", "--for=1s").strip()
        time.sleep(1.1)     # the invitation's own time
        check(time.monotonic() < end, "an invitation is good for ever")


def one_name(server):
    """Many ask for one name at once, in spellings of their own; one gets it."""
    names, said = ["Mallory", "mallory", "MALLORY", "maIIory", "Mallory"], []
    threads = [threading.Thread(target=lambda name=name: said.append(register(server, name, "x"))) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(sum(line.startswith("OK REGISTER") for line in said) == 1 and
          sum(line.startswith("ERR name-reserved") for line in said) == 4, f"one name: {said}")


def kills(server):
    """What was answered is there, whenever the kill comes."""
    there, stop = [], threading.Event()

    def make(n):
        for i in range(10000):
            try:
                if register(server, f"k{n}x{i}", "x").startswith("OK REGISTER"):
                    there.append(f"k{n}x{i}")
            except (OSError, SystemExit):
                return

    for n in range(4):
        threads = [threading.Thread(target=make, args=(f"{n}y{m}",)) for m in range(3)]
        before = len(there)
        for thread in threads:
            thread.start()
        while len(there) < before + 20:
            time.sleep(0.001)
        kill_only(server)
        for thread in threads:
            thread.join()
        server.start()
        missing = set(there) - set(rows(server))
        check(not missing, f"answered, and gone: {missing}")


def kill_only(server):
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    server.process.stdout.close()


def locked(server):
    """The database is another's for now: it is told soon, nothing has happened, and logins go on."""
    other = sqlite3.connect(server.path("data", "vcrpd.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begin = time.monotonic()
    check(register(server, "late", "x").startswith("ERR busy"), "REGISTER")
    check(time.monotonic() - begin < SOON, "REGISTER took long")
    wire = root(server)
    for line in f"ACCOUNT add late {verifier('x')}", "ACCOUNT disable Alice", "ACCOUNT delete Alice", "ACCOUNT invite":
        begin = time.monotonic()
        wire.say("@id=b " + line)
        check(wire.hear().startswith("@id=b ERR busy"), line)
        check(time.monotonic() - begin < SOON, "it took long: " + line)
    check(passes(server, "Alice", "correct horse"), "no logins while the database is locked")
    other.execute("ROLLBACK")
    other.close()
    check("late" not in rows(server) and rows(server)["Alice"]["disabled"] == "0", "it happened after all")
    check(register(server, "late", "x") == "OK REGISTER late", "afterwards")
    wire.close()


def marks(server):
    """Marks are told to the account's connections on any thread, coalesced, and kept."""
    one, _ = log_in(server, "Alice", "correct horse")
    others = [log_in(server, "Alice", "correct horse")[0] for _ in range(3)]
    one.say("JOIN hall")
    number = int(one.hear().split()[2])
    check(one.hear().startswith("OK JOIN"), "JOIN")
    for i in range(40):
        one.say(f"SAY hall {i}")
        one.hear()
        number += 1
        one.say(f"READ hall {number}")
        check(one.hear() == f"OK READ hall {number}", "READ")
    for other in others:
        for i in range(40):
            check(other.hear() == f"READ hall {number - 39 + i}", "READ was not told")
    database = sqlite3.connect(server.path("data", "vcrpd.db"))
    end = time.monotonic() + 10
    while database.execute("SELECT number FROM marks WHERE room = CAST('hall' AS BLOB)").fetchall() != [(number,)]:
        check(time.monotonic() < end, "the mark is not written")
        time.sleep(0.05)
    database.close()
    for wire in one, *others:
        wire.close()
    kill(server)
    one, _ = log_in(server, "Alice", "correct horse")
    one.say("JOIN hall")
    check([one.hear() for _ in range(3)] == [f"ROOM hall {number} 1", f"READ hall {number}", f"OK JOIN hall {number}"],
          "the mark is gone")
    one.close()


def nothing_inherited(server):
    """Who has the name later has neither roles nor marks, nor conversations, nor what was said."""
    ctl(server, "account", "add", "eve", given="first\n")
    eve, _ = log_in(server, "eve", "first")
    eve.say("JOIN den")
    eve.hear(), eve.hear()
    eve.say("SAY den mine")
    number = int(eve.hear().split()[2])
    eve.say(f"READ den {number}")
    eve.hear()
    eve.say("SAY @Alice secret")
    check(eve.hear().startswith("ROOM @Alice,eve") and eve.hear().startswith("MSG @Alice,eve"), "direct")
    ctl(server, "account", "delete", "eve")
    eve.close()
    ctl(server, "account", "add", "eve", given="second\n")
    for again in range(2):
        eve, said = log_in(server, "eve", "second")
        check(said == "OK AUTH eve", said)
        eve.say("JOIN den")
        check([eve.hear().split()[0] for _ in range(2)] == ["ROOM", "OK"], "a mark was inherited")
        eve.say("ROLE den eve owner")
        said = eve.hear()
        check(said.startswith("ERR denied"), "a role was inherited: " + said)
        for line in f"EDIT den {number} not mine", f"DELETE den {number}":
            eve.say("@id=x " + line)
            said = eve.hear()
            check(said.startswith("@id=x ERR denied"), line + ": " + said)
        eve.say("HISTORY @Alice 10")
        said = eve.hear()
        check(said == "PAGE @Alice,eve 0", "a conversation was inherited: " + said)
        eve.close()
        kill(server)


def backed_up(server):
    """All of it is in a backup."""
    token, before = ctl(server, "invite").strip(), rows(server)
    ctl(server, "backup", server.path("copy"))
    server.stop()
    server.process.stdout.close()
    os.rename(server.path("data"), server.path("old"))
    done = subprocess.run([os.environ.get("VCRPD", "./vcrpd"), "--restore", server.path("copy"), "-d",
                           server.path("data")], capture_output=True, text=True, timeout=60)
    check(done.returncode == 0, done.stderr)
    server.start()
    after = rows(server)
    for name in before:
        check(all(after[name][key] == before[name][key] for key in ("role", "created", "certificate")), name)
    check(set(after) == set(before), "not the same accounts")
    check(passes(server, "Alice", "correct horse"), "no login after a restore")
    check(register(server, "invited", "x", token) == "OK REGISTER invited", "the invitation is gone")
    one, _ = log_in(server, "Alice", "correct horse")
    one.say("JOIN hall")
    check(one.hear().startswith("ROOM hall") and one.hear().startswith("READ hall"), "the mark is gone")
    one.close()


def limited(server):
    """limits.account and limits.register, over TLS, where this host is not trusted."""
    context = any_certificate()

    def over_tls():
        return Wire(server.port, context)

    check(register(server, "one", "x", wire=over_tls()) == "OK REGISTER one", "the first")
    check(register(server, "one", "x", wire=over_tls()).startswith("ERR name-reserved"), "the same again")
    check(register(server, "two", "x", wire=over_tls()) == "OK REGISTER two", "the second")
    check(re.match(r"@wait=\d+;limit=limits.register ERR too-many", register(server, "three", "x", wire=over_tls())),
          "the third")
    check(register(server, "three", "x", wire=Wire(server.socket)) == "OK REGISTER three", "by the local socket")
    wires = []
    for i in range(3):
        wires.append(over_tls())
        said = scram(wires[-1], "one", "x")
        check(said == "OK AUTH one" if i < 2 else said.startswith("@limit=limits.account ERR too-many"),
              f"connection {i}: {said}")
    wires[0].say("QUIT")
    check(wires[0].hear() == "BYE quit" and wires[0].hear() == "", "QUIT")
    end = time.monotonic() + 10
    while not scram(over_tls(), "one", "x").startswith("OK AUTH"):
        check(time.monotonic() < end, "a place that is free is not given")
    stats = ctl(server, "stats")
    check("refused.limits.register 1\n" in stats, "STATS does not count")


OPEN = 'accounts = { registration = "open"; };\nlimits = { lines = 0; address = 0; arrivals = 0; };\n'
with Server("limits = { lines = 0; };\n") as server:
    by_vcrpctl(server)
    at_once(server)
    invitations(server)
    server.configure(OPEN)
    kill(server)
    one_name(server)
    locked(server)
    kills(server)
    marks(server)
    nothing_inherited(server)
    server.configure(f'limits = {{ lines = 0; }};\nstorage = {{ backups = "{server.directory}"; }};\n')
    kill(server)
    backed_up(server)
with Server('accounts = { registration = "open"; };\n'
            "limits = { loopback_trusted = false; register = 2; account = 2; arrivals = 0; address = 0; };\n") as server:
    limited(server)
