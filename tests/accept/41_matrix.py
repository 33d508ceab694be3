#!/usr/bin/env python3
# 41_matrix.py -- every command by every role in every state, and what the time
#                 of an answer tells of what is hidden
#
# SPDX-License-Identifier: MIT
import os
import re
import subprocess
import sys
import time

from accept import TOP, Row, Server, pin_first, quantile, until

CLIENTS = os.path.join(TOP, "tests", "clients")
sys.path.insert(1, CLIENTS)
from people import Peer, administrator  # noqa: E402
from sasl import scram, verifier  # noqa: E402

row = Row("41", "commands by role and state; sessions of who is suspended; "
          "hidden rooms by time", {"asks": (1000, "of each kind, for medians")})
SPOKEN = ("SAY {0} x", "EDIT {0} 1 x", "DELETE {0} 1", "REACT {0} 1 x",
          "SIGNAL {0} x")
LOOKED = ("WHO {0}", "HISTORY {0} 5", "SEARCH {0} 5 secret", "READ {0} 1")
GOVERNED = ("SET {0} topic x", "SET {0} moderated on", "ROLE {0} ~eve muted",
            "KICK {0} ~eve")
ALL = (*SPOKEN, *LOOKED, *GOVERNED, "JOIN {0}", "LEAVE {0}")
PASSWORD = "correct horse"


def said(peer, room, lines=ALL):
    """Code of each answer; all in one word if they are the same."""
    found = [answer.split()[1] if answer.startswith("ERR") else "yes"
             for answer in peer.ask(*(line.format(room) for line in lines))]
    return found[0] if len(set(found)) == 1 else found


def expect(what, found, expected):
    row.check(found == expected, "%s: %s" % (what, found))


def log_in(peer):
    return scram(peer, "nina", PASSWORD, greeted=True)


def listed(peer):
    peer.good("LIST")
    return sorted(line.split()[1] for line in peer.between
                  if line.startswith("ROOM"))


def names_in(room):
    admin.good("WHO " + room)
    return " ".join(line for line in admin.between
                    if line.startswith("NAMES")).split()


def ended_in(peers, order):
    """The longest that one of them still lived after that was answered."""
    admin.good(order)
    begin, longest = time.monotonic(), 0.0
    for peer in peers:
        words = []
        try:
            while True:
                words.append(peer.line())
        except EOFError:
            longest = max(longest, time.monotonic() - begin)
        row.check(any(word.startswith("BYE killed") for word in words),
                  "%s: it is told so" % order)
    return longest


# All cells of doc/rights.md.
done = subprocess.run([sys.executable, os.path.join(CLIENTS, "matrix.py")],
                      env=dict(os.environ, VCRPD=row.program("vcrpd")),
                      capture_output=True, text=True)
row.check(done.returncode == 0, "each cell of doc/rights.md is as the server "
          "is (tests/clients/matrix.py)")
if done.returncode != 0:
    print(done.stderr[-3000:])

server = Server(row, {"rooms.create": "administrators", "rooms.linger": 0})
server.socket = server.sock
admin = administrator(server)
for room in ("open", "cave", "club"):
    admin.good("JOIN " + room, "SAY %s secret" % room)
admin.good("SET cave hidden on", "SET club members-only on")

# A guest, and who becomes an account.
guest = Peer(server).hello("nina")
expect("guest, hidden", said(guest, "cave"), "no-such-room")
expect("guest, members-only", said(guest, "club"), "no-such-room")
expect("guest, nowhere", said(guest, "nowhere"), "no-such-room")
expect("guest, open, outside", said(guest, "open", SPOKEN), "not-member")
expect("guest, open, outside, governing", said(guest, "open", GOVERNED),
       "denied")
expect("guest, the password", said(guest, "", ["PASSWD " + verifier("x")]),
       "denied")
expect("guest, READ", said(guest, "open", ["READ {0} 1"]), "denied")
expect("guest's list", listed(guest), ["open"])
guest.send("QUIT")
nina = Peer(server)
nina.ask("PING first")
expect("before the login", said(nina, "open"), "need-login")
own = verifier(PASSWORD)
expect("REGISTER without an invitation", said(nina, own, ["REGISTER nina {0}"]),
       "denied")
