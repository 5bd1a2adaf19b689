"""The store in a bucket: what a local store does with folders and links, done with conditional writes."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tidebook.abc import FileEntry
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, NotFound
from tidebook.core.files import check_segment, dump_json
from tidebook.store import claims, closing
from tidebook.store.local import FILES
from tidebook.store.manifest import DIGESTS, MANIFEST, parse_manifest
from tidebook.store.naming import check_file
from tidebook.store.objects import finding, records
from tidebook.store.objects.bucket import Bucket, Found
from tidebook.store.objects.cache import Cache
from tidebook.store.objects.conditions import Conditions
from tidebook.store.objects.filling import fill
from tidebook.store.objects.finding import TOMBSTONE
from tidebook.store.objects.sending import abandon_below
from tidebook.store.side import Change
from tidebook.store.trees.objects import ObjectTree
from tidebook.store.workspace import workspace

SIBLINGS = 3  #: versions of a line whose content a new one may share


class ObjectStore:
    """Trees of files below s3://bucket/prefix or oss://bucket/prefix; what is opened is copied below `cache`.

    `alone` is a local folder for locks: the processes that use it are the only ones that write to the store, which
    then need not honour conditional writes. Without it a store that does not honour them is refused for writing.
    """

    def __init__(self, url: str, cache: Path, *, alone: Path | None = None) -> None:
        self._bucket = Bucket.at(url)
        self._conditions = Conditions(self._bucket, alone)
        self._cache = Cache(cache / "copies")
        self._workspaces, self._locks = cache / "staging", cache / "placing"
        self._manifests: dict[tuple[str, str], bool] = {}  # prefix and ETag of a manifest without a claim → of a tree

    @property
    def url(self) -> str:
        """Where it is, without secrets."""
        return self._bucket.url

    def claim(self, line: str, owner: str, *, above: int = 0) -> int:
        """Reserves the next number below `line`: the highest there is + 1, tombstones counted, and more than `above`.

        The same owner gets its own claim back, finished or not. InvalidInput for a line that differs from an
        existing one in upper and lower case alone; StorageFailure where the store cannot be published to directly.
        """
        self._conditions.honoured()
        own = self.claimed(line, owner)
        if own is not None:
            return own
        newest = self.newest(line)
        if not newest:
            self._refuse_twins(line)
        while True:
            newest = claims.check_number(max(newest, above) + 1)
            # Who asks for its claim again looks here, so this comes first.
            self._bucket.put(_by(line, owner), dump_json({"format_version": 1, "owner": owner, "number": newest}))
            if self._conditions.create(f"{line}/v{newest}/{claims.CLAIM}", dump_json(claims.signature(owner))):
                return newest
            if self.claimed(line, owner) == newest:
                return newest  # Another process of the same owner was faster.
            time.sleep(random.uniform(0, 0.05))  # noqa: S311 - many at once would meet again and again
            newest = max(newest, self.newest(line))

    def claimed(self, line: str, owner: str) -> int | None:
        """The newest number below `line` that `owner` claimed and that was not deleted; None if there is none."""
        self._check(line)
        noted = records.parsed(self._bucket.get(_by(line, owner)))
        number = noted.get("number")
        if not isinstance(number, int) or isinstance(number, bool) or noted.get("owner") != owner:
            return None
        prefix = f"{line}/v{number}"
        if self._owner(prefix) != owner or self._bucket.head(f"{prefix}/{TOMBSTONE}") is not None:
            return None
        return number

    def newest(self, line: str) -> int:
        """The highest number ever given below `line`, deleted ones and claims counted; 0 if there is none."""
        self._check(line)
        return max(claims.numbers_in(self._bucket.names(f"{line}/")), default=0)

    def fill(self, prefix: str, files: Mapping[str, Path]) -> list[FileEntry]:
        """Sends local files into a claimed tree, digesting them in the same read; what is there is replaced.

        A file that another version of the line has too is copied inside the store, not sent.
        """
        self._claimed(prefix)
        for path in files:
            check_file(path)
        return fill(self.tree(prefix), files, self._siblings(prefix))

    def commit(self, prefix: str, files: Sequence[FileEntry]) -> None:
        """Writes the manifest, last and exclusively: now the tree exists.

        Conflict where it exists already with other content, or a file is not as it was filled.
        """
        with self.closing(prefix):
            self._commit(prefix, files)

    def closing(self, prefix: str) -> AbstractContextManager[None]:
        """In which nothing that passes through this machine takes its place in a claimed tree."""
        return closing.closing(closing.made(closing.slot(self._locks, self.location(prefix))))

    def _commit(self, prefix: str, files: Sequence[FileEntry]) -> None:
        self._claimed(prefix)
        there = {found.key: found.size for found in self._bucket.listing(f"{prefix}/")}
        for entry in files:
            if there.get(f"{prefix}/{entry.path}") != entry.size:
                raise Conflict(
                    "A tree must hold what its manifest says",
                    got=f"{entry.path}, which is missing or has another size",
                    fix="Publish again.",
                )
        content = [asdict(entry) for entry in files]
        about = {"format_version": 1, "owner": self._owner(prefix), "created_at": timestamp()}
        manifest = {**about, "files": content}
        created = self._conditions.create(f"{prefix}/{MANIFEST}", dump_json(manifest))
        if not created and self.manifest(prefix)["files"] != content:
            raise Conflict(
                "A version is written once and never changed",
                got=f"{prefix}, which exists with other content",
                fix="Publish as a new version.",
            )

    def manifest(self, prefix: str) -> dict[str, Any]:
        """The manifest of a complete tree; NotFound where it is incomplete, deleted or absent."""
        self._check(prefix)
        found = self._bucket.get(f"{prefix}/{MANIFEST}")
        manifest = parse_manifest(found[0]) if found is not None else None
        # Looked for afterwards: what is not deleted now was not when its manifest was read.
        if manifest is None or manifest.get("kind") == DIGESTS or self._bucket.head(f"{prefix}/{TOMBSTONE}"):
            raise self._missing(prefix)
        return manifest

    def trees(self, prefix: str = "") -> Iterator[str]:
        """The prefixes of all complete trees below `prefix`, in the order of their names."""
        listed = {found.key: found.etag for found in self._versions(prefix)}
        yield from finding.trees(listed, prefix, lambda folder: self._is_tree(folder, listed[f"{folder}/{MANIFEST}"]))

    def lines(self) -> Iterator[str]:
        """The prefixes below which a number was ever given, be it a claim or a deleted version."""
        yield from finding.lines(found.key for found in self._versions(""))

    def below(self, prefix: str) -> list[str]:
        """The names right below a prefix that have files below them, in order; none where there is no such prefix."""
        found = self._bucket.names(f"{self._check(prefix)}/" if prefix else "")
        return sorted(name for name in found if not name.startswith("."))

    def tree(self, prefix: str) -> ObjectTree:
        """The files below a prefix, whether or not they make a complete tree."""
        return ObjectTree(self._bucket, prefix, closing.slot(self._locks, self.location(prefix)))

    def location(self, prefix: str) -> str:
        """The address of a tree."""
        return f"{self.url}/{prefix}"

    def open(self, prefix: str, path: str) -> Path:
        """A local copy of a file of a complete tree, verified; NotFound where the tree has no such file."""
        manifest = self.manifest(prefix)
        for entry in _entries(manifest):
            if entry.path == path:
                return self._cache.file(self.tree(prefix), str(manifest.get("created_at")), entry)
        shown = ", ".join(entry.path for entry in _entries(manifest)[:8])
        raise NotFound("The file must be one of the version's", got=f"{path} in {prefix}", fix=f"It holds {shown}.")

    def folder(self, prefix: str) -> Path:
        """A local folder with copies of all files of a complete tree, verified, to be read only."""
        manifest = self.manifest(prefix)
        return self._cache.files(self.tree(prefix), str(manifest.get("created_at")), _entries(manifest))

    def record(self, prefix: str, name: str) -> dict[str, Any] | None:
        """The object beside a tree or line; None where there is none, NotFound where it is no JSON object."""
        return records.read(self._bucket, prefix, name)

    def amend(self, prefix: str, name: str, change: Change, *, make: bool = False) -> dict[str, Any] | None:
        """Replaces such an object by what `change` makes of it (None: removes it).

        NotFound without tree or line, unless with `make` this is the first of it; InvalidInput then for a twin.
        """
        self._conditions.honoured()
        if make:
            self._refuse_twins(self._check(prefix))
        return records.amend(self._bucket, self._conditions, prefix, name, change, make=make)

    def workspace(self, name: str) -> AbstractContextManager[Path]:
        """A local folder; Conflict where another process of this machine is in that of this name."""
        return workspace(self._workspaces, f"{name} in {self.url}")

    def delete(self, prefix: str, reason: str) -> None:
        """Writes the tombstone, then removes the content. A second call finishes what a killed one began."""
        self._conditions.honoured()
        self._check(prefix)
        if self._bucket.head(f"{prefix}/{TOMBSTONE}") is None:
            marks = self._bucket.heads([f"{prefix}/{MANIFEST}", f"{prefix}/{claims.CLAIM}"])
            if not marks:
                raise self._missing(prefix)
            tombstone = {
                "format_version": 1,
                "deleted_at": timestamp(),
                "reason": reason,
                "owner": self._owner(prefix),
            }
            self._conditions.create(f"{prefix}/{TOMBSTONE}", dump_json(tombstone))
        # The manifest goes first, so that whoever looks without knowing of tombstones sees no broken tree.
        self._bucket.delete([f"{prefix}/{MANIFEST}"])
        self._bucket.run(abandon_below(self._bucket, f"{prefix}/"))
        # The claim stays: it alone keeps the number from being given to somebody who counted before.
        kept = {f"{prefix}/{TOMBSTONE}", f"{prefix}/{claims.CLAIM}"}
        self._bucket.delete([found.key for found in self._bucket.listing(f"{prefix}/") if found.key not in kept])

    def _versions(self, prefix: str) -> Iterator[Found]:
        """The objects below `prefix`, those of the trees without numbers left out."""
        tops = [self._check(prefix)] if prefix else [name for name in self._bucket.names("") if name[:1] != "."]
        for top in tops:
            if top.split("/")[0] != FILES:
                yield from self._bucket.listing(f"{top}/")

    def _siblings(self, prefix: str) -> Iterator[tuple[str, FileEntry]]:
        """Where the files of the newest versions beside `prefix` lie, and what they are."""
        line, _, own = prefix.rpartition("/")
        numbers = claims.numbers_in(self._bucket.names(f"{line}/"))
        for name in [name for n in reversed(numbers) if (name := f"v{n}") != own][:SIBLINGS]:
            found = self._bucket.get(f"{line}/{name}/{MANIFEST}")
            manifest = parse_manifest(found[0]) if found is not None else None
            for entry in _entries(manifest) if manifest else ():
                yield f"{line}/{name}/{entry.path}", entry

    def _refuse_twins(self, line: str) -> None:
        above = ""
        for segment in line.split("/"):
            claims.refuse_twin(self._bucket.names(above), segment)
            above += f"{segment}/"

    def _is_tree(self, folder: str, etag: str) -> bool:
        """Whether a manifest.json without a claim is that of a tree that was copied here; read once."""
        known = self._manifests.get((folder, etag))
        if known is None:
            found = self._bucket.get(f"{folder}/{MANIFEST}")
            manifest = parse_manifest(found[0]) if found is not None else None
            known = self._manifests[folder, etag] = manifest is not None and manifest.get("kind") != DIGESTS
        return known

    def _owner(self, prefix: str) -> str | None:
        """Who claimed a prefix; None where nobody did."""
        claim = records.parsed(self._bucket.get(f"{prefix}/{claims.CLAIM}"))
        return str(claim["owner"]) if "owner" in claim else None

    def _claimed(self, prefix: str) -> None:
        self._check(prefix)
        names = [claims.CLAIM, TOMBSTONE, MANIFEST]
        there = self._bucket.heads([f"{prefix}/{name}" for name in names])
        if f"{prefix}/{TOMBSTONE}" in there or not there:
            raise self._missing(prefix)
        if f"{prefix}/{MANIFEST}" in there:
            raise closing.complete(prefix)

    def _missing(self, prefix: str) -> NotFound:
        found = self._bucket.get(f"{prefix}/{TOMBSTONE}")
        if found is not None:
            tombstone = records.parsed(found)
            got = f"{prefix}, which was deleted at {tombstone.get('deleted_at')} ({tombstone.get('reason')})"
        elif self._bucket.any_below(f"{prefix}/"):
            got = f"{prefix}, which is not complete"
        else:
            got = f"{prefix}, which does not exist"
        return NotFound("The version must exist", got=got, fix="List the versions there are.")

    def _check(self, prefix: str) -> str:
        for part in prefix.split("/"):
            check_segment(part, "A path segment")
        return prefix


def _by(line: str, owner: str) -> str:
    """Where it stands which number an owner has, or was about to claim."""
    return f"{line}/.claims/{hashlib.sha256(owner.encode()).hexdigest()[:32]}.json"


def _entries(manifest: Mapping[str, Any]) -> list[FileEntry]:
    return [FileEntry(entry["path"], entry["size"], entry["mtime"], entry["digest"]) for entry in manifest["files"]]
