#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vcrp.py [-f] HOST PORT NICK ROOM: says each line of standard input, prints what happens in the
room, and ends when all is said (-f: reads on). After a cut it comes back and misses nothing."""
import random, re, secrets, select, socket, sys, time

follow = sys.argv[1:2] == ["-f"]
host, port, nick, room = sys.argv[1 + follow:]
ids, key = secrets.token_hex(5), secrets.token_hex(16)  # ids-1, ids-2, ...; key keeps the nick ours
stdin, ended, count, pending, pause = open(0, "rb", buffering=0), False, 0, None, 0.1
cursor = -1  # the last number seen: where to go on from
while True:
    try:
        with socket.create_connection((host, port), 10) as sock:
            data, asked, last = b"", False, float("inf")  # the replay is over at last
            after = f" {cursor}" * (cursor >= 0)
            sock.sendall(f"@key={key} HELLO {nick}\nJOIN {room}{after}\n".encode())
            while not ended or pending or cursor < last or follow:
                if pending and not asked and cursor >= last:  # one at a time: none overtakes
                    sock.sendall(f"@id={ids}-{count} SAY {name} {pending}\n".encode())
                    asked = True
                ready = select.select([sock] + [stdin] * (not pending and not ended), [], [])[0]
                if stdin in ready:
                    line, count = stdin.readline(), count + 1
                    ended = not line
                    pending = "".join(filter(str.isprintable, line.decode(errors="replace")))
                if sock not in ready: continue
                if not (got := sock.recv(65536)): raise ConnectionError
                *lines, data = (data + got).split(b"\n")
                for line in lines:
                    attributes, line = re.match(r"(?:@(\S*) )?(.*?)\r?$", line.decode()).groups("")
                    w, own = line.split(" "), dict(re.findall("([^;=]+)=([^;]*)", attributes))
                    if w[:2] == ["OK", "HELLO"]: me, pause = w[2], 0.1
                    elif w[:2] == ["OK", "JOIN"]:
                        name, last = w[2], int(w[3])
                        cursor = min(cursor, last) if cursor >= 0 else last
                    elif w[0] == "PING": sock.sendall(b"PONG" + line[4:].encode() + b"\n")
                    elif later := own.get("wait", own.get("retry")):  # ERR too-fast, BYE restarting
                        asked = time.sleep(int(later) / 1000)
                    elif w[0] in ("ERR", "BYE"): sys.exit(line)
                    elif w[0] in "MSG EDIT DELETE REACT SET ROLE GAP".split() and w[1] == name:
                        print(line, flush=True)
                        if int(w[2]) > cursor + 1 or (int(w[2]) <= cursor and w[0] != "GAP"):
                            sys.exit(f"a hole: {w[2]} after {cursor}")
                        cursor = max(cursor, int(w[3] if w[0] == "GAP" else w[2]))
                    if own.get("id") == f"{ids}-{count}" and (w[1] == "SAY" or w[4:5] == [me]):
                        pending = asked = None
            sys.exit()
    except OSError:
        time.sleep(random.uniform(pause / 2, pause := min(2 * pause, 30)))
