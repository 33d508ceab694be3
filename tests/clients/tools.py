#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vcrp's commands and vcrpctl against a real server: what they print, and what they exit with."""
import os, re, subprocess, unittest
from server import PATIENCE, Server

VCRP = os.path.abspath(os.environ.get("VCRP", "./vcrp"))
VCRPCTL = os.path.abspath(os.environ.get("VCRPCTL", "./vcrpctl"))


class Base(unittest.TestCase):
    config = "limits = { lines = 0; };"

    def setUp(self):
        self.server = Server(self.config)
        self.server.start()
        self.server.environment["VCRP_SERVER"] = self.server.address

    def tearDown(self):
        self.server.__exit__()

    def run_program(self, program, *arguments, text="", status=0):
        done = subprocess.run([program, *arguments], input=text, capture_output=True, text=True,
                              timeout=PATIENCE, env=self.server.environment)
        self.assertEqual(done.returncode, status, (arguments, done.stdout, done.stderr))
        return done.stdout if status == 0 else done.stderr

    def vcrp(self, *arguments, **more):
        return self.run_program(VCRP, *arguments, **more)

    def ctl(self, *arguments, **more):
        return self.run_program(VCRPCTL, "-s", self.server.socket, *arguments, **more)

    def start(self, *arguments):
        process = subprocess.Popen([VCRP, *arguments], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=self.server.environment)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def said(self, room, count):
        """The name and text of the first lines said in a room."""
        tail, found = self.start("-n", "reader", "tail", "-a", "0", room), []
        for line in tail.stdout:
            if match := re.search(r"MSG \S+ \d+ \d+ (\S+) (.*)", line):
                found.append(match.groups())
            if len(found) == count:
                return found


