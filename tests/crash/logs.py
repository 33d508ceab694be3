# logs.py -- looks at a data directory from outside, the server being dead
#
# SPDX-License-Identifier: MIT
"""What the format promises, read anew and not with the server's own code:
lines are whole, numbers rise by one or a GAP says which are not there, sums
agree with the bytes they are about."""
import os
import re
import sqlite3

BLOCK, ENTRY = 65536, 16
NUMBERED = re.compile(rb"(?:@\S+ )?(MSG|EDIT|DELETE|REACT|SET|ROLE) "
                      rb"(\S+) (\d+) (\d+) (\S+)(?: .*)?$", re.S)
GAP = re.compile(rb"GAP (\S+) (\d+) (\d+)$")


def make_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82f63b78 if n & 1 else 0)
        table.append(n)
    return table


TABLE = make_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xffffffff


def rooms(data):
    """The directories of rooms, by name."""
    top = os.path.join(data, "rooms")
    return {name: os.path.join(top, name) for name in sorted(os.listdir(top))
            if os.path.isdir(os.path.join(top, name))}


def segments(room):
    """The paths of a room's segments, oldest first."""
    return [os.path.join(room, name) for name in sorted(os.listdir(room))
            if re.match(r"\d{16}\.log$", name)]


def content(path):
    with open(path, "rb") as file:
        return file.read()


def directory(data, name):
    """A room's, whose name may be folded there; None."""
    for room in rooms(data).values():
        for path in segments(room):
            found = os.path.isfile(path) and \
                NUMBERED.match(content(path).split(b"\n")[0])
            if found and found[2] == name.encode():
                return room
    return None


def check_sums(path, faults):
    sums = path[:-4] + ".sum"
    if not os.path.exists(sums):
        return 0
    text, data, good = content(sums), content(path), 0
    for n in range(len(text) // ENTRY):
        entry = re.match(rb"([0-9a-fA-F]{8}) *(\d+) *\n$",
                         text[n * ENTRY:(n + 1) * ENTRY])
        if not entry:
            continue
        length = int(entry[2])
        block = data[n * BLOCK:n * BLOCK + length]
        if len(block) < length:
            faults.append("%s: block %d has %d bytes, its sum is of %d" % (
                path, n, len(block), length))
        elif crc32c(block) != int(entry[1], 16):
            faults.append("%s: block %d does not agree with its sum" % (
                path, n))
        good += 1
    return good


def check_room(room, faults, torn=False):
    """Number -> line of all there is. torn: the last line may be."""
    lines, after = {}, None
    every = segments(room)
    for path in every:
        first = int(os.path.basename(path)[:16])
        text = content(path)
        whole, rest = text.split(b"\n")[:-1], text.split(b"\n")[-1]
        if rest and not (torn and path == every[-1]):
            faults.append("%s ends in the middle of a line" % path)
        for n, line in enumerate(whole):
            found, gap = NUMBERED.match(line), GAP.match(line)
            if not found and not gap:
                faults.append("%s: no line of a log: %r" % (path, line[:80]))
                continue
            number = int(found[3] if found else gap[2])
            if n == 0 and number != first:
                faults.append("%s begins with %d" % (path, number))
            if after is not None and number != after + 1:
                faults.append("%s: %d follows %d" % (path, number, after))
            after = int(gap[3]) if gap else number
            if found:
                lines[number] = line
        check_sums(path, faults)
    return lines


def check(data, torn=False):
    """({room: {number: line}}, faults) of a whole data directory."""
    faults, found = [], {}
    for name, room in rooms(data).items():
        found[name] = check_room(room, faults, torn)
    return found, faults


def databases(data):
    """The SQLite files of a data directory."""
    found = []
    for name in sorted(os.listdir(data)):
        path = os.path.join(data, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                if file.read(16) == b"SQLite format 3\0":
                    found.append(path)
    return found


def check_databases(data):
    faults = []
    for path in databases(data):
        with sqlite3.connect(path) as db:
            said = db.execute("PRAGMA integrity_check").fetchall()
        db.close()
        if said != [("ok",)]:
            faults.append("%s: %s" % (path, said[:3]))
    return faults
