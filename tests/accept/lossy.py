#!/usr/bin/env python3
# lossy.py -- a link that loses, doubles, reorders and delays packets
#
# SPDX-License-Identifier: MIT
"""Two network namespaces of their own, joined by a TUN device in each and a
relay between these: so that TCP and UDP go through the same bad link. It needs
root (or CAP_NET_ADMIN and CAP_SYS_ADMIN), no netem, and touches no network that
is there. What becomes of a packet follows from a seed, one for each direction.

    with Link(loss=0.1, double=0.01, reorder=0.05, delay=20) as link:
        link.run(0, ["vcrpd", ...])         as subprocess.Popen(), in the one
        link.run(1, ["vcrp", ...])          and in the other namespace

The one side is 10.73.0.1, the other 10.73.0.2. FarServer is a server on side 0.
Nothing outlives the Link, and
that not its `seconds`. By hand, with a shell on each side:

    lossy.py [--loss 0.1] ... COMMAND-OF-SIDE-0 COMMAND-OF-SIDE-1
"""
import argparse
import array
import ctypes
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

from accept import Server

ADDRESS = ("10.73.0.1", "10.73.0.2")
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PR_SET_PDEATHSIG, SIGKILL = 1, 9
SETTINGS = ("loss", "double", "reorder", "delay")
DEVICE = "vcrp-lossy"


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)


# The relay

class Way:
    """One direction: packets that are on their way, by when they are due."""

    def __init__(self, source, sink, seed):
        self.source, self.sink = source, sink
        self.chance = random.Random(seed)
        self.waiting, self.count = [], 0
        self.seen = self.udp = self.lost = self.doubled = self.reordered = 0

    def take(self, packet, now, set_to):
        """A packet that is reordered takes longer by up to the delay again, or
        up to 5 ms if that is more: later ones overtake it."""
        self.seen += 1
        self.udp += packet[9] == socket.IPPROTO_UDP
        chance = self.chance
        if chance.random() < set_to["loss"]:
            self.lost += 1
            return
        copies = 1
        if chance.random() < set_to["double"]:
            self.doubled += 1
            copies = 2
        for _ in range(copies):
            due = now + set_to["delay"] / 1000
            if chance.random() < set_to["reorder"]:
                self.reordered += 1
                due += max(0.005, set_to["delay"] / 1000) * (
                    0.2 + 0.8 * chance.random())
            self.count += 1
            heapq.heappush(self.waiting, (due, self.count, packet))

    def send_due(self, now):
        while self.waiting and self.waiting[0][0] <= now:
            packet = heapq.heappop(self.waiting)[2]
            try:
                os.write(self.sink, packet)
            except OSError:
                self.lost += 1

    def drain(self, now, set_to):
        for _ in range(256):
            try:
                self.take(os.read(self.source, 2048), now, set_to)
            except BlockingIOError:
                return


def relay(tuns, seed, seconds, set_to):
    """Until standard input ends; its lines are settings, as `loss=0.3`."""
    ways = [Way(tuns[0], tuns[1], seed), Way(tuns[1], tuns[0], seed + 1)]
    for tun in tuns:
        os.set_blocking(tun, False)
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        for way in ways:
            way.send_due(now)
        due = min([way.waiting[0][0] for way in ways if way.waiting] + [end])
        ready = select.select([0, *tuns], [], [],
                              max(0, due - time.monotonic()))[0]
        now = time.monotonic()
        for way in ways:
            if way.source in ready:
                way.drain(now, set_to)
        if 0 in ready:
            text = os.read(0, 4096).decode()
            if not text:
                break
            for word in text.split():
                key, _, value = word.partition("=")
                set_to[key] = float(value)
            print(ways[1].udp, flush=True)
    for way in ways:
        print("packets %d, of UDP %d, lost %d, doubled %d, reordered %d" % (
            way.seen, way.udp, way.lost, way.doubled, way.reordered),
            flush=True)


# The namespaces

def hold(side, channel):
    """In a process of its own: makes a namespace with a TUN device, hands that
    on, and stays until the other end of the channel is closed."""
    die_with_parent()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack(
        "16sH", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    for command in (("link", "set", "lo", "up"),
                    ("addr", "add", ADDRESS[side], "peer", ADDRESS[1 - side],
                     "dev", DEVICE),
                    ("link", "set", DEVICE, "up", "mtu", "1500",
                     "txqueuelen", "5000")):
        subprocess.run(("ip",) + command, check=True)
    channel.sendmsg([b"t"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                              array.array("i", [tun]))])
    os.close(tun)
    channel.recv(1)


