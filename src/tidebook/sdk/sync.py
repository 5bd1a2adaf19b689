"""Sends runs that were made offline, or whose process died before all was sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tidebook.core.errors import NotFound, TidebookError, Unauthorized
from tidebook.sdk import marker
from tidebook.sdk.backoff import Backoff
from tidebook.sdk.client import Away, Client
from tidebook.sdk.sending import HEARTBEAT, Sender

ALIVE_SECONDS = 60.0  #: a heartbeat younger than this is passed on
PATIENCE = 30.0  #: seconds for which a server that is away is waited for
PASSES = 5  #: over a run that changes while it is sent

State = Literal["sent", "unchanged", "same", "refused"]


@dataclass(frozen=True)
class Outcome:
    """What became of one run."""

    folder: Path
    state: State  #: `same`: the server keeps its runs in this very folder
    run_name: str  #: the name that the server has given it
    sent: int = 0  #: bytes of content
    problem: str = ""  #: why it was refused, as a whole or in part, or is not there any more


def sync(
    folders: Iterable[Path],
    server: str,
    token: str,
    *,
    again: bool = False,
    patience: float = PATIENCE,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[Outcome]:
    """Sends the runs in `folders` in this order, and says of each what became of it.

    A run that has not changed since it was sent costs no request, unless `again` has the server asked anew. What
    is there is not sent twice, and what was deleted there is sent only `again`. Away where the server does not
    answer for `patience` seconds, Unauthorized where it does not take the token; a run that it refuses does not
    keep the others from being sent.
    """
    client = Client(server, token)
    try:
        for folder in folders:
            stamp = marker.fingerprint(folder)
            known = not again and not _alive(folder) and marker.was_at(folder, client.server)
            if known and marker.holds(folder, client.server, stamp):
                yield Outcome(folder, "unchanged", folder.name)
                continue
            sender = Sender(folder, client, writes=False, known=known)
            try:
                settled = _waiting(lambda: _send(sender), patience, sleep)  # noqa: B023 - called before the next run
            except (Away, Unauthorized):
                raise
            except TidebookError as error:
                deleted = known and isinstance(error, NotFound)
                yield Outcome(folder, "unchanged" if deleted else "refused", sender.run_name, sender.sent, str(error))
                continue
            problem = "; ".join(f"{path}: {why}" for path, why in sender.refused.items())
            if settled and not problem:
                marker.write(folder, client.server, stamp)
            state: State = "same" if sender.same else "refused" if problem else "sent" if sender.sent else "unchanged"
            yield Outcome(folder, state, sender.run_name, sender.sent, problem)
    finally:
        client.close()


def _send(sender: Sender) -> bool:
    sender.register()
    return any(sender.send() for _ in range(PASSES))


def _waiting(work: Callable[[], bool], patience: float, sleep: Callable[[float], object]) -> bool:
    """What `work` gives, tried again while the server is away."""
    backoff, began = Backoff(), time.monotonic()
    while True:
        try:
            return work()
        except Away as error:
            told = error.details.get("retry_after")
            pause = backoff.next(told if isinstance(told, float) else None)
            if time.monotonic() + pause - began > patience:
                raise
            sleep(pause)


def _alive(folder: Path) -> bool:
    try:
        return time.time() - (folder / HEARTBEAT).stat().st_mtime < ALIVE_SECONDS
    except OSError:
        return False
