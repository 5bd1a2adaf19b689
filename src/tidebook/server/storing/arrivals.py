"""Files that come into trees of the store, each verified by its digest before it counts."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace

from blake3 import blake3

from tidebook.abc import FileEntry, Store, Tree
from tidebook.catalog.access import Access
from tidebook.core.errors import Conflict, InvalidInput, NotFound, TidebookError, TooLarge
from tidebook.registry.item import address_of
from tidebook.server.storing.body import Arriving
from tidebook.server.storing.claiming import Claiming
from tidebook.server.storing.models import FILES
from tidebook.server.storing.rights import Rights
from tidebook.store.bundles import Unpacking
from tidebook.store.copying import moment, nanoseconds_of

FIELDS = tuple(field.name for field in fields(FileEntry))
KEPT = 200_000  #: digests that are remembered until a tree is committed


class Arrivals:
    """Takes files in, and remembers what it has verified. Every method may be called from any thread."""

    def __init__(self, store: Store, limit: int) -> None:
        self._store, self._limit = store, limit
        self._verified: OrderedDict[tuple[str, str], FileEntry] = OrderedDict()
        self._under_way: Counter[tuple[str, str]] = Counter()
        self._mixed: set[tuple[str, str]] = set()  # places that several uploads came to at once
        self._lock = threading.Lock()
        self.claiming = Claiming(store)

    def held(self, prefix: str, entry: FileEntry) -> int:
        """How many bytes of a file are here: what is sent may begin there. All of them: the file is in its place."""
        try:
            self.take(prefix, entry, (), None)
        except Conflict as error:
            held = error.details.get("held")
            if not isinstance(held, int):
                raise
            return held
        return entry.size

    def take(self, prefix: str, entry: FileEntry, pieces: Iterable[bytes], offset: int | None) -> FileEntry:
        """Puts the file into the tree, its bytes from `offset` on being `pieces`.

        Conflict where the bytes are not to begin there (`held` says where) or do not have the digest (`again`).
        """
        entry = self._checked(entry)
        source = Arriving(entry, pieces, offset)
        with self._coming(prefix, entry.path):
            try:
                taken = self._store.tree(prefix).take(source, entry)
            except Conflict as error:
                if source.whole:
                    error.details["again"] = True
                raise
            self._note(prefix, taken)
        return taken

    def take_bundle(
        self, prefix: str, pieces: Iterable[bytes]
    ) -> tuple[list[FileEntry], list[tuple[str, TidebookError]]]:
        """Puts the files of a bundle into the tree; what was taken, and what was not and why."""
        tree, unpacking = self._store.tree(prefix), Unpacking()
        taken: list[FileEntry] = []
        failed: list[tuple[str, TidebookError]] = []
        for piece in pieces:
            for entry, content in unpacking.feed(piece):
                try:
                    checked = self._checked(entry)
                    with self._coming(prefix, checked.path):
                        taken.append(tree.take(Arriving(checked, (content,), 0), checked))
                        self._note(prefix, taken[-1])
                except TidebookError as error:
                    if error.status >= 500:
                        raise
                    failed.append((entry.path, error))
        if not unpacking.ended:
            raise InvalidInput("A bundle must arrive whole", got="one without its end", fix="Send it again.")
        return taken, failed

    def share(self, prefix: str, entry: FileEntry, held: str, access: Access) -> bool:
        """Makes the file of content at `held`, an address and a path; False where the user does not see that."""
        whole, path = _split(held)
        if not entry.digest or not whole or not Rights(self._store, access).sees(whole):
            return False
        known = self.files(whole).get(path)
        if known is None or (known.size, known.digest) != (entry.size, entry.digest):
            return False
        entry = self._checked(entry)
        with self._coming(prefix, entry.path):
            if not self._store.tree(prefix).share(entry, held):
                return False
            self._note(prefix, entry)
        return True

    def keep(self, prefix: str) -> None:
        """Lets the tree of a file model write down what was verified of it."""
        with self._lock:
            keys = [key for key in self._verified if key[0] == prefix]
            known = {key[1]: self._verified.pop(key) for key in keys}
        if known:
            self._store.tree(prefix).keep(known)

    @contextmanager
    def verified(self, prefix: str, files: Iterable[FileEntry]) -> Iterator[list[FileEntry]]:
        """The files of a tree as they are here; Conflict where one has another digest. Forgotten on leaving.

        The store lets nothing into the tree meanwhile, see `Store.closing`.
        """
        tree = self._store.tree(prefix)
        entries = []
        for entry in files:
            known = self._verified.get((prefix, entry.path))
            if known is None:  # The server was started again since it came, or it came twice at once.
                known = _read(tree, self._checked(entry))
            if (known.size, known.digest) != (entry.size, entry.digest):
                raise Conflict(
                    "A tree must hold what its manifest says",
                    got=f"{entry.path}, which is missing or has other content here",
                    fix="Publish again.",
                )
            entries.append(known)
        yield entries
        with self._lock:
            for entry in entries:
                self._verified.pop((prefix, entry.path), None)

    def files(self, prefix: str) -> dict[str, FileEntry]:
        """The files of a complete version, as its manifest says, or of a file model, as they are now."""
        if address_of(prefix) is None:
            return self.entries(prefix)
        listed = (
            FileEntry(**{name: entry[name] for name in FIELDS}) for entry in self._store.manifest(prefix)["files"]
        )
        return {entry.path: entry for entry in listed}

    def entries(self, prefix: str) -> dict[str, FileEntry]:
        """The files of a tree as they are now, with the digests of those that came since the server was started."""
        found = self._store.tree(prefix).entries()
        for path, entry in found.items():
            known = None if entry.digest else self._verified.get((prefix, path))
            if known is not None and (known.size, known.mtime) == (entry.size, entry.mtime):
                found[path] = known
        return found

    def _checked(self, entry: FileEntry) -> FileEntry:
        """The entry with its time as we write it; InvalidInput or TooLarge where it cannot be."""
        if entry.size > self._limit:
            raise TooLarge(
                f"A file must have at most {self._limit:,} bytes",
                got=f"{entry.size:,}",
                fix="Raise TIDEBOOK_MAX_UPLOAD_BYTES on the server.",
            )
        try:
            mtime = moment(max(0, nanoseconds_of(entry.mtime)))
        except (ValueError, OverflowError) as error:
            raise InvalidInput(
                "The time of a file must be ISO 8601", got=repr(entry.mtime[:40]), fix="Write 2026-01-31T12:00:00Z."
            ) from error
        return replace(entry, mtime=mtime)

    @contextmanager
    def _coming(self, prefix: str, path: str) -> Iterator[None]:
        """In which a file comes: until it is there, nothing is known of its place; of several at once nothing after."""
        key = (prefix, path)
        with self._lock:
            self._verified.pop(key, None)
            self._under_way[key] += 1
            if self._under_way[key] > 1:
                self._mixed.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._under_way[key] -= 1
                if not self._under_way[key]:
                    del self._under_way[key]
                    self._mixed.discard(key)

    def _note(self, prefix: str, entry: FileEntry) -> None:
        with self._lock:
            if (prefix, entry.path) in self._mixed:
                return
            self._verified[prefix, entry.path] = entry
            self._verified.move_to_end((prefix, entry.path))
            while len(self._verified) > KEPT:
                self._verified.popitem(last=False)


def _split(held: str) -> tuple[str, str]:
    """The tree and the path in it; two empty texts where it is in none."""
    parts = held.split("/")
    for length in range(3, len(parts)):
        whole = "/".join(parts[:length])
        if address_of(whole) is not None or (parts[0] == FILES and length == 3):
            return whole, "/".join(parts[length:])
    return "", ""


def _read(tree: Tree, entry: FileEntry) -> FileEntry:
    """The entry as the tree has it; with nothing in it where that is missing."""
    hasher, size = blake3(), 0
    try:
        for piece in tree.read(entry.path):
            hasher.update(piece)
            size += len(piece)
    except NotFound:
        return replace(entry, size=-1)
    return replace(entry, size=size, digest=f"blake3:{hasher.hexdigest()}")
