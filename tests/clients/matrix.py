#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each cell of doc/rights.md, asked of a real server: every verb by every role in every kind of room,
from inside and from outside. The tables are read from the document."""
import itertools, os, re, unittest
from people import Peer, administrator, make_accounts
from server import Server

RIGHTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "doc", "rights.md")
ROLES = ["banned", "muted", "none", "member", "voice", "moderator", "owner"]
GUESTS = ["banned", "muted", "none"]
SWITCHES = ["hidden", "members-only", "moderated", "ephemeral"]
WHEN = {"a member": ("inside", True), "not a member": ("inside", False), "hidden": ("hidden", True),
        "members-only": ("members-only", True), "moderated": ("moderated", True),
        "has an owner": ("owned", True), "has no owner": ("owned", False),
        "who may make rooms": ("maker", True)}
# What is asked for each row; {own} and {other} are messages. Who may KICK finds nobody.
LOOK = "WHO HISTORY SEARCH READ"  # with JOIN one row in direct conversations
SPEAK = "SAY EDIT REACT SIGNAL, DELETE of one's own"
GOVERN = "SET of a switch, ROLE KICK"
ROWS = {
    LOOK: ["WHO {room}", "HISTORY {room} 5", "SEARCH {room} 5 first", "READ {room} 1"],
    SPEAK: ["SAY {room} hello", "EDIT {room} {own} changed", "REACT {room} {other} +1", "SIGNAL {room} typing",
            "DELETE {room} {own}"],
    "DELETE of another's": ["DELETE {room} {other}"],
    "SET topic": ["SET {room} topic Ours"],
    GOVERN: ["SET {room} slow", "ROLE {room} ~nobody none", "KICK {room} ~nobody"],
    "JOIN": ["JOIN {room}"],
    "LEAVE": ["LEAVE {room}"],
}
# What no room runs: a line that is good, and what it is to an administrator; None: not asked here.
SERVER = {
    "HELLO": ("HELLO eve", "denied"), "AUTH": ("AUTH EXTERNAL", "denied"), "PING": ("PING x", "PONG"),
    "PONG": ("PONG", None), "HELP": ("HELP", "OK"), "LIST": ("LIST", "OK"), "QUIT": ("QUIT", None),
    "STATS": ("STATS", "OK"), "NOTICE": ("NOTICE hear me", "OK"), "KILL": ("KILL ~nobody", "no-such-name"),
    "RELOAD": ("RELOAD", "OK"), "RETRY": ("RETRY nowhere", "no-such-room"),
    "BACKUP": ("BACKUP relative", "bad-value"), "DRAIN": ("DRAIN", None), "SHUTDOWN": ("SHUTDOWN", None),
    "REGISTER": ("REGISTER eve x", "denied"), "PASSWD": ("PASSWD x", "bad-value"), "ACCOUNT": ("ACCOUNT list", "OK"),
    "BAN": ("BAN", "OK"), "UNBAN": ("UNBAN 192.0.2.7", "no-such-name"), "CALM": ("CALM", "OK"),
    "UDP": ("UDP", "denied"),
}
ALL_MAY = {"PING": "PONG", "HELP": "OK", "LIST": "OK", "HELLO": "denied", "AUTH": "denied", "UDP": "OK"}
CONFIG = 'limits = { lines = 0; address = 0; };\nrooms = { create = "%s"; };\naccounts = { guests = "%s"; };'


def read_tables():
    """The three tables: heads, and rows as lists of cells."""
    tables, last = [], ""
    with open(RIGHTS, encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if line.startswith("| ---"):
                tables.append((last, []))
            elif line.startswith("|") and tables and last:
                tables[-1][1].append(cells)
            last = cells if line.startswith("|") else ""
    return [(head, [row for row in rows if row != head]) for head, rows in tables]


def verdict(answer):
    return answer.split()[1] if answer.startswith("ERR ") else "yes"


class Cells:
    """The table of rooms: what it says of a case, and which cells were looked at."""

    def __init__(self, head, rows):
        self.rows, self.head, self.met = [], head, set()
        for row in rows:
            when = dict(WHEN[part] for part in row[1].split("; "))
            self.rows.append((row[0], when, dict(zip(head[2:], row[2:]))))

    def expected(self, verb, column, case):
        """The cell of the row that is told by the most of what is so."""
        good = [row for row in self.rows if row[0] == verb and all(case[k] == v for k, v in row[1].items())]
        most = max(len(row[1]) for row in good)
        answers = set()
        for row in good:
            if len(row[1]) == most:
                answers.add(row[2][column])
                self.met.add((self.rows.index(row), column))
        assert len(answers) == 1 and "-" not in answers, (verb, column, case, answers)
        return answers.pop()

    def missing(self):
        return [(row[0], row[1], column) for i, row in enumerate(self.rows) for column in self.head[2:]
                if row[2][column] != "-" and (i, column) not in self.met]


class Room:
    def __init__(self, owned, switches):
        self.owned, self.switches = owned, switches
        self.name = "room-" + "".join("01"[on] for on in (owned, *switches.values()))
        self.own, self.other = {}, {}

    def case(self, inside, maker):
        return dict(self.switches, owned=self.owned, inside=inside, maker=maker)


class Person:
    """Somebody of a role, with a connection inside all rooms and one outside."""

    def __init__(self, name, role, log_in):
        self.name, self.role, self.guest = name, role, name.startswith("~")
        self.inside, self.outside = log_in(), None if self.guest else log_in()


class Matrix(unittest.TestCase):
    def setUp(self):
        self.rooms_table, self.direct, self.giving = read_tables()
        self.cells = Cells(*self.rooms_table)
        self.server = Server(CONFIG % ("guests", "yes"))
        self.server.start()
        self.addCleanup(self.server.__exit__)
        self.peers = []
        self.addCleanup(lambda: [peer.close() for peer in self.peers])
        self.admin = self.keep(administrator(self.server))

    def keep(self, peer):
        self.peers.append(peer)
        return peer

    def guest(self, name):
        return self.keep(Peer(self.server)).hello(name)

    def account(self, name):
        return self.keep(Peer(self.server)).log_in(name)

    def configure(self, create, guests):
        self.server.configure(CONFIG % (create, guests))
        self.admin.good("RELOAD")

    def assert_cell(self, answer, expected, guest, line, *what):
        if expected == "yes" and line.startswith("KICK") and verdict(answer) == "no-such-name":
            return  # its rights are looked at before the name
        if expected == "yes" and line.startswith("READ") and guest:
            expected = "denied"  # has no marks
        self.assertEqual(verdict(answer), expected, (line, *what, answer))

    # Rooms

    def make_people(self):
        names = ["acc-" + role for role in ROLES]
        make_accounts(self.admin, *names)
        self.people = [Person(name, role, lambda name=name: self.account(name))
                       for name, role in zip(names, ROLES)]
        # A guest without a key has one connection: two people of each role.
        for role in GUESTS:
            for place in ("in", "out"):
                person = Person(f"~{place}-{role}", role, lambda: self.guest(f"{place}-{role}"))
                if place == "out":
                    person.inside, person.outside = None, person.inside
                self.people.append(person)
        admin = Person(self.admin.name, "administrator", lambda: self.keep(administrator(self.server)))
        self.people.append(admin)

    def make_rooms(self):
        """Everybody says something in every room, and gets the role; then the switches are set."""
        self.rooms = [Room(owned, dict(zip(SWITCHES, on)))
                      for owned, *on in itertools.product([False, True], repeat=1 + len(SWITCHES))]
        founder = self.guest("founder")
        owner = next(person for person in self.people if person.role == "owner")
        names = [room.name for room in self.rooms]
        owner.inside.good(*(f"JOIN {room.name}" for room in self.rooms if room.owned))
        founder.good(*(f"JOIN {name}" for name in names))
        for person in self.people:
            if person.inside:
                person.inside.good(*(f"JOIN {name}" for name in names))
                for room, said in zip(self.rooms, person.inside.good(*(f"SAY {name} first" for name in names))):
                    room.own[person] = said.split()[2]
            for room, said in zip(self.rooms, founder.good(*(f"SAY {name} first" for name in names))):
                room.other[person] = said.split()[2]
        self.admin.good(*(f"ROLE {room.name} {person.name} {person.role}"
                          for room in self.rooms for person in self.people
                          if person.role in ROLES and person.role != "owner"))
        self.admin.good(*(f"SET {room.name} {switch} on"
                          for room in self.rooms for switch, on in room.switches.items() if on))

    def ask_rooms(self, peer, person, column, inside, maker, verbs):
        lines, cases = [], []
        for room in self.rooms:
            # There is no owner in a room without one, and nobody banned in any.
            if (inside and person.role == "banned") or (person.role == "owner" and not room.owned):
                continue
            for verb in verbs:
                for line in ROWS[verb]:
                    lines.append(line.format(room=room.name, own=room.own.get(person, 1),
                                             other=room.other[person]))
                    cases.append((room, verb))
                    if verb == "JOIN" and not inside:
                        lines.append(f"LEAVE {room.name}")
                        cases.append((room, None))
        answers = peer.ask(*lines)
        for line, answer, (room, verb) in zip(lines, answers, cases):
            if verb is None:
                self.assertEqual(verdict(answer) == "yes", entered, (person.name, line, answer))
                continue
            expected = self.cells.expected(verb, column, room.case(inside, maker))
            self.assert_cell(answer, expected, person.guest, line, person.name, room.case(inside, maker))
            entered = expected == "yes"
            if expected == "no-such-room":
                self.unseen.setdefault(peer, []).append((line, answer, room))

    def assert_lists(self, peer, person, column, inside):
        peer.good("LIST")
        listed = {line.split()[1] for line in peer.between if line.startswith("ROOM ")}
        seen = {room.name for room in self.rooms if inside and person.role != "banned" or self.cells.expected(
            LOOK, column, room.case(False, False)) != "no-such-room"
            if person.role != "owner" or room.owned}
        mine = {room.name for room in self.rooms if person.role != "owner" or room.owned}
        self.assertEqual(listed & mine, seen, person.name)

    def assert_nothing_tells(self):
        """Each answer about what is not there is the one about a name that no room has."""
        for peer, asked in self.unseen.items():
            answers = peer.ask(*(line.replace(room.name, "nowhere") for line, _, room in asked))
            for (line, answer, _), other in zip(asked, answers):
                self.assertEqual(answer, other, line)

    def test_rooms(self):
        self.assertEqual({row[0] for row in self.rooms_table[1]}, set(ROWS))
        self.make_people()
        self.make_rooms()
        verbs = list(ROWS)
        for create, guests in (("guests", "yes"), ("administrators", "yes"), ("guests", "read")):
            self.configure(create, guests)
            self.unseen = {}
            for person in self.people:
                reader = guests == "read" and person.guest
                if reader and person.role == "banned":
                    continue  # who is told so where the column of the banned tells
                column = "reader" if reader else person.role
                maker = person.role == "administrator" or create == "guests" and not reader
                # What was deleted is deleted, and only entering asks who makes rooms.
                again = verbs if reader or create == "guests" and guests == "yes" else [LOOK, "JOIN"]
                if person.inside:
                    self.ask_rooms(person.inside, person, column, True, maker, [v for v in again if v != "LEAVE"])
                    self.assert_lists(person.inside, person, column, True)
                if person.outside:
                    self.ask_rooms(person.outside, person, column, False, maker, again)
                    self.assert_lists(person.outside, person, column, False)
            self.assert_nothing_tells()
        for person in self.people:
            if person.inside:
                column = "reader" if person.guest else person.role
                self.ask_rooms(person.inside, person, column, True, True, ["LEAVE"])
                self.ask_rooms(person.inside, person, column, False, person.role == "administrator" or
                               not person.guest, ["LEAVE"])
        self.assertEqual(self.cells.missing(), [])

    # Direct conversations

    def ask_direct(self, peer, room, partner, column):
        """Each request of a row, from inside or, having left before, from outside."""
        head, rows = self.direct
        inside = column.endswith("in it") and not column.endswith("not in it")
        for row in rows:
            cell = row[head.index(column)]
            own = 1
            requests = ROWS["JOIN"] + ROWS[LOOK] if row[0] == "JOIN " + LOOK else ROWS[row[0]]
            for request in requests:
                other = partner.good(f"SAY {room} from the other")[0].split()[2]
                if "{own}" in request and not column.startswith("reader"):
                    own = peer.good(f"SAY {room} mine")[0].split()[2]
                if not inside:
                    peer.ask(f"LEAVE {room}")
                line = request.format(room=room, own=own, other=other).replace("~nobody", "~eve")
                self.assert_cell(peer.ask(line)[0], cell, column.startswith("reader"), line, column)

    def test_direct_conversations(self):
        self.assertEqual(len(self.direct[0]), 7)
        make_accounts(self.admin, "alice", "bob", "carol")
        alice, bob, carol = (self.account(name) for name in ("alice", "bob", "carol"))
        guest, eve = self.guest("guest"), self.guest("eve")
        rooms = {"": (alice, f"@alice,bob"), "administrator, ": (self.admin, "@" + ",".join(sorted(
            ["bob", self.admin.name]))), "reader, ": (guest, "@bob,~guest")}
        bob.good(*(f"SAY {room} begun" for _, room in rooms.values()))
        # To a third there is no conversation, whether there is one or not.
        requests = sorted({request.format(room="@alice,bob", own=1, other=1) for row in ROWS.values()
                           for request in row})
        for third in (carol, eve, self.admin):
            there = third.ask(*requests)
            none = third.ask(*(request.replace("@alice,bob", "@alice,~eve" if third is not eve else "@alice,carol")
                               for request in requests))
            self.assertEqual(there, none)
            self.assertEqual({verdict(answer) for answer in there}, {"no-such-room"})
            third.good("LIST @")
            self.assertEqual([line for line in third.between if "@alice,bob" in line], [])
        for who, (peer, room) in rooms.items():
            if who.startswith("reader"):
                self.configure("guests", "read")
            for place in ("in it", "not in it"):
                self.ask_direct(peer, room, bob, who + place)
        # Nor does a reader begin one, whatever it asks.
        answers = guest.ask(*(request.replace("@alice,bob", "@alice") for request in requests))
        self.assertEqual({verdict(answer) for answer in answers}, {"no-such-room"})

    # Giving roles

    def test_giving(self):
        head, rows = self.giving
        make_accounts(self.admin, "mo", "ow", "target")
        givers = {"moderator": self.account("mo"), "owner": self.account("ow"), "administrator": self.admin}
        givers["owner"].good("JOIN hall")
        self.admin.good("ROLE hall mo moderator")
        groups = {"anybody": ROLES, "a voice or less": ROLES[:5], "a moderator or owner": ROLES[5:]}
        for giver, to, *cells in rows:
            for now, (role, expected) in itertools.product(groups[to], zip(head[2:], cells)):
                self.admin.good(f"ROLE hall target {now}")
                answer = givers[giver].ask(f"ROLE hall target {role}")[0]
                self.assert_cell(answer, expected, False, giver, to, now, role)
    def test_a_banned_name_is_banned_whoever_has_it(self):
        self.admin.good("JOIN hall", "ROLE hall ~bob banned")
        bob = self.guest("bob")
        self.assertEqual(verdict(bob.ask("JOIN hall")[0]), "banned")
        bob.close()
        answer = "ERR"
        while answer.startswith("ERR"):  # as long as the first is not quite gone
            other = self.keep(Peer(self.server))
            other.send("@key=another-key-0123456789 HELLO BOB")
            other.line()
            answer = other.line()
        self.assertEqual(verdict(other.ask("JOIN hall")[0]), "banned")
        self.assertEqual(verdict(self.guest("bobby").ask("JOIN hall")[0]), "yes")

    # What no room runs

    def test_everything_else(self):
        make_accounts(self.admin, "alice")
        self.admin.good("HELP")
        verbs = next(line for line in self.admin.between if "commands:" in line).split()[2:]
        by_rooms = {request.split()[0] for row in ROWS.values() for request in row}
        self.assertEqual(set(verbs), by_rooms | set(SERVER))
        for verb, (line, expected) in SERVER.items():
            if expected is not None:
                answer = self.admin.ask(line)[0]
                self.assertEqual(answer.split()[answer.startswith("ERR")], expected, line)
        guest = self.guest("eve")
        alice = self.account("alice")
        for peer, all_may in ((guest, ALL_MAY), (alice, dict(ALL_MAY, PASSWD="bad-value"))):
            for verb, (line, expected) in SERVER.items():
                if verb in ("PONG", "QUIT"):
                    continue
                answer = peer.ask(line)[0]
                self.assertEqual(answer.split()[answer.startswith("ERR")], all_may.get(verb, "denied"), line)
        stranger = self.keep(Peer(self.server))
        stranger.ask("PING first")
        lines = [line for verb, (line, _) in SERVER.items()
                 if verb not in ("PING", "PONG", "HELP", "QUIT", "HELLO", "AUTH", "REGISTER")]
        lines += [request.format(room="hall", own=1, other=1) for row in ROWS.values() for request in row]
        self.assertEqual({verdict(answer) for answer in stranger.ask(*lines)}, {"need-login"})


class Invisible(unittest.TestCase):
    """Asking for what is not there starts, wakes and reads nothing."""

    def test_nothing_wakes(self):
        with Server('limits = { lines = 0; address = 0; };\nrooms = { linger = 0; create = "accounts"; };') as server:
            admin, guest = administrator(server), Peer(server).hello("eve")
            for switch in ("hidden", "members-only"):
                admin.good(f"JOIN {switch}", f"SAY {switch} secret", f"ROLE {switch} ~eve muted",
                           f"SET {switch} {switch} on", f"LEAVE {switch}")
            while "STAT rooms_live 0" not in self.stats(admin):
                pass
            before = self.stats(admin)
            for room in ("hidden", "members-only"):
                asked = [request.format(room=room, own=1, other=1) for row in ROWS.values() for request in row]
                there = guest.ask(*asked)
                none = guest.ask(*(line.replace(room, "nowhere") for line in asked))
                self.assertEqual(there, none)
                self.assertEqual({verdict(answer) for answer in there}, {"no-such-room"})
            after = self.stats(admin)
            self.assertEqual(before, after)
            admin.good("STATS rooms")
            self.assertEqual([line for line in admin.between if " live=0 holders=0 " not in line], [])
            # And with the room awake, on the io thread of who asks.
            admin.good("JOIN hidden", "JOIN members-only")
            before = self.stats(admin)
            self.assertEqual(guest.ask(*asked), none)
            self.assertEqual(before, self.stats(admin))
            admin.close(), guest.close()

    def stats(self, admin):
        admin.good("STATS")
        return [line for line in admin.between if re.match(
            r"STAT (rooms|rooms_live|room_(requests|events|batches)|requests|io\d+\.requests|store_changes) ", line)]


if __name__ == "__main__":
    unittest.main()
