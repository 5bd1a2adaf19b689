"""Sends what the server lacks of one run: the rest of its logs, and files that differ."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from tidebook.core.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge
from tidebook.sdk import spool
from tidebook.sdk.client import Away, Client
from tidebook.sdk.identity import run_id

BATCH_BYTES = 2 * 1024 * 1024  #: of a log in one request
LEAST_BATCH_BYTES = 16 * 1024  #: where connections do not last for more
CONFLICTS = 8  #: about one log in one pass; more mean that somebody else sends the same run now
SETTLED = 100_000_000  #: nanoseconds after which a file that changes gets another modification time
HEARTBEAT = "heartbeat"
BEAT_SECONDS = 10.0  #: between heartbeats
ASIDE_SECONDS = 1.0  #: between looks at the logs while a large file is on its way


class Sender:
    """One run on its way to one server. All of it may be done again at any time; what is there is not sent twice.

    `writes` says that this process writes the run: where the server has more of a log than the folder, as after a
    loss of power, the folder's is then taken instead. The server keeps what it had under another name. `known` says
    that the server had all of the run once: where it has none of it now, NotFound, and it is not made again.
    """

    def __init__(self, folder: Path, client: Client, *, writes: bool, known: bool = False) -> None:
        self.folder = folder
        self.server = client.server
        self.run_name = folder.name  #: the name that the server has given it
        self.same = False  #: whether the server's folder is this one
        self.sent = 0  #: bytes of content so far
        self.refused: dict[str, str] = {}  #: files that the server does not take, and why
        self._client = client
        self._second: Client | None = None  # for logs and heartbeats while the first sends a large file
        self._beaten = 0.0
        self._writes, self._known = writes, known
        self._batch = BATCH_BYTES
        self._logs = spool.logs(folder)
        self._lengths: dict[str, int] = {}
        self._digests: dict[str, str] = {}
        self._done: dict[str, tuple[int, int, int]] = {}

    def register(self) -> None:
        """Tells the server of the run and learns what it has."""
        metadata = spool.read_object(self.folder / "metadata.json")
        nonce = secrets.token_hex(16)
        mark = self.folder / f".{nonce}"
        try:
            # The server sees it where its folder is this one, and nowhere else.
            with suppress(OSError):
                mark.touch()
            answer = self._client.call(
                "POST",
                "/api/ingest/runs",
                params={"known": 1} if self._known else None,
                json={
                    "id": run_id(self.folder, metadata),
                    "run_name": self.folder.name,
                    "metadata": metadata,
                    "labels": spool.read_object(self.folder / "labels.json"),
                    "nonce": nonce,
                    "heartbeat_age": self._heartbeat_age(),
                },
                needs=("run_name", "same", "files", "digests"),
            )
        finally:
            with suppress(OSError):
                mark.unlink()
        self.run_name, self.same = str(answer["run_name"]), bool(answer["same"])
        self._lengths, self._digests = dict(answer["files"]), dict(answer["digests"])
        self._done.clear()
        self._beaten = time.monotonic()

    def send(self, *, contents: bool = True, beat: bool = False) -> bool:
        """Sends what is new; False where something changed meanwhile and another pass is needed.

        Without `contents` only logs and records; with `beat` that the writer lives, where that is due. Away or the
        server's refusal where it cannot go on.
        """
        try:
            return self._pass(contents, beat)
        except NotFound:
            self.register()  # Somebody deleted it there: what is written goes on being kept.
            return self._pass(contents, beat)

    def close(self) -> None:
        """Ends what it has opened."""
        if self._second is not None:
            self._second.close()

    def _pass(self, contents: bool, beat: bool) -> bool:
        if self.same:
            return True
        if beat:
            self._beat(self._client)
        self._send_logs(self._client)
        files = (spool.contents(self.folder) if contents else []) + spool.records(self.folder)
        settled = [self._send_file(found) for found in files]  # every one, also behind one that changes
        return all(settled)

    def _beat(self, client: Client) -> None:
        if time.monotonic() - self._beaten > BEAT_SECONDS:
            client.call("POST", self._address("heartbeat"))
            self._beaten = time.monotonic()

    def _send_logs(self, client: Client) -> None:
        for path, log in self._logs.items():
            self._send_log(path, log, client)

    def _send_log(self, path: str, log: spool.Log, client: Client) -> None:
        there = log.length()
        start, anew, torn, conflicts = self._lengths.get(path, 0), False, False, 0
        if there < start and self._writes and there:
            start, anew = 0, True
        while start < there:
            data = log.read(start, self._batch)
            if not data and start and not torn:  # The position lies within the last entry: the server's are others.
                start, anew, torn = 0, True, True
                continue
            if not data:
                return
            params: dict[str, Any] = {"path": path, "offset": start}
            params["before"] = spool.digest_of(log.before(start, spool.CHECKED_BYTES))
            try:
                answer = client.call(
                    "POST",
                    self._address("append"),
                    params={**params, **({"anew": 1} if anew else {})},
                    content=data,
                    needs=("length",),
                )
            except Away:
                self._batch = max(LEAST_BATCH_BYTES, self._batch // 2)
                raise
            except Conflict as error:
                length, conflicts = error.details.get("length"), conflicts + 1
                if not isinstance(length, int):
                    raise
                if conflicts > CONFLICTS:
                    raise _contended(path) from error
                anew = bool(error.details.get("differs"))
                start = 0 if anew else length
                continue
            start, anew = int(answer["length"]), False
            self._lengths[path] = start
            self._batch = min(BATCH_BYTES, 2 * self._batch)
            self.sent += len(data)

    def _send_file(self, found: spool.Found) -> bool:
        if self._done.get(found.path) == found.stamp:
            return True
        with spool.opened(self.folder, found.path) as file:
            if file is None:
                return True
            digest = spool.digest_file(file)
            if self._digests.get(found.path) != digest:
                size = file.seek(0, os.SEEK_END)
                address = self._address(f"files/{quote(found.path)}")
                try:
                    self._client.call(
                        "PUT", address, params={"digest": digest}, content=self._blocks(file, size), size=size
                    )
                except Conflict as error:
                    if "digest" not in error.details:
                        raise
                    return False  # It was written to while it was sent.
                except (Forbidden, InvalidInput, TooLarge) as error:
                    self.refused[found.path] = str(error)
                else:
                    self.refused.pop(found.path, None)
                    self.sent += found.size
                self._digests[found.path] = digest
        if time.time_ns() - found.changed > SETTLED:
            self._done[found.path] = found.stamp
        return True

    def _blocks(self, file: BinaryIO, size: int) -> Iterator[bytes]:
        """The first `size` bytes of a file; where they take long, the logs go on in between."""
        file.seek(0)
        looked = time.monotonic()
        while size and (block := file.read(min(size, spool.BLOCK))):
            size -= len(block)
            yield block
            if self._writes and time.monotonic() - looked > ASIDE_SECONDS:
                self._second = self._second or self._client.another()
                with suppress(Away):
                    self._send_logs(self._second)
                    self._beat(self._second)
                looked = time.monotonic()
        if size:
            raise Away("A file must not become shorter while it is sent", got=file.name, fix="It is sent again.")

    def _heartbeat_age(self) -> float | None:
        if self._writes:
            return 0.0
        try:
            return max(0.0, time.time() - (self.folder / HEARTBEAT).stat().st_mtime)
        except OSError:
            return None

    def _address(self, what: str) -> str:
        return f"/api/ingest/runs/{quote(self.run_name, safe='')}/{what}"


def _contended(path: str) -> Away:
    return Away(
        "A run must be sent by one process at a time",
        got=f"somebody else who sends {path} at the same time",
        fix="It is tried again in a moment.",
    )
