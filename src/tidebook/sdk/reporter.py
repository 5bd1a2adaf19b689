"""Reports a run to a server while it is written, from a thread of its own: training never waits for it."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from tidebook.core.errors import TidebookError
from tidebook.sdk.backoff import Backoff

if TYPE_CHECKING:
    from tidebook.sdk.sending import Sender

INTERVAL = 1.0  #: seconds between looks, where nobody wakes it
LEAST = 0.5  #: seconds between two passes, so that many entries go in one
CONTENTS = 5.0  #: seconds between looks for new files
HOPELESS = 5.0  #: seconds without the server after which `close` tries once more and waits no longer
SHARE = 20  #: a pass that took t seconds is not followed by a look for files before SHARE · t

_logger = logging.getLogger(__name__)
_reporters: WeakSet[Reporter] = WeakSet()


class Reporter:
    """Sends what is in a run's folder, and what is added to it, to a server.

    The folder is the spool: nothing else is kept, so what could not be sent is sent by `tidebook sync` later.
    No method raises or waits for the network, but `close`, which waits at most as long as it is told.
    """

    def __init__(self, folder: Path, server: str, token: str) -> None:
        self.folder = folder
        self.server = server
        self.problem = ""  #: why nothing more is sent, or what the server does not take; empty while all is well
        self.same = False  #: whether the server keeps its runs in this very folder, so that nothing has to be sent
        self.complete = False  #: after `close`: whether everything was sent
        self._token = token
        self._thread: threading.Thread | None = None
        self._stirred, self._closing, self._given_up = threading.Event(), threading.Event(), threading.Event()
        _reporters.add(self)

    def start(self) -> None:
        """Begins to send."""
        if self._thread is None and not self._closing.is_set():
            self._thread = threading.Thread(target=self._work, name="tidebook-reporter", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Says that something was added; costs next to nothing and may be called for every entry."""
        if not self._stirred.is_set():
            self._stirred.set()

    def close(self, timeout: float) -> None:
        """Sends what is left, for at most `timeout` seconds, and ends. Nothing happens the second time."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._stirred.set()
        if self._thread is None:
            return
        self._thread.join(max(0.0, timeout))
        self._given_up.set()
        if not self.complete:
            why = self.problem or f"the server did not take it within {timeout:g} s"
            _logger.warning(
                "%s is not wholly at %s: %s. `tidebook sync` sends the rest.", self.folder.name, self.server, why
            )

    def _work(self) -> None:
        from tidebook.sdk.client import Client
        from tidebook.sdk.sending import Sender

        try:
            client = Client(self.server, self._token)
            sender = Sender(self.folder, client, writes=True)
            try:
                self._report(sender)
            finally:
                sender.close()
                client.close()
        except TidebookError as error:
            self._stop(str(error))
        except Exception as error:  # A fault of the reporter must not end the training.
            _logger.debug("the reporter ended", exc_info=True)
            self._stop(f"{type(error).__name__}: {error}")

    def _report(self, sender: Sender) -> None:
        from tidebook.sdk import marker
        from tidebook.sdk.client import Away

        backoff = Backoff()
        registered = False
        look = 0.0
        away = 0.0  # since when the server does not answer
        while not self._given_up.is_set():
            self._stirred.clear()
            closing, began = self._closing.is_set(), time.monotonic()
            stamp = marker.fingerprint(self.folder) if closing else ""
            try:
                if not registered:
                    sender.register()
                    registered = True
                    self.same = sender.same
                contents = closing or began >= look
                settled = sender.send(contents=contents, beat=not closing)
                if contents:
                    look = time.monotonic() + max(CONTENTS, SHARE * (time.monotonic() - began))
            except Away as error:
                away = away or began
                if closing and time.monotonic() - away > HOPELESS:
                    self.problem = str(error)
                    return
                told = error.details.get("retry_after")
                self._pause(backoff.next(told if isinstance(told, float) else None))
                continue
            backoff.reset()
            away = 0.0
            self._note(sender)
            if closing and settled:
                self.complete = not sender.refused
                if self.complete:
                    marker.write(self.folder, sender.server, stamp)
                return
            self._pause(max(LEAST, 2 * (time.monotonic() - began)))
            if not self._closing.is_set():
                self._stirred.wait(INTERVAL)

    def _pause(self, seconds: float) -> None:
        """Waits; `close` ends the wait, and giving up ends one during the close."""
        (self._given_up if self._closing.is_set() else self._closing).wait(seconds)

    def _note(self, sender: Sender) -> None:
        refused = "; ".join(f"{path}: {why}" for path, why in sender.refused.items())
        if refused and refused != self.problem:
            _logger.warning("%s does not take all of %s: %s", self.server, self.folder.name, refused)
        self.problem = refused

    def _stop(self, problem: str) -> None:
        self.problem = problem
        _logger.warning("%s is no longer reported to %s: %s", self.folder.name, self.server, problem)

    def _forget(self) -> None:
        # In a forked child: the thread is the parent's, and somebody may have held the locks of the events.
        self._stirred, self._closing, self._given_up = threading.Event(), threading.Event(), threading.Event()
        self._thread = None
        self._closing.set()


def _after_fork() -> None:
    for reporter in list(_reporters):
        reporter._forget()


os.register_at_fork(after_in_child=_after_fork)
