"""A proxy that counts what passes, changes a bit of it, or breaks off after so many bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from tests.passing import Proxy

Change = Callable[[bytes], bytes]


class MeddlingProxy(Proxy):
    """Passes connections on to a port of this machine. Its attributes may be set at any time."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.up = 0  #: bytes that went to the server
        self.down = 0  #: bytes that came from it
        self.cut_up: int | None = None  #: bytes to the server after which this connection, and each later one, is cut
        self.flip_up: bytes | None = None  #: where these bytes pass to the server, the first of them is changed, once
        self.flip_down: bytes | None = None  #: the same on the way back
        self.flips = 0  #: how many bytes were changed
        self._port = port
        self._lock = threading.Lock()

    def _pass_on(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=5) as server:
            server.settimeout(None)
            ways = [(client, server, self._up), (server, client, self._down)]
            threads = [threading.Thread(target=_pump, args=way, daemon=True) for way in ways]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _up(self, data: bytes) -> bytes:
        with self._lock:
            self.up += len(data)
            if self.cut_up is not None and self.up > self.cut_up:
                return b""
            data, self.flip_up = self._flipped(data, self.flip_up)
        return data

    def _down(self, data: bytes) -> bytes:
        with self._lock:
            self.down += len(data)
            data, self.flip_down = self._flipped(data, self.flip_down)
        return data

    def _flipped(self, data: bytes, what: bytes | None) -> tuple[bytes, bytes | None]:
        if what is None or what not in data:
            return data, what
        self.flips += 1
        at = data.index(what)
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], None


def _pump(source: socket.socket, target: socket.socket, change: Change) -> None:
    with suppress(OSError):
        while (data := source.recv(65536)) and (passed := change(data)):
            target.sendall(passed)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
