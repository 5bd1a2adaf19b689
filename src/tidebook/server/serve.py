"""Serves a home until it is told to stop."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from tidebook.core.errors import Conflict, InvalidInput
from tidebook.core.files import storage_errors
from tidebook.core.settings import Settings
from tidebook.server.app import create_app
from tidebook.server.lifetime import Commands, prepared
from tidebook.server.links import LOCK, base_url, login_url
from tidebook.server.protocol import Protocol
from tidebook.server.services import Services

CLOSING = 5  #: seconds that open connections have to end


def serve(settings: Settings, open_browser: bool = False, *, commands: Commands | None = None) -> None:
    """Serves until SIGINT or SIGTERM; running trainings go on afterwards.

    Prints a login URL, good for one browser, once requests are answered. Conflict where the port or the home is in
    use by another server.
    """
    with _only_server(settings) as lock, _bound(settings.host, settings.port) as listener:
        prepared(settings).close()  # a database that cannot be used is known before anything else starts
        app = create_app(settings, commands)
        base = base_url(settings.host, listener.getsockname()[1])
        os.ftruncate(lock, 0)
        os.pwrite(lock, base.encode(), 0)

        def announce() -> None:
            parts: Services = app.state.services
            token = parts.credentials.create_login(parts.users.administrator().id)
            url = login_url(base, token)
            sys.stdout.write(f"Tidebook is ready at {url}\n")
            sys.stdout.flush()
            if open_browser:
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="websockets-sansio",
            log_level="warning",
            access_log=False,  # it would hold the login token
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=CLOSING,
        )
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn raises it again when all is closed
        with contextlib.suppress(KeyboardInterrupt):
            _Server(config, announce).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


@contextmanager
def _only_server(settings: Settings) -> Iterator[int]:
    """Holds the home's lock: two servers would start twice as many trainings as there are slots."""
    path = settings.home / LOCK
    with storage_errors(path):
        settings.home.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                "A home must have one server only",
                got=f"another one that serves {settings.home.absolute()}",
                fix="Use that one, end it first, or set TIDEBOOK_HOME to another folder.",
            ) from error
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that is bound to the address, so that a port in use is known before anything else starts."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise InvalidInput(
            "The host must be an address of this machine",
            got=repr(host),
            fix="Use --host 127.0.0.1, or 0.0.0.0 for all.",
        ) from error
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(2048)
        except OSError as error:
            raise _cannot_bind(host, port, error) from error
        yield listener


def _cannot_bind(host: str, port: int, error: OSError) -> Conflict | InvalidInput:
    if error.errno == errno.EADDRINUSE:
        return Conflict(
            f"The port {port} on {host} must be free",
            got="a port that another program listens on",
            fix=f"Choose another with --port {port + 1}, or --port 0 for any free one.",
        )
    if error.errno == errno.EACCES:
        return Conflict(
            f"The port {port} must be one that this user may listen on",
            got="no permission",
            fix="Choose one above 1023 with --port 8765.",
        )
    return InvalidInput(
        "The host must be an address of this machine",
        got=f"{host!r} ({error.strerror})",
        fix="Use --host 127.0.0.1, or 0.0.0.0 for all.",
    )
