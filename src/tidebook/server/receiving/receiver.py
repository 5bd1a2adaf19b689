"""Receives runs that are written elsewhere into the folders of this home."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import orjson

from tidebook.catalog.access import Access
from tidebook.core import syncing
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import MAX_RECORD_BYTES, check_segment, safe_join, storage_errors, write_json
from tidebook.core.settings import Settings
from tidebook.records import labels
from tidebook.runs import liveness
from tidebook.runs.record import DELETED, ENDED, read_object
from tidebook.sdk.spool import LOGS
from tidebook.server.receiving import appending, paths
from tidebook.server.receiving.claiming import claim, claimable
from tidebook.server.receiving.ids import RunIds, id_of
from tidebook.server.receiving.incoming import Incoming, remove_stale
from tidebook.server.receiving.journal import Journal
from tidebook.server.receiving.merging import check_metadata, check_writable, localized, merged


class _Lock:
    """A lock that vanishes when nobody holds or wants it."""

    def __init__(self) -> None:
        self.held = threading.Lock()


class Receiver:
    """What arrives of runs. One for a home; every method may be called from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ids = RunIds(settings.out)
        self._locks: WeakValueDictionary[str, _Lock] = WeakValueDictionary()
        self._registry = threading.Lock()

    def register(
        self,
        run_id: str,
        run_name: str,
        metadata: Mapping[str, Any],
        came: Mapping[str, Any],
        *,
        nonce: str | None,
        heartbeat_age: float | None,
        known: bool = False,
        access: Access,
    ) -> dict[str, Any]:
        """The name of the run here, and what is here of it. A run that nobody knows gets a folder of its own.

        `nonce` names a hidden file that the sender has just put into its folder: where it lies in the one here, that
        is the same folder, and nothing needs to be sent. NotFound where the sender says that the run is `known` and it
        is not there: it was deleted.
        """
        name = claimable(run_name)
        check_metadata(metadata)
        check_writable(came, "labels.json")
        with self._lock(run_id).held:
            folder = self._ids.find(run_id, name)
            if folder is None and known:
                raise _unknown(run_name)
            if folder is None:
                labels.check_project(came.get("project", labels.DEFAULT_PROJECT))
                access.check_write(str(came.get("project", labels.DEFAULT_PROJECT)))
                folder = claim(self._settings.out, name, run_id, metadata, came, access.user_id)
                self._ids.note(run_id, folder.name)
                self._journal(run_id).note("labels.json", "", labels=dict(came))
            elif nonce and (folder / f".{nonce}").exists():
                labels.change(folder, using=lambda here: {} if here.owner else {"owner": access.user_id})
                return {"run_name": folder.name, "files": {}, "digests": {}, "same": True}
            else:
                self._check(folder, access)
            remove_stale(folder)
            if heartbeat_age is not None:
                self._beat(folder, heartbeat_age)
            return {
                "run_name": folder.name,
                "files": {path: _length(folder, path) for path in LOGS},
                "digests": self._journal(run_id).digests(folder),
                "same": False,
            }

    def append(
        self, run_name: str, path: str, data: bytes, *, offset: int, before: str, anew: bool, access: Access
    ) -> int:
        """Adds `data` to a log at `offset`, which must be its length; returns the new one."""
        folder = self._folder(run_name, access)
        target, array = paths.log_path(folder, path)
        with self._lock(run_name).held:
            return appending.append(target, data, array=array, offset=offset, before=before, anew=anew)

    def incoming(self, run_name: str, path: str, access: Access) -> Incoming:
        """A place for a file that is about to arrive; InvalidInput where it may not."""
        folder = self._folder(run_name, access)
        paths.file_path(folder, path)
        limit = self._settings.max_upload_bytes
        return Incoming(folder, min(limit, MAX_RECORD_BYTES) if paths.is_read_whole(path) else limit)

    def take(self, run_name: str, path: str, incoming: Incoming, digest: str, access: Access) -> None:
        """Makes what has arrived the run's file at `path`. Conflict where it has another digest."""
        incoming.verify(digest)
        folder = self._folder(run_name, access)
        target = paths.file_path(folder, path)
        with self._lock(run_name).held:
            run_id = id_of(folder)
            if run_id is None:
                raise _unknown(run_name)
            journal = self._journal(run_id)
            if path == "metadata.json":
                described = _object(incoming.path, path)
                check_metadata(described)
                self._take_metadata(folder, run_id, described)
                journal.note(path, digest)
            elif path == "labels.json":
                came = _object(incoming.path, path)
                self._take_labels(folder, came, journal.received(path).get("labels"), access)
                journal.note(path, digest, labels=came)
            else:
                journal.note(path, digest, _taken(incoming, target, path))

    def beat(self, run_name: str, access: Access) -> None:
        """The writer of the run lives."""
        self._beat(self._folder(run_name, access), 0.0)

    def _take_metadata(self, folder: Path, run_id: str, came: Mapping[str, Any]) -> None:
        ended = came.get("status") in ENDED
        if ended:  # From now on the sender may forget the run: all of it must be on the disk first.
            syncing.flush()
            for path in LOGS:
                syncing.sync(folder / path)
        write_json(folder / "metadata.json", localized(came, run_id=run_id, folder=folder), later=not ended)
        if ended:
            liveness.stop_beating(folder)

    def _take_labels(self, folder: Path, came: Mapping[str, Any], base: object, access: Access) -> None:
        def changes(here: labels.Labels) -> dict[str, Any]:
            new = merged(came, base if isinstance(base, Mapping) else None, here)
            if new["project"] != here.project:
                _check_project(new["project"], access)
            return new

        labels.change(folder, using=changes)

    def _beat(self, folder: Path, age: float) -> None:
        status = read_object(folder / "metadata.json", []).get("status")
        if isinstance(status, str) and status in ENDED:
            return
        with storage_errors(folder):
            liveness.beat(folder)
            if age:
                seen = time.time() - age
                os.utime(folder / liveness.HEARTBEAT, (seen, seen))

    def _folder(self, run_name: str, access: Access) -> Path:
        folder = safe_join(self._settings.out, check_segment(run_name, "A run's name"))
        if run_name.startswith(".") or not (folder / "metadata.json").is_file() or (folder / DELETED).exists():
            raise _unknown(run_name)
        self._check(folder, access)
        return folder

    def _check(self, folder: Path, access: Access) -> None:
        """NotFound or Forbidden where the user may not send this run."""
        known = labels.read(folder)
        if not access.sees(known.project, known.owner):
            raise _unknown(folder.name)
        access.check_change(known.project, known.owner)

    def _journal(self, run_id: str) -> Journal:
        return Journal(self._settings.cache / "ingest" / f"{run_id}.jsonl")

    def _lock(self, name: str) -> _Lock:
        with self._registry:
            lock = self._locks.get(name)
            if lock is None:
                lock = self._locks[name] = _Lock()
            return lock