class Tools(Base):
    def test_each_line_is_a_message(self):
        self.vcrp("say", "ops", text="one\n\n  two\tthree \nb\033[1mell\007\n\xe9\r\nlast")
        self.assertEqual(self.said("ops", 5), [("~tester", text) for text in (
            "one", "  two\tthree ", "b[1mell", "\xe9", "last")])

    def test_words_are_a_message(self):
        self.vcrp("say", "ops", "a", "-b", " c")
        self.assertEqual(self.said("ops", 1), [("~tester", "a -b  c")])

    def test_many_lines_keep_their_order(self):
        self.vcrp("say", "ops", text="".join(f"{n}\n" for n in range(2000)))
        self.assertEqual([text for _, text in self.said("ops", 2000)], [str(n) for n in range(2000)])

    def test_a_name_is_kept_and_a_second_program_takes_another(self):
        tail = self.start("tail", "-a", "0", "ops")
        tail.stdout.readline()
        self.vcrp("say", "ops", "second")
        tail.terminate()
        tail.wait()
        self.vcrp("say", "ops", "first")
        self.vcrp("say", "ops", "first again")
        names = [name for name, _ in self.said("ops", 3)]
        self.assertRegex(names[0], "^~tester-[a-z0-9]{4}$")
        self.assertEqual(names[1:], ["~tester", "~tester"])

    def test_a_nick_in_use_is_refused(self):
        tail = self.start("-n", "alice", "tail", "-a", "0", "ops")
        tail.stdout.readline()
        self.assertIn("vcrp: alice: name-taken", self.vcrp("-n", "alice", "say", "ops", "x", status=1))

    def test_refusals_are_told(self):
        self.assertRegex(self.vcrp("say", "@nobody", "x", status=1), "^vcrp: @nobody: no-such-name: ")
        self.assertRegex(self.vcrp("say", "bad!name", "x", status=1), "^vcrp: bad!name: bad-name: ")
        self.assertRegex(self.vcrp("who", "none", status=1), "^vcrp: no-such-room: ")

    def test_usage_is_checked(self):
        for arguments in (["say"], ["tail"], ["tail", "a", "b"], ["who"], ["rooms", "x"], ["-w", "x", "rooms"],
                          ["lobby"], ["--none"], ["tail", "-a", "-1", "x"]):
            self.vcrp(*arguments, status=2)
        for arguments, why in ((["say"], "say ROOM"), (["lobby"], "lobby: neither"), (["a:1", "b"], "b: nothing follows"),
                               (["-w", "x", "rooms"], "--wait: x: not a number"), (["--none"], "--none"),
                               (["--json", "rooms"], "--json"), (["--port=5", "rooms"], "--port"),
                               (["discover", "--port=0"], "--port: 0: not a number of 1 to 65535"),
                               (["--keylog=/none/keys", "rooms"], "--keylog: /none/keys: No such file")):
            self.assertIn(why, self.vcrp(*arguments, status=2))
        # Options behind a command's words are options, but what is said is not.
        self.vcrp("who", "ops", "--wait=9", "--none", status=2)
        self.vcrp("say", "ops", "--none")
        self.vcrp("say", "a b", "x", status=2)
        self.vcrp("say", "ops", "x" * 3073, status=2)
        self.vcrp("-s", "vcrp://", "rooms", status=2)
        self.assertIn("usage:", self.vcrp("-h"))
        self.assertRegex(self.vcrp("-V"), r"^vcrp \d")

    def test_nobody_there_is_told_in_time(self):
        self.server.stop()
        self.assertIn("no connection: Connection refused", self.vcrp("-w", "1", "say", "ops", "x", status=3))
        self.ctl("status", status=3)

    def test_rooms_and_people_are_listed(self):
        tail = self.start("-n", "alice", "tail", "-a", "0", "ops")
        tail.stdout.readline()
        self.assertEqual(self.vcrp("rooms"), "ops 1\n")
        self.assertEqual(self.vcrp("who", "ops"), "~alice\n")
        self.vcrp("-s", self.server.socket, "say", "ops", "here too")
        self.vcrp("-s", f"vcrp://{self.server.address}/other", "say", "ops", "and here")

    def test_who_is_thrown_out_learns_it(self):
        tail = self.start("-n", "alice", "tail", "-a", "0", "ops")
        tail.stdout.readline()
        self.ctl("kill", "~alice", "too", "loud")
        self.assertEqual(tail.wait(PATIENCE), 1)
        self.assertIn("killed: too loud", tail.stderr.read())
        self.assertIn("no-such-name", self.ctl("kill", "~alice", status=1))

    def test_the_server_is_asked(self):
        tail = self.start("-n", "alice", "tail", "-a", "0", "ops")
        tail.stdout.readline()
        status = self.ctl("status")
        self.assertRegex(status, r"(?m)^version +vcrpd/")
        self.assertRegex(status, r"(?m)^connections +2$")
        self.assertRegex(status, r"(?m)^uptime +0 d 0 h 0 min \d+ s$")
        self.assertRegex(status, r"(?m)^accounts +0\nbans +0\ncalm, seconds +0\nmemory +[1-9]\d* MiB\n"
                                 r"memory, at most +(any|\d+ MiB)$")
        self.assertRegex(self.ctl("stats"), r"(?m)^rooms 1$")
        self.assertRegex(self.ctl("rooms"), r"(?m)^room ops ")
        self.assertRegex(self.ctl("connections"), r"(?m)^connection \d+ name=~alice ")
        self.assertEqual(self.ctl("notice", "to", "all"), "")
        for arguments in ([], ["none"], ["kill"], ["status", "x"], ["-w", "0", "status"]):
            self.ctl(*arguments, status=2)

    def test_a_configuration_is_read_again(self):
        self.assertEqual(self.ctl("reload"), "")
        self.server.configure("threads = { io = 7; };\n")
        self.assertIn("threads.io", self.ctl("reload"))
        self.server.configure("limits = { lines = -1; };\nwhat = 1;\n")
        done = subprocess.run([VCRPCTL, "-s", self.server.socket, "reload"], capture_output=True, text=True,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"vcrpd.conf:1: .*limits.lines")
        self.assertIn("bad-value", done.stderr)

    def test_the_server_is_stopped(self):
        self.ctl("shutdown")
        self.assertEqual(self.server.process.wait(PATIENCE), 0)

    def test_everybody_is_sent_away(self):
        tail = self.start("-n", "alice", "tail", "-a", "0", "ops")
        tail.stdout.readline()
        self.ctl("drain", "0")


class SlowTools(Base):
    """Where people may say fifty lines a second, and five at once."""
    config = "limits = { lines = 50; burst = 5; };"

    def test_what_was_too_fast_is_said_in_its_turn(self):
        self.vcrp("say", "ops", text="".join(f"{n}\n" for n in range(40)))
        self.assertEqual([text for _, text in self.said("ops", 40)], [str(n) for n in range(40)])


if __name__ == "__main__":
    unittest.main()
