#!/usr/bin/env python3
# 46_many_rooms.py -- ten thousand rooms come and go, and threads run out
#
# SPDX-License-Identifier: MIT
import time

from accept import Client, Row, Server, until

row = Row("46", "make and drop 10,000 rooms; no more threads",
          {"rooms": (10000, "how many")})
rooms = row.args.rooms
each = 50
server = Server(row, {"rooms.max": rooms, "rooms.linger": 1,
                      "limits.rooms_per_connection": each + 1})
clients = [Client(server.port, "maker%d" % i)
           for i in range((rooms + each - 1) // each)]
base, rss = server.threads(), server.rss()


def all_rooms(verb):
    """Each client its fifty, all of them at the same time."""
    for i, client in enumerate(clients):
        client.send(*["%s room%d" % (verb, n) for n in
                      range(i * each, min(rooms, (i + 1) * each))])
    for i, client in enumerate(clients):
        for n in range(i * each, min(rooms, (i + 1) * each)):
            client.until("OK %s room%d" % (verb, n))


for turn in "first", "second":
    begin = time.monotonic()
    all_rooms("JOIN")
    row.figure("%s time: %d rooms made in" % (turn, rooms),
               time.monotonic() - begin, "s")
    row.check(server.threads() >= base + rooms, "%d threads" %
              server.threads())
    row.figure("RSS a room", (server.rss() - rss) / rooms, "KiB")
    clients[0].send("JOIN onemore")
    answer = clients[0].line()
    row.check("ERR" in answer, "one more is refused: %s" % answer)
    all_rooms("LEAVE")
    row.check(until(lambda: server.threads() <= base, 60),
              "threads are back: %d, were %d" % (server.threads(), base))
row.figure("RSS before and after", "%d and %d KiB" % (rss, server.rss()))

# As another user, since root is exempt from the limit.
poor = Server(row, {"rooms.linger": 1, "limits.rooms_per_connection": 1000},
              uid=61234, nproc=60)
client = Client(poor.port, "maker")
made = refused = 0
text = ""
for n in range(200):
    client.send("JOIN room%d" % n)
    line = client.line()
    while "OK JOIN" not in line and "ERR" not in line:
        line = client.line()
    made += "OK JOIN" in line
    refused += "ERR" in line
    text = line if "ERR" in line else text
row.check(made > 30 and refused > 0 and made + refused == 200,
          "with 60 threads: %d rooms, %d refused: %s" % (made, refused, text))
row.check(client.ping() < 1, "it answers")
client.close()
row.check(until(lambda: poor.threads() < 20, 30), "threads are back")
again = Client(poor.port, "again")
row.check(again.join("room3") >= 0, "rooms can be made again")
row.finish()
