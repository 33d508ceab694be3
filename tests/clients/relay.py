# SPDX-License-Identifier: MIT
"""A relay of datagrams that loses, doubles, delays and overtakes them, as a seed has it, and whose
address the server sees change."""
import heapq, random, select, socket, threading, time


class Way:
    """One client's: where it is, and the sockets by which the server has seen it, the last one in use."""

    def __init__(self, client, server, address):
        self.client, self.server, self.sockets = client, server, []
        self.sent, self.late = [], 0  # what the client has sent; how often an address that was left was sent to
        self.held = False             # what the client sends goes no further
        self.move(address)

    def move(self, address="127.0.0.1"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind((address, 0))
        sock.setblocking(False)
        self.sockets.append(sock)


class Relay(threading.Thread):
    def __init__(self, port, seed=0, loss=0.0, double=0.0, delay=(0.0, 0.0)):
        super().__init__(daemon=True)
        self.server, self.random = ("127.0.0.1", port), random.Random(seed)
        self.loss, self.double, self.delay = loss, double, delay
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.front.bind(("127.0.0.1", 0))
        self.front.setblocking(False)
        self.address = self.front.getsockname()
        self.ways, self.heap, self.count, self.lost, self.ended = {}, [], 0, 0, False

    def way(self, client):
        """Of who sends from this address; made by its first datagram."""
        return self.ways.setdefault(client, Way(client, self.server, "127.0.0.1"))

    def later(self, send):
        if self.random.random() < self.loss:
            self.lost += 1
            return
        for _ in range(1 + (self.random.random() < self.double)):
            self.count += 1
            heapq.heappush(self.heap, (time.monotonic() + self.random.uniform(*self.delay), self.count, send))

    def take(self, sock, way):
        try:
            datagram, sender = sock.recvfrom(65536)
        except OSError:
            return
        if way is None:
            way = self.way(sender)
            way.sent.append(datagram)
            if way.held:
                return
            self.later(lambda: way.sockets[-1].sendto(datagram, self.server))
        else:
            way.late += sock is not way.sockets[-1]
            self.later(lambda: self.front.sendto(datagram, way.client))

    def run(self):
        while not self.ended:
            owner = {sock: way for way in list(self.ways.values()) for sock in way.sockets}
            owner[self.front] = None
            wait = min(0.02, self.heap[0][0] - time.monotonic()) if self.heap else 0.02
            for sock in select.select(owner, [], [], max(0, wait))[0]:
                for _ in range(50):
                    self.take(sock, owner[sock])
            while self.heap and self.heap[0][0] <= time.monotonic():
                try:
                    heapq.heappop(self.heap)[2]()
                except OSError:
                    pass

    def stop(self):
        self.ended = True
        self.join()
        for sock in [self.front] + [sock for way in self.ways.values() for sock in way.sockets]:
            sock.close()
