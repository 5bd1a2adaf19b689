"""A version to move to the archive, and how it is looked at."""

from __future__ import annotations

from pathlib import Path

from tidebook.core.files import write_json
from tidebook.store import LocalStore

LINE = "product/P001_all/lstm"
PREFIX = f"{LINE}/v1"
FILES = {
    "model.pth": bytes(range(256)) * 400,
    "config.json": b"{}\n",
    "plots/loss 曲线.png": b"",
    "eval_results.json": b'{"wape": 0.1}\n' * 100,
}


def made(root: Path, owner: str = "one") -> LocalStore:
    """A store with a version."""
    store = LocalStore(root / "saved_models")
    source = root / "source"
    source.mkdir(parents=True, exist_ok=True)
    paths = {}
    for i, (name, content) in enumerate(FILES.items()):
        (source / str(i)).write_bytes(content)
        paths[name] = source / str(i)
    write_json(source / "metadata.json", {"format_version": 1, "description": "a model", "size": "中"})
    paths["metadata.json"] = source / "metadata.json"
    number = store.claim(LINE, owner)
    prefix = f"{LINE}/v{number}"
    store.commit(prefix, store.fill(prefix, paths))
    return store


def contents(store: LocalStore, prefix: str = PREFIX) -> dict[str, bytes]:
    """Every file of a version that is here."""
    folder = store.root / prefix
    return {
        entry["path"]: (folder / entry["path"]).read_bytes()
        for entry in store.manifest(prefix)["files"]
        if (folder / entry["path"]).is_file()
    }
