#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every client through a proxy that cuts connections: what is said must be seen exactly once and
in order, and what is seen must have no holes. cuts.py [SEED]; VCRPD, VCRP and TALKER name programs."""
import asyncio, logging, os, re, sys
from proxy import Proxy
from server import Server

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENTS = os.path.join(HERE, "..", "..", "contrib", "clients")
TIMEOUT = 60
SEED = int(sys.argv[1]) if len(sys.argv) > 1 else int.from_bytes(os.urandom(4), "big")
failures = []


def check(good, *what):
    if not good:
        failures.append(" ".join(map(str, what)))
        print("FAIL", *what, flush=True)


class Observer:
    """A connection of its own, past the proxy: what it sees is what was said. It says something
    now and then, which the others must see too."""

    def __init__(self, port, room):
        self.port, self.room, self.lines, self.number = port, room, [], {}

    async def start(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.send(f"HELLO watch-{self.room}", f"JOIN {self.room} 0")
        while not (await self.line()).startswith("OK JOIN"):
            pass
        self.task = asyncio.ensure_future(self.watch())

    def send(self, *lines):
        self.writer.write("".join(line + "\n" for line in lines).encode())

    async def line(self):
        return (await self.reader.readline()).decode().rstrip("\n")

    async def watch(self):
        while line := await self.line():
            if re.match(r"(@\S+ )?(MSG|GAP) ", line):
                self.lines.append(line)
            if match := re.search(r"MSG \S+ \d+ \d+ (\S+) (\d+|end)$", line):
                if match[2] == "end":
                    return
                if int(match[2]) % 7 == 0:
                    self.send(f"SAY {self.room} aside {match[2]}")

    async def finish(self):
        """All that was said before this is seen."""
        self.send(f"SAY {self.room} end")
        await self.task
        self.writer.close()


def numbers(lines):
    return [int(re.search(r"MSG \S+ (\d+)", line)[1]) for line in lines if " GAP " not in " " + line]


def plain(lines):
    return [re.sub(r"^@\S+ ", "", line) for line in lines]


async def run(command, text, environment):
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment)
    try:
        out, _ = await asyncio.wait_for(process.communicate(text), TIMEOUT)
        return process.returncode, out.decode().splitlines()
    except asyncio.TimeoutError:
        process.kill()
        return "timeout", []


async def say_through(name, command, count, cuts, port, environment):
    """One client says 1 to count; {port} in its command is the proxy's."""
    room, mercy = "room-" + name, 0 if name == "talker" else 400
    proxy, observer = Proxy(port, cuts, f"{SEED} {name}", mercy), Observer(port, room)
    through = await proxy.start()
    await observer.start()
    command = [word.format(port=through, room=room, count=count) for word in command]
    text = "".join(f"{n}\n" for n in range(1, count + 1)).encode()
    status, out = await run(command, text, environment)
    check(status == 0, name, "ended with", status)
    await asyncio.wait_for(observer.finish(), TIMEOUT)
    said = [m[1] for m in (re.search(r" ~who-\S+ (\d+)$", line) for line in observer.lines) if m]
    check(said == [str(n) for n in range(1, count + 1)], name, "said", said)
    if name != "say":
        seen = numbers(out)
        check(seen == list(range(seen[0], seen[0] + len(seen))) if seen else False,
              name, "saw holes:", seen)
        every = plain(observer.lines)
        begin = every.index(plain(out)[0]) if out and plain(out)[0] in every else 0
        check(plain(out) == every[begin:begin + len(out)], name, "saw something else:", out)
    check(proxy.made == cuts, name, "was cut only", proxy.made, "times")
    print(f"{name}: {count} said, {proxy.made} cuts, {len(out)} lines seen", flush=True)


async def tail_through(command, count, cuts, port, environment):
    """vcrp tail sees all that another says meanwhile."""
    proxy, observer = Proxy(port, cuts, f"{SEED} tail", 400), Observer(port, "room-tail")
    through = await proxy.start()
    await observer.start()
    process = await asyncio.create_subprocess_exec(
        *[word.format(port=through) for word in command], stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, env=environment)

    async def follow(done):
        while not done() and (line := (await process.stdout.readline()).decode()):
            out.append(line.rstrip("\n"))
            # As fast as it is read, so that the cuts come between the lines.
            observer.send(f"SAY room-tail {len(out)}")

    out = []
    observer.send("SAY room-tail 0")
    await asyncio.wait_for(follow(lambda: len(out) > count), TIMEOUT)
    await asyncio.wait_for(observer.finish(), TIMEOUT)
    await asyncio.wait_for(follow(lambda: out[-1].endswith(" end")), TIMEOUT)
    process.terminate()
    await process.wait()
    gap, messages = out[0], out[1:]
    check(gap.startswith("GAP room-tail 1 "), "tail begins with", gap)
    check(messages == [line for line in observer.lines if "MSG" in line], "tail saw", messages)
    print(f"tail: {proxy.made} cuts, {len(out)} lines seen", flush=True)


async def main():
    vcrp, talker = os.environ.get("VCRP", "./vcrp"), os.environ.get("TALKER", "./talker")
    print("seed", SEED, flush=True)
    with Server("limits = { lines = 0; address = 0; };") as server:
        proxied, port, environment = ["127.0.0.1", "{port}"], server.port, server.environment
        await asyncio.gather(
            say_through("talker", [talker, "127.0.0.1:{port}", "who-talker", "{room}", "{count}"],
                        2000, 200, port, environment),
            say_through("py", [sys.executable, CLIENTS + "/vcrp.py", *proxied, "who-py", "{room}"],
                        600, 25, port, environment),
            say_through("sh", ["bash", CLIENTS + "/vcrp.sh", *proxied, "who-sh", "{room}"],
                        600, 15, port, environment),
            say_through("say", [vcrp, "-s", "127.0.0.1:{port}", "-n", "who-say", "say", "{room}"],
                        600, 15, port, environment),
            tail_through([vcrp, "-s", "127.0.0.1:{port}", "-n", "tail", "tail", "-a", "0",
                          "room-tail"], 200, 15, port, environment))
        check(server.stop() == 0, "the server did not end well")
    sys.exit(f"{len(failures)} failed, seed {SEED}" if failures else 0)


logging.disable()  # of asyncio, which wonders at connections that break
asyncio.run(main())
