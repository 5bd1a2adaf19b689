"""The tree below a prefix of an object store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from blake3 import blake3

from tidebook.abc import FileEntry, Source
from tidebook.core.errors import Conflict, InvalidInput
from tidebook.core.files import check_segment, dump_json
from tidebook.store.closing import check_unchanged, closing, made, placing
from tidebook.store.copying import digest, wrong
from tidebook.store.manifest import DIGESTS, MANIFEST, parse_manifest
from tidebook.store.naming import check_file
from tidebook.store.objects.bucket import Bucket, Found
from tidebook.store.objects.reading import pieces
from tidebook.store.objects.sending import PART, send
from tidebook.store.trees.local import LocalTree

MOST_COPIED = 5 << 30  #: bytes that a store copies in one request
_DIGESTS = re.compile(r"blake3:[0-9a-f]{64}")
_DIGEST, _MTIME = "tidebook-digest", "tidebook-mtime"  #: what an object says of the file it was


class ObjectTree:
    """Files below `prefix` in `bucket`; each object says the digest and the time of its file in its metadata.

    `lock` is a local file, which keeps the processes of this machine from placing files in what another completes.
    """

    def __init__(self, bucket: Bucket, prefix: str, lock: Path) -> None:
        for part in prefix.split("/"):
            check_segment(part, "A path segment")
        self._bucket, self._prefix, self._lock = bucket, prefix, lock
        self._claimed: bool | None = None  # whether it is a version's; asked once
        self._etags: dict[str, str] = {}  # of the objects as this tree saw or wrote them last

    @property
    def url(self) -> str:
        """The address, without secrets."""
        return f"{self._bucket.url}/{self._prefix}"

    def entries(self) -> dict[str, FileEntry]:
        """Every file by its path, with one listing.

        Digest and time are those of manifest.json where the object is still the one it speaks of, else those that the
        object itself tells, and of an object of another program none and the time it was written. Of a version, the
        files that its manifest names, as they must be.
        """
        listed = {path: found for found in self._listing() if (path := self._path(found.key)) is not None}
        self._etags = {path: found.etag for path, found in listed.items()}
        known, etags = self._known()
        if etags is None:
            return {path: entry for path, entry in known.items() if path in listed}
        entries = {
            path: entry
            for path, entry in known.items()
            if path in listed and etags.get(path) == listed[path].etag and entry.size == listed[path].size
        }
        asked = self._bucket.heads(listed[path].key for path in listed.keys() - entries.keys())
        entries.update((path, _told(path, found)) for found in asked.values() if (path := self._path(found.key)))
        return dict(sorted(entries.items()))

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The content from byte `start` on; NotFound without the file, Conflict where it is replaced meanwhile."""
        return pieces(self._bucket, self._key(path), start)

    def take(self, source: Source, entry: FileEntry, path: str | None = None) -> FileEntry:
        """Sends a file of another tree here; see `abc.Tree`."""
        path = entry.path if path is None else path
        if not entry.digest and entry.size > PART and isinstance(source, LocalTree):
            # Of what goes in parts, the object can tell the digest only if it is known before.
            entry = replace(entry, digest=digest(source.place(entry.path)))
        hasher = blake3()

        arrived = entry

        def digested() -> Iterator[bytes]:
            for piece in source.read(entry.path):
                hasher.update(piece)
                yield piece

        @contextmanager
        def accepted() -> Iterator[None]:
            nonlocal arrived
            arrived = FileEntry(path, entry.size, entry.mtime, f"blake3:{hasher.hexdigest()}")
            if entry.digest not in {"", arrived.digest}:
                raise wrong(path)
            with self._placing(arrived):
                yield

        key = self._key(path, write=True)
        remembered = hashlib.sha256(f"{path}\0{entry.size}\0{entry.mtime}\0{entry.digest}".encode()).hexdigest()
        resume = f"{self._prefix}/.uploads/{remembered[:32]}.json"
        self._etags[path] = send(
            self._bucket, key, digested(), entry.size, lambda: _telling(arrived), accepted, resume=resume
        )
        return arrived

    def share(self, entry: FileEntry, held: str) -> bool:
        """Has the store copy the object at `held`, if it still is that content; nothing is sent."""
        for part in held.split("/"):
            check_segment(part, "A path segment")
        found = self._bucket.head(held)
        if found is None or found.size != entry.size or found.size > MOST_COPIED or not entry.digest:
            return False
        if entry.digest != ((found.metadata or {}).get(_DIGEST) or self._written_down(found)):
            return False
        key = self._key(entry.path, write=True)
        with self._placing(entry):
            etag = self._bucket.copy(found, key, _telling(entry))
        if etag is None:
            return False
        self._etags[entry.path] = etag
        return True

    def discard(self, paths: Iterable[str]) -> None:
        """Removes what was filled in vain, unless somebody has completed the version with it."""
        with closing(made(self._lock)):
            if self._manifest() is None:
                self.remove(paths)

    def remove(self, paths: Iterable[str]) -> list[str]:
        """Removes files, and returns those that were there."""
        keys = {self._key(path, write=True): path for path in paths}
        there = self._bucket.heads(keys)
        self._bucket.delete(there)
        return [path for key, path in keys.items() if key in there]

    def keep(self, entries: Mapping[str, FileEntry]) -> None:
        """Adds digests to manifest.json; of what is not as they say, or gone, it keeps none.

        Conflict in a version, whose manifest is written once.
        """
        if self._is_claimed():
            raise Conflict("A version is written once and never changed", got=self.url, fix="Publish as a new version.")
        seen = dict(self._etags)
        listed = {path: found for found in self._listing() if (path := self._path(found.key)) is not None}
        known, etags = self._known()
        files, kept = [], {}
        for path, found in sorted(listed.items()):
            entry = entries.get(path)
            if entry is None or not entry.digest or entry.size != found.size or seen.get(path) != found.etag:
                entry = known.get(path) if (etags or {}).get(path) == found.etag else None
            if entry is not None:
                files.append(asdict(entry))
                kept[path] = found.etag
        content = {"format_version": 1, "kind": DIGESTS, "files": files, "etags": kept}
        self._bucket.put(f"{self._prefix}/{MANIFEST}", dump_json(content))

    @contextmanager
    def _placing(self, entry: FileEntry) -> Iterator[None]:
        """In which a file may take its place: Conflict in a version that is complete, unless it is one of its own."""
        if not self._is_claimed():
            yield
            return
        with placing(made(self._lock)):
            manifest = self._manifest()
            if manifest is not None:
                check_unchanged(self._prefix, manifest, entry)
            yield

    def _is_claimed(self) -> bool:
        if self._claimed is None:
            self._claimed = self._bucket.head(f"{self._prefix}/.claim") is not None
        return self._claimed

    def _manifest(self) -> dict[str, Any] | None:
        found = self._bucket.get(f"{self._prefix}/{MANIFEST}")
        return parse_manifest(found[0]) if found is not None else None

    def _listing(self) -> Iterator[Found]:
        return self._bucket.listing(f"{self._prefix}/")

    def _known(self) -> tuple[dict[str, FileEntry], dict[str, str] | None]:
        """What manifest.json says of each file, and of which object by its ETag: None for a version's."""
        manifest = self._manifest()
        if manifest is None:
            return {}, {}
        known = {
            entry["path"]: FileEntry(entry["path"], entry["size"], entry["mtime"], entry["digest"])
            for entry in manifest["files"]
        }
        if manifest.get("kind") != DIGESTS:
            return known, None
        etags = manifest.get("etags")
        return known, etags if isinstance(etags, dict) else {}

    def _written_down(self, found: Found) -> str | None:
        """The digest that the manifest of an object's tree has for it, where it is still the object that is meant."""
        parts = found.key.split("/")
        for depth in range(len(parts) - 1, 0, -1):
            tree = ObjectTree(self._bucket, "/".join(parts[:depth]), self._lock)
            known, etags = tree._known()
            path = "/".join(parts[depth:])
            if path in known and (etags is None or etags.get(path) == found.etag):
                return known[path].digest
        return None

    def _path(self, key: str) -> str | None:
        """The path of a file of the tree; None for what is none."""
        path = key[len(self._prefix) + 1 :]
        try:
            check_file(path)
        except InvalidInput:
            return None
        return path

    def _key(self, path: str, *, write: bool = False) -> str:
        for part in path.split("/"):
            check_segment(part, "A path segment")
        if write:
            check_file(path)
        return f"{self._prefix}/{path}"


def _telling(entry: FileEntry) -> dict[str, str]:
    return {_MTIME: entry.mtime, **({_DIGEST: entry.digest} if entry.digest else {})}


def _told(path: str, found: Found) -> FileEntry:
    metadata = found.metadata or {}
    digest = metadata.get(_DIGEST, "")
    try:
        mtime = datetime.fromisoformat(metadata[_MTIME]).isoformat(timespec="microseconds")
    except (KeyError, ValueError):
        mtime = found.modified
    return FileEntry(path, found.size, mtime, digest if _DIGESTS.fullmatch(digest) else "")
