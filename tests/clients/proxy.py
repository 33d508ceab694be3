#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A TCP proxy that cuts connections at random moments: proxy.py PORT CUTS SEED

Each connection may pass a random number of bytes, so that it ends anywhere: before the login, in
the middle of a line, between a request and its echo. Sometimes only the client learns of it, and
the server keeps the old connection. After CUTS cuts everything passes."""
import asyncio, random, sys


class Proxy:
    def __init__(self, port, cuts, seed, mercy=0):
        """mercy: after a connection of fewer bytes the next gets at least that many, for clients
        that wait longer after each login that fails."""
        self.port, self.cuts, self.random = port, cuts, random.Random(seed)
        self.made, self.forgotten, self.mercy, self.least = 0, [], mercy, 1

    async def start(self):
        self.server = await asyncio.start_server(self.connect, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    def budget(self):
        if self.cuts <= self.made:
            return None
        self.made += 1
        budget = max(self.least, self.random.randint(1, self.random.choice([100, 400, 1500, 6000])))
        self.least = self.mercy if budget < self.mercy else 1
        return budget

    async def connect(self, reader, writer):
        budget = [self.budget()]
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.transport.abort()
            return
        pipes = [asyncio.ensure_future(self.pipe(reader, back, budget)),
                 asyncio.ensure_future(self.pipe(there, writer, budget))]
        await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        for pipe in pipes:
            pipe.cancel()
        self.end(writer)
        if budget[0] == 0 and self.random.random() < 0.3:
            self.forgotten.append(back)  # kept: the server believes that its client lives
        else:
            self.end(back)

    def end(self, writer):
        if self.random.random() < 0.5:
            writer.transport.abort()
        else:
            writer.close()

    async def pipe(self, reader, writer, budget):
        try:
            while data := await reader.read(65536):
                if budget[0] is not None:
                    data = data[:budget[0]]
                    budget[0] -= len(data)
                writer.write(data)
                await writer.drain()
                if budget[0] == 0:
                    return
        except OSError:
            pass


async def main():
    proxy = Proxy(*map(int, sys.argv[1:4]))
    print("proxy: ready on port", await proxy.start(), flush=True)
    await proxy.server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
