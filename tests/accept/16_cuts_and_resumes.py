#!/usr/bin/env python3
# 16_cuts_and_resumes.py -- one client is cut off at random and resumes
#
# SPDX-License-Identifier: MIT
"""The one that is cut also speaks, as the protocol tells clients to: with ids;
after a cut it joins behind its last number, strikes out what it finds of its
own and sends the rest again. A bystander that is never cut sees what came of
it: each message once, in order, of both."""
import random
import re
import threading

from accept import Client, Row, Server

row = Row("16", "random cuts of one client that resumes by number",
          {"cuts": (200, "how many"), "seed": (1, "of the random cuts")})
server = Server(row)
chance = random.Random(row.args.seed)
SAID = re.compile(r"(?:@id=(\S+) )?MSG lobby (\d+) \d+ (\S+) (.*)$")


class Speaker(threading.Thread):
    """Another member, which speaks all the time."""

    def __init__(self):
        super().__init__()
        self.client = Client(server.port, "other")
        self.client.join("lobby")
        self.more, self.count = True, 0

    def run(self):
        while self.more:
            self.count += 1
            self.client.send("SAY lobby other %d" % self.count)
            self.client.until("MSG lobby \\d+ \\d+ ~other other %d$"
                              % self.count)


class CutClient:
    def __init__(self):
        self.key = "k" * 30
        self.cursor, self.seen = None, []
        self.waiting, self.count, self.repeats = [], 0, 0

    def connect(self):
        self.client = Client(server.port, "cut", self.key)
        replay_to = self.client.join("lobby", self.cursor)
        if self.cursor is None:
            self.cursor = replay_to
        while self.cursor < replay_to:
            self.take(self.client.line())
        for number in self.waiting:
            self.say(number)

    def say(self, number):
        self.client.send("@id=abcdefgh%d SAY lobby cut %d" % (number, number))

    def take(self, line):
        if line is None:
            raise EOFError
        repeat = re.match(r"@id=abcdefgh(\d+) OK SAY lobby \d+", line)
        if repeat:
            self.repeats += 1
            self.strike(int(repeat.group(1)))
            return
        found = SAID.match(line)
        if not found:
            if not re.match("JOIN|LEAVE|ROOM", line):
                row.check(False, "unasked: " + line)
            return
        number = int(found.group(2))
        if number != self.cursor + 1:
            row.check(False, "%d follows %d" % (number, self.cursor))
        self.cursor = number
        self.seen.append(found.group(4))
        if found.group(4).startswith("cut "):
            self.strike(int(found.group(4).split()[1]))

    def strike(self, number):
        if number in self.waiting:
            self.waiting.remove(number)

    def live(self, lines):
        """Some traffic, then a cut: at a line's end or in its middle, with
        what was said last acknowledged or not."""
        for _ in range(lines):
            if len(self.waiting) < 8:
                self.count += 1
                self.waiting.append(self.count)
                self.say(self.count)
            self.take(self.client.line())
        if chance.random() < 0.3:
            self.client.raw(b"@id=abcdefgh%d SAY lobby cut in two" %
                            (self.count + 1))
        self.client.close(reset=chance.random() < 0.5)


watcher = Client(server.port, "watcher")
watched = []
start = watcher.join("lobby")


def watch():
    while True:
        line = watcher.line()
        if line is None:
            return
        found = SAID.match(line)
        if found:
            watched.append((int(found.group(2)), found.group(4)))
            if found.group(4) == "the end":
                return


eyes = threading.Thread(target=watch)
eyes.start()
speaker = Speaker()
cut = CutClient()
cut.connect()
cut.cursor = start
speaker.start()
for _ in range(row.args.cuts):
    cut.live(chance.randrange(1, 60))
    cut.connect()
while cut.waiting:
    cut.take(cut.client.line())
speaker.more = False
speaker.join()
cut.client.send("SAY lobby the end")
while cut.seen[-1] != "the end":
    cut.take(cut.client.line())
eyes.join()
texts = [text for _, text in watched]
numbers = [number for number, _ in watched]
row.figure("messages", len(texts))
row.figure("of the one that was cut", cut.count)
row.figure("of them sent again and answered OK SAY", cut.repeats)
row.check(numbers == list(range(start + 1, start + 1 + len(numbers))),
          "numbers without a hole")
row.check(cut.seen == texts, "the one cut %d times saw the same, in order"
          % row.args.cuts)
for who, count in ("cut", cut.count), ("other", speaker.count):
    own = [text for text in texts if text.startswith(who + " ")]
    row.check(own == ["%s %d" % (who, n) for n in range(1, count + 1)],
              "%s: %d messages, each once, in order" % (who, count))
row.finish()
