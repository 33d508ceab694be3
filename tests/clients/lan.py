#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers are found on a network of two hosts: by broadcast, by multicast, where they want to be.

Run as root, in namespaces that go with it: unshare -nm tests/clients/lan.py
"""
import json, os, socket, subprocess, tempfile, time, unittest
from server import PATIENCE, Server

VCRP = os.environ.get("VCRP", "./vcrp")
ASK = """
import socket, sys
host, _, device = sys.argv[1].partition("%")
to = (host, 3073, 0, socket.if_nametoindex(device)) if device else (host, 3073)
s = socket.socket(socket.AF_INET6 if device else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(float(sys.argv[2]))
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.sendto(b"VCRP? 1 0123456789abcdef".ljust(512), to)
try:
    answer, peer = s.recvfrom(2048)
    assert answer.startswith(b"VCRP! 1 0123456789abcdef ")
    print(peer[0].split("%")[0], peer[1])
except TimeoutError:
    print("silence")
"""
ALL = ("10.9.0.255", "255.255.255.255", "239.255.30.73", "ff12::3073%there")


def run(*command, **more):
    done = subprocess.run(command, text=True, capture_output=True, timeout=PATIENCE, **more)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


class Lan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """The other host is a namespace of its own, as long as this process is there."""
        cls.host = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
        cls.host.stdout.readline()
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there", "netns", str(cls.host.pid))
        for name, number, run_there in (("here", "1", run), ("there", "2", cls.there)):
            run_there("ip", "link", "set", name, "addrgenmode", "none")
            run_there("ip", "addr", "add", f"10.9.0.{number}/24", "brd", "+", "dev", name)
            run_there("ip", "addr", "add", f"fe80::{number}/64", "dev", name, "nodad")
            run_there("ip", "link", "set", name, "up")
        cls.there("ip", "route", "add", "default", "via", "10.9.0.1")
        until = time.monotonic() + PATIENCE
        for run_there in (run, cls.there):  # the kernel takes its time
            while "ff00::/8 dev " not in run_there("ip", "-6", "route", "show", "table", "all"):
                assert time.monotonic() < until

    @classmethod
    def tearDownClass(cls):
        cls.host.kill()
        cls.host.communicate()

    @classmethod
    def there(cls, *command, **more):
        return run("nsenter", "-t", str(cls.host.pid), "-n", *command, **more)

    def serve(self, config):
        server = Server(config)
        self.addCleanup(server.__exit__)
        server.start(3073)
        return server

    def ask(self, to, wait=5):
        return self.there("python3", "-c", ASK, to, str(wait)).strip()

    def discover(self):
        done = subprocess.run(["nsenter", "-t", str(self.host.pid), "-n", VCRP, "discover", "--json"], text=True,
                              capture_output=True, timeout=PATIENCE)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def broadcast_by(self, address):
        self.there("ip", "addr", "del", "10.9.0.2/24", "dev", "there")
        self.there("ip", "addr", "add", "10.9.0.2/24", "brd", address, "dev", "there")
        self.there("ip", "route", "add", "default", "via", "10.9.0.1")

    def test_it_is_found(self):
        self.serve('server = { name = "lan.example"; }; udp = { lan = true; };')
        status, found = self.discover()
        self.assertEqual((status, len(found)), (0, 1))
        self.assertEqual(found[0]["server"], "lan.example")
        self.assertEqual(sorted(found[0]["addresses"]), ["10.9.0.1:3073", "[fe80::1%there]:3073"])

    def test_either_way_is_enough(self):
        self.serve("udp = { lan = true; };")
        self.there("ip", "link", "set", "there", "multicast", "off")
        try:
            self.assertEqual([server["addresses"] for server in self.discover()[1]], [["10.9.0.1:3073"]])
        finally:
            self.there("ip", "link", "set", "there", "multicast", "on")
        # Nobody hears this broadcast.
        self.broadcast_by("10.9.0.77")
        try:
            addresses = self.discover()[1][0]["addresses"]
        finally:
            self.broadcast_by("+")
        self.assertEqual(sorted(addresses), ["10.9.0.1:3073", "[fe80::1%there]:3073"])

    def test_each_way_is_answered_from_its_own_address(self):
        self.serve("udp = { lan = true; };")
        for to in ALL:
            self.assertEqual(self.ask(to), "fe80::1 3073" if ":" in to else "10.9.0.1 3073", to)

    def test_it_does_not_want_to_be_found(self):
        self.serve("")
        self.assertEqual(self.discover(), (1, []))
        for to in ALL:
            self.assertEqual(self.ask(to, 1), "silence", to)
        for to in ("10.9.0.1", "fe80::1%there"):
            self.assertEqual(self.ask(to), to.split("%")[0] + " 3073")

    def test_name_servers_are_not_waited_for(self):
        """One that is there and never answers."""
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("nameserver 10.9.0.1\n")
            file.flush()
            run("mount", "--bind", file.name, os.path.realpath("/etc/resolv.conf"))
            try:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
                    silent.bind(("10.9.0.1", 53))
                    begun = time.monotonic()
                    done = subprocess.run(["nsenter", "-t", str(self.host.pid), "-n", VCRP, "probe", "--timeout=1",
                                           "chat.example.org"], text=True, capture_output=True, timeout=PATIENCE)
            finally:
                run("umount", os.path.realpath("/etc/resolv.conf"))
            self.assertEqual(done.returncode, 3)
            self.assertIn("no name server answered in time", done.stderr)
            self.assertLess(time.monotonic() - begun, 3)


if __name__ == "__main__":
    unittest.main()
