#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libvcrp and vcrp by datagrams, through a relay that loses, doubles and delays them: all that was
said is seen once and in order by every member, and what a client keys, it logs. udp_chat.py [SEED]"""
import asyncio, os, random, re, subprocess, sys, time
from server import Server

TIMEOUT = 60
SEED = int(sys.argv[1]) if len(sys.argv) > 1 else int.from_bytes(os.urandom(4), "big")
# loss, doubled, overtaken; lines each of three says
CASES = {"clean": (0, 0, 0, 200), "twice": (0, 0.3, 0.3, 200), "one": (0.01, 0.01, 0.01, 200),
         "ten": (0.1, 0.1, 0.1, 40), "thirty": (0.3, 0.1, 0.3, 4)}


class Way(asyncio.DatagramProtocol):
    """Both directions of one client's: what comes on it, it hands to `to`."""

    def __init__(self, relay, to):
        self.relay, self.to = relay, to

    def datagram_received(self, datagram, sender):
        self.relay.carry(lambda: self.to(datagram, sender))


class Relay:
    """A port of TCP, which is carried as it is, and the same of UDP, which is not."""

    def __init__(self, name, port, loss, double, late):
        self.server, self.random = ("127.0.0.1", port), random.Random(f"{SEED} {name}")
        self.loss, self.double, self.late = loss, double, late
        self.ways, self.streams, self.carried = {}, 0, 0

    async def start(self):
        loop = asyncio.get_running_loop()
        while True:
            self.listener = await asyncio.start_server(self.stream, "127.0.0.1", 0)
            self.port = self.listener.sockets[0].getsockname()[1]
            try:
                self.front, _ = await loop.create_datagram_endpoint(
                    lambda: Way(self, self.up), ("127.0.0.1", self.port))
                return
            except OSError:
                self.listener.close()

    def carry(self, send):
        if self.random.random() < self.loss:
            return
        for _ in range(1 + (self.random.random() < self.double)):
            self.carried += 1
            late = self.random.random() < self.late
            asyncio.get_running_loop().call_later(self.random.uniform(0.001, 0.03) if late else 0, send)

    def up(self, datagram, sender):
        asyncio.ensure_future(self.forward(datagram, sender))

    async def forward(self, datagram, sender):
        if sender not in self.ways:
            self.ways[sender] = asyncio.ensure_future(asyncio.get_running_loop().create_datagram_endpoint(
                lambda: Way(self, lambda answer, _: self.front.sendto(answer, sender)),
                remote_addr=self.server))
        way, _ = await self.ways[sender]
        way.sendto(datagram)

    async def stream(self, reader, writer):
        self.streams += 1
        other, back = await asyncio.open_connection(*self.server)

        async def copy(source, target):
            while data := await source.read(65536):
                target.write(data)
            target.close()

        await asyncio.gather(copy(reader, back), copy(other, writer), return_exceptions=True)
        self.streams -= 1


async def spawn(*command, environment, text=None):
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment)
    if text is not None:
        process.stdin.write(text.encode())
        process.stdin.close()
    return process


def plain(line):
    return re.sub(r"^@\S+ ", "", line)


def stored(server, room):
    """What was said there, by a stream: once, and with all."""
    import socket
    with socket.create_connection(("127.0.0.1", server.port), TIMEOUT) as peer:
        peer.sendall(f"HELLO look-{room} {room}\nJOIN {room} 0\n".encode())
        lines, last = [], None
        for line in peer.makefile():
            if re.match(rf"OK JOIN {room} (\d+)", line):
                last = int(line.split()[3])
            elif match := re.match(r"(?:@\S+ )?(?:MSG \S+ (\d+)|GAP \S+ \d+ (\d+))", line):
                lines.append(plain(line).rstrip("\n"))
                if last and int(match[1] or match[2]) >= last:
                    return lines


async def chat(server, room, loss, double, late, count):
    relay = Relay(room, server.port, loss, double, late)
    await relay.start()
    address, began = f"vcrp://127.0.0.1:{relay.port}/?transport=udp", time.monotonic()
    vcrp, talker = os.environ.get("VCRP", "./vcrp"), os.environ.get("TALKER", "./talker")
    tails = [await spawn(vcrp, "-s", f"127.0.0.1:{relay.port}", "--udp", "-n", f"tail{n}-{room}",
                         "tail", "-a", "0", room, environment=server.environment) for n in range(2)]
    seen = [[plain((await tail.stdout.readline()).decode().rstrip("\n"))] for tail in tails]
    assert relay.streams == 0 and relay.carried > 0, (room, "stays with the stream")
    sayers = [await spawn(talker, address, f"who{n}-{room}", room, str(count),
                          environment=server.environment) for n in range(2)]
    text = "".join(f"{n}\n" for n in range(1, count + 1))
    sayers.append(await spawn(vcrp, "-s", address, "-n", f"who2-{room}", "say", room, text=text,
                              environment=server.environment))
    for sayer in sayers:
        out, _ = await asyncio.wait_for(sayer.communicate(), TIMEOUT)
        assert sayer.returncode == 0, (room, out)
    lines = await asyncio.to_thread(stored, server, room)
    for n in range(3):
        said = [m[1] for m in (re.search(rf" ~who{n}-{room} (\d+)$", line) for line in lines) if m]
        assert said == [str(i) for i in range(1, count + 1)], (room, n, said)
    for tail, got in zip(tails, seen):
        while len(got) < len(lines):
            got.append(plain((await asyncio.wait_for(tail.stdout.readline(), TIMEOUT)).decode().rstrip("\n")))
        assert got == lines, (room, got, lines)
        tail.terminate()
        await tail.wait()
    print(f"{room}: {3 * count} said, {relay.carried} datagrams, {time.monotonic() - began:.1f} s", flush=True)


def keys(server):
    """Of TLS and of the datagrams, in one file, for oneself alone."""
    file = server.path("keys")
    vcrp = os.environ.get("VCRP", "./vcrp")
    for address in f"vcrps://127.0.0.1:{server.port}", f"vcrp://127.0.0.1:{server.port}":
        subprocess.run([vcrp, "--accept-new", "--udp", "--keylog", file, "-s", address, "say", "keys", "hello"],
                       env=server.environment, check=True, timeout=TIMEOUT)
    assert os.stat(file).st_mode & 0o777 == 0o600
    text = open(file).read()
    assert len(re.findall(r"^VCRP_DATAGRAM [89a-f][0-9a-f]{31} [0-9a-f]{64}$", text, re.M)) == 2, text
    assert re.search(r"^CLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64} [0-9a-f]+$", text, re.M), text
    bad = subprocess.run([vcrp, "--keylog", "/nowhere/keys", "-s", address, "rooms"], env=server.environment,
                         capture_output=True, text=True, timeout=TIMEOUT)
    assert bad.returncode == 2 and "keys" in bad.stderr, bad


async def main():
    print("seed", SEED, flush=True)
    with Server("limits = { lines = 0; address = 0; };") as server:
        keys(server)
        await asyncio.wait_for(asyncio.gather(
            *[chat(server, room, *case) for room, case in CASES.items()]), 2 * TIMEOUT)
        assert server.stop() == 0


asyncio.run(main())
print("ok")