def _check_project(project: object, access: Access) -> None:
    """Forbidden or InvalidInput where the user may not put a run into the project; the run itself is found."""
    try:
        access.check_write(labels.check_project(str(project)))
    except NotFound as error:
        raise InvalidInput(error.rule, got=error.got, fix=error.fix) from error


def _length(folder: Path, path: str) -> int:
    target, array = paths.log_path(folder, path)
    return appending.length(target, array=array)


def _taken(incoming: Incoming, target: Path, path: str) -> tuple[int, int]:
    try:
        return incoming.take(target)
    except (NotADirectoryError, IsADirectoryError, FileExistsError) as error:
        raise InvalidInput(
            "A file must not lie where a folder does, nor below a file",
            got=repr(path[:120]),
            fix="Give it another name.",
        ) from error


def _object(path: Path, name: str) -> dict[str, Any]:
    try:
        value = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"{name} must be JSON", got=f"a fault ({error})", fix="Correct the file.") from error
    if not isinstance(value, dict):
        raise InvalidInput(f"{name} must be a JSON object", got=type(value).__name__, fix="Correct the file.")
    check_writable(value, name)
    return value


def _unknown(run_name: str) -> NotFound:
    return NotFound(
        "The run must have been registered",
        got=run_name[:120],
        fix="Register it with POST /api/ingest/runs; it may have been deleted.",
    )
