"""Content that the store has in other versions of the same model, which a new version may share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from tidebook.abc import Source, Store

VERSIONS = 10  #: versions that are looked at


class Held(Mapping[str, str]):
    """Digests → paths below the store, of files as large as one of `source`; looked for when it is first asked."""

    def __init__(self, store: Store, model: str, version: str, source: Source) -> None:
        self._store, self._model, self._version, self._source = store, model, version, source

    def __getitem__(self, digest: str) -> str:
        return self._found[digest]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @cached_property
    def _found(self) -> dict[str, str]:
        others = [name for name in self._store.below(self._model) if name != self._version]
        if not others:
            return {}
        sizes = {entry.size for entry in self._source.entries().values() if entry.size}
        found: dict[str, str] = {}
        for name in reversed(others[-VERSIONS:]):
            prefix = f"{self._model}/{name}"
            for path, entry in self._store.tree(prefix).entries().items():
                if entry.digest and entry.size in sizes:
                    found.setdefault(entry.digest, f"{prefix}/{path}")
        return found