token = admin.good("ACCOUNT invite")[0].split()[-1]


def register(name, key):
    nina.send("@key=%s REGISTER %s %s" % (key, name, own))
    return nina.line().split()


expect("REGISTER with one", register("nina", token)[0], "OK")
expect("with the same again", register("otto", token)[1], "denied")
expect("after REGISTER, before the login", said(nina, "open"), "need-login")
expect("login", log_in(nina), "OK AUTH nina")
expect("account of no role, hidden", said(nina, "cave"), "no-such-room")
expect("account of no role, members-only", said(nina, "club"), "no-such-room")
expect("its list", listed(nina), ["open"])
expect("READ", said(nina, "open", ["READ {0} 1"]), "yes")

# Roles, from one moment to the next.
admin.good("ROLE cave nina member", "ROLE club nina voice")
expect("a member looks in from outside", said(nina, "cave", LOOKED), "yes")
expect("a voice as well", said(nina, "club", LOOKED), "yes")
expect("but does not speak there", said(nina, "club", SPOKEN), "not-member")
expect("its list", listed(nina), ["cave", "club", "open"])
admin.good("ROLE cave nina none", "ROLE club nina banned")
expect("no role any more", said(nina, "cave"), "no-such-room")
expect("banned from what is not there", said(nina, "club"), "no-such-room")
admin.good("ROLE open nina banned")
expect("banned from a room of all", said(nina, "open", LOOKED[:3]), "banned")
expect("the door of it", said(nina, "open", ["JOIN {0}"]), "banned")
admin.good("ROLE open nina none")
expect("STATS", said(nina, "", ["STATS"]), "denied")
admin.good("ACCOUNT role nina administrator")
expect("administrator at once", said(nina, "cave", LOOKED + ("STATS",)), "yes")
admin.good("ACCOUNT role nina user")
expect("and at once not", said(nina, "", ["STATS", "KILL ~x", "ACCOUNT list"]),
       "denied")
expect("nor sees all", said(nina, "cave"), "no-such-room")

# Sessions of who is suspended.
second = Peer(server)
second.ask("PING first")
log_in(second)
second.good("JOIN open", "SAY open here")
row.at_most("disabled: the last of two sessions ended after",
            ended_in([nina, second], "ACCOUNT disable nina"), 1.0, "s")
row.check(until(lambda: "nina" not in names_in("open")),
          "it is in no room any more")
again = Peer(server)
again.ask("PING first")
expect("login of who is disabled", log_in(again).split()[1], "auth-failed")
expect("need-login still", said(again, "open"), "need-login")
admin.good("ACCOUNT enable nina")
expect("login of who is enabled again", log_in(again), "OK AUTH nina")
row.at_most("deleted: its session ended after",
            ended_in([again], "ACCOUNT delete nina"), 1.0, "s")
again = Peer(server)
again.ask("PING first")
expect("login of who is deleted", log_in(again).split()[1], "auth-failed")

# What time tells. `asleep` has no thread.
admin.good("JOIN asleep", "SAY asleep x", "SET asleep hidden on",
           "LEAVE asleep")
pin_first()
eve = Peer(server).hello("eve")
for line in ("WHO %s", "JOIN %s", "SAY %s hi", "HISTORY %s 10"):
    times = {"cave": [], "asleep": [], "nowhe": []}
    names = list(times)
    for i in range(row.args.asks * 3):
        # As many of each behind each other, so that what drifts is alike.
        name = names[i % 3] if i // 3 % 2 else names[-1 - i % 3]
        padded = ((line % name) + "\n").encode()
        begin = time.perf_counter_ns()
        eve.socket.sendall(padded)
        answer = eve.bytes_line()
        times[name].append((time.perf_counter_ns() - begin) / 1000)
        if not re.match(rb"ERR no-such-room", answer):
            row.check(False, "%s: %s" % (line, answer))
            break
    medians = {name: quantile(found, 0.5) for name, found in times.items()}
    for name, found in medians.items():
        row.figure((line % name) + ": median", found, "us")
    row.at_most(line % "...", max(medians.values()) - min(medians.values()),
                3.0, "us between the medians")
row.finish()