class Link:
    def __init__(self, seed=1, seconds=300, **settings):
        self.set_to = {key: float(settings.pop(key, 0)) for key in SETTINGS}
        if settings:
            raise TypeError("no such setting: %s" % list(settings))
        self.seed, self.seconds = seed, seconds
        self.holders, self.channels, self.tuns, self.started = [], [], [], []
        self.relay = None
        try:
            for side in (0, 1):
                self.begin(side)
            self.relay = subprocess.Popen(
                [sys.executable, os.path.abspath(__file__), "--relay",
                 *map(str, self.tuns), "--seed", str(seed),
                 "--seconds", str(seconds), *self.words("--%s=%s")],
                pass_fds=self.tuns, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True, bufsize=1,
                preexec_fn=die_with_parent)
        except BaseException:
            self.close()
            raise
        finally:
            for tun in self.tuns:
                os.close(tun)

    def words(self, form):
        return [form % item for item in self.set_to.items()]

    def begin(self, side):
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                ours.close()
                for channel in self.channels:
                    channel.close()
                hold(side, theirs)
                status = 0
            except Exception as fault:
                print("lossy link: %s" % fault, file=sys.stderr, flush=True)
            finally:
                os._exit(status)
        theirs.close()
        self.holders.append(pid)
        self.channels.append(ours)
        ours.settimeout(20)
        data, ancillary = ours.recvmsg(1, socket.CMSG_SPACE(4))[:2]
        if not data:
            raise OSError("no namespace or TUN device can be made here: root?")
        self.tuns.append(array.array("i", ancillary[0][2])[0])

    def enter(self, side):
        """As preexec_fn: puts a process on that side."""
        fd = os.open("/proc/%d/ns/net" % self.holders[side], os.O_RDONLY)
        if ctypes.CDLL(None).setns(fd, CLONE_NEWNET) != 0:
            os._exit(126)
        os.close(fd)

    def run(self, side, command, preexec=None, **options):
        def prepare():
            self.enter(side)
            if preexec:
                preexec()
            die_with_parent()
        process = subprocess.Popen(command, preexec_fn=prepare, **options)
        self.started.append(process)
        return process

    def set(self, **settings):
        """Changes the link, from the next packet on. Gives how many packets of
        UDP side 1 has sent so far."""
        self.set_to.update(settings)
        self.relay.stdin.write(" ".join(self.words("%s=%s")) + "\n")
        self.relay.stdin.flush()
        told = self.relay.stdout.readline()
        if not told:
            raise OSError("the relay has ended: was `seconds` too short?")
        return int(told)

    def close(self):
        """Gives what the relay counted, one direction after the other."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        told = ""
        if self.relay is not None:
            told = self.relay.communicate()[0]
            self.relay = None
        for channel, pid in zip(self.channels, self.holders):
            channel.close()
            os.waitpid(pid, 0)
        self.channels, self.holders = [], []
        return told

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class FarServer(Server):
    """A server that is reached by the link alone; `uri` says how, with TLS, and
    `fingerprint` which certificate it has."""

    def __init__(self, row, link, config=None, **options):
        self.link = link
        super().__init__(row, {"server.listen": [ADDRESS[0]],
                               "limits.arrivals": 0, **(config or {})},
                         **options)
        self.uri = "vcrps://%s:%d" % (ADDRESS[0], self.port)

    def prepare(self):
        self.link.enter(0)
        super().prepare()
        die_with_parent()

    def ready(self):
        port = super().ready()
        self.fingerprint = self.process.stdout.readline().decode().split()[-1]
        return port


def main():
    parser = argparse.ArgumentParser(description="a bad link")
    parser.add_argument("--relay", nargs=2, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=300)
    for key in SETTINGS:
        parser.add_argument("--" + key, type=float, default=0.0)
    parser.add_argument("command", nargs="*")
    args = parser.parse_args()
    settings = {key: getattr(args, key) for key in SETTINGS}
    if args.relay:
        relay(args.relay, args.seed, args.seconds, settings)
        return
    if len(args.command) != 2:
        parser.error("a command for each side")
    with Link(args.seed, args.seconds, **settings) as link:
        first = link.run(0, ["sh", "-c", args.command[0]])
        try:
            link.run(1, ["sh", "-c", args.command[1]]).wait(args.seconds)
        except subprocess.TimeoutExpired:
            print("time is over", file=sys.stderr)
        first.kill()
        print(link.close(), end="", file=sys.stderr)


if __name__ == "__main__":
    main()
