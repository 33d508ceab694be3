#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is kept: backups, restores and exports of a real server, what was said earlier, and clients
whose server is killed and comes back with its log."""
import json, os, re, socket, subprocess, threading, unittest
from screen import Terminal
from server import PATIENCE, Server

VCRPCTL = os.path.abspath(os.environ.get("VCRPCTL", "./vcrpctl"))
VCRPD = os.path.abspath(os.environ.get("VCRPD", "./vcrpd"))
TALKER = os.path.abspath(os.environ.get("TALKER", "./tests/clients/talker"))


class Person:
    """A connection that speaks lines."""

    def __init__(self, server, name):
        self.socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        self.file = self.socket.makefile("rw", encoding="utf-8", newline="\n")
        self.asked = 0
        self.ask(f"HELLO {name}")

    def send(self, *lines):
        self.file.write("".join(line + "\n" for line in lines))
        self.file.flush()

    def read(self, pattern):
        """The first line that matches."""
        for line in self.file:
            if re.match(pattern, line):
                return line.rstrip("\n")
        raise AssertionError("no " + pattern)

    def ask(self, line):
        """Its answer, or its echo. No id is used twice."""
        self.asked += 1
        self.send(f"@id=q{self.asked} {line}")
        answer = self.read(f"@id=q{self.asked}(;| )")
        assert " ERR " not in answer, (line, answer)
        return answer

    def close(self):
        self.socket.close()
        self.file.close()


class Writer(threading.Thread):
    """Says numbers in a room, each when the one before was echoed, until told to stop."""

    def __init__(self, server, room, name):
        super().__init__(daemon=True)
        self.room, self.person, self.stopping, self.said = room, Person(server, name), threading.Event(), 0
        self.begun = threading.Event()
        self.person.ask(f"JOIN {room}")

    def run(self):
        while not self.stopping.is_set():
            self.person.ask(f"SAY {self.room} text {self.said}")
            self.said += 1
            if self.said == 50:
                self.begun.set()

    def stop(self):
        self.stopping.set()
        self.join(PATIENCE)
        self.person.close()


def numbers(lines):
    return [int(re.match(r"(@\S+ )?\S+ \S+ (\d+)", line)[2]) for line in lines]


class Base(unittest.TestCase):
    config = "limits = { lines = 0; };"

    def setUp(self):
        server = Server()
        server.configure(self.config + f' storage = {{ backups = "{server.directory}"; }};')
        self.server = self.start(server)

    def start(self, server):
        server.start()
        self.addCleanup(server.__exit__)
        self.addCleanup(self.check, server)
        return server

    def check(self, server):
        """It ends in order, and no sanitizer found anything."""
        self.assertEqual(server.stop(), 0)
        with open(server.path("log")) as log:
            self.assertNotRegex(log.read(), "Sanitizer|runtime error")

    def run_program(self, *arguments, status=0, where=None):
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE, cwd=where,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, (arguments, done.stdout, done.stderr))
        return done.stdout if status == 0 else done.stderr

    def ctl(self, *arguments, server=None, **more):
        return self.run_program(VCRPCTL, "-s", (server or self.server).socket, *arguments, **more)

    def person(self, name, server=None):
        person = Person(server or self.server, name)
        self.addCleanup(person.close)
        return person

    def export(self, room, server=None):
        """A U+2028 ends no line."""
        return self.ctl("export", room, server=server).split("\n")[:-1]


class Backup(Base):
    def back_up(self):
        directory = self.server.path("backup")
        told = self.ctl("backup", directory)
        self.assertRegex(told, r"^\d+ files, \d+ bytes\n$")
        return directory

    def restore(self, directory):
        """A server on what was restored."""
        other = Server(self.config)
        told = self.run_program(VCRPD, "--restore", directory, "-d", other.path("data"))
        self.assertRegex(told, "restored .* files, .* bytes")
        return self.start(other)

    def test_a_copy_made_while_people_talk_is_a_beginning(self):
        writers = [Writer(self.server, f"room{n % 2}", f"writer{n}") for n in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            self.assertTrue(writer.begun.wait(PATIENCE))
        directory = self.back_up()
        for writer in writers:
            writer.stop()
        self.assertRegex(self.ctl("verify", directory), r"made by vcrpd/.*: good\n$")
        self.run_program("sha256sum", "--quiet", "-c", "MANIFEST", where=directory)
        other = self.restore(directory)
        for room in ("room0", "room1"):
            was, now = self.export(room), self.export(room, other)
            self.assertGreaterEqual(len(now), 100)
            self.assertEqual(was[:len(now)], now)
            person = self.person("later-" + room, other)
            person.ask(f"JOIN {room}")
            person.ask(f"SAY {room} again")
            *before, gap, again = self.export(room, other)
            self.assertEqual(before, now)
            last, number = numbers([now[-1], again])
            self.assertGreater(number, numbers(was)[-1] + 2**32)
            self.assertEqual(gap, f"GAP {room} {last + 1} {number - 1}")

    def test_settings_come_back(self):
        person = self.person("alice")
        person.ask("JOIN ops")
        person.ask("SET ops topic of the day")
        person.ask("SAY ops hello")
        other = self.restore(self.back_up())
        late = self.person("bob", other)
        late.send("JOIN ops")
        self.assertRegex(late.read("ROOM ops"), "of the day$")

    def test_damage_is_named(self):
        person = self.person("alice")
        person.ask("JOIN ops")
        person.ask("SAY ops hello")
        directory = self.back_up()
        log = os.path.join(directory, "rooms", "ops")
        log = os.path.join(log, next(name for name in os.listdir(log) if name.endswith(".log")))
        with open(log, "r+b") as file:
            file.write(b"X")
        self.assertRegex(self.ctl("verify", directory, status=1), r"rooms/ops/\d+\.log: .* sum is wrong")
        data = self.server.path("restored")
        self.assertRegex(self.run_program(VCRPD, "--restore", directory, "-d", data, status=1), r"ops/\d+\.log: ")
        self.assertFalse(os.path.exists(data))
        os.remove(log)
        self.assertRegex(self.ctl("verify", directory, status=1), r"rooms/ops/\d+\.log: is missing")
        os.remove(os.path.join(directory, "MANIFEST"))
        self.assertIn("MANIFEST: is missing", self.ctl("verify", directory, status=1))

    def test_refusals_are_told(self):
        directory = self.back_up()
        self.assertIn("Directory not empty", self.ctl("backup", directory, status=1))
        self.assertIn("No such file", self.ctl("backup", self.server.path("none", "x"), status=1))
        self.assertIn("rooms are kept there",
                      self.ctl("backup", self.server.path("data", "rooms", "x"), status=1))
        # What is relative is so to where vcrpctl is.
        self.ctl("backup", "here", where=self.server.directory)
        self.ctl("verify", "here", where=self.server.directory)
        self.assertIn("Directory not empty", self.run_program(
            VCRPD, "--restore", directory, "-d", self.server.path("data"), status=1))
        self.assertIn("-d DATADIR", self.run_program(VCRPD, "--restore", directory, status=2))
        for arguments in (["backup"], ["verify"], ["verify", "a", "b"], ["export"], ["export", "a", "b"],
                          ["export", "a", "--xml"], ["room"], ["room", "retry"], ["room", "x", "y"]):
            self.ctl(*arguments, status=2)

    def test_no_space_leaves_nothing(self):
        """A small disk is full before the copy is whole."""
        person = self.person("alice")
        person.ask("JOIN ops")
        for _ in range(400):
            person.ask("SAY ops " + "x" * 3000)
        disk = self.server.path("disk")
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk],
                          stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no disk can be mounted here")
        self.addCleanup(subprocess.run, ["umount", disk])
        told = self.ctl("backup", os.path.join(disk, "backup"), status=1)
        self.assertRegex(told, r"storage-full: .*/backup/rooms/ops/\d+\.log: No space left on device")
        self.assertEqual(os.listdir(disk), [])
        person.ask("SAY ops still here")

    def test_a_room_that_is_well_is_tried_again(self):
        person = self.person("alice")
        person.ask("JOIN ops")
        self.assertEqual(self.ctl("room", "retry", "ops"), "")
        self.assertIn("no-such-room", self.ctl("room", "retry", "none", status=1))


class Export(Base):
    def test_all_that_was_said_is_printed(self):
        """More than one page of it."""
        person = self.person("alice")
        person.ask("JOIN ops")
        person.send(*(f"@id=a{n};+k=v SAY ops number {n}" for n in range(2500)))
        person.read("@id=a2499")
        person.ask("SET ops topic A \"new\" \\ topic")
        person.ask("SAY ops two\u2028lines\tand \u00e9")
        lines = self.export("ops")
        texts = [line.rsplit(" ", 1)[1] for line in lines if "number" in line]
        self.assertEqual(texts, [str(n) for n in range(2500)])
        self.assertEqual(numbers(lines), sorted(set(numbers(lines))))
        objects = [json.loads(line) for line in self.ctl("export", "ops", "--json").split("\n")[:-1]]
        self.assertEqual([o["number"] for o in objects], numbers(lines))
        self.assertEqual({**objects[0], "number": 0, "time": 0}, {
            "verb": "MSG", "room": "ops", "number": 0, "time": 0, "name": "~alice", "text": "number 0",
            "id": "a0", "+k": "v"})
        self.assertEqual(objects[-2]["value"], "A \"new\" \\ topic")
        self.assertEqual(objects[-1]["text"], "two\u2028lines\tand \u00e9")
        self.assertEqual(self.ctl("export", "--json", "ops").split("\n")[:-1], [
            line for line in self.ctl("export", "ops", "--json").split("\n")[:-1]])

    def test_every_kind_of_line_is_an_object(self):
        person = self.person("alice")
        person.ask("JOIN ops")
        number = numbers([person.ask("SAY ops one")])[0]
        person.ask(f"EDIT ops {number} two")
        person.ask(f"REACT ops {number} +1")
        self.ctl("rooms")
        person.send(f"@id=b;re={number} SAY ops three")
        person.read("@id=b")
        person.ask(f"DELETE ops {number}")
        objects = [json.loads(line) for line in self.ctl("export", "ops", "--json").splitlines()]
        self.assertEqual([o["verb"] for o in objects], ["MSG", "EDIT", "REACT", "MSG", "DELETE"])
        for o, more in zip(objects, ({"id": "q3"}, {"target": number}, {"target": number, "text": "+1"},
                                     {"re": number, "text": "three"}, {"target": number})):
            self.assertEqual({key: o[key] for key in more}, more)
            self.assertEqual((o["room"], o["name"]), ("ops", "~alice"))

    def test_what_is_not_there_is_refused(self):
        self.assertIn("no-such-room", self.ctl("export", "none", status=1))


class Chat(Terminal):
    def __init__(self, server, name):
        super().__init__(server.environment, "-s", f"vcrp://{server.address}/ops", "-n", name)

    def wait_for(self, *texts):
        """In this order, from where the last wait ended."""
        for text in texts:
            super().wait_for(text)
            self.seen = self.seen.split(text.encode(), 1)[1]

    def end(self):
        self.type("/quit\r")
        return super().end()


class Earlier(Base):
    def test_the_terminal_shows_what_was_said_before(self):
        person = self.person("alice")
        person.ask("JOIN ops")
        for n in range(30):
            person.ask(f"SAY ops the word {n} was said")
        terminal = Chat(self.server, "bob")
        terminal.wait_for(*(f"~alice: the word {n} was said" for n in range(10, 30)))
        terminal.type("/history 3\r")
        terminal.wait_for(*(f"~alice: the word {n} was said" for n in range(27, 30)))
        terminal.type("/search WORD 7\r")
        terminal.wait_for(*(f"~alice: the word {n} was said" for n in (7, 17, 27)))
        terminal.type("/search nobody did\r")
        terminal.wait_for("-- nothing there")
        terminal.type("/history 0\r")
        terminal.wait_for("-- /history [1 to 1000]")
        person.ask("SAY ops live")
        terminal.wait_for("~alice: live")
        self.assertEqual(terminal.end(), 0)

    def test_who_talks_goes_on_when_the_server_comes_back(self):
        """Killed at any moment: what was said is there once, and in order."""
        talkers = [subprocess.Popen([TALKER, self.server.address, f"talker{n}", "ops", "1500"],
                                    stdout=subprocess.PIPE, text=True) for n in range(2)]
        outputs = [""] * 2
        threads = [threading.Thread(target=lambda n=n: outputs.__setitem__(n, talkers[n].communicate()[0]))
                   for n in range(2)]
        for thread in threads:
            thread.start()
        port = self.server.port
        for _ in range(3):
            watcher = self.person("watcher")
            watcher.ask("JOIN ops")
            for _ in range(100):
                watcher.read(r"(@\S+ )?MSG ops")
            self.server.process.kill()
            self.server.process.wait(PATIENCE)
            self.server.process.stdout.close()
            self.server.start(port)
        for n, thread in enumerate(threads):
            thread.join(3 * PATIENCE)
            self.assertEqual(talkers[n].returncode, 0, outputs[n][-500:])
        lines = self.export("ops")
        self.assertEqual(numbers(lines), list(range(numbers(lines)[0], numbers(lines)[0] + len(lines))))
        for n in range(2):
            said = [line.rsplit(" ", 1)[1] for line in lines if f" ~talker{n} " in line]
            self.assertEqual(said, [str(i + 1) for i in range(1500)])
            # And it saw the room whole, from where it came in.
            seen = outputs[n].splitlines()
            begin = lines.index(seen[0])
            self.assertEqual(seen, lines[begin:begin + len(seen)])


if __name__ == "__main__":
    unittest.main()
