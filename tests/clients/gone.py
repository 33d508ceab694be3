#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libvcrp by datagrams, and a server that is killed and started again on the same port: it says that it does not
know the sessions, so nobody waits for long, and all is seen once and in order. And whoever else says so is not
believed."""
import os, re, socket, subprocess, threading, time, unittest
from server import PATIENCE, Server

CONFIG = "limits = { lines = 0; address = 0; arrivals = 0; };\n"
VCRP, TALKER = os.environ.get("VCRP", "./vcrp"), os.environ.get("TALKER", "./talker")
SILENCE = 20  # seconds after which a client finds out by itself


class Program:
    """Its lines, as they come."""

    def __init__(self, server, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=server.environment)
        self.lines, self.come = [], threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.come:
                self.lines.append(re.sub(r"^@\S+ ", "", line.rstrip("\n")))
                self.come.notify_all()

    def wait(self, count, last=""):
        """So many lines, and the last one ends so."""
        with self.come:
            assert self.come.wait_for(lambda: len(self.lines) >= count and self.lines[-1].endswith(last),
                                      PATIENCE), (last, self.lines[-3:])

    def end(self):
        """Its exit status."""
        status = self.process.wait(2 * PATIENCE)
        self.reader.join()
        return status

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


def sessions(server, name):
    """How many sessions it has had."""
    with open(server.path("log")) as log:
        return len(re.findall(rf" ~{name} 127\.0\.0\.1: datagrams, asked for ", log.read()))


class Gone(unittest.TestCase):
    def run_in(self, server, *command):
        program = Program(server, *command)
        self.addCleanup(program.close)
        return program

    def test_after_a_kill_all_goes_on(self):
        with Server(CONFIG) as server:
            names, count = ("ann", "bea"), 2000
            talkers = [self.run_in(server, TALKER, f"vcrp://{server.address}/?transport=udp", name, "lobby", str(count))
                       for name in names]
            for talker in talkers:
                talker.wait(count // 10)
            server.process.kill()
            server.process.wait()
            server.process.stdout.close()
            server.start(server.port)
            began = time.monotonic()
            self.assertEqual([talker.end() for talker in talkers], [0, 0])
            self.assertLess(time.monotonic() - began, SILENCE - 5)
            self.assertEqual([sessions(server, name) for name in names], [2, 2])
            seen = {}
            for talker in talkers:
                numbers = [int(line.split()[2]) for line in talker.lines]
                self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
                for number, line in zip(numbers, talker.lines):
                    self.assertEqual(seen.setdefault(number, line), line)
            for name in names:
                said = [line.split(" ")[-1] for _, line in sorted(seen.items()) if line.split(" ")[4] == f"~{name}"]
                self.assertEqual(said, [str(n + 1) for n in range(count)])

    def test_others_are_not_believed(self):
        with Server(CONFIG) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:
            keys = server.path("keys")
            program = self.run_in(server, VCRP, "--udp", "--keylog", keys, "-n", "ann", "-s", server.address,
                                  "tail", "-a", "0", "lobby")
            program.wait(1)
            with open(keys) as file:
                session = re.search(r"VCRP_DATAGRAM (\S+)", file.read())[1]
            with open(f"/proc/{program.process.pid}/net/udp") as table:
                inodes = {os.readlink(f"/proc/{program.process.pid}/fd/{fd}") for fd in
                          os.listdir(f"/proc/{program.process.pid}/fd")}
                ports = [int(line.split()[1].split(":")[1], 16) for line in table.readlines()[1:]
                         if f"socket:[{line.split()[9]}]" in inodes]
            self.assertEqual(len(ports), 1)
            with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as stream:
                stream.sendall(b"HELLO bob\nJOIN lobby\n")
                end, said = time.monotonic() + 2.5, 0
                while time.monotonic() < end:
                    for one in (session, "f" * 32):
                        liar.sendto(b"VCRP! 1 gone %s\n" % one.encode(), ("127.0.0.1", ports[0]))
                    said += 1
                    stream.sendall(b"SAY lobby %d\n" % said)
                    program.wait(1, f" ~bob {said}")
            self.assertEqual(sessions(server, "ann"), 1)
            self.assertIsNone(program.process.poll())


if __name__ == "__main__":
    unittest.main()
