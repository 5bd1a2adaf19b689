"""A proxy that cuts connections after any number of bytes, in either direction."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.passing import Proxy


class CuttingProxy(Proxy):
    """Passes connections on to a port of this machine until each has used up the bytes that chance gave it."""

    def __init__(self, port: int, *, seed: int, longest: int, answers: int = 3000) -> None:
        super().__init__()
        self.port = port  #: where the server listens; may be changed
        self.cuts = 0
        self.cutting = True
        self.flips = 0  #: how many bits are turned on the way, each in the midst of another connection
        self.slow = 0.0  #: seconds that every 32 kB on their way to the server take
        self._random = random.Random(seed)
        self._longest, self._answers = longest, answers

    def _pass_on(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        except OSError:
            client.close()
            return
        with _ending(client, server):
            # Answers are short, mostly: where a cut is to fall into one, it must come after few bytes.
            budgets = [self._random.randrange(1, self._longest), self._random.randrange(1, self._answers)]
            ways = [(client, server, budgets[0]), (server, client, budgets[1])]
            threads = [threading.Thread(target=self._pump, args=way, daemon=True) for way in ways]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _pump(self, source: socket.socket, target: socket.socket, budget: int) -> None:
        passed, flipped = 0, False
        with suppress(OSError):
            while True:
                data = source.recv(min(32768, budget) if self.cutting else 32768)
                if not data:
                    break
                if self.flips and not flipped and passed > 100_000:
                    self.flips, flipped = self.flips - 1, True
                    data = bytes([data[0] ^ 1]) + data[1:]
                passed += len(data)
                time.sleep(self.slow * len(data) / 32768)
                target.sendall(data)
                if self.cutting:
                    budget -= len(data)
                    if budget <= 0:
                        self.cuts += 1
                        break
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def _ending(*sockets: socket.socket) -> Iterator[None]:
    try:
        yield
    finally:
        for each in sockets:
            each.close()
