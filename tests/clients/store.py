#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""While the database is locked by another program, or gone, who needs it is told so soon, and nobody else notices:
a guest's key is what a login waits for the disk for."""
import os, select, socket, sqlite3, sys, time
from server import Server

KEY = "0123456789abcdefABCDEF"
SOON = 2.0


class Client:
    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.settimeout(20)
        self.file = self.socket.makefile("rb", 0)

    def say(self, *lines):
        self.socket.sendall("".join(line + "\n" for line in lines).encode())

    def expect(self, *starts):
        for start in starts:
            line = self.file.readline().decode()
            if not line.startswith(start):
                sys.exit(f"expected {start!r}, came {line!r}")

    def known(self):
        """The server has taken it in: what it says next comes before what others say then."""
        self.say("PING here")
        self.expect("VCRP 1", "PONG here")
        return self

    def has_heard(self):
        return bool(select.select([self.socket], [], [], 0)[0])


def lock(server):
    other = sqlite3.connect(server.path("data", "vcrpd.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def check(good, what):
    if not good:
        sys.exit(what)


def locked(server):
    """One is told that it cannot be, and goes on with what it has said behind; others come in meanwhile."""
    other, alice, bob, thief = lock(server), Client(server), Client(server), Client(server)
    begin = time.monotonic()
    alice.say(f"@id=h;key={KEY} HELLO alice lobby", "@id=p PING one", "@id=j JOIN lobby")
    bob.say("HELLO bob lobby")
    bob.expect("VCRP 1", "OK HELLO ~bob", "ROOM lobby", "OK JOIN lobby")
    bob.say("@id=b SAY lobby hello")
    bob.expect("@id=b MSG lobby")
    thief.say("HELLO alice")
    thief.expect("VCRP 1", "ERR name-taken")
    check(not alice.has_heard(), "who waits for the disk was answered before the others")
    alice.expect("VCRP 1", "@id=h ERR busy", "@id=p PONG one", "@id=j ERR need-login")
    check(time.monotonic() - begin < SOON, "the answer came late")
    # Its name is free again, and it may go on without a key, or try again.
    thief.say("HELLO alice")
    thief.expect("OK HELLO ~alice")
    other.execute("ROLLBACK")
    alice.say(f"@id=h;key={KEY} HELLO alice2 lobby")
    alice.expect("@id=h OK HELLO ~alice2", "ROOM lobby", "OK JOIN lobby")


def gone_meanwhile(server):
    """Who goes while it waits leaves nothing behind."""
    other = lock(server)
    carol, next, thief = Client(server).known(), Client(server), Client(server).known()
    carol.say(f"@key={KEY} HELLO carol")
    thief.say("HELLO carol")
    thief.expect("ERR name-taken")
    carol.socket.close()
    # Answered after carol would have been.
    next.say(f"@key={KEY} HELLO next")
    next.expect("VCRP 1", "ERR busy")
    thief.say("HELLO carol")
    thief.expect("OK HELLO ~carol")
    other.execute("ROLLBACK")


def deleted(server):
    """It is made again, with all that was in it."""
    one = Client(server)
    one.say(f"@key={KEY} HELLO dave")
    one.expect("VCRP 1", "OK HELLO ~dave")
    for end in "", "-wal", "-shm":
        os.unlink(server.path("data", "vcrpd.db" + end))
    two = Client(server)
    two.say(f"@key={KEY} HELLO erin")
    two.expect("VCRP 1", "OK HELLO ~erin")
    server.process.kill()
    server.process.wait()
    server.start()
    for name in "dave", "erin":
        thief = Client(server)
        thief.say(f"HELLO {name}")
        thief.expect("VCRP 1", "ERR name-taken")


def stopped_meanwhile(server):
    """A stop does not wait for a lock, and tells who waits."""
    other, one, thief = lock(server), Client(server).known(), Client(server).known()
    one.say(f"@id=h;key={KEY} HELLO frank")
    thief.say("HELLO frank")
    thief.expect("ERR name-taken")
    status = server.stop()
    check(status == 0, f"the server ended with {status}")
    one.expect("ERR shutting-down")
    other.close()


def older(server):
    """What an earlier version wrote holds: names with an i had other keys."""
    other = sqlite3.connect(server.path("data", "vcrpd.db"))
    other.executescript("""
        INSERT INTO rooms (key, name, moderated) VALUES (CAST('rnail' AS BLOB), 'mail', 1);
        INSERT INTO grants VALUES (CAST('rnail' AS BLOB), CAST('~iris' AS BLOB), 'banned', NULL);
        PRAGMA user_version = 3""")
    other.close()
    server.start()
    iris, bob = Client(server), Client(server)
    iris.say("HELLO iris", "JOIN mail")
    iris.expect("VCRP 1", "OK HELLO", "ERR banned")
    bob.say("HELLO bob", "JOIN mail", "SAY mail hello")
    bob.expect("VCRP 1", "OK HELLO", "ROOM mail", "OK JOIN mail", "ERR denied")
    server.stop()


def refused(server):
    """What cannot be started with is told, once rooms are known as well."""
    other = sqlite3.connect(server.path("data", "vcrpd.db"))
    other.execute("INSERT INTO guests VALUES ('no name', 5, x'00')")
    other.execute("CREATE TRIGGER never BEFORE DELETE ON guests BEGIN SELECT RAISE(FAIL, 'never'); END")
    other.commit()
    other.close()
    server.launch()
    status = server.process.wait(20)
    with open(server.path("log")) as log:
        check(status == 1 and log.read().endswith("never\n"), f"a start that fails ended with {status}")


with Server() as server:
    locked(server)
    gone_meanwhile(server)
    deleted(server)
    stopped_meanwhile(server)
    older(server)
    refused(server)
print("ok: locked, gone meanwhile, deleted, stopped meanwhile, older, refused")
